//! When releases of distributions and of language images get their last security fix.
//!
//! The days are those that <https://endoflife.date> lists, read in November 2026; where a distribution
//! has a longer support that costs nothing and that its image follows (Debian LTS), its end counts.
//! Only what has ended, or ends within two years, is listed: more would have to be kept up to date
//! and tell nothing yet.

/// Year, month and day.
pub(super) type Day = (i16, u8, u8);

/// A release: its version, another name of it, and its last day.
pub(super) type Release = (&'static str, &'static str, Day);

/// The releases of an image that is known, by its name without `docker.io/library/`.
pub(super) fn releases(repository: &str) -> Option<&'static [Release]> {
    Some(match repository {
        "debian" => DEBIAN,
        "ubuntu" => UBUNTU,
        "alpine" => ALPINE,
        "centos" | "quay.io/centos/centos" => CENTOS,
        "fedora" | "registry.fedoraproject.org/fedora" => FEDORA,
        "amazonlinux" | "public.ecr.aws/amazonlinux/amazonlinux" => AMAZON,
        "opensuse/leap" => LEAP,
        "oraclelinux" => ORACLE,
        "registry.access.redhat.com/ubi7" | "registry.access.redhat.com/ubi7/ubi" => UBI7,
        "python" => PYTHON,
        "node" => NODE,
        "ruby" => RUBY,
        "php" => PHP,
        "golang" => GO,
        "postgres" => POSTGRES,
        "mysql" => MYSQL,
        "mariadb" => MARIADB,
        "java" => JAVA,
        "openjdk" => OPENJDK,
        _ => {
            let dotnet = repository.strip_prefix("mcr.microsoft.com/dotnet/")?;
            let dotnet = dotnet.strip_prefix("core/").unwrap_or(dotnet);
            match dotnet {
                "sdk" | "runtime" | "aspnet" | "runtime-deps" => DOTNET,
                _ => return None,
            }
        }
    })
}

/// The release of Debian or Alpine that a tag of another image names: `3.9-slim-buster`,
/// `18-alpine3.16`.
pub(super) fn distribution(tag: &str) -> Option<(&'static str, &'static Release)> {
    tag.split('-').find_map(|part| {
        if let Some(version) = part.strip_prefix("alpine") {
            return find(ALPINE, version).map(|release| ("Alpine", release));
        }
        let named = |releases: &'static [Release]| {
            releases
                .iter()
                .find(|(_, name, _)| !name.is_empty() && *name == part)
        };
        named(DEBIAN)
            .map(|release| ("Debian", release))
            .or_else(|| named(UBUNTU).map(|release| ("Ubuntu", release)))
    })
}

