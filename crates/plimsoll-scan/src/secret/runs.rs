//! Runs of letters, digits, `_` and `-` that are long enough to be a token.
//!
//! A token of a known maker holds such a run, and prose, code and most of what programs are made of
//! do not: where runs lie, 64 bytes are told apart at once, and only they and what stands right
//! before them are looked at with what costs more.

/// The shortest run that is told.
pub(super) const SHORTEST: usize = 20;

/// Bytes whose masks are made in one go: they stay in the first cache.
const PIECE: usize = 4096;

/// Calls `on_run(start, end)` for every run in `bytes` of at least [`SHORTEST`], in order.
pub(super) fn runs(bytes: &[u8], mut on_run: impl FnMut(usize, usize)) {
    let mut masks = [0_u64; PIECE / 64];
    // How long the run at the end of what was seen is.
    let mut open = 0;
    let mut at = 0;
    for piece in bytes.chunks(PIECE) {
        let (blocks, rest) = piece.as_chunks::<64>();
        fill_masks(blocks, &mut masks);
        for mask in &masks[..blocks.len()] {
            open = in_mask(*mask, at, open, &mut on_run);
            at += 64;
        }
        if !rest.is_empty() {
            let mut last = [0; 64];
            last[..rest.len()].copy_from_slice(rest);
            open = in_mask(mask_of(&last), at, open, &mut on_run);
            at += 64;
        }
    }
    if open >= SHORTEST {
        on_run(at - open, at);
    }
}

/// For each block one bit a byte: whether it belongs to a run.
fn fill_masks(blocks: &[[u8; 64]], masks: &mut [u64]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "an instruction set is told at run time")]
        // SAFETY: the processor has what the function wants, as was asked right above.
        return unsafe { fill_masks_avx2(blocks, masks) };
    }
    fill_masks_portable(blocks, masks);
}

fn fill_masks_portable(blocks: &[[u8; 64]], masks: &mut [u64]) {
    for (mask, block) in masks.iter_mut().zip(blocks) {
        *mask = mask_of(block);
    }
}

/// As [`fill_masks_portable`], many times as fast: most of an image's bytes come by here.
///
/// What a byte may be is told by the upper half of its bits, whether it is that by the lower half: two
/// tables of 16 say so for 32 bytes at once. Beyond ASCII the second one tells nothing.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fill_masks_avx2(blocks: &[[u8; 64]], masks: &mut [u64]) {
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_cmpgt_epi8, _mm256_movemask_epi8, _mm256_set_epi64x,
        _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
    };

    #[target_feature(enable = "avx2")]
    fn vector(bytes: &[[u8; 8]; 4]) -> __m256i {
        let [a, b, c, d] = bytes.map(i64::from_le_bytes);
        _mm256_set_epi64x(d, c, b, a)
    }
    #[target_feature(enable = "avx2")]
    fn table(bytes: &[u8; 16]) -> __m256i {
        let [low, high] = [&bytes[..8], &bytes[8..]].map(|half| {
            let mut eight = [0; 8];
            eight.copy_from_slice(half);
            eight
        });
        vector(&[low, high, low, high])
    }

    let upper = table(&UPPER);
    let lower = table(&LOWER);
    let half = _mm256_set1_epi8(0x0f);
    for (mask, block) in masks.iter_mut().zip(blocks) {
        let words = block.as_chunks::<8>().0.as_chunks::<4>().0;
        *mask = 0;
        for (at, words) in words.iter().enumerate() {
            let bytes = vector(words);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), half);
            let kinds = _mm256_and_si256(
                _mm256_shuffle_epi8(upper, high),
                _mm256_shuffle_epi8(lower, bytes),
            );
            let inside = _mm256_cmpgt_epi8(kinds, _mm256_setzero_si256());
            let bits = _mm256_movemask_epi8(inside).cast_unsigned();
            *mask |= u64::from(bits) << (32 * at);
        }
    }
}

/// The kinds of bytes that belong to a run, by bits.
#[cfg(target_arch = "x86_64")]
mod kind {
    pub(super) const DASH: u8 = 1;
    pub(super) const DIGIT: u8 = 1 << 1;
    /// The first fifteen letters.
    pub(super) const FIRST: u8 = 1 << 2;
    /// The others.
    pub(super) const LAST: u8 = 1 << 3;
    pub(super) const UNDERSCORE: u8 = 1 << 4;
}

