//! What is known of base images by their name alone.
//!
//! Only well-known images are listed, and only facts that hold for every tag the pattern covers.
//! What is not known is said so: a rule that guesses is noise.

use plimsoll_syntax::dockerfile::Base;

use super::name::read;
use crate::shell::kind::ShellKind;

/// Who a container of an image runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BaseUser {
    /// Root.
    Root,
    /// Someone else.
    Other,
    /// Not known.
    Unknown,
}

/// Whether a base is a Windows image.
pub(crate) fn is_windows(base: &Base) -> bool {
    let (Base::Image(name) | Base::Unresolved(name)) = base else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    ["windows", "nanoserver", "servercore"]
        .iter()
        .any(|word| name.contains(word))
}

/// Official images whose configuration names a user other than root.
const OFFICIAL_WITH_USER: &[&str] = &[
    "elasticsearch",
    "fluentd",
    "groovy",
    "haproxy",
    "irssi",
    "kibana",
    "kong",
    "logstash",
    "memcached",
    "odoo",
    "open-liberty",
    "rocket.chat",
    "solr",
    "sonarqube",
    "varnish",
    "websphere-liberty",
];

/// Images elsewhere that are known for running as someone else.
const UNPRIVILEGED: &[&str] = &[
    "bitnami/",
    "docker.io/bitnami/",
    "cgr.dev/",
    "jenkins/",
    "nginxinc/nginx-unprivileged",
    "grafana/",
    "prom/",
    "quay.io/prometheus/",
    "registry.access.redhat.com/ubi8/python",
    "registry.access.redhat.com/ubi8/nodejs",
    "registry.access.redhat.com/ubi8/openjdk",
    "registry.access.redhat.com/ubi9/python",
    "registry.access.redhat.com/ubi9/nodejs",
    "registry.access.redhat.com/ubi9/openjdk",
    "docker.elastic.co/",
    "opensearchproject/",
    "apache/airflow",
    "jupyter/",
    "quay.io/jupyter/",
    "quay.io/keycloak/",
    "selenium/",
    "puppeteer/",
    "ghcr.io/puppeteer/",
    "mcr.microsoft.com/mssql/",
];

/// Who a container runs as where nothing in the file says so.
pub(crate) fn user(base: &Base) -> BaseUser {
    if *base == Base::Scratch {
        return BaseUser::Root;
    }
    let Some(name) = read(base) else {
        return BaseUser::Unknown;
    };
    let tag_says = |word: &str| name.tag.split(['-', '_']).any(|part| part == word);
    let known = tag_says("nonroot")
        || tag_says("rootless")
        || tag_says("unprivileged")
        || tag_says("chiseled")
        || name.repository.ends_with("-unprivileged")
        || name.repository.ends_with("-rootless")
        || OFFICIAL_WITH_USER.contains(&name.repository.as_str())
        || UNPRIVILEGED
            .iter()
            .any(|prefix| name.repository.starts_with(prefix));
    if known {
        BaseUser::Other
    } else if !name.repository.contains('/') || name.repository.starts_with("gcr.io/distroless/") {
        BaseUser::Root
    } else {
        BaseUser::Unknown
    }
}

/// Images made to build with: each holds a compiler or an SDK that a finished program does not need.
pub(crate) fn toolchain(base: &Base) -> Option<&'static str> {
    const TOOLCHAINS: &[(&str, &str)] = &[
        ("golang", "the Go toolchain"),
        ("rust", "the Rust toolchain"),
        ("gcc", "GCC"),
        ("buildpack-deps", "GCC and development headers"),
        ("maven", "Maven and a JDK"),
        ("gradle", "Gradle and a JDK"),
        ("haskell", "GHC"),
        ("swift", "the Swift toolchain"),
        ("mcr.microsoft.com/dotnet/sdk", "the .NET SDK"),
        ("mcr.microsoft.com/dotnet/core/sdk", "the .NET SDK"),
        ("microsoft/dotnet", "the .NET SDK"),
    ];
    let name = read(base)?;
    // These come without their tools under some tags.
    let slim = name.tag.contains("runtime")
        || name.tag.contains("aspnet")
        || (name.repository == "swift" && name.tag.contains("slim"));
    TOOLCHAINS
        .iter()
        .find(|(repository, _)| name.repository == *repository && !slim)
        .map(|(_, what)| *what)
}

