//! Python: [PEP 440](https://packaging.python.org/en/latest/specifications/version-specifiers/), as
//! the `packaging` library reads it.
//!
//! A legacy version, one that the specification does not know ("1.0-custom", "2004d"), is refused,
//! as `packaging` has done since 22.0. OSV enumerates such versions where they are affected, and
//! enumerated versions are compared as texts.

use std::cmp::Ordering;

use super::{Parsed, Reason, identifiers, number};

pub(super) struct Version<'a> {
    /// Digits; empty is zero.
    epoch: &'a [u8],
    /// Numbers parted by dots.
    release: &'a [u8],
    pre: Option<(Phase, &'a [u8])>,
    post: Option<&'a [u8]>,
    dev: Option<&'a [u8]>,
    /// Words and numbers parted by `.`, `-` and `_`.
    local: Option<&'a [u8]>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// What a phase may be called. Where one name begins another, the longer one stands first.
const PHASES: [(&[u8], Phase); 8] = [
    (b"alpha", Phase::Alpha),
    (b"a", Phase::Alpha),
    (b"beta", Phase::Beta),
    (b"b", Phase::Beta),
    (b"preview", Phase::Candidate),
    (b"pre", Phase::Candidate),
    (b"c", Phase::Candidate),
    (b"rc", Phase::Candidate),
];

const POST: [(&[u8], ()); 3] = [(b"post", ()), (b"rev", ()), (b"r", ())];

const DEV: [(&[u8], ()); 1] = [(b"dev", ())];

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let mut rest = text.as_bytes().trim_ascii();
        if let [b'v' | b'V', behind @ ..] = rest {
            rest = behind;
        }
        let mut release = numbers(&mut rest)?;
        let mut epoch = b"".as_slice();
        if let [b'!', behind @ ..] = rest {
            if release.contains(&b'.') {
                return Err("its epoch, before the exclamation mark, is not a number");
            }
            epoch = release;
            rest = behind;
            release = numbers(&mut rest)?;
        }
        let pre = labelled(&mut rest, &PHASES);
        let post = match implicit_post(&mut rest) {
            Some(number) => Some(number),
            None => labelled(&mut rest, &POST).map(|((), number)| number),
        };
        let dev = labelled(&mut rest, &DEV).map(|((), number)| number);
        let local = match rest {
            [] => None,
            [b'+', local @ ..] if is_local(local) => Some(local),
            [b'+', ..] => {
                return Err(
                    "its local part, behind the plus sign, is no list of words and numbers",
                );
            }
            _ => return Err("PEP 440 does not know the words or signs behind its numbers"),
        };
        Ok(Self {
            epoch,
            release,
            pre,
            post,
            dev,
            local,
        })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let dot = |byte: &u8| *byte == b'.';
        number::compare(self.epoch, other.epoch)
            .then_with(|| {
                number::compare_lists(
                    self.release.split(dot),
                    other.release.split(dot),
                    number::Longer::Padded,
                )
            })
            .then_with(|| self.stage().cmp(&other.stage()))
            .then_with(|| match (self.pre, other.pre) {
                (Some((_, one)), Some((_, two))) => number::compare(one, two),
                _ => Ordering::Equal,
            })
            .then_with(|| match (self.post, other.post) {
                (Some(one), Some(two)) => number::compare(one, two),
                (one, two) => one.is_some().cmp(&two.is_some()),
            })
            .then_with(|| match (self.dev, other.dev) {
                (Some(one), Some(two)) => number::compare(one, two),
                (one, two) => one.is_none().cmp(&two.is_none()),
            })
            .then_with(|| match (self.local, other.local) {
                (Some(one), Some(two)) => compare_local(one, two),
                (one, two) => one.is_some().cmp(&two.is_some()),
            })
    }
}

/// Where a release stands with what comes before it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Of the release itself, before all its phases.
    Development,
    Phase(Phase),
    /// Released, or after it.
    Release,
}

impl Version<'_> {
    fn stage(&self) -> Stage {
        match self.pre {
            Some((phase, _)) => Stage::Phase(phase),
            None if self.post.is_none() && self.dev.is_some() => Stage::Development,
            None => Stage::Release,
        }
    }
}

