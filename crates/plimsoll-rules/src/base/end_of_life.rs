//! When releases of distributions and of language images get their last security fix: which days of
//! [`days`] are whose.

mod days;

use self::days::{
    ADOPTOPENJDK, ALPINE, AMAZON, CENTOS, CORRETTO, DEBIAN, DOTNET, ELASTIC, ELIXIR, ENTERPRISE,
    ERLANG, FEDORA, GO, HAPROXY, JAVA, LEAP, MARIADB, MEMCACHED, MONGO, MYSQL, NGINX, NODE,
    OPENJDK, ORACLE, PERL, PHP, POSTGRES, PYTHON, RABBITMQ, REDIS, RUBY, TEMURIN, TOMCAT, UBI7,
    UBI8, UBI9, UBI10, UBUNTU,
};

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
