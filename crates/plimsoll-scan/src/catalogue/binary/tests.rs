use proptest::prelude::*;

use super::*;

/// A little-endian 64-bit program of one data segment that holds everything, with these sections.
fn elf(kind: u16, sections: &[(&str, &[u8])], needed: &[&str]) -> Vec<u8> {
    let mut body = vec![0_u8; 64 + 3 * 56];
    let interpreter = (body.len() as u64, 28_u64);
    body.extend(b"/lib64/ld-linux-x86-64.so.2\0");
    let mut names = vec![0_u8];
    let mut dynamic: Vec<(u64, u64)> = Vec::new();
    for name in needed {
        dynamic.push((1, names.len() as u64));
        names.extend(name.as_bytes());
        names.push(0);
    }
    let table = body.len() as u64;
    body.extend(&names);
    dynamic.push((5, table));
    dynamic.push((10, names.len() as u64));
    dynamic.push((0, 0));
    let linked = (body.len() as u64, dynamic.len() as u64 * 16);
    for (tag, value) in dynamic {
        body.extend(tag.to_le_bytes());
        body.extend(value.to_le_bytes());
    }
    let mut rows = vec![(0_u32, 0_u64, 0_u64)];
    let mut titles = vec![0_u8];
    let mut put = |name: &str, content: &[u8], body: &mut Vec<u8>, titles: &mut Vec<u8>| {
        body.resize(body.len().next_multiple_of(16), 0);
        rows.push((titles.len() as u32, body.len() as u64, content.len() as u64));
        titles.extend(name.as_bytes());
        titles.push(0);
        body.extend(content);
    };
    for (name, content) in sections {
        put(name, content, &mut body, &mut titles);
    }
    let last = titles.len() as u32;
    titles.extend(b".shstrtab\0");
    let at = body.len() as u64;
    body.extend(&titles);
    rows.push((last, at, titles.len() as u64));
    let headers = body.len() as u64;
    for (name, offset, size) in &rows {
        body.extend(name.to_le_bytes());
        body.extend(1_u32.to_le_bytes());
        body.extend([0; 16]);
        body.extend(offset.to_le_bytes());
        body.extend(size.to_le_bytes());
        body.extend([0; 24]);
    }
    let whole = (0, headers);
    let programs: [(u32, (u64, u64)); 3] = [(1, whole), (2, linked), (3, interpreter)];
    for (index, (kind, (offset, size))) in programs.into_iter().enumerate() {
        let mut row = Vec::new();
        row.extend(kind.to_le_bytes());
        row.extend(6_u32.to_le_bytes());
        for value in [offset, offset, offset, size, size, 1] {
            row.extend(value.to_le_bytes());
        }
        body[64 + index * 56..][..56].copy_from_slice(&row);
    }
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(16, 0);
    header.extend(kind.to_le_bytes());
    header.extend(62_u16.to_le_bytes());
    header.extend(1_u32.to_le_bytes());
    header.extend([0; 8]);
    header.extend(64_u64.to_le_bytes());
    header.extend(headers.to_le_bytes());
    header.extend(0_u32.to_le_bytes());
    for half in [64, 56, 3, 64, rows.len() as u16, rows.len() as u16 - 1] {
        header.extend(half.to_le_bytes());
    }
    body[..64].copy_from_slice(&header);
    body
}

fn go(modules: &str) -> Vec<u8> {
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    let framed = if modules.is_empty() {
        String::new()
    } else {
        format!("0123456789abcdef{modules}fedcba9876543210")
    };
    for text in ["go1.22.3", &framed] {
        let mut length = text.len();
        while length >= 0x80 {
            info.push(length as u8 | 0x80);
            length >>= 7;
        }
        info.push(length as u8);
        info.extend(text.as_bytes());
    }
    info
}

fn binary(path: &str, bytes: &[u8]) -> Binary {
    match read(path, bytes) {
        Ok(Document::Binary(binary)) => binary,
        other => panic!("{other:?}"),
    }
}

fn names(binary: &Binary) -> Vec<String> {
    binary
        .packages
        .iter()
        .map(|own| format!("{}@{}", own.name, own.version))
        .collect()
}

/// The same file as it streams by.
fn watched(path: &str, bytes: &[u8], pieces: usize) -> Result<Document, String> {
    let candidate = Candidate::new(path, bytes.len() as u64, 0o755, bytes);
    let mut watch = watch(&candidate);
    for piece in bytes.chunks(pieces.max(1)) {
        watch.feed(piece);
    }
    watch.finish()
}

#[test]
fn headers_say_what_a_program_needs() {
    let bytes = elf(3, &[(".symtab", b"x")], &["libssl.so.3", "libc.so.6"]);
    let found = binary("usr/bin/x", &bytes);
    let elf = found.elf.unwrap();
    assert_eq!(elf.kind, Kind::Program);
    assert_eq!(elf.needed, ["libssl.so.3", "libc.so.6"]);
    assert_eq!(
        elf.interpreter.as_deref(),
        Some("/lib64/ld-linux-x86-64.so.2")
    );
    assert_eq!((elf.machine, elf.wide, elf.dynamic), (62, true, true));
    assert_eq!(elf.stripped, Some(false));
    assert!(elf.names_known);
    assert_eq!(found.origin, Origin::Unknown);
}

