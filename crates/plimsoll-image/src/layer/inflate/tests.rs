use std::io::{self, BufRead, Read, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use proptest::prelude::*;

use super::super::gzip::GzipReader;

/// Gives pieces of the sizes that come next, over and over.
struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: &'a [usize],
    turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("it is read by pieces");
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let size = match self.sizes {
            [] => self.bytes.len(),
            sizes => sizes[self.turn % sizes.len()],
        };
        Ok(&self.bytes[..size.min(self.bytes.len())])
    }

    fn consume(&mut self, count: usize) {
        self.turn += 1;
        self.bytes = &self.bytes[count..];
    }
}

fn ours(bytes: &[u8], sizes: &[usize]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let pieces = Pieces {
        bytes,
        sizes,
        turn: 0,
    };
    GzipReader::new(pieces).read_to_end(&mut out)?;
    Ok(out)
}

fn theirs(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    flate2::bufread::MultiGzDecoder::new(bytes).read_to_end(&mut out)?;
    Ok(out)
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A member around something deflated by hand, for bytes that it should come to.
fn member(deflated: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    member.extend_from_slice(deflated);
    member.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    member.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    member
}

/// Text of few words, runs, and noise: what makes all kinds of blocks, lengths and distances.
fn mixture() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..3000),
        (any::<u8>(), 0_usize..40_000).prop_map(|(byte, count)| vec![byte; count]),
        (proptest::collection::vec(any::<u8>(), 1..40), 1_usize..2000)
            .prop_map(|(word, count)| word.repeat(count)),
        proptest::collection::vec(prop::sample::select(b"etaoin shrdlu\n".to_vec()), 0..5000),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Bits, the first one lowest, as deflate puts them.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(mut self, value: u32, count: u32) -> Self {
        self.0.extend((0..count).map(|bit| value >> bit & 1 == 1));
        self
    }

    /// Codewords go highest bit first.
    fn code(mut self, value: u32, count: u32) -> Self {
        self.0
            .extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| {
            bits.iter()
                .rev()
                .fold(0, |byte, bit| byte << 1 | u8::from(*bit))
        };
        self.0.chunks(8).map(byte).collect()
    }
}

/// The header of a dynamic block whose codes have these lengths, each written out.
fn dynamic(litlens: &[u32], distances: &[u32]) -> Bits {
    let mut bits = Bits::default()
        .put(1, 1)
        .put(2, 2)
        .put(litlens.len() as u32 - 257, 5)
        .put(distances.len() as u32 - 1, 5)
        .put(15, 4);
    // All of 0 to 15 have four bits; 16 to 18 come first and have none.
    for at in 0..19 {
        bits = bits.put(if at < 3 { 0 } else { 4 }, 3);
    }
    for length in litlens.iter().chain(distances) {
        bits = bits.code(*length, 4);
    }
    bits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_others_deflate_comes_back(
        bytes in mixture(),
        level in 0_u32..10,
        sizes in proptest::collection::vec(1_usize..5000, 0..5),
    ) {
        let packed = gzip(&bytes, level);
        prop_assert_eq!(&ours(&packed, &sizes).unwrap(), &bytes);
        prop_assert_eq!(&ours(&packed, &[1]).unwrap(), &bytes);
    }

    #[test]
    fn damage_is_judged_alike(
        bytes in mixture(),
        level in 0_u32..10,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        sizes in proptest::collection::vec(1_usize..500, 0..5),
    ) {
        let mut packed = gzip(&bytes, level);
        for (place, byte) in damage {
            // The header's flags change what is read, not how well.
            let place = 10 + place.index(packed.len() - 10);
            packed[place] = byte;
        }
        match (ours(&packed, &sizes), theirs(&packed)) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
            (ours, theirs) => prop_assert_eq!(ours.is_ok(), theirs.is_ok()),
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        sizes in proptest::collection::vec(1_usize..50, 0..5),
    ) {
        let packed = member(&bytes, b"");
        prop_assert_eq!(ours(&packed, &sizes).is_ok(), theirs(&packed).is_ok());
        let _ = ours(&bytes, &sizes);
    }

    /// Codes of random lengths: complete, incomplete and over-subscribed ones.
    #[test]
    fn any_code_is_built_or_refused(
        litlens in proptest::collection::vec(0_u32..16, 257..287),
        distances in proptest::collection::vec(0_u32..16, 1..31),
        rest in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut deflated = dynamic(&litlens, &distances).bytes();
        deflated.extend(rest);
        let packed = member(&deflated, b"");
        prop_assert_eq!(ours(&packed, &[7]).is_ok(), theirs(&packed).is_ok());
    }
}

#[test]
fn members_follow_each_other_and_nothing_else_does() {
    let mut packed = gzip(b"one ", 6);
    packed.extend(gzip(b"", 0));
    packed.extend(gzip(b"two", 9));
    for sizes in [&[][..], &[1], &[3, 17]] {
        assert_eq!(ours(&packed, sizes).unwrap(), b"one two");
        for garbage in [&b"\0"[..], &[0; 600], b"\x1f\x8b", b"garbage behind it"] {
            let mut longer = packed.clone();
            longer.extend_from_slice(garbage);
            assert!(ours(&longer, sizes).is_err());
            assert!(theirs(&longer).is_err());
        }
    }
}

