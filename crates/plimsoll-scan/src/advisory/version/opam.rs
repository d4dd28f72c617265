//! opam: Debian's order without epochs (<https://opam.ocaml.org/doc/Manual.html#Version-ordering>),
//! over letters, digits and `- _ + . ~`.

use std::cmp::Ordering;

use super::{Parsed, Reason, dpkg};

pub(super) struct Version<'a> {
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = text.as_bytes();
        if text.is_empty() {
            return Err("it is empty");
        }
        if !text.iter().all(is_allowed) {
            return Err("only letters, digits and - _ + . ~ may be in it");
        }
        let (upstream, revision) = match text.iter().rposition(|&byte| byte == b'-') {
            Some(hyphen) => (&text[..hyphen], &text[hyphen + 1..]),
            None => (text, b"".as_slice()),
        };
        Ok(Self { upstream, revision })
    }

    fn compare(&self, other: &Self) -> Ordering {
        dpkg::compare_part(self.upstream, other.upstream)
            .then_with(|| dpkg::compare_part(self.revision, other.revision))
    }
}

fn is_allowed(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_+.~".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Opam;

    #[test]
    fn as_dpkg_without_epochs() {
        ascending(
            ORDER,
            &[
                "0",
                "1.0~beta2",
                "1.0~beta10",
                "1.0",
                "1.0a",
                "1.0+ocp1",
                "1.0.1",
                "dev",
            ],
        );
        ascending(ORDER, &["v0.9", "v0.12.0", "v0.16.0"]);
        ascending(ORDER, &["1.0-1", "1.0-2", "1.0.0-1"]);
        equal(ORDER, &["1.0", "1.0-", "1.0-0", "01.0"]);
    }

    #[test]
    fn no_versions() {
        refused(ORDER, &["", "1:2", " 1", "1 ", "1!", "é"]);
    }
}