/// The version of Python that an official image is made for: major and minor.
pub(crate) fn python(base: &Base) -> Option<(u16, u16)> {
    let name = read(base)?;
    if name.repository != "python" {
        return None;
    }
    let mut parts = name.tag.split(['-', '.']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The version of `python3` that a Debian or Ubuntu release has, there or to install.
pub(crate) fn system_python(base: &Base) -> Option<(u16, u16)> {
    const RELEASES: &[(&str, (u16, u16))] = &[
        ("11", (3, 9)),
        ("12", (3, 11)),
        ("13", (3, 13)),
        ("20.04", (3, 8)),
        ("22.04", (3, 10)),
        ("24.04", (3, 12)),
        ("bookworm", (3, 11)),
        ("bullseye", (3, 9)),
        ("focal", (3, 8)),
        ("jammy", (3, 10)),
        ("noble", (3, 12)),
        ("trixie", (3, 13)),
    ];
    let name = read(base)?;
    let word = match name.repository.as_str() {
        "debian" | "ubuntu" => name.tag.split('-').next()?,
        repository => repository.strip_prefix("gcr.io/distroless/python3-debian")?,
    };
    let found = RELEASES.iter().find(|(release, _)| {
        word == *release
            || word
                .strip_prefix(release)
                .is_some_and(|rest| rest.starts_with('.'))
    });
    found.map(|(_, version)| *version)
}

/// Whether an image brings the system's `python3` by itself.
pub(crate) fn has_system_python(base: &Base) -> bool {
    read(base).is_some_and(|name| name.repository.starts_with("gcr.io/distroless/python3"))
}

/// The C library that programs of an image are linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CLibrary {
    /// The GNU C library.
    Gnu,
    /// musl.
    Musl,
    /// None.
    Absent,
}

/// The C library of an image, where its name tells.
pub(crate) fn c_library(base: &Base) -> Option<CLibrary> {
    if *base == Base::Scratch {
        return Some(CLibrary::Absent);
    }
    let name = read(base)?;
    let repository = name.repository.as_str();
    if repository.starts_with("gcr.io/distroless/static")
        || repository == "cgr.dev/chainguard/static"
    {
        return Some(CLibrary::Absent);
    }
    match super::sh::sh(base)? {
        ShellKind::BusyBox if repository == "busybox" => match name.tag.split('-').next_back() {
            Some("musl") => Some(CLibrary::Musl),
            Some("glibc") => Some(CLibrary::Gnu),
            _ => None,
        },
        ShellKind::BusyBox if repository.contains("distroless") => Some(CLibrary::Gnu),
        ShellKind::BusyBox => Some(CLibrary::Musl),
        ShellKind::Dash | ShellKind::BashAsSh => Some(CLibrary::Gnu),
        _ => None,
    }
}

/// Whether an image has a program: `None` where that is not known.
pub(crate) fn has(base: &Base, program: &str) -> Option<bool> {
    family(base)?.has(program)
}

/// What an image is made from, as far as the programs are concerned that health checks call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// No shell, no tools; from scratch too.
    Distroless,
    /// BusyBox and nothing else.
    BusyBox,
    /// BusyBox tools of Alpine.
    Alpine,
    /// A minimal Debian or Ubuntu.
    Debian,
    /// Debian with `buildpack-deps`.
    FullDebian,
    /// Fedora and its kin.
    RedHat,
}

impl Family {
    fn has(self, program: &str) -> Option<bool> {
        let busybox = matches!(program, "sh" | "wget" | "nc" | "ps" | "pgrep" | "pidof");
        let known = busybox || matches!(program, "bash" | "curl");
        if !known {
            return None;
        }
        match self {
            Self::Distroless => Some(false),
            Self::BusyBox | Self::Alpine => Some(busybox),
            Self::Debian => match program {
                "sh" | "bash" => Some(true),
                "curl" | "wget" | "nc" | "ps" | "pgrep" => Some(false),
                _ => None,
            },
            Self::FullDebian => match program {
                "sh" | "bash" | "curl" | "wget" | "ps" | "pgrep" => Some(true),
                _ => None,
            },
            Self::RedHat => match program {
                "sh" | "bash" | "curl" => Some(true),
                "wget" | "nc" => Some(false),
                _ => None,
            },
        }
    }
}

