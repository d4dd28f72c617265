//! What `/bin/sh` is in a base image, told from its name and tag.

use plimsoll_syntax::dockerfile::Base;

use super::name::{Name, read};
use crate::shell::kind::ShellKind;

/// What `/bin/sh` is in a base image; `None` where its name does not tell.
pub(crate) fn sh(base: &Base) -> Option<ShellKind> {
    if *base == Base::Scratch {
        return Some(ShellKind::Absent);
    }
    let name = read(base)?;
    by_tag(&name).or_else(|| by_repository(&name))
}

/// Tags name what they stand on, whatever the image is.
fn by_tag(name: &Name) -> Option<ShellKind> {
    if name.repository.contains("distroless") {
        let has_tools = name.tag.split(['-', '_']).any(|part| part == "debug");
        return Some(if has_tools {
            ShellKind::BusyBox
        } else {
            ShellKind::Absent
        });
    }
    name.tag.split(['-', '_', '.']).find_map(|part| {
        let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
        match word {
            "alpine" | "busybox" | "musl" => Some(ShellKind::BusyBox),
            "debian" | "ubuntu" | "trixie" | "bookworm" | "bullseye" | "buster" | "stretch"
            | "jessie" | "wheezy" | "noble" | "jammy" | "focal" | "bionic" | "xenial"
            | "trusty" => Some(ShellKind::Dash),
            "fedora" | "ubi" | "centos" | "rockylinux" | "rocky" | "almalinux" | "oraclelinux"
            | "oracle" | "ol" | "el" | "al" | "amazonlinux" | "mariner" | "azurelinux"
            | "opensuse" | "leap" | "rhel" | "photon" | "archlinux" => Some(ShellKind::BashAsSh),
            _ => None,
        }
    })
}

fn by_repository(name: &Name) -> Option<ShellKind> {
    let repository = name.repository.as_str();
    let repository = repository
        .strip_prefix("public.ecr.aws/docker/library/")
        .or_else(|| repository.strip_prefix("mirror.gcr.io/library/"))
        .unwrap_or(repository);
    if let Ok(at) = OFFICIAL.binary_search_by_key(&repository, |(known, _)| known) {
        return Some(OFFICIAL[at].1);
    }
    PREFIXES
        .iter()
        .find(|(prefix, _)| repository.starts_with(prefix))
        .map(|(_, kind)| *kind)
}

/// Official images whose usual tags stand on one family; sorted. Those that changed families
/// between versions are left out.
const OFFICIAL: &[(&str, ShellKind)] = {
    use ShellKind::{BashAsSh, BusyBox, Dash};
    &[
        ("almalinux", BashAsSh),
        ("alpine", BusyBox),
        ("amazoncorretto", BashAsSh),
        ("amazonlinux", BashAsSh),
        ("archlinux", BashAsSh),
        ("buildpack-deps", Dash),
        ("busybox", BusyBox),
        ("caddy", BusyBox),
        ("cassandra", Dash),
        ("centos", BashAsSh),
        ("composer", BusyBox),
        ("debian", Dash),
        ("docker", BusyBox),
        ("drupal", Dash),
        ("eclipse-temurin", Dash),
        ("elixir", Dash),
        ("erlang", Dash),
        ("fedora", BashAsSh),
        ("gcc", Dash),
        ("golang", Dash),
        ("gradle", Dash),
        ("haproxy", Dash),
        ("haskell", Dash),
        ("httpd", Dash),
        ("ibmjava", Dash),
        ("jruby", Dash),
        ("julia", Dash),
        ("mariadb", Dash),
        ("memcached", Dash),
        ("mongo", Dash),
        ("nginx", Dash),
        ("node", Dash),
        ("opensuse/leap", BashAsSh),
        ("opensuse/tumbleweed", BashAsSh),
        ("oraclelinux", BashAsSh),
        ("perl", Dash),
        ("photon", BashAsSh),
        ("php", Dash),
        ("postgres", Dash),
        ("pypy", Dash),
        ("python", Dash),
        ("rabbitmq", Dash),
        ("redis", Dash),
        ("rockylinux", BashAsSh),
        ("ruby", Dash),
        ("rust", Dash),
        ("swift", Dash),
        ("traefik", BusyBox),
        ("ubuntu", Dash),
        ("wordpress", Dash),
    ]
};

/// Publishers and families elsewhere.
const PREFIXES: &[(&str, ShellKind)] = {
    use ShellKind::{BashAsSh, Dash};
    &[
        ("bitnami/", Dash),
        ("debian/", Dash),
        ("jupyter/", Dash),
        ("mcr.microsoft.com/azurelinux/", BashAsSh),
        ("mcr.microsoft.com/cbl-mariner/", BashAsSh),
        ("mcr.microsoft.com/devcontainers/", Dash),
        ("mcr.microsoft.com/dotnet/", Dash),
        ("mcr.microsoft.com/vscode/devcontainers/", Dash),
        ("opensuse/", BashAsSh),
        ("phusion/baseimage", Dash),
        ("public.ecr.aws/amazonlinux/", BashAsSh),
        ("public.ecr.aws/lambda/", BashAsSh),
        ("quay.io/centos/", BashAsSh),
        ("quay.io/fedora/", BashAsSh),
        ("quay.io/rockylinux/", BashAsSh),
        ("registry.access.redhat.com/", BashAsSh),
        ("registry.fedoraproject.org/", BashAsSh),
        ("registry.redhat.io/", BashAsSh),
        ("registry.suse.com/", BashAsSh),
        ("rockylinux/", BashAsSh),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_name_and_tag() {
        assert!(OFFICIAL.is_sorted());
        for (name, expected) in [
            ("debian:12", Some(ShellKind::Dash)),
            ("ubuntu", Some(ShellKind::Dash)),
            ("python:3.12-slim", Some(ShellKind::Dash)),
            ("python:3.12-alpine3.20", Some(ShellKind::BusyBox)),
            ("docker.io/library/alpine:3", Some(ShellKind::BusyBox)),
            ("someone/app:1-alpine", Some(ShellKind::BusyBox)),
            ("fedora:41", Some(ShellKind::BashAsSh)),
            (
                "registry.access.redhat.com/ubi9/ubi-minimal",
                Some(ShellKind::BashAsSh),
            ),
            ("eclipse-temurin:21-ubi9-minimal", Some(ShellKind::BashAsSh)),
            (
                "nvidia/cuda:12.2.0-devel-ubuntu22.04",
                Some(ShellKind::Dash),
            ),
            (
                "mcr.microsoft.com/dotnet/sdk:8.0-jammy",
                Some(ShellKind::Dash),
            ),
            ("gcr.io/distroless/static", Some(ShellKind::Absent)),
            ("gcr.io/distroless/static:debug", Some(ShellKind::BusyBox)),
            ("someone/app", None),
        ] {
            assert_eq!(sh(&Base::Image(name.to_owned())), expected, "{name}");
        }
        assert_eq!(sh(&Base::Scratch), Some(ShellKind::Absent));
    }
}
