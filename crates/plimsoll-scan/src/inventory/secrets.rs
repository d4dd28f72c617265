//! The credentials of an image: each where it was put first, and how much it matters there.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use plimsoll_model::{ImageConfig, SecretSighting, Severity, Skipped, Topic};

use crate::hidden::Hidden;
use crate::packages::Published;
use crate::record::LayerRecord;
use crate::secret::{self, Detector, FileSighting, Fingerprint, Redacted};
use crate::tree::Tree;

/// Credentials, and what was searched in part besides the files that the layers name.
pub(super) type Found = (Vec<SecretSighting>, Vec<String>);

/// Those of files. From layer `above` on lies what is not the base's.
pub(super) fn in_files(records: &[LayerRecord], tree: &Tree<'_>, above: usize) -> Found {
    let (mut sightings, mut partly) = Found::default();
    let paths: Vec<&str> = records
        .iter()
        .flat_map(|record| {
            let seen = record.secrets.iter().map(|sighting| &sighting.path);
            seen.chain(&record.partly_unless_owned)
        })
        .map(String::as_str)
        .collect();
    let published = Published::new(records, tree, &paths);
    let is_of_nobody = |layer: usize, path: &str| layer >= above && published.is_unowned(path);
    let seen: Vec<(usize, &FileSighting)> = records
        .iter()
        .enumerate()
        .flat_map(|(layer, record)| record.secrets.iter().map(move |one| (layer, one)))
        .filter(|(layer, one)| !one.unless_owned || is_of_nobody(*layer, &one.path))
        .collect();
    for (layer, record) in records.iter().enumerate() {
        let left = record.partly_unless_owned.iter();
        partly.extend(left.filter(|path| is_of_nobody(layer, path)).cloned());
    }
    let is_proven = |sighting: &FileSighting| {
        let sums = sighting.sums.as_ref();
        sums.is_some_and(|sums| published.holds(&sighting.path, sums))
    };
    let proven: HashSet<(&str, Fingerprint)> = seen
        .iter()
        .filter(|(_, sighting)| is_proven(sighting))
        .map(|(_, sighting)| (sighting.path.as_str(), sighting.fingerprint))
        .collect();
    let told: HashSet<(usize, &str, Fingerprint)> = seen
        .iter()
        .map(|(layer, other)| (*layer, other.path.as_str(), other.fingerprint))
        .collect();
    let hidden = Hidden::new(records);
    // The first layer above that deletes the file or writes it without the value; its own where an
    // entry of that hides it.
    let gone_in = |layer: usize, path: &str, fingerprint: Fingerprint| {
        let mut below = layer;
        loop {
            match hidden.hidden_in(path, below) {
                above if above == below => return layer,
                above if told.contains(&(above, path, fingerprint)) => below = above,
                above => return above,
            }
        }
    };
    let mut known = HashSet::new();
    for (layer, sighting) in seen {
        let FileSighting {
            kind,
            severity,
            path,
            line,
            fingerprint,
            ..
        } = sighting;
        // A later layer that rewrites the file with the same secret tells nothing new.
        if !known.insert((path.as_str(), *fingerprint, kind)) {
            continue;
        }
        // Whether the value is still to be seen: in the topmost version of the file.
        let visible = tree
            .get(path)
            .is_some_and(|node| told.contains(&(node.layer, path.as_str(), *fingerprint)));
        // Keys that try or explain a package open nothing.
        let is_key = matches!(
            &**kind,
            "private-key" | "encrypted-private-key" | "key-store"
        );
        if is_key && is_test_material(path) {
            continue;
        }
        let (kind, severity) = match drawn_by_build(path, kind) {
            Some(kind) => (Cow::Borrowed(kind), Severity::Low),
            None => (kind.clone(), *severity),
        };
        let is_published = is_proven(sighting)
            || secret::source_of(path)
                .is_some_and(|source| proven.contains(&(source.as_str(), *fingerprint)));
        sightings.push(SecretSighting {
            kind,
            severity: if is_published {
                Severity::Info
            } else if is_test_material(path) || path.starts_with(DOCUMENTATION) {
                severity.min(Severity::Low)
            } else {
                severity
            },
            place: sighting.place(),
            layer: Some(layer),
            line: *line,
            fingerprint: fingerprint.to_string(),
            deleted_in: (!visible).then(|| gone_in(layer, path, *fingerprint)),
            also_at: Vec::new(),
            source: None,
        });
    }
    (sightings, partly)
}

