//! `os-release(5)`.

use plimsoll_model::Distribution;

use super::{Candidate, Document};

/// Where the file lies, in the order in which it counts.
pub(crate) const PATHS: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    let path = candidate.path;
    PATHS.contains(&path)
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let value = |wanted: &str| {
        text.lines()
            .filter_map(|line| line.trim().split_once('='))
            .filter(|(key, _)| *key == wanted)
            .map(|(_, value)| unquote(value))
            .next_back()
    };
    let id = super::word("ID", value("ID").as_deref())?;
    let name = value("PRETTY_NAME")
        .or_else(|| value("NAME"))
        .unwrap_or_else(|| id.clone());
    Ok(Document::OsRelease(Distribution {
        id,
        version: value("VERSION_ID").unwrap_or_default(),
        name,
    }))
}

/// A value as the shell would read it: outer quotes off, backslashes resolved.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let inner = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_missing_fields() {
        let os_release = |text: &str| match read("", text.as_bytes()) {
            Ok(Document::OsRelease(distribution)) => distribution,
            other => panic!("{other:?}"),
        };
        let debian = os_release(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n",
        );
        assert_eq!(
            (debian.id.as_str(), debian.version.as_str()),
            ("debian", "12")
        );
        assert_eq!(debian.name, "Debian GNU/Linux 12 (bookworm)");
        let sid = os_release("# comment\nNAME='Debian \\$x'\nID=debian\n");
        assert_eq!((sid.version.as_str(), sid.name.as_str()), ("", "Debian $x"));
        assert!(read("", b"NAME=x\n\xff=\n").is_err());
    }
}
