//! `passwd(5)`: the users of an image.

use super::{Candidate, Document};

/// Where the file lies.
pub(crate) const PATH: &str = "etc/passwd";

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    let path = candidate.path;
    path == PATH
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    Ok(Document::Users(
        text.lines()
            .filter_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next().filter(|name| !name.is_empty())?;
                let id = fields.nth(1)?.parse().ok()?;
                Some((name.to_owned(), id))
            })
            .collect(),
    ))
}
