use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use proptest::prelude::*;

use plimsoll_model::Severity;

use crate::secret::{Detector, FileSums, Found, Searcher};

fn token() -> String {
    format!("gh{}_{}", "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7")
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A package of Debian with these files.
fn deb(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut package = b"!<arch>\n".to_vec();
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        (
            "control.tar.gz/",
            gz(&tar(&[("./control", b"Package: a\n")])),
        ),
        ("data.tar.xz", xz(&tar(files))),
    ];
    for (name, bytes) in members {
        let length = bytes.len();
        package.extend(
            format!(
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{length:<10}`\n",
                0, 0, 0, 100_644
            )
            .bytes(),
        );
        package.extend(bytes);
        package.resize(package.len().next_multiple_of(2), b'\n');
    }
    package
}

/// A cpio of these files, in the new form or the old one.
fn cpio(files: &[(&str, &[u8])], new: bool) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in files.iter().chain([&("TRAILER!!!", &b""[..])]) {
        let (mode, length, size) = (0o100_644, name.len() + 1, bytes.len());
        let header = match new {
            true => format!(
                "070701{0:08x}{mode:08x}{0:08x}{0:08x}{0:08x}{0:08x}{size:08x}{0:08x}{0:08x}{0:08x}{0:08x}{length:08x}{0:08x}",
                0
            ),
            false => format!(
                "070707{0:06o}{0:06o}{mode:06o}{0:06o}{0:06o}{0:06o}{0:06o}{0:011o}{length:06o}{size:011o}",
                0
            ),
        };
        let unit = if new { 4 } else { 1 };
        for part in [
            &[header.as_bytes(), name.as_bytes(), b"\0"].concat(),
            *bytes,
        ] {
            archive.extend(part);
            archive.resize(archive.len().next_multiple_of(unit), 0);
        }
    }
    archive.resize(archive.len().next_multiple_of(512), 0);
    archive
}

/// An xz of one stream and one block, of bytes that are not compressed.
fn xz(bytes: &[u8]) -> Vec<u8> {
    let sum = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum().to_le_bytes()
    };
    let flags = [0, 1];
    let mut stream = b"\xfd7zXZ\0".to_vec();
    stream.extend(flags);
    stream.extend(sum(&flags));
    // A block of LZMA2 with a dictionary of 64 KiB.
    let header = [2, 0, 0x21, 1, 8, 0, 0, 0];
    let mut block = header.to_vec();
    block.extend(sum(&header));
    for (index, chunk) in bytes.chunks(1 << 16).enumerate() {
        block.push(if index == 0 { 1 } else { 2 });
        block.extend((chunk.len() as u16 - 1).to_be_bytes());
        block.extend(chunk);
    }
    block.push(0);
    let unpadded = block.len() + 4;
    block.resize(block.len().next_multiple_of(4), 0);
    block.extend(sum(bytes));
    stream.extend(block);
    let mut index = vec![0, 1];
    for mut number in [unpadded, bytes.len()] {
        while number >= 0x80 {
            index.push(number as u8 | 0x80);
            number >>= 7;
        }
        index.push(number as u8);
    }
    index.resize(index.len().next_multiple_of(4), 0);
    index.extend(sum(&index));
    let mut footer = (index.len() as u32 / 4 - 1).to_le_bytes().to_vec();
    footer.extend(flags);
    stream.extend(index);
    stream.extend(sum(&footer));
    stream.extend(footer);
    stream.extend(b"YZ");
    stream
}

/// What `xz -9` makes of a tar with `readme` and `src/tok.py`.
const XZ: &str = "\
    /Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Cf/AKtdADkZSEhq/qJIys6E83ANfiQO/gPnKx4C1KtnVF/Csbbhcvnk\
    Pvd43GSawMTHvF0wIOQVbd78xFPAlRx7G0OGsXU6r24e9HkWQGv7wrKSjcqgjQnukarPdmnvjNR7+Nzmz0uPNGgw\
    HQMp7HjnQANtt/JE1Crqdy73g++shOKS6Cb4iHn1aZn4FGhUkrlsT6YkC6aLB5V7YyGE9Bbo3aF33NEo0gZ1zmBb\
    G6QxXgAA0m8ynnzEbroAAccBgFAAAOpLPXOxxGf7AgAAAAAEWVo=";

/// A zip of one entry: stored or deflated, with sizes in front or behind.
fn zip(name: &str, bytes: &[u8], deflated: bool, streamed: bool) -> Vec<u8> {
    let packed = if deflated {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    } else {
        bytes.to_vec()
    };
    let sizes = [packed.len() as u32, bytes.len() as u32].map(u32::to_le_bytes);
    let mut zip = b"PK\x03\x04\x14\0".to_vec();
    zip.extend([
        if streamed { 8 } else { 0 },
        0,
        if deflated { 8 } else { 0 },
        0,
    ]);
    zip.extend([0; 8]);
    zip.extend(if streamed { [[0; 4]; 2] } else { sizes }.concat());
    zip.extend((name.len() as u16).to_le_bytes());
    zip.extend([0; 2]);
    zip.extend(name.bytes());
    zip.extend(packed);
    if streamed {
        zip.extend(b"PK\x07\x08\0\0\0\0");
        zip.extend(sizes.concat());
    }
    zip
}

/// A zip of these entries, with its directory.
fn directory(entries: &[Vec<u8>]) -> Vec<u8> {
    let offsets = entries.iter().scan(0, |at, entry| {
        let offset = *at;
        *at += entry.len();
        Some(offset)
    });
    let named: Vec<(&[u8], usize)> = entries.iter().map(Vec::as_slice).zip(offsets).collect();
    with_directory(entries.concat(), &named)
}

/// These bytes, and behind them the directory of the entries that begin at these places.
fn with_directory(mut zip: Vec<u8>, entries: &[(&[u8], usize)]) -> Vec<u8> {
    let begins = zip.len() as u32;
    for (entry, offset) in entries {
        let name = &entry[30..30 + usize::from(entry[26])];
        let behind = if entry[6] & 8 == 0 { 0 } else { 16 };
        let packed = (entry.len() - 30 - name.len() - behind) as u32;
        zip.extend(b"PK\x01\x02\x14\0");
        zip.extend(&entry[4..18]);
        zip.extend(packed.to_le_bytes());
        zip.extend([0; 4]);
        zip.extend((name.len() as u16).to_le_bytes());
        zip.extend([0; 12]);
        zip.extend((*offset as u32).to_le_bytes());
        zip.extend(name);
    }
    let length = zip.len() as u32 - begins;
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend([(entries.len() as u16).to_le_bytes(); 2].concat());
    zip.extend([length.to_le_bytes(), begins.to_le_bytes()].concat());
    zip.extend([0; 2]);
    zip
}

fn search(path: &str, bytes: &[u8], lengths: &[usize]) -> Found {
    let mut searcher = Searcher::new(Detector::shared(), u64::MAX);
    let mut search = searcher.file(path, bytes.len() as u64);
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        let (piece, later) = rest.split_at(rest.len().min(*length));
        search.feed(piece);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    search.finish()
}

fn places(path: &str, bytes: &[u8]) -> (Vec<(String, Option<usize>)>, bool) {
    let found = search(path, bytes, &[usize::MAX]);
    let places = found.sightings.iter();
    (
        places
            .map(|sighting| (sighting.place(), sighting.line))
            .collect(),
        found.partly,
    )
}

/// Wheels, and what was put together of packages with their lists.
#[test]
fn what_a_list_in_the_archive_proves_is_published() {
    let address = "URL = 'redis://bob:tA9wS6tP5d@db/0'\n".to_owned();
    proves(&address, Severity::Critical, Severity::Info);
    // One's own wheel has a list, too.
    proves(
        &format!("TOKEN = '{}'\n", token()),
        Severity::High,
        Severity::High,
    );
}

fn proves(code: &str, told: Severity, proven: Severity) {
    let packed = gz(code.as_bytes());
    let [sum, sum_packed] = [code.as_bytes(), &packed].map(|bytes| FileSums::of(bytes).sha256);
    let record =
        format!("a/b.py,sha256={sum},1\na/c.py,sha256=x,1\na/d.json.gz,sha256={sum_packed},1\n");
    for site in ["", "lib/"] {
        let path = |name: &str| format!("{site}{name}");
        let entries = [
            zip(&path("a/b.py"), code.as_bytes(), true, false),
            zip(&path("a/c.py"), code.as_bytes(), true, false),
            zip(&path("a/d.json.gz"), &packed, true, false),
            zip("d/a/b.py", code.as_bytes(), true, false),
            zip(
                &path("a-1.dist-info/RECORD"),
                record.as_bytes(),
                true,
                false,
            ),
        ];
        let archive = directory(&entries);
        let nested = tar(&[("a/b.whl", &archive)]);
        for (outer, bytes) in [("app/a.whl!", &archive), ("app/n.tar!a/b.whl!", &nested)] {
            let found = search(outer.split('!').next().unwrap(), bytes, &[usize::MAX]);
            let seen = found.sightings.iter();
            let seen: Vec<(String, Severity)> = seen
                .map(|one| (one.place().replace(outer, ""), one.severity))
                .collect();
            assert_eq!(
                seen,
                [
                    (path("a/b.py"), proven),
                    (path("a/c.py"), told),
                    (path("a/d.json.gz"), proven),
                    ("d/a/b.py".to_owned(), told),
                ]
            );
        }
    }
}

#[test]
fn what_lies_in_archives_is_found_with_its_place() {
    let text = format!("\nTOKEN = '{}'\n", token());
    let inner = tar(&[("readme", b"x"), ("./src/tok.py", text.as_bytes())]);
    let one = |place: &str| (vec![(place.to_owned(), Some(2))], false);
    assert_eq!(places("app/a.tar", &inner), one("app/a.tar!src/tok.py"));
    assert_eq!(
        places("app/a.tgz", &gz(&inner)),
        one("app/a.tgz!src/tok.py")
    );
    assert_eq!(
        places("app/dump.sql.gz", &gz(text.as_bytes())),
        one("app/dump.sql.gz")
    );
    assert_eq!(
        places("app/a.tar.zst", &zst(&inner)),
        one("app/a.tar.zst!src/tok.py")
    );
    let frames = [zst(&inner[..700]), zst(&inner[700..])].concat();
    assert_eq!(places("app/a.tzst", &frames), one("app/a.tzst!src/tok.py"));
    let skipped = [&b"\x5e\x2a\x4d\x18\x04\0\0\0abcd"[..], &frames].concat();
    assert_eq!(places("app/a.tzst", &skipped), one("app/a.tzst!src/tok.py"));
    for (ending, pack) in [("bz2", bz2 as fn(&[u8]) -> Vec<u8>), ("xz", xz)] {
        let path = format!("app/a.tar.{ending}");
        let place = format!("{path}!src/tok.py");
        assert_eq!(places(&path, &pack(&inner)), one(&place));
        let streams = [pack(&inner[..700]), pack(&inner[700..]), vec![0; 8]].concat();
        assert_eq!(places(&path, &streams), one(&place));
        let path = format!("app/a.t{ending}");
        assert_eq!(
            places(&path, &pack(&inner)),
            one(&format!("{path}!src/tok.py"))
        );
        let path = format!("app/dump.sql.{ending}");
        assert_eq!(places(&path, &pack(text.as_bytes())), one(&path));
    }
    let packed = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, XZ).unwrap();
    assert_eq!(places("app/a.txz", &packed), one("app/a.txz!src/tok.py"));
    for (deflated, streamed) in [(false, false), (true, false), (true, true)] {
        let zip = directory(&[
            zip("empty/", b"", false, false),
            zip("tok.py", text.as_bytes(), deflated, streamed),
            zip("b", b"b", false, false),
        ]);
        assert_eq!(places("app/a.zip", &zip), one("app/a.zip!tok.py"));
        let nested = gz(&tar(&[("lib/a.jar", &zip)]));
        assert_eq!(
            places("app/b.tar.gz", &nested),
            one("app/b.tar.gz!lib/a.jar!tok.py")
        );
    }
    let files: &[(&str, &[u8])] = &[
        ("./x", b"abc"),
        ("./etc/x.conf", text.as_bytes()),
        ("y", b""),
    ];
    let package = deb(files);
    assert_eq!(
        places("app/a.deb", &package),
        one("app/a.deb!data.tar.xz!etc/x.conf")
    );
    assert_eq!(
        places("app/download", &package),
        one("app/download!data.tar.xz!etc/x.conf")
    );
    for new in [true, false] {
        let archive = cpio(files, new);
        assert_eq!(places("app/a.cpio", &archive), one("app/a.cpio!etc/x.conf"));
        // Behind that of the processor's updates stands another.
        let both = [cpio(&[("kernel/x", b"ab")], new), archive].concat();
        assert_eq!(
            places("srv/tftp/initrd.img", &gz(&both)),
            one("srv/tftp/initrd.img!etc/x.conf")
        );
    }
    let env = format!("DB_PASSWORD={}\n", "hunter2-of-ours");
    assert_eq!(
        places("srv/a.tar", &tar(&[("prod/.env", env.as_bytes())])).0,
        [("srv/a.tar!prod/.env".to_owned(), Some(1))]
    );
}

/// What a package installs among the system's files is no more one's own than it is there.
#[test]
fn paths_in_a_package_begin_at_the_root() {
    let text = format!("DB_PASSWORD = '{}'\n", "q7RtY2mWx9KpLz4VbN8c");
    for (path, count) in [("./etc/x.py", 1), ("./usr/lib/x/x.py", 0)] {
        let package = deb(&[(path, text.as_bytes())]);
        assert_eq!(places("app/a.deb", &package).0.len(), count, "{path}");
    }
    let backup = tar(&[("lib/x.py", text.as_bytes())]);
    let package = deb(&[(
        "./srv/a.zip",
        &directory(&[zip("lib/x.py", text.as_bytes(), false, false)]),
    )]);
    assert_eq!(places("app/a.tar", &backup).0.len(), 1);
    assert_eq!(places("app/a.deb", &package).0.len(), 1);
}

#[test]
fn names_that_promise_an_archive_are_not_believed() {
    let text = format!("{}\n", token());
    for name in [
        "app/a.tar",
        "app/a.tgz",
        "app/a.zip",
        "app/a.gz",
        "app/a.xz",
        "app/a.deb",
        "app/a.cpio",
    ] {
        assert_eq!(
            places(name, text.as_bytes()),
            (vec![(name.to_owned(), Some(1))], false)
        );
    }
}

#[test]
fn what_is_not_read_is_said() {
    let tar = tar(&[("a", &[b'a'; 3000])]);
    assert!(places("app/a.tgz", &gz(&tar)[..40]).1);
    assert!(places("app/a.tar", &tar[..2000]).1);
    assert!(places("app/a.xz", b"\xfd7zXZ\0\0\0").1);
    assert!(places("app/a.zst", &zst(&tar)[..40]).1);
    assert!(places("app/a.zst", &[&zst(&tar)[..], b"garbage"].concat()).1);
    assert!(places("app/a.tar.xz", &xz(&tar)[..1200]).1);
    assert!(places("app/a.tar.xz", &[&xz(&tar)[..], b"garbage"].concat()).1);
    assert!(places("app/a.tar.bz2", &bz2(&tar)[..20]).1);
    assert!(places("app/a.tar.bz2", &[&bz2(&tar)[..], b"garbage"].concat()).1);
    assert!(places("app/a.7z", b"7z\xbc\xaf\x27\x1c\0\x04").1);
    assert!(places("app/a.rpm", b"\xed\xab\xee\xdb\x03\0").1);
    let package = deb(&[("a", b"a")]);
    assert!(places("app/a.deb", &package[..130]).1);
    assert!(places("app/a.deb", &[&package[..], &[b'x'; 60]].concat()).1);
    for new in [true, false] {
        let archive = cpio(&[("a", b"a")], new);
        assert!(places("app/a.cpio", &archive[..150]).1);
        // The kernel's early files, with the others compressed behind them.
        assert!(places("app/initrd", &[&archive[..], &gz(&archive)].concat()).1);
    }
    let mut broken = tar;
    broken[3584] = b'x';
    assert!(places("app/a.tar", &broken).1);
    let unknown = zip("a", b"a", false, true);
    assert!(places("app/a.zip", &unknown).1);
}

#[test]
fn what_stands_between_the_entries_of_a_zip_hides_none() {
    let text = format!("TOKEN = '{}'\n", token());
    let first = zip("a", b"hello", false, false);
    let entry = zip("s.py", text.as_bytes(), true, false);
    let found = (vec![("app/x.zip!s.py".to_owned(), Some(1))], false);
    let with = |between: &[u8]| {
        let bytes = [&first, between, &entry].concat();
        let named = [(&*first, 0), (&*entry, first.len() + between.len())];
        places("app/x.zip", &with_directory(bytes, &named))
    };
    assert_eq!(with(b""), found);
    let end = [&b"PK\x05\x06"[..], &[0; 18]].concat();
    assert_eq!(with(&end), found);
    // What says that it is longer than it is.
    let end = [&end[..20], b"\xff\xff"].concat();
    assert_eq!(with(&end), found);
    let central = [&b"PK\x01\x02"[..], &[0; 24], &[0xff; 6], &[0; 12]].concat();
    assert_eq!(with(&central).0, found.0);
    assert_eq!(with(&[b'x'; 20]), found);
    assert_eq!(with(&[b'x'; 2000]), (found.0.clone(), true));
    // One behind the other, and one behind the end of another.
    let whole = directory(std::slice::from_ref(&entry));
    let other = directory(std::slice::from_ref(&first));
    assert_eq!(places("app/x.zip", &[&other[..], &whole].concat()), found);
    assert_eq!(
        places("app/x.zip", &[&other[..], &[0; 99]].concat()),
        (vec![], false)
    );
    assert_eq!(
        places("app/x.zip", &[&other[..], b"behind"].concat()),
        (vec![], true)
    );
    assert_eq!(places("app/x.zip", &whole[..whole.len() - 1]).0, found.0);
    assert!(places("app/x.zip", &whole[..whole.len() - 1]).1);
}

/// An application may lie in a folder of that name; what tries it does not lie in an archive.
#[test]
fn an_archive_among_what_is_made_up_is_judged_by_what_it_holds() {
    let settings = format!("spring:\n  password: q7RtY2mW{}\n", "x9Kp");
    let jar = |name: &str| directory(&[zip(name, settings.as_bytes(), true, false)]);
    let name = "BOOT-INF/classes/application.yml";
    let found = |path: &str, bytes: &[u8]| places(path, bytes).0.len();
    assert_eq!(found("app/docs/app.jar", &jar(name)), 1);
    assert_eq!(found("test/app.jar", &jar(name)), 1);
    assert_eq!(found("app/docs/app.jar", &jar("tests/application.yml")), 0);
    // What is only compressed lies where it lies.
    let packed = gz(settings.as_bytes());
    assert_eq!(found("test/application.yml.gz", &packed), 1);
    assert_eq!(found("app/test/application.yml.gz", &packed), 0);
    assert_eq!(found("app/node_modules/a/a.jar", &jar(name)), 0);
}

/// Java's archives and Python's applications that a shell runs; offsets are mended or are not.
#[test]
fn a_zip_behind_a_script_is_opened() {
    let script = format!("#!/bin/sh\nexport DB_PASSWORD=q7RtY2mW{}\n", "x9Kp");
    let text = format!("TOKEN={}\n", token());
    let entries = [
        zip("a.txt", b"nothing", true, true),
        zip("b/c.py", text.as_bytes(), true, false),
    ];
    let plain = directory(&entries);
    let apart = [script.as_bytes(), &plain].concat();
    let offsets = [script.len(), script.len() + entries[0].len()];
    let named: Vec<(&[u8], usize)> = entries.iter().map(Vec::as_slice).zip(offsets).collect();
    let mended = with_directory([script.as_bytes(), &entries.concat()].concat(), &named);
    for bytes in [&apart, &mended] {
        let (places, partly) = places("srv/run.sh", bytes);
        let told = [
            ("srv/run.sh".to_owned(), Some(2)),
            ("srv/run.sh!b/c.py".to_owned(), Some(1)),
        ];
        assert_eq!((places.as_slice(), partly), (&told[..], false));
        let whole = search("srv/shop.jar", bytes, &[usize::MAX]);
        for lengths in [[1, 1], [7, 3], [600, 5], [50, 4096]] {
            assert_eq!(
                search("srv/shop.jar", bytes, &lengths),
                whole,
                "{lengths:?}"
            );
        }
    }
    // A program that is no script, and a script with something else behind it.
    let program = [b"\x7fELF\0\0".as_slice(), &plain].concat();
    assert!(search("srv/tool", &program, &[usize::MAX]).partly);
    assert!(search("srv/tool", &program, &[9, 4]).partly);
    let packed = [
        b"#!/bin/sh\nexit 0\n".as_slice(),
        &gz(&text.repeat(9).into_bytes()),
    ]
    .concat();
    assert!(search("srv/tool", &packed, &[usize::MAX]).partly);
    assert!(!search("srv/tool", script.as_bytes(), &[usize::MAX]).partly);
}

#[test]
fn entries_that_only_the_directory_of_a_zip_knows_are_said() {
    let text = format!("TOKEN = '{}'\n", token());
    let entry = zip("s.py", text.as_bytes(), true, false);
    // An entry that says to be as long as all that follows.
    let mut first = zip("a", b"hello", false, false);
    first[18] += entry.len() as u8;
    let bytes = [&*first, &*entry].concat();
    let named = [(&*first, 0), (&*entry, first.len())];
    assert_eq!(
        places("app/x.zip", &with_directory(bytes, &named)),
        (vec![], true)
    );
    // Stored by its own header, deflated by the directory.
    let mut lies = entry.clone();
    lies[8] = 0;
    let bytes = with_directory(lies, &[(&entry, 0)]);
    assert_eq!(places("app/x.zip", &bytes), (vec![], true));
}

#[test]
fn sizes_that_headers_make_up_change_nothing() {
    let text = [token().as_bytes(), &b"\nx".repeat(1500)].concat();
    for deflated in [false, true] {
        for claimed in [1_u32, 100, 2999, 1 << 30] {
            let mut bytes = zip("tok.py", &text, deflated, false);
            bytes[22..26].copy_from_slice(&claimed.to_le_bytes());
            let bytes = directory(&[bytes]);
            let whole = search("app/a.zip", &bytes, &[usize::MAX]);
            assert_eq!(whole.sightings.len(), 1);
            assert!(!whole.partly, "{claimed}");
            for lengths in [[1, 1], [136, 7], [300, 2500]] {
                assert_eq!(search("app/a.zip", &bytes, &lengths), whole, "{claimed}");
            }
        }
    }
}

#[test]
fn a_bomb_costs_what_it_may_and_is_told() {
    let zeros = vec![0; 1 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..400 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert_eq!(places("app/a.gz", &bomb), (Vec::new(), true));
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(0), 400 << 20), 1).unwrap();
    assert_eq!(places("app/a.zst", &bomb), (Vec::new(), true));
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    for _ in 0..300 {
        encoder.write_all(&zeros).unwrap();
    }
    assert_eq!(
        places("app/a.bz2", &encoder.finish().unwrap()),
        (Vec::new(), true)
    );
    // A stream of nothing but a beginning and an end.
    let empty = xz(b"").repeat(20_000);
    assert_eq!(places("app/a.xz", &empty), (Vec::new(), true));
    let empty = bz2(b"").repeat(20_000);
    assert_eq!(places("app/a.bz2", &empty), (Vec::new(), true));
    let mut nested = gz(b"x");
    for _ in 0..40 {
        nested = gz(&tar(&[("a.tgz", &nested)]));
    }
    assert_eq!(places("app/a.tgz", &nested), (Vec::new(), true));
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 300, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn where_pieces_are_parted_changes_nothing(
        filler in proptest::collection::vec(any::<u8>(), 0..5000),
        lengths in proptest::collection::vec(prop_oneof![1_usize..40, 40_usize..3000], 1..6),
        cut in 0_usize..9000,
        flip in proptest::option::of((0_usize..9000, any::<u8>())),
    ) {
        let text = [token().as_bytes(), b"\n", &filler].concat();
        let inner = tar(&[("a", &filler), ("b.py", &text)]);
        let zip = [zip("t", &text, true, true), zip("u", &filler, false, false)];
        for (path, bytes) in [
            ("app/a.tar", inner.clone()),
            ("app/a.tgz", gz(&inner)),
            ("app/a.zip", directory(&zip)),
            ("app/a.tzst", zst(&inner)),
            ("app/a.tbz2", bz2(&inner)),
            ("app/a.txz", xz(&inner)),
            ("app/a.deb", deb(&[("a", &filler), ("b.py", &text)])),
            ("app/a.cpio", cpio(&[("a", &filler), ("b.py", &text)], true)),
            ("app/b.cpio", cpio(&[("a", &filler), ("b.py", &text)], false)),
        ] {
            let mut bytes = bytes;
            if let Some((at, value)) = flip
                && let Some(byte) = bytes.get_mut(at)
            {
                *byte = value;
            } else {
                let whole = search(path, &bytes, &[usize::MAX]);
                prop_assert_eq!(whole.sightings.len(), 1);
                bytes.truncate(cut.max(1));
            }
            let whole = search(path, &bytes, &[usize::MAX]);
            prop_assert_eq!(search(path, &bytes, &lengths), whole);
        }
    }
}

#[test]
fn libraries_that_an_application_in_java_holds_are_packages() {
    let password = format!("db.password=q7RtY2mW{}\n", "x9KpLz4V");
    let text = format!("{password}other = {}\n", token());
    let library = zip("a/b.properties", text.as_bytes(), true, false);
    let kinds = |place: &str| -> Vec<String> {
        let application = zip(place, &library, false, false);
        let found = search("srv/app.jar", &application, &[usize::MAX]).sightings;
        found.into_iter().map(|one| one.kind.into_owned()).collect()
    };
    assert_eq!(kinds("x/lib.jar"), ["secret-value", "github-token"]);
    assert_eq!(kinds("BOOT-INF/lib/lib.jar"), ["github-token"]);
    let unpacked = search("srv/x/WEB-INF/lib/lib.jar", &library, &[usize::MAX]);
    assert_eq!(unpacked.sightings.len(), 1);
}

#[test]
fn modules_of_an_application_in_java_bring_settings_and_archives_along() {
    let inside = |file: &str, bytes: &[u8]| -> Vec<String> {
        let library = zip(file, bytes, true, false);
        let application = zip("BOOT-INF/lib/core-1.0.jar", &library, false, false);
        let found = search("srv/app.jar", &application, &[usize::MAX]).sightings;
        found.into_iter().map(|one| one.kind.into_owned()).collect()
    };
    let settings = format!("spring.datasource.password=q7RtY2mW{}\n", "x9KpLz4V");
    for file in ["application-prod.properties", "config/application.yml"] {
        assert_eq!(
            inside(file, settings.as_bytes()),
            ["secret-value"],
            "{file}"
        );
    }
    for file in ["messages.properties", "docs/application.properties"] {
        assert!(inside(file, settings.as_bytes()).is_empty(), "{file}");
    }
    let text = format!("{settings}other = {}\n", token());
    let inner = zip("a.properties", text.as_bytes(), true, false);
    assert_eq!(inside("META-INF/x.zip", &inner), ["github-token"]);
}
