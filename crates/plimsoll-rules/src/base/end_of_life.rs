//! When releases of distributions and of language images get their last security fix.
//!
//! The days are those of the data behind <https://endoflife.date> as of 2026-08-22, held against it
//! entry by entry. Where a project publishes the days of its own releases and these differ or tell
//! more, they count: those of Debian and Ubuntu are of distro-info-data 0.58+deb12u7 (2026-04-25), some
//! of Ruby are of its list of branches (2026-08-06), some of Node.js of its schedule (2026-07-02).
//! That an image was given up is told by its page in docker-library/docs.
//!
//! The end of security fixes that cost nothing is what counts: for Debian that of LTS, not that of the
//! regular security support some two years before; for Ubuntu that of standard support, not of ESM.
//! What is paid for (ELTS, ESM, ELS) does not count.
//!
//! Releases whose last day is not known are left out, and so are those before images were common. A
//! major version alone is listed where it has come to its end as a whole.

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
        "fedora" | "registry.fedoraproject.org/fedora" | "quay.io/fedora/fedora" => FEDORA,
        "rockylinux" | "rockylinux/rockylinux" | "quay.io/rockylinux/rockylinux" => ENTERPRISE,
        "almalinux" | "quay.io/almalinuxorg/almalinux" => ENTERPRISE,
        "amazonlinux" | "public.ecr.aws/amazonlinux/amazonlinux" => AMAZON,
        "opensuse/leap" | "registry.opensuse.org/opensuse/leap" => LEAP,
        "oraclelinux"
        | "ghcr.io/oracle/oraclelinux"
        | "container-registry.oracle.com/os/oraclelinux" => ORACLE,
        "python" => PYTHON,
        "node" => NODE,
        "ruby" => RUBY,
        "php" => PHP,
        "golang" => GO,
        "perl" => PERL,
        "erlang" => ERLANG,
        "elixir" => ELIXIR,
        "postgres" => POSTGRES,
        "mysql" | "mysql/mysql-server" | "container-registry.oracle.com/mysql/community-server" => {
            MYSQL
        }
        "mariadb" => MARIADB,
        "mongo" => MONGO,
        "redis" => REDIS,
        "memcached" => MEMCACHED,
        "elasticsearch"
        | "kibana"
        | "logstash"
        | "docker.elastic.co/elasticsearch/elasticsearch"
        | "docker.elastic.co/kibana/kibana"
        | "docker.elastic.co/logstash/logstash" => ELASTIC,
        "rabbitmq" => RABBITMQ,
        "nginx" | "nginxinc/nginx-unprivileged" => NGINX,
        "haproxy" => HAPROXY,
        "tomcat" => TOMCAT,
        "eclipse-temurin" => TEMURIN,
        "amazoncorretto" => CORRETTO,
        "adoptopenjdk" => ADOPTOPENJDK,
        "java" => JAVA,
        "openjdk" => OPENJDK,
        _ => {
            if let Some(releases) = universal(repository) {
                return Some(releases);
            }
            let dotnet = repository.strip_prefix("mcr.microsoft.com/dotnet/")?;
            let dotnet = dotnet.strip_prefix("core/").unwrap_or(dotnet);
            match dotnet {
                "sdk" | "runtime" | "aspnet" | "runtime-deps" => DOTNET,
                _ => return None,
            }
        }
    })
}

