//! SHA-256 (FIPS 180-4) over one stream or over two at once.

use plimsoll_model::Digest;
use sha2::block_api::compress256;

/// Bytes that are compressed together.
const BLOCK: usize = 64;

/// Blocks that are asked for at once.
const GROUP: usize = 16;

/// How many blocks before they are wanted. Rounds wait for each other so long that a processor does
/// not look far enough ahead by itself to have at hand what another core wrote: without asking, bytes
/// from memory are hashed at six tenths of the speed.
const AHEAD: usize = 64;

/// The initial hash value (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A digest in the making.
#[derive(Clone, Debug)]
pub(super) struct Sha256 {
    state: [u32; 8],
    /// What is not a block yet, and how many bytes of it are.
    open: [u8; BLOCK],
    filled: usize,
    /// Bytes so far.
    length: u64,
}

impl Default for Sha256 {
    fn default() -> Self {
        Self {
            state: INITIAL,
            open: [0; BLOCK],
            filled: 0,
            length: 0,
        }
    }
}

impl Sha256 {
    /// Takes `bytes`.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        let (blocks, rest) = self.begin(bytes).as_chunks::<BLOCK>();
        for (at, group) in groups(blocks) {
            ask_for(blocks, at + AHEAD);
            compress256(&mut self.state, group);
        }
        self.length += bytes.len() as u64;
        self.keep(rest);
    }

    /// The digest of all that was taken.
    pub(super) fn digest(mut self) -> Digest {
        let bits = self.length.wrapping_mul(8);
        let mut last = [0; 2 * BLOCK];
        last[..self.filled].copy_from_slice(&self.open[..self.filled]);
        last[self.filled] = 0x80;
        // The length must fit behind the mark.
        let blocks = if self.filled < BLOCK - 8 { 1 } else { 2 };
        last[blocks * BLOCK - 8..blocks * BLOCK].copy_from_slice(&bits.to_be_bytes());
        let (padding, _) = last.as_chunks::<BLOCK>();
        compress256(&mut self.state, &padding[..blocks]);
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(self.state) {
            *bytes = word.to_be_bytes();
        }
        Digest::from_sha256(digest)
    }

    /// Fills the open block up; gives what is left of `bytes`.
    fn begin<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.filled == 0 {
            return bytes;
        }
        let (more, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
        self.keep(more);
        if self.filled == BLOCK {
            compress256(&mut self.state, &[self.open]);
            self.filled = 0;
        }
        rest
    }

    /// Puts by what is less than a block.
    fn keep(&mut self, bytes: &[u8]) {
        self.open[self.filled..self.filled + bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }
}

/// Takes bytes of two streams, of both as many as they have whole blocks in common, and of the
/// shorter one all. Gives how many bytes were taken of each.
pub(super) fn update_both(one: (&mut Sha256, &[u8]), two: (&mut Sha256, &[u8])) -> (usize, usize) {
    let ((one, one_bytes), (two, two_bytes)) = (one, two);
    let one_rest = one.begin(one_bytes);
    let two_rest = two.begin(two_bytes);
    let (one_blocks, one_end) = one_rest.as_chunks::<BLOCK>();
    let (two_blocks, two_end) = two_rest.as_chunks::<BLOCK>();
    let common = one_blocks.len().min(two_blocks.len());
    for ((at, one_group), (_, two_group)) in
        groups(&one_blocks[..common]).zip(groups(&two_blocks[..common]))
    {
        ask_for(one_blocks, at + AHEAD);
        ask_for(two_blocks, at + AHEAD);
        compress_both(&mut one.state, one_group, &mut two.state, two_group);
    }
    let taken = |hasher: &mut Sha256, bytes: &[u8], rest: &[u8], blocks: usize, end: &[u8]| {
        let mut taken = bytes.len() - rest.len() + common * BLOCK;
        if blocks == common {
            hasher.keep(end);
            taken += end.len();
        }
        hasher.length += taken as u64;
        taken
    };
    (
        taken(one, one_bytes, one_rest, one_blocks.len(), one_end),
        taken(two, two_bytes, two_rest, two_blocks.len(), two_end),
    )
}