/// Those of files with those of the configuration.
pub(super) fn secrets(
    in_files: Found,
    config: &ImageConfig,
    shown: &Redacted,
    detector: &Detector,
) -> Found {
    let (mut sightings, mut partly) = in_files;
    let of_config = secret::in_config(config, shown, detector);
    sightings.extend(of_config.sightings);
    partly.extend(of_config.partly);
    sightings.sort_by(|a, b| {
        (&a.place, a.layer, a.line, &a.kind, &a.fingerprint).cmp(&(
            &b.place,
            b.layer,
            b.line,
            &b.kind,
            &b.fingerprint,
        ))
    });
    (each_once(sightings), partly)
}

/// What a tool draws in each build and writes to several files, which are told as places of one.
const DRAWN_BY_BUILDS: &[&str] = &["nextjs-action-key", "nextjs-preview-key"];

/// What a value is that a build draws, where the file tells it: Next.js seals with it what a page hands to its
/// server actions, and reads it from there.
fn drawn_by_build(path: &str, kind: &str) -> Option<&'static str> {
    let is_manifest = [
        "server-reference-manifest.json",
        "server-reference-manifest.js",
    ]
    .iter()
    .any(|name| {
        path.strip_suffix(name)
            .is_some_and(|folder| folder.ends_with("server/"))
    });
    (is_manifest && kind == "secret-value").then_some("nextjs-action-key")
}

fn each_once(sightings: Vec<SecretSighting>) -> Vec<SecretSighting> {
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut told: Vec<SecretSighting> = Vec::with_capacity(sightings.len());
    for sighting in sightings {
        if DRAWN_BY_BUILDS.contains(&&*sighting.kind) {
            let known = first.get(&sighting.fingerprint);
            if let Some(known) = known.and_then(|known| told.get_mut(*known))
                && (known.layer, known.deleted_in) == (sighting.layer, sighting.deleted_in)
            {
                known.also_at.push(sighting.place);
                continue;
            }
            first.insert(sighting.fingerprint.clone(), told.len());
        }
        told.push(sighting);
    }
    told
}

/// Where packages of others lie, whoever installed them.
const THIRD_PARTY: &[&str] = &[
    "node_modules/",
    "site-packages/",
    "dist-packages/",
    "gems/",
    "pkg/mod/",
    "usr/local/go/",
    "usr/lib/go",
    "usr/share/go",
    "usr/share/doc/",
    "share/perl",
    "lib/perl5/",
    // Python's own library.
    "lib/python3.",
    "lib/python2.",
    // In whatever folder cargo has its home.
    "cargo/registry/",
    "cargo/git/checkouts/",
];

/// Keys that packages ship for their servers to be tried with, by the end of their paths.
const SHIPPED_KEYS: &[&str] = &["/Mojo/IOLoop/resources/server.key"];

/// Where what explains lies: whatever looks like a credential there is most often made up.
const DOCUMENTATION: &str = "usr/share/doc/";

/// Whether a path lies among the tests or examples of a third-party package.
fn is_test_material(path: &str) -> bool {
    SHIPPED_KEYS.iter().any(|key| path.ends_with(key))
        || THIRD_PARTY.iter().any(|place| {
            path.find(place).is_some_and(|at| {
                let inside = &path[at + place.len()..];
                is_test_file(inside)
                    || inside.split('/').any(|part| {
                        matches!(
                            part,
                            "test"
                                | "tests"
                                | "__tests__"
                                | "testing"
                                | "testdata"
                                | "fixtures"
                                | "spec"
                                | "benches"
                                | "example"
                                | "examples"
                                | "sample-keys"
                        )
                    })
            })
        })
}