/// Takes numbers parted by dots off `rest`; a dot that no digit follows stays.
fn numbers<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Reason> {
    let whole = *rest;
    if number::take(rest).is_empty() {
        return Err("there is no number where its release should begin");
    }
    while let [b'.', behind @ ..] = *rest {
        let mut ahead = behind;
        if number::take(&mut ahead).is_empty() {
            break;
        }
        *rest = ahead;
    }
    Ok(&whole[..whole.len() - rest.len()])
}

/// Takes a label with its number off `rest`: each may have a separator before it, the number may
/// be missing, which is zero.
fn labelled<'a, T: Copy>(rest: &mut &'a [u8], labels: &[(&[u8], T)]) -> Option<(T, &'a [u8])> {
    let ahead = without_separator(rest);
    let (label, meaning) = labels.iter().find(|(label, _)| {
        ahead
            .get(..label.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(label))
    })?;
    *rest = without_separator(&ahead[label.len()..]);
    Some((*meaning, number::take(rest)))
}

fn without_separator(text: &[u8]) -> &[u8] {
    match text {
        [b'.' | b'_' | b'-', behind @ ..] => behind,
        text => text,
    }
}

/// Takes a post release that is only a hyphen and a number off `rest`.
fn implicit_post<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut ahead = rest.strip_prefix(b"-")?;
    let number = number::take(&mut ahead);
    if number.is_empty() {
        return None;
    }
    *rest = ahead;
    Some(number)
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'.' | b'_' | b'-')
}

fn is_local(text: &[u8]) -> bool {
    text.split(is_separator)
        .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
}

/// Numbers are greater than words here, and a list is less than what continues it.
fn compare_local(left: &[u8], right: &[u8]) -> Ordering {
    let (mut left, mut right) = (left.split(is_separator), right.split(is_separator));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(one), Some(two)) => match (number::is_number(one), number::is_number(two)) {
                (true, true) => number::compare(one, two),
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => identifiers::compare_ignoring_case(one, two),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Pep440;

    #[test]
    fn development_phases_release_post() {
        ascending(
            ORDER,
            &[
                "3.0.dev1",
                "3.0a1.dev2",
                "3.0a1",
                "3.0a1.post1.dev1",
                "3.0a1.post1",
                "3.0a2",
                "3.0b1",
                "3.0rc1",
                "3.0",
                "3.0.post1.dev9",
                "3.0.post1",
                "3.0.1",
                "1!0.1",
            ],
        );
    }

    #[test]
    fn spellings_of_the_same() {
        equal(
            ORDER,
            &[
                "1.0rc1",
                "1.0c1",
                "v1.0-pre.1",
                "1.0_PREVIEW_1",
                "1rc01",
                " 1.0.0RC-1\n",
                "0!1rc1",
            ],
        );
        equal(
            ORDER,
            &["1.0.post2", "1.0-2", "1.0r2", "1.0-rev.2", "1.post2"],
        );
        equal(ORDER, &["1.0a", "1.0a0", "1.0alpha", "1.0-alpha-"]);
        equal(ORDER, &["1.0dev", "1.0.dev0"]);
    }

    #[test]
    fn local_versions() {
        ascending(
            ORDER,
            &[
                "2.1",
                "2.1+abc",
                "2.1+abc.5",
                "2.1+cpu",
                "2.1+cu118",
                "2.1+5",
                "2.1+5.1",
                "2.1+10",
                "2.1.post1",
            ],
        );
        equal(ORDER, &["1.0+Ubuntu-1", "1.0+ubuntu.01", "1.0+UBUNTU_1"]);
    }

    #[test]
    fn numbers_of_any_length() {
        ascending(
            ORDER,
            &["20240101000000000000000", "99999999999999999999999", "1!0"],
        );
    }

    #[test]
    fn local_versions_are_builds_of_a_release() {
        assert!(ORDER.is_build_of("2.0.0+cu118", "2.0"));
        for (version, release) in [
            ("2.0.0", "2.0.0"),
            ("2.0.0+cu118", "2.0.0+cu117"),
            ("2.0.1+cu118", "2.0.0"),
            ("2.0.0.post1", "2.0.0"),
        ] {
            assert!(!ORDER.is_build_of(version, release), "{version} {release}");
        }
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "",
                "v",
                "1.0-",
                "1.0.",
                "1..0",
                "1.0-custom",
                "2004d",
                "1.0+",
                "1.0+a..b",
                "1.0+é",
                "1.2!1",
                "!1",
                "1!",
                "1.0 1",
                "=1.0",
                "1.0.*",
                "1.0post1a1",
                "١",
            ],
        );
    }
}
