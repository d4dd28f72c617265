use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use plimsoll_model::Severity;
use proptest::prelude::*;
use sha1::{Digest as _, Sha1};

use super::is_loose;
use crate::secret::{Detector, Found, Searcher};

fn token() -> String {
    format!("gh{}_{}", "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn id(kind: &str, bytes: &[u8]) -> [u8; 20] {
    let mut sum = Sha1::new();
    sum.update(format!("{kind} {}\0", bytes.len()));
    sum.update(bytes);
    sum.finalize().into()
}

/// A pack as it is written.
struct Pack {
    bytes: Vec<u8>,
    objects: u32,
}

impl Pack {
    fn new() -> Self {
        Self {
            bytes: b"PACK\0\0\0\x02\0\0\0\0".to_vec(),
            objects: 0,
        }
    }

    /// Appends an object; gives where it begins.
    fn object(&mut self, kind: u8, base: &[u8], content: &[u8]) -> usize {
        let start = self.bytes.len();
        let mut size = content.len() >> 4;
        let mut byte = kind << 4 | content.len() as u8 & 15;
        while size > 0 {
            self.bytes.push(byte | 0x80);
            byte = size as u8 & 0x7f;
            size >>= 7;
        }
        self.bytes.push(byte);
        self.bytes.extend(base);
        self.bytes.extend(zlib(content));
        self.objects += 1;
        start
    }

    /// Appends a difference from what begins at `base`.
    fn from(&mut self, base: usize, delta: &[u8]) {
        let mut distance = self.bytes.len() - base;
        let mut number = vec![distance as u8 & 0x7f];
        while distance > 0x7f {
            distance = (distance >> 7) - 1;
            number.insert(0, distance as u8 & 0x7f | 0x80);
        }
        self.object(6, &number, delta);
    }

    fn finish(mut self) -> Vec<u8> {
        self.bytes[8..12].copy_from_slice(&self.objects.to_be_bytes());
        let sum = Sha1::digest(&self.bytes);
        self.bytes.extend(sum);
        self.bytes
    }
}

fn tree(entries: &[(&str, &str, [u8; 20])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend(format!("{mode} {name}\0").bytes());
        bytes.extend(id);
    }
    bytes
}

/// A difference that makes `whole` of a base of `base` bytes without a byte of it.
fn literal(base: usize, whole: &[u8]) -> Vec<u8> {
    let mut delta = Vec::new();
    for mut size in [base, whole.len()] {
        while size > 0x7f {
            delta.push(size as u8 | 0x80);
            size >>= 7;
        }
        delta.push(size as u8);
    }
    for piece in whole.chunks(127) {
        delta.push(piece.len() as u8);
        delta.extend(piece);
    }
    delta
}

const PACK: &str = "srv/app/.git/objects/pack/pack-1.pack";

fn search(path: &str, bytes: &[u8], piece: usize) -> Found {
    let mut searcher = Searcher::new(Detector::shared(), 64 << 20);
    let mut search = searcher.file(path, bytes.len() as u64);
    for piece in bytes.chunks(piece) {
        search.feed(piece);
    }
    search.finish()
}

fn places(found: &Found) -> Vec<String> {
    let mut places: Vec<String> = found
        .sightings
        .iter()
        .map(|one| format!("{} {}:{}", one.kind, one.inside, one.line.unwrap_or(0)))
        .collect();
    places.sort();
    places
}

/// What was committed, its names, and an older version of a file that is told by the newer one.
fn history() -> Vec<u8> {
    let settings = b"DEBUG=1\nDB_HOST=db\n";
    let older = b"DEBUG=1\nDB_PASSWORD=kX9vQ2mT7wLp4sRz\n";
    let code = format!("let token = \"{}\";\n", token());
    let old_code = format!("// Older.\n{code}");
    let trial = b"DB_PASSWORD = \"kX9vQ2mT7wLp4sRq\"\n";
    let tests = tree(&[("100644", "a.py", id("blob", trial))]);
    let top = tree(&[
        ("100644", ".env", id("blob", settings)),
        ("100644", "main.rs", id("blob", code.as_bytes())),
        ("40000", "tests", id("tree", &tests)),
    ]);
    let old_top = tree(&[("100644", ".env", id("blob", older))]);
    let mut pack = Pack::new();
    pack.object(1, b"", b"tree 0\n\nSay nothing\n");
    let env = pack.object(3, b"", settings);
    pack.from(env, &literal(settings.len(), older));
    let main = pack.object(3, b"", code.as_bytes());
    pack.from(main, &literal(code.len(), old_code.as_bytes()));
    pack.object(3, b"", trial);
    // Git writes what the newest commit has before what names it.
    pack.object(2, b"", &top);
    pack.object(2, b"", &tests);
    pack.object(7, &id("tree", &top), &literal(top.len(), &old_top));
    pack.finish()
}

#[test]
fn files_of_a_pack_are_searched_under_their_names() {
    let found = search(PACK, &history(), usize::MAX);
    assert_eq!(
        places(&found),
        ["github-token main.rs:1", "secret-value .env:2"],
        "one line for all versions, none of tests"
    );
    assert!(!found.partly);
}

#[test]
fn what_was_moved_among_tests_is_no_test() {
    let settings = b"production:\n  password: kX9vQ2mT7wLp4sRz\n";
    let folder = tree(&[("100644", "db.yml", id("blob", settings))]);
    let mut pack = Pack::new();
    pack.object(2, b"", &tree(&[("40000", "tests", id("tree", &folder))]));
    pack.object(2, b"", &tree(&[("40000", "config", id("tree", &folder))]));
    pack.object(2, b"", &folder);
    pack.object(3, b"", settings);
    let found = search(PACK, &pack.finish(), usize::MAX);
    assert_eq!(places(&found), ["secret-value config/db.yml:2"]);
}

#[test]
fn pieces_change_nothing() {
    let bytes = history();
    let whole = search(PACK, &bytes, usize::MAX);
    for piece in [1, 2, 7, 100] {
        assert_eq!(search(PACK, &bytes, piece), whole, "{piece}");
    }
}

#[test]
fn what_cannot_be_put_together_is_told() {
    let mut pack = Pack::new();
    let base = pack.object(3, b"", b"base");
    pack.from(base, &literal(5, b"another base"));
    pack.object(7, &[7; 20], &literal(1, b"a base that is not here"));
    pack.object(3, b"", format!("x = \"{}\"", token()).as_bytes());
    let found = search(PACK, &pack.finish(), 64);
    assert_eq!(places(&found), ["github-token blob:1"]);
    assert!(found.partly);
    let whole = history();
    let cut = search(PACK, &whole[..whole.len() / 2], 64);
    assert!(cut.partly);
}

/// What comes out is counted, and so nothing may be made of which nothing comes out.
#[test]
fn nothing_is_made_of_differences_that_are_damaged_at_their_end() {
    let base = vec![b'a'; 1 << 16];
    let mut delta = literal(base.len(), &[]);
    // Four megabytes, as the last byte of the number is to be read.
    delta.truncate(3);
    delta.extend([0x80, 0x80, 0x80, 2]);
    // The whole base, almost as often as it takes, and what is no instruction.
    delta.extend([0x80; 63]);
    delta.push(0);
    let mut pack = Pack::new();
    let base = pack.object(3, b"", &base);
    for _ in 0..20_000 {
        pack.from(base, &delta);
    }
    let found = search(PACK, &pack.finish(), usize::MAX);
    assert!(found.sightings.is_empty() && found.partly);
}

#[test]
fn long_files_are_searched_as_they_come() {
    let mut long = "x\n".repeat(3 << 20).into_bytes();
    long.extend(token().bytes());
    let mut pack = Pack::new();
    pack.object(3, b"", &long);
    pack.object(3, b"", b"y");
    let found = search(PACK, &pack.finish(), 4096);
    let line = (3 << 20) + 1;
    assert_eq!(places(&found), [format!("github-token blob:{line}")]);
    assert!(!found.partly);
}

#[test]
fn loose_objects() {
    let path = format!("srv/app/.git/objects/ab/{}", "c".repeat(38));
    let object = |content: &str| zlib(format!("blob {}\0{content}", content.len()).as_bytes());
    let settings = object("# Mine.\nexport A=1\nDB_PASSWORD=kX9vQ2mT7wLp4sRz\n");
    for piece in [1, usize::MAX] {
        let found = search(&path, &settings, piece);
        assert_eq!(places(&found), ["secret-value blob:3"], "{piece}");
        assert!(!found.partly);
    }
    // A token in an explanation of somebody's own code is one.
    let said = object(&format!("# Use this: {}\ndef f():\n    pass\n", token()));
    let found = search(&path, &said, 9);
    assert_eq!(found.sightings[0].severity, Severity::High);
    let code = object("def f(password=kX9vQ2mT7wLp4sRz):\n    pass\n");
    assert_eq!(search(&path, &code, 9).sightings, []);
    let long = object(&format!("{}{}\n", "x\n".repeat(3 << 20), token()));
    let found = search(&path, &long, 4096);
    assert_eq!(found.sightings.len(), 1);
    assert!(!found.partly);
    // What fills the last piece that is inflated at a time to its end.
    let even = object(&"x".repeat((32 << 10) - "blob 32768\0".len()));
    assert!(!search(&path, &even, usize::MAX).partly);
    assert!(search(&path, &settings[..settings.len() - 9], 8).partly);
    let tree = zlib(b"tree 30\x00100644 a\0abcdefghijklmnopqrst");
    let found = search(&path, &tree, 8);
    assert!(found.sightings.is_empty() && !found.partly);
    let none = search("srv/objects/ab/x", &settings, 8);
    assert!(none.sightings.is_empty() && !none.partly);
    assert!(!is_loose(&path, b"ab"));
}

proptest! {
    /// Whatever is damaged.
    #[test]
    fn damage_changes_nothing_between_pieces(at in 0_usize..400, byte in any::<u8>(), piece in 1_usize..60) {
        let mut bytes = history();
        let at = at % bytes.len();
        bytes[at] = byte;
        prop_assert_eq!(search(PACK, &bytes, piece), search(PACK, &bytes, usize::MAX));
    }
}