/// Whether the name of a file in a package says that it tries the package or explains it.
fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    stem.starts_with("test_")
        || ["_test", ".test", "_spec", ".spec"]
            .iter()
            .any(|end| stem.ends_with(end))
        || matches!(ending, "md" | "rst" | "markdown")
}

/// What was searched only in part: files, and what of the configuration is beside them.
pub(super) fn partly_searched(records: &[LayerRecord], beside: &[String], gaps: &mut Vec<Skipped>) {
    let mut paths: Vec<&str> = records
        .iter()
        .flat_map(|record| &record.partly_searched)
        .chain(beside)
        .map(String::as_str)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let Some(first) = paths.first() else {
        return;
    };
    let line = Skipped::new(
        Topic::Secrets,
        match paths.len() {
            1 => (*first).to_owned(),
            more => format!("{first} and {} more", more - 1),
        },
        "searched for secrets only in part: too long, too deep in archives, packed in a way that is not read, cut off, or too full of what looks like credentials",
    );
    gaps.push(line.of_files(paths));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_draws_is_told_once_a_value() {
        let sighting = |kind: &'static str, place: &str, value: &str| SecretSighting {
            kind: kind.into(),
            severity: Severity::Low,
            place: place.to_owned(),
            layer: Some(0),
            line: None,
            fingerprint: value.to_owned(),
            deleted_in: None,
            also_at: Vec::new(),
            source: None,
        };
        let key = "nextjs-preview-key";
        let told = each_once(vec![
            sighting(key, "m.js", "1"),
            sighting(key, "m.js", "2"),
            sighting(key, "m.json", "1"),
            sighting("jwt", "a", "3"),
            sighting("jwt", "b", "3"),
        ]);
        let places: Vec<&str> = told.iter().map(|one| one.place.as_str()).collect();
        assert_eq!(places, ["m.js", "m.js", "a", "b"]);
        assert_eq!(told[0].also_at, ["m.json"]);
        for (path, kind, drawn) in [
            (
                "app/.next/server/server-reference-manifest.json",
                "secret-value",
                true,
            ),
            (
                "app/.next/server/server-reference-manifest.js",
                "secret-value",
                true,
            ),
            (
                "app/.next/server/server-reference-manifest.json",
                "github-token",
                false,
            ),
            (
                "app/x-server-reference-manifest.json",
                "secret-value",
                false,
            ),
        ] {
            assert_eq!(drawn_by_build(path, kind).is_some(), drawn, "{path}");
        }
    }

    #[test]
    fn tests_of_others() {
        for path in [
            "root/.pyenv/versions/3.11.7/lib/python3.11/test/certdata/keycert.pem",
            "usr/local/lib/python3.12/test/keycert.pem",
            "usr/local/cargo/registry/src/index.crates.io-6f17/rustls-0.21.0/tests/certs/key.pem",
            "root/.cargo/registry/src/x/rustls-0.21.0/examples/key.pem",
            "root/.cargo/registry/src/x/pem-3.0.6/benches/pem_benchmark.rs",
            "usr/local/share/perl/5.36.0/Mojo/IOLoop/resources/server.key",
            "srv/node_modules/a/test/key.pem",
            "usr/lib/python3/site-packages/ecdsa/test_keys.py",
            "srv/node_modules/selfsigned/README.md",
            "srv/node_modules/a/lib/b.test.js",
        ] {
            assert!(is_test_material(path), "{path}");
        }
        for path in [
            "srv/test/key.pem",
            "usr/local/lib/python3.12/ssl/key.pem",
            "usr/local/cargo/registry/src/x/a-1.0.0/src/key.pem",
            "etc/app/resources/server.key",
            "root/.cargo/credentials.toml",
        ] {
            assert!(!is_test_material(path), "{path}");
        }
    }
}