/// Kinds that bytes may be of by their upper halves.
#[cfg(target_arch = "x86_64")]
const UPPER: [u8; 16] = {
    use kind::{DASH, DIGIT, FIRST, LAST, UNDERSCORE};
    [
        0,
        0,
        DASH,
        DIGIT,
        FIRST,
        LAST | UNDERSCORE,
        FIRST,
        LAST,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ]
};

/// Kinds that bytes may be of by their lower halves.
#[cfg(target_arch = "x86_64")]
const LOWER: [u8; 16] = {
    use kind::{DASH, DIGIT, FIRST, LAST, UNDERSCORE};
    let mut kinds = [0; 16];
    let mut half = 0;
    while half < kinds.len() {
        kinds[half] = match half {
            0 => DIGIT | LAST,
            1..=9 => DIGIT | FIRST | LAST,
            0xa => FIRST | LAST,
            0xd => FIRST | DASH,
            0xf => FIRST | UNDERSCORE,
            _ => FIRST,
        };
        half += 1;
    }
    kinds
};

/// One bit a byte: whether it belongs to a run.
#[inline]
fn mask_of(block: &[u8; 64]) -> u64 {
    let mut flags = [0_u8; 64];
    for (flag, byte) in flags.iter_mut().zip(block) {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit = byte.wrapping_sub(b'0') < 10;
        *flag = u8::from(letter | digit | (*byte == b'_') | (*byte == b'-'));
    }
    let mut mask = 0;
    let (groups, _) = flags.as_chunks::<8>();
    for (at, group) in groups.iter().enumerate() {
        // Eight bytes of 0 or 1 become the bits of one.
        let bits = u64::from_le_bytes(*group).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * at);
    }
    mask
}

/// The runs that end in these 64 bytes; gives how long the one at their end is.
#[inline]
fn in_mask(mask: u64, at: usize, open: usize, on_run: &mut impl FnMut(usize, usize)) -> usize {
    // A bit stays where nineteen more follow it.
    let mut inside = mask & (mask >> 1);
    inside &= inside >> 2;
    inside &= inside >> 4;
    inside &= inside >> 8;
    inside &= inside >> 4;
    if inside == 0 && open + (mask.trailing_ones() as usize) < SHORTEST {
        return mask.leading_ones() as usize;
    }
    each_run(mask, at, open, on_run)
}

fn each_run(mut mask: u64, at: usize, open: usize, on_run: &mut impl FnMut(usize, usize)) -> usize {
    let mut start = at - open;
    let mut done = 0;
    loop {
        let ones = mask.trailing_ones() as usize;
        if done + ones >= 64 {
            return at + 64 - start;
        }
        done += ones;
        if at + done - start >= SHORTEST {
            on_run(start, at + done);
        }
        mask >>= ones;
        let zeros = mask.trailing_zeros() as usize;
        if mask == 0 || done + zeros >= 64 {
            return 0;
        }
        mask >>= zeros;
        done += zeros;
        start = at + done;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        runs(bytes, |start, end| found.push((start, end)));
        found
    }

    fn one_by_one(bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut start = 0;
        for end in 0..=bytes.len() {
            let inside = bytes
                .get(end)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            if !inside {
                if end - start >= SHORTEST {
                    found.push((start, end));
                }
                start = end + 1;
            }
        }
        found
    }

    #[test]
    fn every_byte_is_told_as_by_the_portable_way() {
        let blocks: Vec<[u8; 64]> = (0..=u8::MAX)
            .map(|first| std::array::from_fn(|at| first.wrapping_add(at as u8)))
            .collect();
        let (mut fast, mut portable) = ([0; 256], [0; 256]);
        fill_masks(&blocks, &mut fast);
        fill_masks_portable(&blocks, &mut portable);
        assert_eq!(fast, portable);
    }

    proptest! {
        #[test]
        fn runs_are_those_seen_byte_by_byte(
            lengths in proptest::collection::vec(prop_oneof![0_usize..40, 50_usize..70, 4000_usize..4200], 0..40),
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let mut text = bytes;
            for length in lengths {
                text.resize(text.len() + length, b'a');
                text.push(b'.');
            }
            prop_assert_eq!(found(&text), one_by_one(&text));
            text.pop();
            prop_assert_eq!(found(&text), one_by_one(&text));
        }
    }
}