fn family(base: &Base) -> Option<Family> {
    const ON_BUILDPACK_DEPS: &[&str] = &["golang", "node", "perl", "python", "ruby", "rust"];
    if *base == Base::Scratch {
        return Some(Family::Distroless);
    }
    let name = read(base)?;
    let repository = name.repository.as_str();
    let tag_says = |word: &str| name.tag.split(['-', '_']).any(|part| part == word);
    if repository.starts_with("gcr.io/distroless/") {
        return Some(if tag_says("debug") {
            Family::BusyBox
        } else {
            Family::Distroless
        });
    }
    match repository {
        "cgr.dev/chainguard/static" | "cgr.dev/chainguard/glibc-dynamic" => {
            Some(Family::Distroless)
        }
        "busybox" => Some(Family::BusyBox),
        "alpine" => Some(Family::Alpine),
        "debian" | "ubuntu" => Some(Family::Debian),
        "fedora" | "rockylinux" | "almalinux" | "centos" | "amazonlinux" => Some(Family::RedHat),
        _ if ON_BUILDPACK_DEPS.contains(&repository) => {
            if name.tag.contains("windows") || name.tag.contains("nanoserver") {
                None
            } else if name.tag.contains("alpine") {
                Some(Family::Alpine)
            } else if tag_says("slim") {
                Some(Family::Debian)
            } else {
                Some(Family::FullDebian)
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(name: &str) -> Base {
        Base::Image(name.to_owned())
    }

    #[test]
    fn users_are_known_for_official_images_only() {
        for (name, expected) in [
            ("debian:12", BaseUser::Root),
            ("python", BaseUser::Root),
            ("docker.io/library/node:20@sha256:12", BaseUser::Root),
            ("gcr.io/distroless/static-debian12", BaseUser::Root),
            ("gcr.io/distroless/static-debian12:nonroot", BaseUser::Other),
            ("gcr.io/distroless/base:debug-nonroot", BaseUser::Other),
            (
                "mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled",
                BaseUser::Other,
            ),
            ("cgr.dev/chainguard/python:latest", BaseUser::Other),
            ("solr:9", BaseUser::Other),
            ("ghcr.io/someone/app:1", BaseUser::Unknown),
            ("someone/app:1", BaseUser::Unknown),
        ] {
            assert_eq!(user(&image(name)), expected, "{name}");
        }
        assert_eq!(user(&Base::Scratch), BaseUser::Root);
    }

    #[test]
    fn tools_are_known_by_family() {
        for (name, program, expected) in [
            ("debian:12-slim", "curl", Some(false)),
            ("python:3.12-slim", "curl", Some(false)),
            ("python:3.12", "curl", Some(true)),
            ("python:3.12-alpine", "curl", Some(false)),
            ("python:3.12-alpine", "wget", Some(true)),
            ("alpine:3.20", "bash", Some(false)),
            ("gcr.io/distroless/cc", "sh", Some(false)),
            ("gcr.io/distroless/cc:debug", "sh", Some(true)),
            ("nginx:1.27", "curl", None),
            ("debian:12", "healthcheck", None),
            ("someone/app", "curl", None),
        ] {
            assert_eq!(has(&image(name), program), expected, "{name} {program}");
        }
        assert_eq!(has(&Base::Scratch, "curl"), Some(false));
    }

    #[test]
    fn toolchain_images_are_named() {
        assert_eq!(toolchain(&image("golang:1.22")), Some("the Go toolchain"));
        assert_eq!(
            toolchain(&image("microsoft/dotnet:2.1-aspnetcore-runtime")),
            None
        );
        for other in ["debian:12", "swift:5.10-slim"] {
            assert_eq!(toolchain(&image(other)), None);
        }
    }
}