/// The release that a version or a name means: `3.8` and `3.8.19` are of `3.8`.
pub(super) fn find(releases: &'static [Release], version: &str) -> Option<&'static Release> {
    releases.iter().find(|(release, name, _)| {
        *release == "*"
            || (!name.is_empty() && *name == version)
            || version
                .strip_prefix(release)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

const DEBIAN: &[Release] = &[
    ("6", "squeeze", (2016, 2, 29)),
    ("7", "wheezy", (2018, 5, 31)),
    ("8", "jessie", (2020, 6, 30)),
    ("9", "stretch", (2022, 6, 30)),
    ("10", "buster", (2024, 6, 30)),
    ("11", "bullseye", (2026, 8, 31)),
    ("12", "bookworm", (2028, 6, 30)),
];

const UBUNTU: &[Release] = &[
    ("10.04", "lucid", (2015, 4, 30)),
    ("12.04", "precise", (2017, 4, 28)),
    ("12.10", "quantal", (2014, 5, 16)),
    ("13.04", "raring", (2014, 1, 27)),
    ("13.10", "saucy", (2014, 7, 17)),
    ("14.04", "trusty", (2019, 4, 30)),
    ("14.10", "utopic", (2015, 7, 23)),
    ("15.04", "vivid", (2016, 2, 4)),
    ("15.10", "wily", (2016, 7, 28)),
    ("16.04", "xenial", (2021, 4, 30)),
    ("16.10", "yakkety", (2017, 7, 20)),
    ("17.04", "zesty", (2018, 1, 13)),
    ("17.10", "artful", (2018, 7, 19)),
    ("18.04", "bionic", (2023, 5, 31)),
    ("18.10", "cosmic", (2019, 7, 18)),
    ("19.04", "disco", (2020, 1, 23)),
    ("19.10", "eoan", (2020, 7, 17)),
    ("20.04", "focal", (2025, 5, 31)),
    ("20.10", "groovy", (2021, 7, 22)),
    ("21.04", "hirsute", (2022, 1, 20)),
    ("21.10", "impish", (2022, 7, 14)),
    ("22.04", "jammy", (2027, 4, 1)),
    ("22.10", "kinetic", (2023, 7, 20)),
    ("23.04", "lunar", (2024, 1, 25)),
    ("23.10", "mantic", (2024, 7, 11)),
    ("24.10", "oracular", (2025, 7, 10)),
    ("25.04", "plucky", (2026, 1, 15)),
];

const ALPINE: &[Release] = &[
    ("2.6", "", (2015, 11, 1)),
    ("2.7", "", (2015, 11, 1)),
    ("3.0", "", (2016, 5, 1)),
    ("3.1", "", (2016, 11, 1)),
    ("3.2", "", (2017, 5, 1)),
    ("3.3", "", (2017, 11, 1)),
    ("3.4", "", (2018, 5, 1)),
    ("3.5", "", (2018, 11, 1)),
    ("3.6", "", (2019, 5, 1)),
    ("3.7", "", (2019, 11, 1)),
    ("3.8", "", (2020, 5, 1)),
    ("3.9", "", (2020, 11, 1)),
    ("3.10", "", (2021, 5, 1)),
    ("3.11", "", (2021, 11, 1)),
    ("3.12", "", (2022, 5, 1)),
    ("3.13", "", (2022, 11, 1)),
    ("3.14", "", (2023, 5, 1)),
    ("3.15", "", (2023, 11, 1)),
    ("3.16", "", (2024, 5, 23)),
    ("3.17", "", (2024, 11, 22)),
    ("3.18", "", (2025, 5, 9)),
    ("3.19", "", (2025, 11, 1)),
    ("3.20", "", (2026, 4, 1)),
    ("3.21", "", (2026, 11, 1)),
    ("3.22", "", (2027, 5, 1)),
    ("3.23", "", (2027, 11, 1)),
];

const CENTOS: &[Release] = &[
    ("stream8", "", (2024, 5, 31)),
    ("stream9", "", (2027, 5, 31)),
    ("5", "centos5", (2017, 3, 31)),
    ("6", "centos6", (2020, 11, 30)),
    ("7", "centos7", (2024, 6, 30)),
    ("8", "centos8", (2021, 12, 31)),
];

const FEDORA: &[Release] = &[
    ("20", "heisenbug", (2015, 6, 23)),
    ("21", "", (2015, 12, 1)),
    ("22", "", (2016, 7, 19)),
    ("23", "", (2016, 12, 20)),
    ("24", "", (2017, 8, 8)),
    ("25", "", (2017, 12, 12)),
    ("26", "", (2018, 5, 29)),
    ("27", "", (2018, 11, 30)),
    ("28", "", (2019, 5, 28)),
    ("29", "", (2019, 11, 26)),
    ("30", "", (2020, 5, 26)),
    ("31", "", (2020, 11, 24)),
    ("32", "", (2021, 5, 25)),
    ("33", "", (2021, 11, 30)),
    ("34", "", (2022, 6, 7)),
    ("35", "", (2022, 12, 13)),
    ("36", "", (2023, 5, 16)),
    ("37", "", (2023, 12, 5)),
    ("38", "", (2024, 5, 21)),
    ("39", "", (2024, 11, 26)),
    ("40", "", (2025, 5, 13)),
    ("41", "", (2025, 12, 15)),
];

const AMAZON: &[Release] = &[
    ("1", "", (2023, 12, 31)),
    ("2016.09", "", (2023, 12, 31)),
    ("2017.03", "", (2023, 12, 31)),
    ("2017.09", "", (2023, 12, 31)),
    ("2018.03", "", (2023, 12, 31)),
    ("2", "", (2026, 6, 30)),
];

const LEAP: &[Release] = &[
    ("42.3", "", (2019, 7, 1)),
    ("15.0", "", (2019, 12, 3)),
    ("15.1", "", (2021, 2, 2)),
    ("15.2", "", (2022, 1, 4)),
    ("15.3", "", (2022, 12, 31)),
    ("15.4", "", (2023, 12, 7)),
    ("15.5", "", (2024, 12, 31)),
];

const ORACLE: &[Release] = &[("6", "", (2021, 3, 31)), ("7", "", (2024, 12, 31))];

const UBI7: &[Release] = &[("*", "", (2024, 6, 30))];

const PYTHON: &[Release] = &[
    ("2", "", (2020, 1, 1)),
    ("3.3", "", (2017, 9, 29)),
    ("3.4", "", (2019, 3, 18)),
    ("3.5", "", (2020, 9, 30)),
    ("3.6", "", (2021, 12, 23)),
    ("3.7", "", (2023, 6, 27)),
    ("3.8", "", (2024, 10, 7)),
    ("3.9", "", (2025, 10, 31)),
    ("3.10", "", (2026, 10, 31)),
    ("3.11", "", (2027, 10, 31)),
    ("3.12", "", (2028, 10, 31)),
];

const NODE: &[Release] = &[
    ("0", "", (2016, 12, 31)),
    ("4", "argon", (2018, 4, 30)),
    ("5", "", (2016, 6, 30)),
    ("6", "boron", (2019, 4, 30)),
    ("7", "", (2017, 6, 30)),
    ("8", "carbon", (2019, 12, 31)),
    ("9", "", (2018, 6, 30)),
    ("10", "dubnium", (2021, 4, 30)),
    ("11", "", (2019, 6, 1)),
    ("12", "erbium", (2022, 4, 30)),
    ("13", "", (2020, 6, 1)),
    ("14", "fermium", (2023, 4, 30)),
    ("15", "", (2021, 6, 1)),
    ("16", "gallium", (2023, 9, 11)),
    ("17", "", (2022, 6, 1)),
    ("18", "hydrogen", (2025, 4, 30)),
    ("19", "", (2023, 6, 1)),
    ("20", "iron", (2026, 4, 30)),
    ("21", "", (2024, 6, 1)),
    ("22", "jod", (2027, 4, 30)),
    ("23", "", (2025, 6, 1)),
    ("24", "krypton", (2028, 4, 30)),
    ("25", "", (2026, 6, 1)),
];

const RUBY: &[Release] = &[
    ("1", "", (2015, 2, 23)),
    ("2.0", "", (2016, 2, 24)),
    ("2.1", "", (2017, 3, 31)),
    ("2.2", "", (2018, 3, 31)),
    ("2.3", "", (2019, 3, 31)),
    ("2.4", "", (2020, 3, 31)),
    ("2.5", "", (2021, 3, 31)),
    ("2.6", "", (2022, 4, 12)),
    ("2.7", "", (2023, 3, 31)),
    ("3.0", "", (2024, 4, 23)),
    ("3.1", "", (2025, 3, 26)),
    ("3.2", "", (2026, 3, 31)),
    ("3.3", "", (2027, 3, 31)),
    ("3.4", "", (2028, 3, 31)),
];

const PHP: &[Release] = &[
    ("5", "", (2018, 12, 31)),
    ("7.0", "", (2019, 1, 10)),
    ("7.1", "", (2019, 12, 1)),
    ("7.2", "", (2020, 11, 30)),
    ("7.3", "", (2021, 12, 6)),
    ("7.4", "", (2022, 11, 28)),
    ("8.0", "", (2023, 11, 26)),
    ("8.1", "", (2025, 12, 31)),
    ("8.2", "", (2026, 12, 31)),
    ("8.3", "", (2027, 12, 31)),
];

const GO: &[Release] = &[
    ("1.4", "", (2016, 2, 17)),
    ("1.5", "", (2016, 8, 15)),
    ("1.6", "", (2017, 2, 16)),
    ("1.7", "", (2017, 8, 24)),
    ("1.8", "", (2018, 2, 16)),
    ("1.9", "", (2018, 8, 24)),
    ("1.10", "", (2019, 2, 25)),
    ("1.11", "", (2019, 9, 3)),
    ("1.12", "", (2020, 2, 25)),
    ("1.13", "", (2020, 8, 11)),
    ("1.14", "", (2021, 2, 16)),
    ("1.15", "", (2021, 8, 16)),
    ("1.16", "", (2022, 3, 15)),
    ("1.17", "", (2022, 8, 2)),
    ("1.18", "", (2023, 2, 1)),
    ("1.19", "", (2023, 9, 6)),
    ("1.20", "", (2024, 2, 6)),
    ("1.21", "", (2024, 8, 13)),
    ("1.22", "", (2025, 2, 11)),
    ("1.23", "", (2025, 8, 12)),
    ("1.24", "", (2026, 2, 11)),
];

const DOTNET: &[Release] = &[
    ("1.0", "", (2019, 6, 27)),
    ("1.1", "", (2019, 6, 27)),
    ("2.0", "", (2018, 10, 1)),
    ("2.1", "", (2021, 8, 21)),
    ("2.2", "", (2019, 12, 23)),
    ("3.0", "", (2020, 3, 3)),
    ("3.1", "", (2022, 12, 13)),
    ("5.0", "", (2022, 5, 10)),
    ("6.0", "", (2024, 11, 12)),
    ("7.0", "", (2024, 5, 14)),
    ("8.0", "", (2026, 11, 10)),
    ("9.0", "", (2026, 11, 10)),
];

const POSTGRES: &[Release] = &[
    ("9", "", (2021, 11, 11)),
    ("10", "", (2022, 11, 10)),
    ("11", "", (2023, 11, 9)),
    ("12", "", (2024, 11, 21)),
    ("13", "", (2025, 11, 13)),
    ("14", "", (2026, 11, 12)),
    ("15", "", (2027, 11, 11)),
];

const MYSQL: &[Release] = &[
    ("5.5", "", (2018, 12, 31)),
    ("5.6", "", (2021, 2, 28)),
    ("5.7", "", (2023, 10, 31)),
    ("8.0", "", (2026, 4, 30)),
];

const MARIADB: &[Release] = &[
    ("10.1", "", (2020, 10, 17)),
    ("10.2", "", (2022, 5, 23)),
    ("10.3", "", (2023, 5, 25)),
    ("10.4", "", (2024, 6, 18)),
    ("10.5", "", (2025, 6, 24)),
    ("10.6", "", (2026, 7, 6)),
];

/// Given up in favour of `openjdk`.
const JAVA: &[Release] = &[("*", "", (2016, 12, 31))];

/// Given up in favour of `eclipse-temurin` and its like.
const OPENJDK: &[Release] = &[("*", "", (2022, 7, 31))];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_matched_by_whole_parts() {
        let day = |repository: &str, version: &str| {
            find(releases(repository).unwrap(), version).map(|(_, _, day)| *day)
        };
        assert_eq!(day("alpine", "3.1"), Some((2016, 11, 1)));
        assert_eq!(day("alpine", "3.16.2"), Some((2024, 5, 23)));
        assert_eq!(day("alpine", "3"), None);
        assert_eq!(day("python", "2.7"), Some((2020, 1, 1)));
        assert_eq!(day("python", "3"), None);
        assert_eq!(day("debian", "buster"), Some((2024, 6, 30)));
        assert_eq!(day("node", "22.1.0"), Some((2027, 4, 30)));
        assert_eq!(day("openjdk", "8"), Some((2022, 7, 31)));
        assert!(releases("nginx").is_none());
        assert_eq!(distribution("3.9-slim-buster").unwrap().0, "Debian");
        assert_eq!(distribution("18-alpine3.16").unwrap().1.0, "3.16");
        assert!(distribution("18-alpine").is_none());
        assert!(distribution("latest").is_none());
    }

    #[test]
    fn every_day_is_one() {
        for repository in [
            "debian",
            "ubuntu",
            "alpine",
            "centos",
            "fedora",
            "amazonlinux",
            "opensuse/leap",
            "oraclelinux",
            "python",
            "node",
            "ruby",
            "php",
            "golang",
            "postgres",
            "mysql",
            "mariadb",
            "mcr.microsoft.com/dotnet/core/sdk",
        ] {
            for (version, _, (year, month, day)) in releases(repository).unwrap() {
                assert!(
                    (2014..2031).contains(year)
                        && (1..=12).contains(month)
                        && (1..=31).contains(day),
                    "{repository} {version}"
                );
            }
        }
    }
}