#[test]
fn lists_that_compilers_put_in() {
    let modules = "path\ta\nmod\texample.com/a\t(devel)\t\ndep\tgithub.com/b/c\tv1.0.0\th1:x\n";
    let found = binary("a", &elf(2, &[(".go.buildinfo", &go(modules))], &[]));
    assert_eq!(found.origin, Origin::Go);
    assert_eq!(names(&found), ["a@(devel)", "c@v1.0.0", "stdlib@1.22.3"]);
    let found = binary("a", &elf(2, &[(".go.buildinfo", &go(""))], &[]));
    assert_eq!(found.origin, Origin::GoUnlisted);
    assert_eq!(names(&found), ["stdlib@1.22.3"]);

    let list = br#"{"packages":[{"name":"a","version":"1.0.0","source":"local","root":true,"dependencies":[1]},{"name":"b","version":"2.0.0","source":"crates.io"},{"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"}]}"#;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, list).unwrap();
    let packed = packed.finish().unwrap();
    let found = binary("a", &elf(2, &[(".dep-v0", &packed)], &[]));
    assert_eq!(found.origin, Origin::Rust);
    assert_eq!(names(&found), ["a@1.0.0", "b@2.0.0"]);
    assert_eq!(found.packages[1].direct, Some(true));

    let broken = binary("a", &elf(2, &[(".dep-v0", &packed[..9])], &[]));
    assert_eq!(broken.origin, Origin::Unreadable);
}

#[test]
fn a_large_program_says_the_same_as_it_streams_by() {
    let modules = format!(
        "path\ta\nmod\texample.com/a\tv0.1.0\t\n{}",
        "dep\tgithub.com/b/c\tv1.0.0\th1:x\n".repeat(3_000)
    );
    let filler = vec![0x90_u8; 5 << 20];
    let panics = format!(
        "\0/rustc/{}/library/core/src/a.rs\0/x/registry/src/index.crates.io-0/memchr-2.5.0/src/b.rs",
        "0a".repeat(20)
    );
    for sections in [
        &[
            (".text", filler.as_slice()),
            (".go.buildinfo", &go(&modules)),
        ][..],
        &[
            (".text", filler.as_slice()),
            (".rodata", panics.as_bytes()),
            (".x", &filler),
        ][..],
    ] {
        let bytes = elf(2, sections, &["libc.so.6"]);
        let whole = read("a", &bytes).unwrap();
        for pieces in [999, 65_536, 262_144] {
            assert_eq!(watched("a", &bytes, pieces), Ok(whole.clone()));
        }
    }
}

/// A Go program with these tables of functions, the first in a section of its own.
fn go_program(tables: &[&[u8]], section: &str) -> Vec<u8> {
    let info = go("path\ta.b/c/cmd\nmod\ta.b/c\tv1.0.0\ndep\ta.b/d\tv1\n=>\ta.b/e\tv2\n");
    let filler = vec![0x90_u8; 3 << 20];
    let mut all = vec![(".text", filler.as_slice()), (".go.buildinfo", &info)];
    for (index, table) in tables.iter().enumerate() {
        all.push((if index == 0 { section } else { ".x" }, table));
        all.push((".y", &filler));
    }
    let mut bytes = elf(2, &all, &[]);
    // A note of the linker in place of the interpreter's name.
    let note = b"\x04\0\0\0\x04\0\0\0\x04\0\0\0Go\0\0abcd";
    let at = 64 + 3 * 56;
    bytes[at..at + note.len()].copy_from_slice(note);
    let kind = 64 + 2 * 56;
    bytes[kind] = 4;
    bytes[kind + 4] = 4;
    // What holds the data is no code.
    bytes[64 + 4] = 4;
    bytes
}

#[test]
fn functions_of_a_go_program() {
    let names = b"runtime.main\0main.main\0a.b/c.(*T).M\0a.b/d.F\0";
    let table = pclntab::tests::table(0xffff_fff1, 8, false, names);
    let other = pclntab::tests::table(0xffff_fff0, 8, false, b"other.F\0");
    let bytes = go_program(&[&table, &other], ".gopclntab");
    let linked = binary("a", &bytes).linked.unwrap();
    assert_eq!(linked.main.as_deref(), Some("a.b/c/cmd"));
    assert_eq!(linked.replaced, [("a.b/e".to_owned(), "a.b/d".to_owned())]);
    assert_eq!(linked.gap, None);
    let known = crate::linked::KnownNames::unpack(&linked.names);
    assert!(known.has_function("a.b/c", "T.M") && known.has_function("a.b/d", "F"));
    assert!(!known.has_function("other", "F"));

    // Linked without names of sections: it is found where it lies.
    let stripped = go_program(&[&table], ".data");
    assert_eq!(binary("a", &stripped).linked, Some(linked));
    let two = go_program(&[&table, &other], ".data");
    let gap = binary("a", &two).linked.unwrap().gap.unwrap();
    assert!(gap.contains("more than one"), "{gap}");
    let none = go_program(&[], "");
    let gap = binary("a", &none).linked.unwrap().gap.unwrap();
    assert!(gap.contains("no table"), "{gap}");
    let old = pclntab::tests::table(0xffff_fffb, 8, false, b"");
    let old = go_program(&[&old], ".gopclntab");
    let gap = binary("a", &old).linked.unwrap().gap.unwrap();
    assert!(gap.contains("before 1.16"), "{gap}");

    for bytes in [bytes, stripped, two, none, old] {
        let whole = read("a", &bytes).unwrap();
        for pieces in [1_001, 65_536] {
            assert_eq!(watched("a", &bytes, pieces), Ok(whole.clone()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_it_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
        near in proptest::collection::vec((0_usize..1_200, any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        pieces in 1_usize..3_000,
        go_list: bool,
    ) {
        let info = go("path\ta\nmod\tb\tv1.0.0\ndep\tc\tv1\n=>\td\tv2\n");
        let name = if go_list { ".go.buildinfo" } else { ".dep-v0" };
        let mut bytes = elf(3, &[(name, &info), (".comment", b"rustc version 1")], &["a", "b"]);
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        for (at, value) in near {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let _ = read("libssl.so.3", &bytes);
        let _ = watched("python3.11", &bytes, pieces);
    }
}