/// The universal base images of Red Hat tell their release by the name, and so do those that stand on
/// them: `ubi8`, `ubi8-minimal`, `ubi8/nodejs-18`.
fn universal(repository: &str) -> Option<&'static [Release]> {
    let name = [
        "registry.access.redhat.com/",
        "registry.redhat.io/",
        "redhat/",
    ]
    .iter()
    .find_map(|place| repository.strip_prefix(place))?;
    Some(match name.split(['/', '-']).next()? {
        "ubi7" => UBI7,
        "ubi8" => UBI8,
        "ubi9" => UBI9,
        "ubi10" => UBI10,
        _ => return None,
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

/// The release that a version or a name means: `3.8` and `3.8.19` are of `3.8`, `8u392` is of `8`.
pub(super) fn find(releases: &'static [Release], version: &str) -> Option<&'static Release> {
    releases.iter().find(|(release, name, _)| {
        *release == "*"
            || (!name.is_empty() && *name == version)
            || version
                .strip_prefix(release)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', 'u']))
    })
}

/// The end of Debian LTS.
const DEBIAN: &[Release] = &[
    ("6", "squeeze", (2016, 2, 29)),
    ("7", "wheezy", (2018, 5, 31)),
    ("8", "jessie", (2020, 6, 30)),
    ("9", "stretch", (2022, 6, 30)),
    ("10", "buster", (2024, 6, 30)),
    ("11", "bullseye", (2026, 8, 31)),
    ("12", "bookworm", (2028, 6, 30)),
    ("13", "trixie", (2030, 6, 30)),
];

/// The end of standard support: that of servers, where desktops had another.
const UBUNTU: &[Release] = &[
    ("10.04", "lucid", (2015, 4, 30)),
    ("12.04", "precise", (2017, 4, 28)),
    ("12.10", "quantal", (2014, 5, 16)),
    ("13.04", "raring", (2014, 1, 27)),
    ("13.10", "saucy", (2014, 7, 17)),
    ("14.04", "trusty", (2019, 4, 25)),
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
    ("20.04", "focal", (2025, 5, 29)),
    ("20.10", "groovy", (2021, 7, 22)),
    ("21.04", "hirsute", (2022, 1, 20)),
    ("21.10", "impish", (2022, 7, 14)),
    ("22.04", "jammy", (2027, 6, 1)),
    ("22.10", "kinetic", (2023, 7, 20)),
    ("23.04", "lunar", (2024, 1, 25)),
    ("23.10", "mantic", (2024, 7, 11)),
    ("24.04", "noble", (2029, 5, 31)),
    ("24.10", "oracular", (2025, 7, 10)),
    ("25.04", "plucky", (2026, 1, 15)),
    ("25.10", "questing", (2026, 7, 9)),
    ("26.04", "resolute", (2031, 5, 29)),
    ("26.10", "stonking", (2027, 7, 15)),
];

const ALPINE: &[Release] = &[
    ("2.6", "", (2015, 5, 1)),
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
    ("3.24", "", (2028, 6, 1)),
];

const CENTOS: &[Release] = &[
    ("stream8", "", (2024, 5, 31)),
    ("stream9", "", (2027, 5, 31)),
    ("stream10", "", (2030, 5, 31)),
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
    ("42", "", (2026, 5, 27)),
    ("43", "", (2026, 12, 9)),
    ("44", "", (2027, 6, 2)),
];

/// Those that follow Red Hat Enterprise Linux day by day.
const ENTERPRISE: &[Release] = &[
    ("8", "", (2029, 5, 31)),
    ("9", "", (2032, 5, 31)),
    ("10", "", (2035, 5, 31)),
];

const AMAZON: &[Release] = &[
    ("1", "", (2023, 12, 31)),
    ("2016.09", "", (2023, 12, 31)),
    ("2017.03", "", (2023, 12, 31)),
    ("2017.09", "", (2023, 12, 31)),
    ("2018.03", "", (2023, 12, 31)),
    ("2", "", (2026, 6, 30)),
    ("2023", "", (2029, 6, 30)),
];

/// A major version alone is its last release.
const LEAP: &[Release] = &[
    ("42.1", "", (2017, 5, 17)),
    ("42.2", "", (2018, 1, 26)),
    ("42.3", "", (2019, 7, 1)),
    ("15.0", "", (2019, 12, 3)),
    ("15.1", "", (2021, 2, 2)),
    ("15.2", "", (2022, 1, 4)),
    ("15.3", "", (2022, 12, 31)),
    ("15.4", "", (2023, 12, 7)),
    ("15.5", "", (2024, 12, 31)),
    ("15.6", "", (2026, 4, 30)),
    ("16.0", "", (2027, 10, 31)),
    ("15", "", (2026, 4, 30)),
    ("42", "", (2019, 7, 1)),
];

/// The end of Premier Support.
const ORACLE: &[Release] = &[
    ("6", "", (2021, 3, 31)),
    ("7", "", (2024, 12, 31)),
    ("8", "", (2029, 7, 31)),
    ("9", "", (2032, 6, 30)),
];

const UBI7: &[Release] = &[("*", "", (2024, 6, 30))];

const UBI8: &[Release] = &[("*", "", (2029, 5, 31))];

const UBI9: &[Release] = &[("*", "", (2032, 5, 31))];

const UBI10: &[Release] = &[("*", "", (2035, 5, 31))];

const PYTHON: &[Release] = &[
    ("2", "", (2020, 1, 1)),
    ("3.2", "", (2016, 2, 20)),
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
    ("3.13", "", (2029, 10, 31)),
    ("3.14", "", (2030, 10, 31)),
];

/// Of 0.10, 0.12 and 11: the schedule of the Node.js project.
const NODE: &[Release] = &[
    ("0.10", "", (2016, 10, 31)),
    ("0.12", "", (2016, 12, 31)),
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
    ("26", "", (2029, 4, 30)),
];

/// Of 2.5, 2.6 and 3.2: the branches of the Ruby project.
const RUBY: &[Release] = &[
    ("1", "", (2015, 2, 23)),
    ("2.0", "", (2016, 2, 24)),
    ("2.1", "", (2017, 3, 31)),
    ("2.2", "", (2018, 3, 31)),
    ("2.3", "", (2019, 3, 31)),
    ("2.4", "", (2020, 3, 31)),
    ("2.5", "", (2021, 4, 5)),
    ("2.6", "", (2022, 4, 12)),
    ("2.7", "", (2023, 3, 31)),
    ("3.0", "", (2024, 4, 23)),
    ("3.1", "", (2025, 3, 26)),
    ("3.2", "", (2026, 4, 1)),
    ("3.3", "", (2027, 3, 31)),
    ("3.4", "", (2028, 3, 31)),
    ("4.0", "", (2029, 3, 31)),
    ("2", "", (2023, 3, 31)),
];

const PHP: &[Release] = &[
    ("5.3", "", (2014, 8, 14)),
    ("5.4", "", (2015, 9, 14)),
    ("5.5", "", (2016, 7, 21)),
    ("5.6", "", (2018, 12, 31)),
    ("7.0", "", (2019, 1, 10)),
    ("7.1", "", (2019, 12, 1)),
    ("7.2", "", (2020, 11, 30)),
    ("7.3", "", (2021, 12, 6)),
    ("7.4", "", (2022, 11, 28)),
    ("8.0", "", (2023, 11, 26)),
    ("8.1", "", (2025, 12, 31)),
    ("8.2", "", (2026, 12, 31)),
    ("8.3", "", (2027, 12, 31)),
    ("8.4", "", (2028, 12, 31)),
    ("8.5", "", (2029, 12, 31)),
    ("5", "", (2018, 12, 31)),
    ("7", "", (2022, 11, 28)),
];

/// Up to 1.9 by the rule of the Go project: until the second release after it.
const GO: &[Release] = &[
    ("1.3", "", (2015, 8, 19)),
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
    ("1.24", "", (2026, 2, 10)),
    ("1.25", "", (2026, 8, 19)),
];

const PERL: &[Release] = &[
    ("5.26", "", (2020, 5, 30)),
    ("5.28", "", (2021, 6, 23)),
    ("5.30", "", (2022, 5, 22)),
    ("5.32", "", (2023, 6, 20)),
    ("5.34", "", (2024, 5, 20)),
    ("5.36", "", (2025, 5, 27)),
    ("5.38", "", (2026, 7, 2)),
    ("5.40", "", (2027, 6, 9)),
    ("5.42", "", (2028, 7, 3)),
    ("5.44", "", (2029, 7, 15)),
];

const ERLANG: &[Release] = &[
    ("17", "", (2018, 10, 11)),
    ("18", "", (2018, 11, 9)),
    ("19", "", (2019, 6, 21)),
    ("20", "", (2020, 6, 21)),
    ("21", "", (2021, 6, 19)),
    ("22", "", (2024, 3, 18)),
    ("23", "", (2024, 3, 14)),
    ("24", "", (2024, 5, 10)),
    ("25", "", (2025, 5, 17)),
    ("26", "", (2026, 5, 26)),
    ("27", "", (2027, 5, 20)),
    ("28", "", (2028, 5, 20)),
    ("29", "", (2029, 5, 11)),
];

const ELIXIR: &[Release] = &[
    ("1.4", "", (2019, 6, 24)),
    ("1.5", "", (2020, 1, 27)),
    ("1.6", "", (2020, 10, 6)),
    ("1.7", "", (2021, 5, 19)),
    ("1.8", "", (2021, 12, 3)),
    ("1.9", "", (2022, 9, 1)),
    ("1.10", "", (2023, 6, 19)),
    ("1.11", "", (2023, 12, 22)),
    ("1.12", "", (2024, 6, 12)),
    ("1.13", "", (2024, 12, 19)),
    ("1.14", "", (2025, 10, 16)),
    ("1.15", "", (2026, 6, 3)),
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
    ("10.0", "", (2028, 11, 14)),
];

const POSTGRES: &[Release] = &[
    ("8.4", "", (2014, 7, 24)),
    ("9.0", "", (2015, 10, 8)),
    ("9.1", "", (2016, 10, 27)),
    ("9.2", "", (2017, 11, 9)),
    ("9.3", "", (2018, 11, 8)),
    ("9.4", "", (2020, 2, 13)),
    ("9.5", "", (2021, 2, 11)),
    ("9.6", "", (2021, 11, 11)),
    ("10", "", (2022, 11, 10)),
    ("11", "", (2023, 11, 9)),
    ("12", "", (2024, 11, 21)),
    ("13", "", (2025, 11, 13)),
    ("14", "", (2026, 11, 12)),
    ("15", "", (2027, 11, 11)),
    ("16", "", (2028, 11, 9)),
    ("17", "", (2029, 11, 8)),
    ("18", "", (2030, 11, 14)),
    ("9", "", (2021, 11, 11)),
];

/// The end of Extended Support: until then the community edition is released.
const MYSQL: &[Release] = &[
    ("5.5", "", (2018, 12, 31)),
    ("5.6", "", (2021, 2, 28)),
    ("5.7", "", (2023, 10, 31)),
    ("8.0", "", (2026, 4, 30)),
    ("8.1", "", (2023, 10, 25)),
    ("8.2", "", (2023, 12, 14)),
    ("8.3", "", (2024, 4, 10)),
    ("8.4", "", (2032, 4, 30)),
    ("9.0", "", (2024, 10, 15)),
    ("9.1", "", (2025, 1, 21)),
    ("9.2", "", (2025, 4, 15)),
    ("9.3", "", (2025, 7, 22)),
    ("9.4", "", (2025, 10, 21)),
    ("9.5", "", (2026, 1, 20)),
    ("9.6", "", (2026, 4, 21)),
    ("9.7", "", (2034, 4, 21)),
    ("5", "", (2023, 10, 31)),
];

const MARIADB: &[Release] = &[
    ("5.5", "", (2020, 4, 11)),
    ("10.0", "", (2019, 3, 31)),
    ("10.1", "", (2020, 10, 17)),
    ("10.2", "", (2022, 5, 23)),
    ("10.3", "", (2023, 5, 25)),
    ("10.4", "", (2024, 6, 18)),
    ("10.5", "", (2025, 6, 24)),
    ("10.6", "", (2026, 7, 6)),
    ("10.7", "", (2023, 2, 9)),
    ("10.8", "", (2023, 5, 20)),
    ("10.9", "", (2023, 8, 22)),
    ("10.10", "", (2023, 11, 17)),
    ("10.11", "", (2028, 2, 16)),
    ("11.0", "", (2024, 6, 6)),
    ("11.1", "", (2024, 8, 21)),
    ("11.2", "", (2024, 11, 21)),
    ("11.3", "", (2024, 5, 29)),
    ("11.4", "", (2029, 5, 29)),
    ("11.5", "", (2024, 11, 21)),
    ("11.6", "", (2025, 2, 13)),
    ("11.7", "", (2025, 5, 12)),
    ("11.8", "", (2028, 6, 4)),
    ("12.0", "", (2025, 11, 18)),
    ("12.1", "", (2026, 2, 13)),
    ("12.2", "", (2026, 5, 28)),
    ("12.3", "", (2029, 6, 12)),
    ("5", "", (2020, 4, 11)),
];

const MONGO: &[Release] = &[
    ("2.6", "", (2016, 10, 31)),
    ("3.0", "", (2018, 2, 28)),
    ("3.2", "", (2018, 9, 30)),
    ("3.4", "", (2020, 1, 31)),
    ("3.6", "", (2021, 4, 30)),
    ("4.0", "", (2022, 4, 30)),
    ("4.2", "", (2023, 4, 30)),
    ("4.4", "", (2024, 2, 29)),
    ("5.0", "", (2024, 10, 31)),
    ("5.1", "", (2022, 1, 19)),
    ("5.2", "", (2022, 3, 23)),
    ("5.3", "", (2022, 7, 19)),
    ("6.0", "", (2025, 7, 31)),
    ("6.1", "", (2023, 2, 9)),
    ("6.2", "", (2023, 4, 24)),
    ("6.3", "", (2023, 8, 31)),
    ("7.0", "", (2027, 8, 31)),
    ("7.1", "", (2024, 1, 23)),
    ("7.2", "", (2024, 3, 27)),
    ("7.3", "", (2024, 10, 2)),
    ("8.0", "", (2029, 10, 31)),
    ("8.1", "", (2025, 9, 30)),
    ("8.2", "", (2026, 7, 31)),
    ("8.3", "", (2029, 10, 31)),
    ("3", "", (2021, 4, 30)),
    ("4", "", (2024, 2, 29)),
    ("5", "", (2024, 10, 31)),
    ("6", "", (2025, 7, 31)),
];

const REDIS: &[Release] = &[
    ("5.0", "", (2022, 4, 27)),
    ("6.0", "", (2022, 5, 31)),
    ("6.2", "", (2027, 4, 1)),
    ("7.0", "", (2024, 7, 29)),
    ("7.2", "", (2029, 12, 1)),
    ("7.4", "", (2029, 12, 1)),
    ("8.0", "", (2026, 12, 1)),
    ("8.2", "", (2030, 9, 1)),
];

const MEMCACHED: &[Release] = &[("1.4", "", (2017, 7, 21)), ("1.5", "", (2020, 3, 9))];

/// Only where Elasticsearch, Kibana and Logstash agree.
const ELASTIC: &[Release] = &[
    ("6", "", (2022, 2, 10)),
    ("7", "", (2026, 1, 15)),
    ("8.17", "", (2025, 8, 12)),
    ("8.18", "", (2025, 10, 21)),
    ("8.19", "", (2027, 7, 15)),
    ("9.0", "", (2025, 10, 23)),
    ("9.1", "", (2026, 2, 3)),
    ("9.2", "", (2026, 5, 5)),
    ("9.3", "", (2026, 8, 4)),
];

const RABBITMQ: &[Release] = &[
    ("3.3", "", (2015, 3, 31)),
    ("3.4", "", (2015, 10, 31)),
    ("3.5", "", (2016, 10, 31)),
    ("3.6", "", (2018, 5, 31)),
    ("3.7", "", (2020, 9, 30)),
    ("3.8", "", (2022, 7, 31)),
    ("3.9", "", (2023, 1, 31)),
    ("3.10", "", (2022, 9, 28)),
    ("3.11", "", (2023, 6, 1)),
    ("3.12", "", (2024, 2, 21)),
    ("3.13", "", (2024, 9, 17)),
    ("4.0", "", (2025, 4, 15)),
    ("4.1", "", (2026, 1, 30)),
    ("4.2", "", (2026, 7, 31)),
    ("3", "", (2024, 9, 17)),
];

const NGINX: &[Release] = &[
    ("1.8", "", (2016, 4, 26)),
    ("1.10", "", (2017, 4, 12)),
    ("1.12", "", (2018, 4, 17)),
    ("1.14", "", (2019, 4, 23)),
    ("1.16", "", (2020, 4, 20)),
    ("1.18", "", (2021, 4, 20)),
    ("1.19", "", (2021, 5, 25)),
    ("1.20", "", (2022, 5, 24)),
    ("1.21", "", (2022, 6, 21)),
    ("1.22", "", (2023, 4, 11)),
    ("1.23", "", (2023, 5, 23)),
    ("1.24", "", (2024, 4, 23)),
    ("1.25", "", (2024, 5, 29)),
    ("1.26", "", (2025, 4, 23)),
    ("1.27", "", (2025, 6, 24)),
    ("1.28", "", (2026, 4, 14)),
    ("1.29", "", (2026, 5, 13)),
];

const HAPROXY: &[Release] = &[
    ("1.5", "", (2020, 1, 10)),
    ("1.6", "", (2020, 10, 1)),
    ("1.7", "", (2021, 10, 1)),
    ("1.8", "", (2022, 12, 9)),
    ("1.9", "", (2020, 7, 31)),
    ("2.0", "", (2024, 4, 5)),
    ("2.1", "", (2021, 3, 18)),
    ("2.2", "", (2025, 4, 23)),
    ("2.3", "", (2022, 7, 27)),
    ("2.4", "", (2026, 4, 1)),
    ("2.5", "", (2023, 5, 2)),
    ("2.6", "", (2027, 4, 1)),
    ("2.7", "", (2024, 4, 5)),
    ("2.8", "", (2028, 4, 1)),
    ("2.9", "", (2025, 3, 21)),
    ("3.0", "", (2029, 4, 1)),
    ("3.1", "", (2026, 1, 1)),
    ("3.2", "", (2030, 4, 1)),
    ("3.3", "", (2027, 1, 1)),
    ("3.4", "", (2031, 4, 1)),
    ("1", "", (2020, 7, 31)),
];

const TOMCAT: &[Release] = &[
    ("6", "", (2016, 12, 31)),
    ("7", "", (2021, 3, 31)),
    ("8.0", "", (2018, 6, 30)),
    ("8.5", "", (2024, 3, 31)),
    ("9.0", "", (2027, 3, 31)),
    ("10.0", "", (2022, 10, 31)),
    ("8", "", (2024, 3, 31)),
];

/// Long-term releases are left out: their days are the earliest ones, not the last.
const TEMURIN: &[Release] = &[
    ("16", "", (2021, 9, 30)),
    ("18", "", (2022, 9, 30)),
    ("19", "", (2023, 3, 31)),
    ("20", "", (2023, 9, 19)),
    ("22", "", (2024, 9, 17)),
    ("23", "", (2025, 3, 18)),
    ("24", "", (2025, 9, 16)),
    ("26", "", (2026, 9, 15)),
];

const CORRETTO: &[Release] = &[
    ("8", "", (2030, 12, 31)),
    ("11", "", (2032, 1, 31)),
    ("15", "", (2021, 4, 20)),
    ("16", "", (2021, 10, 19)),
    ("17", "", (2029, 10, 31)),
    ("18", "", (2022, 10, 18)),
    ("19", "", (2023, 4, 19)),
    ("20", "", (2023, 10, 17)),
    ("21", "", (2030, 10, 31)),
    ("22", "", (2024, 10, 15)),
    ("23", "", (2025, 4, 30)),
    ("24", "", (2025, 10, 31)),
    ("25", "", (2032, 10, 31)),
    ("26", "", (2026, 10, 31)),
];

/// Given up in favour of `eclipse-temurin`.
const ADOPTOPENJDK: &[Release] = &[("*", "", (2021, 8, 1))];

/// Given up in favour of `openjdk`.
const JAVA: &[Release] = &[("*", "", (2016, 12, 31))];

/// Given up in favour of `eclipse-temurin` and its like, but for builds of what is not released
/// yet: from 19 on, the day of its release.
const OPENJDK: &[Release] = &[
    ("", "latest", (2022, 7, 31)),
    ("jdk", "jre", (2022, 7, 31)),
    ("slim", "alpine", (2022, 7, 31)),
    ("6", "", (2022, 7, 31)),
    ("7", "", (2022, 7, 31)),
    ("8", "", (2022, 7, 31)),
    ("9", "", (2022, 7, 31)),
    ("10", "", (2022, 7, 31)),
    ("11", "", (2022, 7, 31)),
    ("12", "", (2022, 7, 31)),
    ("13", "", (2022, 7, 31)),
    ("14", "", (2022, 7, 31)),
    ("15", "", (2022, 7, 31)),
    ("16", "", (2022, 7, 31)),
    ("17", "", (2022, 7, 31)),
    ("18", "", (2022, 7, 31)),
    ("19", "", (2022, 9, 20)),
    ("20", "", (2023, 3, 21)),
    ("21", "", (2023, 9, 19)),
    ("22", "", (2024, 3, 19)),
    ("23", "", (2024, 9, 17)),
    ("24", "", (2025, 3, 18)),
    ("25", "", (2025, 9, 16)),
    ("26", "", (2026, 3, 17)),
];

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
        assert_eq!(day("openjdk", "8u212"), Some((2022, 7, 31)));
        assert_eq!(day("openjdk", ""), Some((2022, 7, 31)));
        assert_eq!(day("openjdk", "99"), None, "not released yet");
        assert_eq!(day("node", "0.12.18"), Some((2016, 12, 31)));
        assert_eq!(day("php", "5.4.45"), Some((2015, 9, 14)));
        assert_eq!(day("php", "7"), Some((2022, 11, 28)));
        assert_eq!(day("opensuse/leap", "15.3"), Some((2022, 12, 31)));
        assert_eq!(day("opensuse/leap", "15"), Some((2026, 4, 30)));
        assert_eq!(day("nginx", "1.25.3"), Some((2024, 5, 29)));
        assert_eq!(day("eclipse-temurin", "17.0.9"), None);
        let ubi = "registry.access.redhat.com/ubi7";
        for image in [ubi, &format!("{ubi}/ubi-minimal"), "redhat/ubi7-init"] {
            assert_eq!(day(image, "latest"), Some((2024, 6, 30)), "{image}");
        }
        assert!(releases("registry.access.redhat.com/ubi70").is_none());
        assert!(releases("busybox").is_none());
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
            "rockylinux",
            "almalinux",
            "amazonlinux",
            "opensuse/leap",
            "oraclelinux",
            "redhat/ubi7",
            "redhat/ubi8",
            "redhat/ubi9",
            "redhat/ubi10",
            "python",
            "node",
            "ruby",
            "php",
            "golang",
            "perl",
            "erlang",
            "elixir",
            "postgres",
            "mysql",
            "mariadb",
            "mongo",
            "redis",
            "memcached",
            "elasticsearch",
            "rabbitmq",
            "nginx",
            "haproxy",
            "tomcat",
            "eclipse-temurin",
            "amazoncorretto",
            "adoptopenjdk",
            "java",
            "openjdk",
            "mcr.microsoft.com/dotnet/core/sdk",
        ] {
            let releases = releases(repository).unwrap();
            for (version, name, (year, month, day)) in releases {
                for word in [version, name] {
                    let found = find(releases, word).map(|(version, _, _)| version);
                    assert!(
                        word.is_empty() || found == Some(version),
                        "{repository} {word}"
                    );
                }
                assert!(
                    (2014..2036).contains(year)
                        && (1..=12).contains(month)
                        && (1..=31).contains(day),
                    "{repository} {version}"
                );
            }
        }
    }
}
