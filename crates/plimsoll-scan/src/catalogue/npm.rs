//! Installed Node packages: `package.json` directly below a `node_modules` folder or a scope in
//! one.

use serde_json::Value;

use serde::{Deserialize, Serialize};

use super::{Candidate, Document};

/// What a package says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
}

/// Whether `path` lies in a package manager's cache: downloaded, not installed.
pub(super) fn in_cache(path: &str) -> bool {
    path.starts_with(".cache/") || path.contains("/.cache/")
}

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    let path = candidate.path;
    path.strip_suffix("/package.json")
        .is_some_and(|folder| package_folder(folder).is_some_and(|own| own == folder))
        && !in_cache(path)
}

/// The installed package that `path` belongs to: its folder, the innermost one.
///
/// A `node_modules` folder counts where an installer would make it: at the top, directly in an
/// installed package, or in a virtual store (`node_modules/.pnpm/NAME@VERSION/node_modules`). One
/// that lies deeper in a package is that package's test fixture.
pub(crate) fn package_folder(path: &str) -> Option<&str> {
    let mut found = None;
    let mut at = 0;
    let mut parts = path.split('/').peekable();
    let mut take = |parts: &mut std::iter::Peekable<std::str::Split<'_, char>>| {
        let part = parts.next()?;
        at += part.len() + 1;
        Some((part.to_owned(), at - 1))
    };
    // Up to the first `node_modules` anything goes.
    while let Some((part, _)) = take(&mut parts) {
        if part == "node_modules" {
            break;
        }
    }
    loop {
        let Some((first, mut end)) = take(&mut parts) else {
            return found;
        };
        if first.starts_with('.') {
            // A virtual store: one folder a package, with a node_modules of its own.
            take(&mut parts)?;
        } else {
            if first.starts_with('@') {
                end = take(&mut parts)?.1;
            }
            found = path.get(..end);
        }
        match take(&mut parts) {
            Some((part, _)) if part == "node_modules" => {}
            Some(_) => {
                // Something inside the package: not beyond a fixture's node_modules.
                return if parts.any(|part| part == "node_modules") {
                    None
                } else {
                    found
                };
            }
            None => return found,
        }
    }
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Ok(Document::Npm(Manifest {
        name: super::word("name", text("name"))?,
        version: super::word("version", text("version"))?,
        license: license(&value),
    }))
}

/// `license` as text or `{type}`, or the old `licenses` list.
fn license(manifest: &Value) -> Option<String> {
    fn name(value: &Value) -> Option<&str> {
        value
            .as_str()
            .or_else(|| value.get("type").and_then(Value::as_str))
            .filter(|name| !name.is_empty())
    }
    if let Some(license) = manifest.get("license").and_then(name) {
        return Some(license.to_owned());
    }
    let names: Vec<&str> = manifest
        .get("licenses")?
        .as_array()?
        .iter()
        .filter_map(name)
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_packages_are_told_from_fixtures() {
        for (path, own) in [
            ("app/node_modules/a", Some("app/node_modules/a")),
            ("node_modules/@s/b", Some("node_modules/@s/b")),
            (
                "app/node_modules/a/node_modules/b/lib/x.js",
                Some("app/node_modules/a/node_modules/b"),
            ),
            (
                "app/node_modules/.pnpm/a@1.0.0/node_modules/a",
                Some("app/node_modules/.pnpm/a@1.0.0/node_modules/a"),
            ),
            ("app/node_modules/resolve/test/node_modules/f", None),
            ("app/node_modules/.bin/tsc", None),
            ("app/node_modules/@s", None),
            ("app/src", None),
            ("app/node_modules", None),
        ] {
            assert_eq!(package_folder(path), own, "{path}");
        }
        assert!(claims(&Candidate::named("app/node_modules/a/package.json")));
        assert!(!claims(&Candidate::named(
            "app/node_modules/a/dist/package.json"
        )));
        assert!(!claims(&Candidate::named(
            "app/node_modules/@s/package.json"
        )));
        assert!(!claims(&Candidate::named("app/package.json")));
    }

    #[test]
    fn licences_in_every_age() {
        let of = |text: &str| match read("", text.as_bytes()) {
            Ok(Document::Npm(manifest)) => manifest.license,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            of(r#"{"name":"a","version":"1","license":"MIT"}"#),
            Some("MIT".into())
        );
        assert_eq!(
            of(r#"{"name":"a","version":"1","license":{"type":"ISC"}}"#),
            Some("ISC".into())
        );
        assert_eq!(
            of(r#"{"name":"a","version":"1","licenses":[{"type":"MIT"},"BSD"]}"#),
            Some("MIT, BSD".into())
        );
        assert!(read("", b"{\"type\":\"module\"}").is_err());
        assert!(read("", b"[[[").is_err());
    }
}
