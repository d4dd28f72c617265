use proptest::prelude::*;

use super::*;

fn entries(bytes: &[u8]) -> io::Result<Vec<(Header, Vec<u8>)>> {
    let mut reader = TarReader::new(bytes);
    let mut found = Vec::new();
    while let Some(header) = reader.next_entry()? {
        let mut content = Vec::new();
        reader.by_ref().take(1 << 20).read_to_end(&mut content)?;
        found.push((header, content));
    }
    Ok(found)
}

/// A header block, its checksum last.
fn block(name: &str, flag: u8, size: &[u8], magic: &[u8; 8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000644");
    block[124..124 + size.len()].copy_from_slice(size);
    block[156] = flag;
    block[257..265].copy_from_slice(magic);
    seal(&mut block);
    block
}

fn seal(block: &mut [u8; BLOCK]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}

const USTAR: &[u8; 8] = b"ustar\x0000";
const GNU: &[u8; 8] = b"ustar  \0";

fn padded(content: &[u8]) -> Vec<u8> {
    let mut bytes = content.to_vec();
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len() + 1;
        while format!("{length}{rest}").len() != length {
            length += 1;
        }
        body.push_str(&format!("{length}{rest}"));
    }
    let mut bytes = block("pax", b'x', format!("{:o}", body.len()).as_bytes(), USTAR).to_vec();
    bytes.extend(padded(body.as_bytes()));
    bytes
}

#[test]
fn what_the_tar_crate_writes_is_read() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let long = "d/".repeat(120) + "file";
    for (path, content) in [("short", "1"), (long.as_str(), "22")] {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o4755);
        header.set_uid(7);
        header.set_mtime(99);
        header.set_entry_type(::tar::EntryType::Regular);
        builder
            .append_data(&mut header, path, content.as_bytes())
            .unwrap();
    }
    let found = entries(&builder.into_inner().unwrap()).unwrap();
    assert_eq!(found[0].0.path, b"short");
    assert_eq!(
        (found[0].0.mode, found[0].0.uid, found[0].0.mtime),
        (0o4755, 7, 99)
    );
    assert_eq!(found[1].0.path, long.as_bytes());
    assert_eq!(found[1].1, b"22");
}

#[test]
fn pax_overrides_and_carries_attributes() {
    let mut bytes = pax(&[
        ("path", "the/long/name"),
        ("uid", "4294967295"),
        ("mtime", "12.5"),
        ("size", "3"),
        ("SCHILY.xattr.security.capability", "cap"),
    ]);
    bytes.extend(block("short", b'0', b"0", USTAR));
    bytes.extend(padded(b"abc"));
    let found = entries(&bytes).unwrap();
    assert_eq!(found[0].0.path, b"the/long/name");
    assert_eq!(found[0].0.uid, 4_294_967_295);
    assert_eq!(
        (found[0].0.mtime, found[0].0.mtime_nanos),
        (12, 500_000_000)
    );
    assert_eq!(
        found[0].0.xattrs,
        [("security.capability".to_owned(), b"cap".to_vec())]
    );
    assert_eq!(found[0].1, b"abc");
}

#[test]
fn a_folder_that_claims_content_hides_nothing() {
    // A reader that believed the size would pass over the second entry.
    let mut bytes = block("dir", b'5', b"1000", USTAR).to_vec();
    bytes.extend(block("hidden", b'0', b"0", USTAR));
    let names: Vec<_> = entries(&bytes)
        .unwrap()
        .into_iter()
        .map(|(header, _)| header.path)
        .collect();
    assert_eq!(names, [b"dir".to_vec(), b"hidden".to_vec()]);
}

/// Engines unpack it as a file, so a secret in it is there.
#[test]
fn a_file_is_no_folder_because_of_a_slash() {
    for (flag, kind) in [(b'0', Kind::File), (b'\0', Kind::Directory)] {
        let mut bytes = block("key/", flag, b"3", USTAR).to_vec();
        bytes.extend(padded(b"abc"));
        let found = entries(&bytes).unwrap();
        assert_eq!(found[0].0.kind, kind);
        assert_eq!(found.len(), 1);
    }
}

