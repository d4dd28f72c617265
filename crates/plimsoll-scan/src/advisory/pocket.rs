//! The pockets of a distribution's archive that hold its security updates: `bookworm-security`,
//! `jammy-security`.
//!
//! A release of a distribution is known by its number to advisories and by its code name to its
//! archive.

use super::{Ecosystem, EcosystemName};

/// Releases of Debian by code name (<https://wiki.debian.org/DebianReleases>).
const DEBIAN: [(&str, &str); 12] = [
    ("lenny", "5"),
    ("squeeze", "6"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
    ("sid", "sid"),
];

/// Releases of Ubuntu by code name (<https://wiki.ubuntu.com/Releases>).
const UBUNTU: [(&str, &str); 14] = [
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
    ("resolute", "26.04"),
    ("precise", "12.04"),
];

/// Debian's release number of a code name; the name itself where it has none yet.
pub(super) fn debian(codename: &str) -> &str {
    of_name(&DEBIAN, codename).unwrap_or(codename)
}

/// Whether it is the code name of a release of Debian.
pub(super) fn is_of_debian(codename: &str) -> bool {
    of_name(&DEBIAN, codename).is_some()
}

/// The version of Ubuntu that a code name stands for.
pub(super) fn ubuntu_number(codename: &str) -> Option<&'static str> {
    of_name(&UBUNTU, codename)
}

/// What OSV calls a release of Ubuntu: every second year's April release has long-term support, and
/// says so in its name.
pub(super) fn ubuntu(version: &str) -> String {
    let (major, rest) = version.split_once('.').unwrap_or((version, ""));
    let minor = rest.split('.').next().unwrap_or_default();
    let even = major.parse::<u32>().is_ok_and(|year| year % 2 == 0);
    match even && minor == "04" {
        true => format!("{major}.{minor}:LTS"),
        false => version.to_owned(),
    }
}

fn of_name(releases: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    let mut releases = releases.iter();
    releases
        .find(|(known, _)| *known == name)
        .map(|(_, to)| *to)
}

fn of_number(releases: &[(&'static str, &'static str)], number: &str) -> Option<&'static str> {
    let mut releases = releases.iter();
    releases
        .find(|(_, to)| *to == number)
        .map(|(known, _)| *known)
}

/// A pocket of security updates: of which release, and what its archive calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PocketName {
    /// The release as OSV names it: `Debian:12`, `Ubuntu:22.04:LTS`.
    pub release: String,
    /// The suite: `bookworm-security`.
    pub suite: String,
}

impl PocketName {
    /// Reads a release as people write it: `debian:12`, `debian:bookworm`, `ubuntu:22.04`,
    /// `ubuntu:jammy`, `Ubuntu:22.04:LTS`. Nothing where it is none of Debian or Ubuntu.
    pub fn of_release(text: &str) -> Option<Self> {
        let (distribution, release) = text.split_once(':')?;
        let release = release.trim().to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
        match distribution.trim().to_ascii_lowercase().as_str() {
            "debian" => {
                let number = debian(&release);
                if number.is_empty() || !number.chars().all(plain) {
                    return None;
                }
                let name = of_number(&DEBIAN, number).unwrap_or(number);
                Some(Self::new(EcosystemName::Debian, number.to_owned(), name))
            }
            "ubuntu" => {
                let release = release.strip_suffix(":lts").unwrap_or(&release);
                let version = of_name(&UBUNTU, release).unwrap_or(release);
                if version.is_empty() || !version.chars().all(plain) {
                    return None;
                }
                let name = of_number(&UBUNTU, version).unwrap_or(version);
                Some(Self::new(EcosystemName::Ubuntu, ubuntu(version), name))
            }
            _ => None,
        }
    }

    /// The pocket that a suite's name tells: `bookworm-security`.
    pub(super) fn of_suite(suite: &str) -> Option<Self> {
        let name = suite
            .strip_suffix("-security")
            // As Debian called them up to its tenth release.
            .or_else(|| suite.strip_suffix("/updates"))?;
        let found = if let Some(number) = of_name(&DEBIAN, name) {
            Self::new(EcosystemName::Debian, number.to_owned(), name)
        } else {
            let version = of_name(&UBUNTU, name)?;
            Self::new(EcosystemName::Ubuntu, ubuntu(version), name)
        };
        Some(Self {
            suite: suite.to_owned(),
            ..found
        })
    }

    /// Whether it is one of Debian's, else of Ubuntu's.
    pub(super) fn is_of_debian(&self) -> bool {
        self.release.starts_with(EcosystemName::Debian.as_str())
    }

    fn new(distribution: EcosystemName, release: String, codename: &str) -> Self {
        Self {
            release: Ecosystem {
                name: distribution,
                release: Some(release),
            }
            .to_string(),
            suite: format!("{codename}-security"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_known_by_number_and_by_name() {
        for (text, release, suite) in [
            ("debian:12", "Debian:12", "bookworm-security"),
            ("Debian:bookworm", "Debian:12", "bookworm-security"),
            ("debian:99", "Debian:99", "99-security"),
            ("ubuntu:22.04", "Ubuntu:22.04:LTS", "jammy-security"),
            ("Ubuntu:22.04:LTS", "Ubuntu:22.04:LTS", "jammy-security"),
            ("ubuntu:mantic", "Ubuntu:23.10", "mantic-security"),
        ] {
            let found = PocketName::of_release(text).unwrap();
            assert_eq!(
                (found.release.as_str(), found.suite.as_str()),
                (release, suite)
            );
        }
        for text in [
            "debian",
            "debian:",
            "fedora:40",
            "debian:../x",
            "ubuntu:22/04",
        ] {
            assert_eq!(PocketName::of_release(text), None, "{text}");
        }
    }

    #[test]
    fn a_suite_tells_its_release() {
        for (suite, release) in [
            ("bookworm-security", Some("Debian:12")),
            ("buster/updates", Some("Debian:10")),
            ("noble-security", Some("Ubuntu:24.04:LTS")),
            ("bookworm", None),
            ("bookworm-updates", None),
            ("jammy-infra-security", None),
            ("-security", None),
        ] {
            let found = PocketName::of_suite(suite).map(|pocket| pocket.release);
            assert_eq!(found.as_deref(), release, "{suite}");
        }
    }
}