/// Blocks in groups, and where each begins.
fn groups(blocks: &[[u8; BLOCK]]) -> impl Iterator<Item = (usize, &[[u8; BLOCK]])> {
    let groups = blocks.chunks(GROUP).enumerate();
    groups.map(|(number, group)| (number * GROUP, group))
}

/// Has the group of blocks at `at`, if there is one, brought nearer.
fn ask_for(blocks: &[[u8; BLOCK]], at: usize) {
    #[cfg(target_arch = "x86_64")]
    for block in blocks.iter().skip(at).take(GROUP) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[expect(unsafe_code, reason = "a hint takes a pointer")]
        // SAFETY: every processor of the architecture has it; it reads nothing that could be seen.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(block.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (blocks, at);
}

/// Compresses as many blocks of one stream as of the other.
fn compress_both(
    one: &mut [u32; 8],
    one_blocks: &[[u8; BLOCK]],
    two: &mut [u32; 8],
    two_blocks: &[[u8; BLOCK]],
) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("sha")
        && std::arch::is_x86_feature_detected!("sse4.1")
        && std::arch::is_x86_feature_detected!("ssse3")
    {
        #[expect(unsafe_code, reason = "an instruction set is told at run time")]
        // SAFETY: the processor has what the function wants, as was asked right above.
        return unsafe { x86::compress_both(one, one_blocks, two, two_blocks) };
    }
    compress256(one, one_blocks);
    compress256(two, two_blocks);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! Intel SHA Extensions (Intel 64 SDM, volume 2, SHA256RNDS2, SHA256MSG1, SHA256MSG2).

    use std::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
        _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
        _mm_shuffle_epi32,
    };

    use super::BLOCK;

    /// The round constants (FIPS 180-4, 4.2.2), four rounds' together.
    const ROUNDS: [[u32; 4]; 16] = [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
        [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
        [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
        [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
        [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
        [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
        [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
        [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
        [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ];

    /// A hash value as the instructions want it: its words a, b, e, f and c, d, g, h.
    #[derive(Clone, Copy)]
    struct State {
        abef: __m128i,
        cdgh: __m128i,
    }

    /// The 16 words that the next rounds take, the oldest four first from [`ROUNDS`]' index on.
    type Words = [__m128i; 4];

    #[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
    pub(super) fn compress_both(
        one: &mut [u32; 8],
        one_blocks: &[[u8; BLOCK]],
        two: &mut [u32; 8],
        two_blocks: &[[u8; BLOCK]],
    ) {
        let mut one_state = pack(one);
        let mut two_state = pack(two);
        for (one_block, two_block) in one_blocks.iter().zip(two_blocks) {
            let before = (one_state, two_state);
            let mut one_words = load(one_block);
            let mut two_words = load(two_block);
            for at in 0..4 {
                four_rounds(&mut one_state, one_words[at], ROUNDS[at]);
                four_rounds(&mut two_state, two_words[at], ROUNDS[at]);
            }
            for turn in 1..4 {
                for at in 0..4 {
                    one_words[at] = schedule(&one_words, at);
                    two_words[at] = schedule(&two_words, at);
                    four_rounds(&mut one_state, one_words[at], ROUNDS[turn * 4 + at]);
                    four_rounds(&mut two_state, two_words[at], ROUNDS[turn * 4 + at]);
                }
            }
            one_state = sum(one_state, before.0);
            two_state = sum(two_state, before.1);
        }
        *one = unpack(one_state);
        *two = unpack(two_state);
    }

    #[target_feature(enable = "sse2")]
    fn pack(state: &[u32; 8]) -> State {
        let [a, b, c, d, e, f, g, h] = state.map(u32::cast_signed);
        State {
            abef: _mm_set_epi32(a, b, e, f),
            cdgh: _mm_set_epi32(c, d, g, h),
        }
    }

    #[target_feature(enable = "sse4.1")]
    fn unpack(state: State) -> [u32; 8] {
        let State { abef, cdgh } = state;
        let words = [
            _mm_extract_epi32::<3>(abef),
            _mm_extract_epi32::<2>(abef),
            _mm_extract_epi32::<3>(cdgh),
            _mm_extract_epi32::<2>(cdgh),
            _mm_extract_epi32::<1>(abef),
            _mm_extract_epi32::<0>(abef),
            _mm_extract_epi32::<1>(cdgh),
            _mm_extract_epi32::<0>(cdgh),
        ];
        words.map(i32::cast_unsigned)
    }

    #[target_feature(enable = "sse2")]
    fn sum(one: State, two: State) -> State {
        State {
            abef: _mm_add_epi32(one.abef, two.abef),
            cdgh: _mm_add_epi32(one.cdgh, two.cdgh),
        }
    }

    /// The words of a block, which are big-endian.
    #[target_feature(enable = "ssse3")]
    fn load(block: &[u8; BLOCK]) -> Words {
        let swapped = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        let halves = block.as_chunks::<8>().0;
        let half = |at: usize| i64::from_le_bytes(halves[at]);
        [0, 2, 4, 6].map(|at| _mm_shuffle_epi8(_mm_set_epi64x(half(at + 1), half(at)), swapped))
    }

    /// The four words that take the place of those at `at` (FIPS 180-4, 6.2.2, step 1).
    #[target_feature(enable = "sha,ssse3")]
    fn schedule(words: &Words, at: usize) -> __m128i {
        let of = |behind: usize| words[(at + behind) % 4];
        let sums = _mm_add_epi32(
            _mm_sha256msg1_epu32(of(0), of(1)),
            _mm_alignr_epi8::<4>(of(3), of(2)),
        );
        _mm_sha256msg2_epu32(sums, of(3))
    }

    /// FIPS 180-4, 6.2.2, step 3, four times.
    #[target_feature(enable = "sha")]
    fn four_rounds(state: &mut State, words: __m128i, constants: [u32; 4]) {
        let [a, b, c, d] = constants.map(u32::cast_signed);
        let sums = _mm_add_epi32(words, _mm_set_epi32(d, c, b, a));
        state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, sums);
        let sums = _mm_shuffle_epi32::<0x0e>(sums);
        state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, sums);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Digest as _;

    use super::*;

    fn reference(bytes: &[u8]) -> Digest {
        Digest::from_sha256(sha2::Sha256::digest(bytes).into())
    }

    /// Both streams in the pieces that `cuts` say, together as long as both have some.
    fn together(one: &[u8], two: &[u8], cuts: &[usize]) -> (Digest, Digest) {
        let mut hashers = (Sha256::default(), Sha256::default());
        let (mut one_rest, mut two_rest) = (one, two);
        let mut cuts = cuts.iter().cycle();
        while !one_rest.is_empty() && !two_rest.is_empty() {
            let mut cut = |bytes: &[u8]| bytes.len().min(*cuts.next().unwrap_or(&1));
            let (one, two) = (&one_rest[..cut(one_rest)], &two_rest[..cut(two_rest)]);
            let taken = update_both((&mut hashers.0, one), (&mut hashers.1, two));
            assert!(taken.0 == one.len() || taken.1 == two.len());
            (one_rest, two_rest) = (&one_rest[taken.0..], &two_rest[taken.1..]);
        }
        hashers.0.update(one_rest);
        hashers.1.update(two_rest);
        (hashers.0.digest(), hashers.1.digest())
    }

    #[test]
    fn every_length_up_to_three_blocks_is_padded_right() {
        let bytes: Vec<u8> = (0..=192).collect();
        for length in 0..=bytes.len() {
            let mut hasher = Sha256::default();
            hasher.update(&bytes[..length]);
            assert_eq!(hasher.digest(), reference(&bytes[..length]), "{length}");
        }
    }

    proptest! {
        #[test]
        fn two_at_once_are_what_each_is_alone(
            one in proptest::collection::vec(any::<u8>(), 0..2000),
            two in proptest::collection::vec(any::<u8>(), 0..2000),
            cuts in proptest::collection::vec(1_usize..300, 1..10),
        ) {
            let (first, second) = together(&one, &two, &cuts);
            prop_assert_eq!(first, reference(&one));
            prop_assert_eq!(second, reference(&two));
        }
    }
}
