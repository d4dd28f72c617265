//! Names of layer entries (OCI image-spec, layer.md, "Whiteouts").

use std::borrow::Cow;

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const AUFS: &[u8] = b".wh..wh.";

/// What an entry's last component says.
pub(super) enum Name<'a> {
    Ordinary,
    /// The path it deletes.
    Whiteout(Vec<u8>),
    /// The folder whose lower content it hides.
    Opaque(&'a [u8]),
    Aufs,
}

/// The path below the root, `.` and `..` resolved as words, as Docker does. `/etc` is `etc`.
pub(super) fn normalise(path: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if path.contains(&0) {
        return Err("has a NUL in its name".to_owned());
    }
    // Nearly all of them are written like this, and need no words taken apart.
    let inner = path.strip_prefix(b"./").unwrap_or(path);
    let inner = inner.strip_prefix(b"/").unwrap_or(inner);
    let inner = inner.strip_suffix(b"/").unwrap_or(inner);
    if is_normal(inner) {
        return Ok(Cow::Borrowed(inner));
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                if parts.pop().is_none() {
                    return Err("leads out of the image".to_owned());
                }
            }
            _ => parts.push(part),
        }
    }
    Ok(Cow::Owned(parts.join(&b'/')))
}

/// Whether no word of a path is empty or might be `.` or `..`: none begins with a slash or, at this
/// first look, with a dot.
fn is_normal(path: &[u8]) -> bool {
    let mut before = b'/';
    for byte in path {
        if before == b'/' && matches!(byte, b'/' | b'.') {
            return false;
        }
        before = *byte;
    }
    before != b'/' || path.is_empty()
}

/// Tells whiteouts from ordinary entries, by a normalised path.
pub(super) fn classify(path: &[u8]) -> Result<Name<'_>, String> {
    let (folder, name) = match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&b""[..], path),
    };
    if name == OPAQUE {
        return Ok(Name::Opaque(folder));
    }
    if name.starts_with(AUFS) {
        return Ok(Name::Aufs);
    }
    match name.strip_prefix(WHITEOUT) {
        None => Ok(Name::Ordinary),
        // Engines that join the paths would delete the folder itself, or the one above.
        Some(b"" | b"." | b"..") => Err("is a whiteout of a folder it lies in".to_owned()),
        Some(target) if folder.is_empty() => Ok(Name::Whiteout(target.to_vec())),
        Some(target) => Ok(Name::Whiteout([folder, b"/", target].concat())),
    }
}

/// Puts a path behind `text`, each one as a text of its own: a byte that is no UTF-8 is U+FFFD and its
/// two hexadecimal digits, and U+FFFD itself stands twice. What names a folder begins what names the
/// files in it.
pub(super) fn push_text(text: &mut String, path: &[u8]) {
    // Only of such a text something is to be written otherwise.
    if let Ok(plain) = str::from_utf8(path)
        && !(path.contains(&REPLACED[0]) && plain.contains(char::REPLACEMENT_CHARACTER))
    {
        return text.push_str(plain);
    }
    for chunk in path.utf8_chunks() {
        for part in chunk.valid().split_inclusive(char::REPLACEMENT_CHARACTER) {
            text.push_str(part);
            if part.ends_with(char::REPLACEMENT_CHARACTER) {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        for byte in chunk.invalid() {
            text.push(char::REPLACEMENT_CHARACTER);
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(digit.into(), 16));
            }
        }
    }
}

/// The text of a path.
pub(super) fn text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    push_text(&mut text, path);
    text
}

/// U+FFFD.
const REPLACED: &[u8; 3] = b"\xef\xbf\xbd";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_text_stay_apart() {
        let names: &[&[u8]] = &[
            b"f\xfcr",
            b"f\xf6r",
            b"f\xfc",
            b"f\xfc\xf6",
            "f\u{fffd}r".as_bytes(),
            "f\u{fffd}fcr".as_bytes(),
            "f\u{fffd}\u{fffd}fcr".as_bytes(),
            b"f\\xfcr",
            "für".as_bytes(),
            b"f\xef\xbf",
            b"\xef\xbf\xbd\xef",
            b"\xed\xa0\x80",
        ];
        let texts: Vec<String> = names.iter().map(|name| text(name)).collect();
        for (at, one) in texts.iter().enumerate() {
            assert_eq!(texts.iter().position(|other| other == one), Some(at));
        }
        assert_eq!(texts[0], "f\u{fffd}fcr");
        assert_eq!(text("a/für".as_bytes()), "a/für");
        assert_eq!(text("a/ｘ\u{ff5e}".as_bytes()), "a/ｘ\u{ff5e}");
    }

    proptest::proptest! {
        /// Whatever is written, it can be read back, and a folder begins what lies in it.
        #[test]
        fn a_text_is_of_one_path(
            path in proptest::collection::vec(
                proptest::sample::select(&b"a0/\xef\xbf\xbd\xfc\xc3"[..]), 0..12,
            ),
        ) {
            let written = text(&path);
            let mut read = Vec::new();
            let mut rest = written.as_str();
            while let Some(next) = rest.chars().next() {
                rest = &rest[next.len_utf8()..];
                if next != char::REPLACEMENT_CHARACTER {
                    read.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
                } else if let Some(behind) = rest.strip_prefix(char::REPLACEMENT_CHARACTER) {
                    rest = behind;
                    read.extend_from_slice(REPLACED);
                } else {
                    read.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                    rest = &rest[2..];
                }
            }
            proptest::prop_assert_eq!(&read, &path);
            if let Some(slash) = path.iter().position(|byte| *byte == b'/') {
                proptest::prop_assert!(written.starts_with(&text(&path[..=slash])));
            }
        }
    }

    #[test]
    fn paths_stay_inside() {
        for (written, path) in [
            ("./a/b", "a/b"),
            ("/etc/passwd", "etc/passwd"),
            ("a//b/", "a/b"),
            ("a/../b", "b"),
            ("./", ""),
            ("", ""),
            (".", ""),
            ("//", ""),
            ("./.", ""),
            (".//a", "a"),
            ("/./a", "a"),
            ("a/.b", "a/.b"),
            ("a/..b/", "a/..b"),
            ("a//", "a"),
        ] {
            let found = normalise(written.as_bytes()).unwrap();
            assert_eq!(found, path.as_bytes(), "{written}");
        }
        for bad in ["../a", "a/../../b", "/..", "a\0b"] {
            assert!(normalise(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn whiteouts_are_told_apart() {
        assert!(matches!(classify(b"a/.wh.b").unwrap(), Name::Whiteout(path) if path == b"a/b"));
        assert!(matches!(classify(b".wh.b").unwrap(), Name::Whiteout(path) if path == b"b"));
        assert!(matches!(
            classify(b"a/.wh..wh..opq").unwrap(),
            Name::Opaque(b"a")
        ));
        assert!(matches!(classify(b"a/.wh..wh.plnk").unwrap(), Name::Aufs));
        assert!(matches!(classify(b".wh.d/x").unwrap(), Name::Ordinary));
        for bad in [&b"a/.wh."[..], b"a/.wh..", b".wh..."] {
            assert!(classify(bad).is_err());
        }
    }
}