#[test]
fn nothing_hides_behind_a_block_of_zeros() {
    let mut bytes = block("a", b'0', b"0", USTAR).to_vec();
    bytes.extend([0; BLOCK]);
    bytes.extend(block("hidden", b'0', b"0", USTAR));
    assert!(entries(&bytes).unwrap_err().to_string().contains("zeros"));
}

#[test]
fn sparse_files_have_their_holes() {
    // The old GNU form.
    let mut header = block("s", b'S', b"4", GNU);
    header[386..398].copy_from_slice(b"00000000003\0");
    header[398..410].copy_from_slice(b"00000000004\0");
    header[483..495].copy_from_slice(b"00000000011\0");
    seal(&mut header);
    let mut bytes = header.to_vec();
    bytes.extend(padded(b"data"));
    assert_eq!(entries(&bytes).unwrap()[0].1, b"\0\0\0data\0\0");
    // pax 0.1.
    let mut bytes = pax(&[
        ("GNU.sparse.map", "3,4"),
        ("GNU.sparse.size", "9"),
        ("GNU.sparse.name", "real"),
    ]);
    bytes.extend(block("s", b'0', b"4", USTAR));
    bytes.extend(padded(b"data"));
    let found = entries(&bytes).unwrap();
    assert_eq!(found[0].0.path, b"real");
    assert_eq!(found[0].1, b"\0\0\0data\0\0");
    // pax 1.0.
    let mut bytes = pax(&[
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.realsize", "9"),
    ]);
    bytes.extend(block("s", b'0', b"1004", USTAR));
    bytes.extend(padded(b"1\n3\n4\n"));
    bytes.extend(padded(b"data"));
    let found = entries(&bytes).unwrap();
    assert_eq!(
        (found[0].0.size, found[0].1.as_slice()),
        (9, &b"\0\0\0data\0\0"[..])
    );
    // A map that lies.
    let mut bytes = pax(&[("GNU.sparse.map", "3,4,1,2"), ("GNU.sparse.size", "9")]);
    bytes.extend(block("s", b'0', b"6", USTAR));
    bytes.extend(padded(b"dataxx"));
    assert!(
        entries(&bytes)
            .unwrap_err()
            .to_string()
            .contains("overlaps")
    );
}

#[test]
fn absurd_headers_are_refused() {
    let long_name = [
        block("L", b'L', b"77777777777", GNU).as_slice(),
        &[0; BLOCK],
    ]
    .concat();
    let negative = block("n", b'0', &[0xff; 12], GNU).to_vec();
    let mut sum = block("c", b'0', b"0", USTAR).to_vec();
    sum[0] = b'd';
    let cut = block("t", b'0', b"1000", USTAR).to_vec();
    let half = cut[..300].to_vec();
    for (bytes, word) in [
        (long_name, "a long name of"),
        (negative, "size is no number"),
        (sum, "checksum"),
        (cut, "ends in the middle"),
        (half, "ends in the middle"),
    ] {
        let error = entries(&bytes).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

proptest! {
    #[test]
    fn any_header_is_an_entry_or_an_error(
        mut bytes in proptest::collection::vec(any::<u8>(), BLOCK..BLOCK * 3),
        flag in proptest::sample::select(b"0123456xgLKS\0".to_vec()),
        sealed: bool,
    ) {
        bytes[156] = flag;
        if sealed {
            // Random numbers never parse: give the header some that do.
            bytes[100..148].fill(0);
            bytes[124..127].copy_from_slice(b"700");
            let mut header: [u8; BLOCK] = bytes[..BLOCK].try_into().unwrap();
            seal(&mut header);
            bytes[..BLOCK].copy_from_slice(&header);
        }
        let _ = entries(&bytes);
    }

    #[test]
    fn any_cut_is_an_end_or_an_error(cut in 0_usize..4096) {
        let mut bytes = pax(&[("path", "p"), ("GNU.sparse.map", "0,2"), ("GNU.sparse.size", "9")]);
        bytes.extend(block("s", b'0', b"2", USTAR));
        bytes.extend(padded(b"da"));
        bytes.extend([0; 1024]);
        let _ = entries(&bytes[..cut.min(bytes.len())]);
    }
}
