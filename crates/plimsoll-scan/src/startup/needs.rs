//! Data that programs take for granted: certificates of authorities, time zones.

use plimsoll_model::{ImageConfig, NotableFile, NotableKind};

use crate::catalogue::base_name;
use crate::notable::is_program;
use crate::record::FactKind;
use crate::tree::Tree;

/// Where distributions keep certificates of authorities: in one file, or a file each.
const CERTIFICATES: &[&str] = &[
    "etc/ssl/certs",
    "etc/ssl/cert.pem",
    "etc/ssl/ca-bundle.pem",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/pki/tls/cacert.pem",
    "etc/pki/tls/cert.pem",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/ca-certificates/extracted",
    "usr/share/ssl/certs",
    "usr/local/share/ca-certificates",
    "usr/local/share/certs",
    "usr/share/ca-certificates",
];

/// Variables that name certificates elsewhere.
const CERTIFICATE_VARIABLES: &[&str] = &[
    "SSL_CERT_FILE=",
    "SSL_CERT_DIR=",
    "CURL_CA_BUNDLE=",
    "GIT_SSL_CAINFO=",
];

/// Programs of distributions that check against the certificates of the system, and have none of
/// their own.
const CLIENTS: &[&str] = &["usr/bin/curl", "usr/bin/wget", "usr/bin/git"];

/// The clients of `tree`, where no certificates are there.
pub(crate) fn without_certificates(tree: &Tree<'_>, config: &ImageConfig) -> Vec<NotableFile> {
    let elsewhere = config.env.iter().any(|one| {
        CERTIFICATE_VARIABLES
            .iter()
            .any(|name| one.starts_with(name))
    });
    let mounted = config
        .volumes
        .iter()
        .any(|volume| volume.trim_start_matches('/').starts_with("etc"));
    if elsewhere || mounted || CERTIFICATES.iter().any(|place| has_content(tree, place)) {
        return Vec::new();
    }
    CLIENTS
        .iter()
        .filter_map(|path| {
            let (real, node) = tree.follow(path)?;
            // BusyBox answers to the same names, and checks nothing.
            let itself = real.ends_with(path.rsplit('/').next()?)
                && is_program(&node.fact.kind, node.fact.mode);
            itself.then_some(NotableFile {
                kind: NotableKind::Downloader,
                path: real,
                size: node.fact.size,
                layer: node.layer,
            })
        })
        .collect()
}

fn has_content(tree: &Tree<'_>, place: &str) -> bool {
    let Some(real) = tree.resolve(place) else {
        return false;
    };
    match tree.get(&real) {
        Some(node) if node.fact.kind != FactKind::Directory => true,
        _ => tree
            .below(&real)
            .any(|(_, node)| node.fact.kind != FactKind::Directory),
    }
}

/// What a zone is called that is UTC: that is what counts without any data, too.
const UTC: &[&str] = &[
    "GMT",
    "GMT+0",
    "GMT-0",
    "GMT0",
    "Greenwich",
    "UCT",
    "UTC",
    "Universal",
    "Zulu",
];

/// The zone that `TZ` names (`Area/City`), where the image has no file of it. Of other forms of `TZ`
/// the rules stand in the variable itself.
pub(crate) fn missing_time_zone(tree: &Tree<'_>, config: &ImageConfig) -> Option<String> {
    let variable = |name: &str| {
        let found = config.env.iter().rev().find_map(|one| {
            let (own, value) = one.split_once('=')?;
            (own == name).then_some(value)
        });
        found.filter(|value| !value.is_empty())
    };
    let zone = variable("TZ")?;
    let zone = zone.strip_prefix(':').unwrap_or(zone);
    let is_name = zone.split('/').count() > 1
        && zone.split('/').all(|part| {
            part.starts_with(|first: char| first.is_ascii_alphabetic())
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
        });
    let is_utc = UTC.contains(&base_name(zone));
    if !is_name || is_utc || variable("TZDIR").is_some() {
        return None;
    }
    let known = [
        "usr/share/zoneinfo",
        "usr/lib/zoneinfo",
        "usr/share/lib/zoneinfo",
        // Where musl looks besides.
        "share/zoneinfo",
        "etc/zoneinfo",
    ]
    .iter()
    .any(|folder| tree.resolve(&format!("{folder}/{zone}")).is_some());
    (!known).then(|| zone.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_needs_no_data() {
        for (zone, expected) in [
            ("Europe/Vienna", Some("Europe/Vienna")),
            (":Etc/GMT+1", Some("Etc/GMT+1")),
            ("Etc/UTC", None),
            ("Etc/GMT", None),
            ("posix/Etc/Zulu", None),
            ("CET-1CEST", None),
        ] {
            let config = ImageConfig {
                env: vec![format!("TZ={zone}")],
                ..ImageConfig::default()
            };
            let told = missing_time_zone(&Tree::default(), &config);
            assert_eq!(told.as_deref(), expected, "{zone}");
        }
    }
}
