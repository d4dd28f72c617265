//! Bitnami: `upstream[-revision]`, where the revision counts the builds of one upstream version, so
//! that `1.2.3-4` is newer than `1.2.3`. What is a version at all is as loose as in `semver`: Bitnami's
//! advisories have dates (`2024.04.12`), too.
//!
//! Bitnami's own library (<https://github.com/bitnami/go-version>) takes everything behind the
//! hyphen for a revision, OSV everything for a pre-release; Bitnami's advisories have both (`-rc4`,
//! `-7`). So a number is a revision here, anything else a pre-release. No revision is revision 0:
//! advisories write `introduced: 1.19.0-0` for "with everything before the release".

use std::cmp::Ordering;

use super::{Parsed, Reason, identifiers, number, semver};

pub(super) struct Version<'a> {
    version: semver::Version<'a>,
    suffix: Suffix<'a>,
}

enum Suffix<'a> {
    PreRelease(&'a [u8]),
    /// Begins with a number.
    Revision(&'a [u8]),
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let version = semver::Version::parse(text)?;
        let suffix = match version.pre {
            None => Suffix::Revision(b"0"),
            Some(suffix) => {
                let first = suffix.split(|&byte| byte == b'.').next().unwrap_or(suffix);
                if number::is_number(first) {
                    Suffix::Revision(suffix)
                } else {
                    Suffix::PreRelease(suffix)
                }
            }
        };
        Ok(Self { version, suffix })
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.version.compare_numbers(&other.version).then_with(|| {
            match (&self.suffix, &other.suffix) {
                (Suffix::PreRelease(one), Suffix::PreRelease(two))
                | (Suffix::Revision(one), Suffix::Revision(two)) => identifiers::compare(one, two),
                (Suffix::PreRelease(_), Suffix::Revision(_)) => Ordering::Less,
                (Suffix::Revision(_), Suffix::PreRelease(_)) => Ordering::Greater,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Bitnami;

    #[test]
    fn pre_releases_release_revisions() {
        ascending(
            ORDER,
            &[
                "2.6.0-rc3",
                "2.6.0-rc4",
                "2.6.0",
                "2.6.0-1",
                "2.6.0-10",
                "2.6.0-10.el8",
                "2.6.1",
            ],
        );
        equal(ORDER, &["1.19.0", "1.19.0-0", "1.19.0+build", "1.19"]);
        ascending(
            ORDER,
            &["2023.12.31", "2024.04.12", "2024.04.12-1", "2024.10.02"],
        );
    }

    #[test]
    fn builds_of_a_release() {
        assert!(ORDER.is_build_of("5.15.12-3", "5.15.12"));
        assert!(ORDER.is_build_of("5.15.0-3.el8", "5.15"));
        for (version, release) in [
            ("5.15.12", "5.15.12"),
            ("5.15.12-rc1", "5.15.12"),
            ("5.15.12-3", "5.15.12-2"),
            ("5.15.13-1", "5.15.12"),
            ("latest-1", "5.15.12"),
        ] {
            assert!(!ORDER.is_build_of(version, release), "{version} {release}");
        }
        assert!(!Order::Semver.is_build_of("1.0.0-3", "1.0.0"));
    }

    #[test]
    fn no_versions() {
        refused(ORDER, &["", "latest", "1.2.3-a..b", "1.2.3+", "1.2.3-é"]);
    }
}
