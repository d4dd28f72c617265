//! Extended headers (POSIX.1-2001, pax, "pax Extended Header").

use std::collections::BTreeMap;
use std::io;

use super::number::decimal;
use super::sparse::{Piece, parse_list};
use super::{RawHeader, broken};

const XATTR_PREFIX: &[u8] = b"SCHILY.xattr.";

/// The records of one extended header.
#[derive(Default)]
pub(super) struct Records {
    fields: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) xattrs: BTreeMap<String, Vec<u8>>,
    /// `GNU.sparse.offset` and `.numbytes`, which repeat (form 0.0).
    pieces: Vec<Vec<u8>>,
}

/// What the records say about a sparse file.
pub(super) struct SparseLayout {
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// `None`: the map leads the content (form 1.0).
    pub(super) pieces: Option<Vec<Piece>>,
}

impl Records {
    pub(super) fn parse(mut body: &[u8]) -> io::Result<Self> {
        let mut records = Self::default();
        while !body.is_empty() {
            let (key, value, rest) = record(body).ok_or_else(|| broken("a broken pax record"))?;
            body = rest;
            let names = matches!(key, b"path" | b"linkpath" | b"uname" | b"gname");
            if key.contains(&0) || names && value.contains(&0) {
                return Err(broken("a pax record with a NUL in a name"));
            }
            if let Some(name) = key.strip_prefix(XATTR_PREFIX) {
                let name = String::from_utf8_lossy(name).into_owned();
                records.xattrs.insert(name, value.to_vec());
                continue;
            }
            match key {
                b"GNU.sparse.offset" if records.pieces.len().is_multiple_of(2) => {
                    records.pieces.push(value.to_vec());
                }
                b"GNU.sparse.numbytes" if !records.pieces.len().is_multiple_of(2) => {
                    records.pieces.push(value.to_vec());
                }
                b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
                    return Err(broken("a sparse map out of order"));
                }
                _ => {
                    records.fields.insert(key.to_vec(), value.to_vec());
                }
            }
        }
        if !records.pieces.is_empty() {
            let list = records.pieces.join(&b","[..]);
            records.fields.insert(b"GNU.sparse.map".to_vec(), list);
        }
        Ok(records)
    }

    /// Puts the records over the header's own fields; an empty value leaves the field alone.
    pub(super) fn apply(&mut self, header: &mut RawHeader) -> io::Result<()> {
        let number = |value: &[u8], what: &str| {
            decimal(value)
                .and_then(|value| u64::try_from(value).ok())
                .ok_or_else(|| broken(format!("a pax header whose {what} is no number")))
        };
        for (key, value) in self.fields.iter().filter(|(_, value)| !value.is_empty()) {
            match key.as_slice() {
                b"path" => header.path.clone_from(value),
                b"linkpath" => header.link.clone_from(value),
                b"size" => header.size = number(value, "size")?,
                b"uid" => header.uid = number(value, "owner")?,
                b"gid" => header.gid = number(value, "group")?,
                b"mtime" => {
                    (header.mtime, header.mtime_nanos) = time(value)
                        .ok_or_else(|| broken("a pax header whose time is no number"))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn sparse(&self) -> io::Result<Option<SparseLayout>> {
        let field = |name: &[u8]| self.fields.get(name).map(Vec::as_slice).unwrap_or_default();
        let list = field(b"GNU.sparse.map");
        let leading = match (field(b"GNU.sparse.major"), field(b"GNU.sparse.minor")) {
            (b"0", b"0" | b"1") => false,
            (b"1", b"0") => true,
            (b"", b"") if !list.is_empty() => false,
            (b"", b"") => return Ok(None),
            _ => return Err(broken("a sparse file of a form that is not known")),
        };
        let size = match (field(b"GNU.sparse.size"), field(b"GNU.sparse.realsize")) {
            (b"", b"") => None,
            (size, b"") | (b"", size) | (_, size) => Some(
                decimal(size)
                    .and_then(|size| u64::try_from(size).ok())
                    .ok_or_else(|| broken("a sparse file whose size is no number"))?,
            ),
        };
        let name = field(b"GNU.sparse.name");
        Ok(Some(SparseLayout {
            name: (!name.is_empty()).then(|| name.to_vec()),
            size,
            pieces: if leading {
                None
            } else {
                Some(parse_list(list, b',')?)
            },
        }))
    }
}

/// `LENGTH KEY=VALUE\n`, the length counting all of it.
fn record(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = body.iter().position(|byte| *byte == b' ')?;
    let digits = &body[..space];
    if digits.is_empty() || digits.len() > 7 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = usize::try_from(decimal(digits)?).ok()?;
    if length <= space || length > body.len() {
        return None;
    }
    let (record, rest) = body.split_at(length);
    let pair = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    if equals == 0 {
        return None;
    }
    Some((&pair[..equals], &pair[equals + 1..], rest))
}

/// Seconds with a fraction, possibly negative.
fn time(value: &[u8]) -> Option<(i64, u32)> {
    let value = std::str::from_utf8(value).ok()?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanos: u32 = digits.parse().ok()?;
    if whole.starts_with('-') && nanos > 0 {
        return Some((seconds.checked_sub(1)?, 1_000_000_000 - nanos));
    }
    Some((seconds, nanos))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_are_strict() {
        let good = Records::parse(b"11 path=ab\n20 SCHILY.xattr.a=\0\n").unwrap();
        assert_eq!(good.fields[&b"path"[..]], b"ab");
        assert_eq!(good.xattrs["a"], b"\0");
        for bad in [
            &b"10 path=ab\n"[..],
            b"12 path=ab\n",
            b"11 path=a\0\n",
            b"999999999999 a=b\n",
            b"6 =ab\n",
            b"x",
            b"-1 a=b\n",
        ] {
            assert!(Records::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn times_have_fractions_and_signs() {
        assert_eq!(time(b"1.5"), Some((1, 500_000_000)));
        assert_eq!(time(b"-1.25"), Some((-2, 750_000_000)));
        assert_eq!(time(b"7"), Some((7, 0)));
        assert_eq!(time(b"1.x"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_records_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(records) = Records::parse(&body) {
                let _ = records.sparse();
            }
        }
    }
}
