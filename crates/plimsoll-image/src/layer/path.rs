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

#[cfg(test)]
mod tests {
    use super::*;

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