#[test]
fn whatever_is_cut_off_is_missed() {
    let text: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| n.to_string().into_bytes())
        .collect();
    let packed = gzip(&text, 6);
    for length in (0..200).chain(packed.len() - 300..packed.len()) {
        let error = ours(&packed[..length], &[64]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length}");
        // What was there comes out all the same.
        let mut there = Vec::new();
        let _ = GzipReader::new(&packed[..length]).read_to_end(&mut there);
        assert!(text.starts_with(&there) && there.len() + 200 >= length);
    }
}

#[test]
fn headers_with_every_field_are_read() {
    let mut header = vec![0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3];
    header.extend_from_slice(b"\x03\x00abcname\0comment\0");
    let sum = crc32fast::hash(&header) as u16;
    header.extend_from_slice(&sum.to_le_bytes());
    let mut packed = header.clone();
    packed.extend_from_slice(&gzip(b"content", 6)[10..]);
    assert_eq!(ours(&packed, &[5]).unwrap(), b"content");
    assert_eq!(theirs(&packed).unwrap(), b"content");
    packed[header.len() - 1] ^= 1;
    assert!(ours(&packed, &[]).is_err());
    let endless = [&header[..10], &vec![b'x'; 100_000]].concat();
    assert!(
        ours(&endless, &[])
            .unwrap_err()
            .to_string()
            .contains("without end")
    );
}

#[test]
fn sums_and_lengths_are_checked() {
    let packed = gzip(b"content", 6);
    for (behind, word) in [(8, "sum"), (4, "length")] {
        let mut wrong = packed.clone();
        let at = wrong.len() - behind;
        wrong[at] ^= 1;
        let error = ours(&wrong, &[]).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn every_broken_rule_has_its_name() {
    let end_alone = |distances: &[u32]| {
        let mut litlens = [0; 258];
        (litlens[97], litlens[256], litlens[257]) = (1, 2, 2);
        dynamic(&litlens, distances)
    };
    let cases = [
        (Bits::default().put(7, 3), "no known type"),
        (
            Bits::default().put(1, 8).put(0x0000_0001, 32),
            "not confirmed",
        ),
        (Bits::default().put(5, 3).put(30, 5).put(0, 9), "more codes"),
        (
            Bits::default().put(5, 3).put(0, 5).put(30, 5).put(0, 4),
            "more codes",
        ),
        (Bits::default().put(5, 3).put(0, 14).put(0, 12), "are none"),
        (dynamic(&[0; 257], &[0]), "cannot end"),
        (dynamic(&[1; 257], &[0]), "literal codes"),
        (end_alone(&[1, 1, 1]), "distance codes"),
        // The fixed codes have symbols that nothing may use.
        (
            Bits::default().put(3, 3).code(0b1100_0110, 8),
            "literal or length that",
        ),
        (
            Bits::default()
                .put(3, 3)
                .code(0b1001_0001, 8)
                .code(1, 7)
                .code(30, 5),
            "distance that does not exist",
        ),
        // One literal, then a match of no distance at all, and one of the other bit.
        (
            end_alone(&[0]).code(0, 1).code(3, 2).put(0, 9),
            "distance that does not exist",
        ),
        (
            end_alone(&[1]).code(0, 1).code(3, 2).put(1, 9),
            "distance that does not exist",
        ),
        (
            Bits::default().put(3, 3).code(1, 7).code(0, 5).put(0, 32),
            "before the beginning",
        ),
    ];
    for (bits, word) in cases {
        // In the slow loop, and in the fast one.
        for more in [0, 100] {
            let mut deflated = bits.bytes();
            deflated.extend(vec![0; more]);
            let packed = member(&deflated, b"");
            let error = ours(&packed, &[]).unwrap_err().to_string();
            assert!(error.contains(word), "{error} is not {word}");
            assert!(theirs(&packed).is_err(), "{word}");
        }
    }
}

#[test]
fn a_match_reaches_no_further_than_its_member() {
    let first = gzip(b"abcdefgh", 6);
    let reaching = Bits::default().put(3, 3).code(1, 7).code(0, 5).code(0, 7);
    let packed = [first, member(&reaching.bytes(), b"hhh")].concat();
    assert!(
        ours(&packed, &[])
            .unwrap_err()
            .to_string()
            .contains("before the beginning")
    );
    assert!(theirs(&packed).is_err());
}

#[test]
fn a_lone_distance_is_a_code() {
    // Three times the literal and a match of distance one.
    let mut litlens = [0; 258];
    (litlens[97], litlens[256], litlens[257]) = (1, 2, 2);
    let deflated = dynamic(&litlens, &[1])
        .code(0, 1)
        .code(3, 2)
        .put(0, 1)
        .code(2, 2);
    let packed = member(&deflated.bytes(), b"aaaa");
    assert_eq!(ours(&packed, &[]).unwrap(), b"aaaa");
    assert_eq!(theirs(&packed).unwrap(), b"aaaa");
}

#[test]
fn deflated_programs_come_back() {
    // The test program itself: code, tables, text and zeros.
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let program = &program[..program.len().min(8 << 20)];
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(program).unwrap();
    let packed = member(&encoder.finish().unwrap(), program);
    assert!(ours(&packed, &[100_000, 17]).unwrap() == program);
}
