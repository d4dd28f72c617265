//! Go: modules by `golang.org/x/mod/semver` (<https://go.dev/ref/mod#versions>), with or without
//! the leading `v`, for OSV leaves it out; `v1` and `v1.2` are short for `v1.0.0` and `v1.2.0`.
//! Pseudo-versions are pre-releases by their making, `+incompatible` is build metadata.
//!
//! The standard library and the toolchain are `go1.22.3`, `go1.22rc1` in programs, where the order
//! of `go/version` holds, and semantic versions in advisories (`1.22.0-rc.1`). Both are versions of
//! one order here: a release candidate is the pre-release `rc.N` of the release `X.Y.0`, and from Go
//! 1.21 on `go1.21` alone, which is the language and before every release of it, is its pre-release
//! `0`. A vendor's suffix (`go1.22.3-custom`, `go1.22.3 X:boringcrypto`) does not count.

use std::cmp::Ordering;

use super::{Parsed, Reason, identifiers, number, semver};

pub(super) struct Version<'a> {
    /// Numbers parted by dots, one to three.
    numbers: &'a [u8],
    pre: Pre<'a>,
}

/// What comes before a release.
#[derive(Clone, Copy)]
enum Pre<'a> {
    Language,
    Identifiers(&'a [u8]),
    /// A word and a number behind it, or none.
    Toolchain(&'a [u8], &'a [u8]),
    Release,
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = text.as_bytes();
        if let Some(toolchain) = text.strip_prefix(b"go") {
            return parse_toolchain(toolchain);
        }
        let text = text.strip_prefix(b"v").unwrap_or(text);
        let (numbers, rest) = semver::split_numbers(text)?;
        let count = check_numbers(numbers)?;
        if rest.is_empty() {
            return Ok(Self {
                numbers,
                pre: Pre::Release,
            });
        }
        if count != 3 {
            return Err("only behind three numbers may something follow");
        }
        let (rest, _) = semver::split_build(rest)?;
        let pre = match rest {
            [] => Pre::Release,
            [b'-', pre @ ..] if identifiers::are_strict(pre) => Pre::Identifiers(pre),
            _ => return Err("what follows its numbers is no pre-release"),
        };
        Ok(Self { numbers, pre })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let dot = |byte: &u8| *byte == b'.';
        number::compare_lists(
            self.numbers.split(dot),
            other.numbers.split(dot),
            number::Longer::Padded,
        )
        .then_with(|| self.pre.compare(other.pre))
    }
}

impl Pre<'_> {
    fn compare(self, other: Self) -> Ordering {
        let mut left = self.identifiers();
        let mut right = other.identifiers();
        match (self, other) {
            (Self::Release, Self::Release) => return Ordering::Equal,
            (Self::Release, _) => return Ordering::Greater,
            (_, Self::Release) => return Ordering::Less,
            _ => {}
        }
        loop {
            let order = match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (Some(one), Some(two)) => identifiers::compare(one, two),
            };
            if order.is_ne() {
                return order;
            }
        }
    }

    /// One by one, as a semantic version has them.
    fn identifiers(&self) -> impl Iterator<Item = &[u8]> {
        let (list, word, behind): (&[u8], _, _) = match self {
            Self::Language => (b"0", None, None),
            Self::Identifiers(list) => (*list, None, None),
            Self::Toolchain(word, number) => {
                (b"", Some(*word), Some(*number).filter(|it| !it.is_empty()))
            }
            Self::Release => (b"", None, None),
        };
        list.split(|&byte| byte == b'.')
            .filter(|one| !one.is_empty())
            .chain(word)
            .chain(behind)
    }
}

/// How many numbers there are.
fn check_numbers(numbers: &[u8]) -> Result<usize, Reason> {
    let mut count = 0;
    for number in numbers.split(|&byte| byte == b'.') {
        count += 1;
        if identifiers::has_leading_zero(number) {
            return Err("a number in it begins with a zero");
        }
    }
    if count > 3 {
        return Err("it has more than three numbers");
    }
    Ok(count)
}

fn parse_toolchain(text: &[u8]) -> Result<Version<'_>, Reason> {
    let end = text
        .iter()
        .position(|byte| matches!(byte, b'-' | b' '))
        .unwrap_or(text.len());
    let (numbers, mut rest) = semver::split_numbers(&text[..end])?;
    let count = check_numbers(numbers)?;
    let pre = if rest.is_empty() {
        let minor = numbers.split(|&byte| byte == b'.').nth(1);
        match minor {
            Some(minor) if count == 2 && !number::at_most(minor, b"20") => Pre::Language,
            _ => Pre::Release,
        }
    } else {
        let word = number::take_while(&mut rest, u8::is_ascii_lowercase);
        if count != 2 || word.is_empty() || !(rest.is_empty() || number::is_number(rest)) {
            return Err("what follows its numbers is no pre-release of Go");
        }
        if identifiers::has_leading_zero(rest) {
            return Err("a number in it begins with a zero");
        }
        Pre::Toolchain(word, rest)
    };
    Ok(Version { numbers, pre })
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Go;

    #[test]
    fn pseudo_versions_are_pre_releases() {
        ascending(
            ORDER,
            &[
                "v0.0.0-20191109021931-daa7c04131f5",
                "v0.0.0-20240102030405-000000000000",
                "v0.1.0-rc.1",
                "v0.1.0-rc.1.0.20240102030405-abcdefabcdef",
                "v0.1.0",
                "v0.1.1-0.20240102030405-abcdefabcdef",
                "v0.1.1",
            ],
        );
    }

    #[test]
    fn signs_and_build_metadata_do_not_count() {
        equal(
            ORDER,
            &["v2.0.0+incompatible", "2.0.0", "v2", "2.0", "v2.0.0"],
        );
    }

    #[test]
    fn toolchains_stand_among_semantic_versions() {
        ascending(
            ORDER,
            &[
                "go1.20rc3",
                "go1.20",
                "go1.20.1",
                "go1.21",
                "1.21.0-a",
                "go1.21rc2",
                "go1.21rc10",
                "1.21.0-rc.11",
                "go1.21.0",
                "1.21.1-0",
                "go1.21.1",
                "go1.22beta1",
                "go1.22rc",
                "go1.22rc1",
                "go1.22.0",
            ],
        );
        equal(
            ORDER,
            &[
                "go1.22rc1",
                "1.22.0-rc.1",
                "v1.22.0-rc.1",
                "go1.22rc1-custom",
            ],
        );
        equal(
            ORDER,
            &[
                "go1.22.3",
                "1.22.3",
                "go1.22.3 X:boringcrypto",
                "go1.22.3-fips",
            ],
        );
        equal(ORDER, &["go1", "1.0.0"]);
        equal(ORDER, &["go1.23", "1.23.0-0"]);
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "",
                "v",
                "(devel)",
                "v1.2.3.4",
                "v01.2.3",
                "v1.2-rc.1",
                "v1.2.3-01",
                "v1.2.3-",
                "v1.2.3+",
                "vv1",
                " v1.2.3",
                "go",
                "go1.22.3rc1",
                "go1.22RC1",
                "go1.022",
                "devel",
                "go1.22rc01",
                "go1.2.3.4",
            ],
        );
    }
}
