//! Installed PHP packages: `composer/installed.json` in the vendor folder, of Composer 1 (a list)
//! and 2 (an object).

use plimsoll_model::{Evidence, PackageKind};
use serde::Deserialize;
use serde_json::Value;

use super::{Candidate, Document, Proven};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name == "installed.json"
        && (candidate.path.ends_with("/composer/installed.json")
            || candidate.path == "composer/installed.json")
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Installed {
    Second { packages: Vec<Entry> },
    First(Vec<Entry>),
}

#[derive(Deserialize)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    license: Option<Value>,
    source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
    reference: Option<String>,
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let installed: Installed = serde_json::from_slice(bytes)
        .map_err(|_| "it is not what Composer writes of the packages it installed".to_owned())?;
    let (Installed::First(entries) | Installed::Second { packages: entries }) = installed;
    let mut packages = Vec::with_capacity(entries.len());
    for entry in entries {
        // A metapackage brings no file of its own.
        if entry.kind.as_deref() == Some("metapackage") {
            continue;
        }
        let mut package = Proven::new(
            PackageKind::Composer,
            entry.name.as_deref(),
            entry.version.as_deref(),
            Evidence::Metadata,
        )?;
        if let Some((vendor, name)) = package.name.split_once('/') {
            (package.namespace, package.name) = (Some(vendor.to_owned()), name.to_owned());
        }
        // Only a branch needs the commit to be known.
        if package.version.starts_with("dev-")
            && let Some(Source {
                kind: Some(kind),
                url: Some(url),
                reference: Some(reference),
            }) = entry.source
            && !url.contains('@')
        {
            package
                .qualifiers
                .push(("vcs_url".to_owned(), format!("{kind}+{url}@{reference}")));
        }
        package.license = entry.license.as_ref().and_then(license);
        packages.push(package);
    }
    Ok(Document::Packages(packages))
}

/// Several licences are a choice (Composer's schema, "license").
fn license(license: &Value) -> Option<String> {
    let names: Vec<&str> = match license {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let text = names.join(" OR ");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations() {
        let entries = r#"[{"name":"own/lib","version":"v1.4.0","license":["MIT","GPL-2.0-only"]},
            {"name":"own/meta","version":"1","type":"metapackage"},
            {"name":"own/main","version":"dev-main","source":{"type":"git","url":"https://git.example/m.git","reference":"abc"}}]"#;
        for text in [
            entries.to_owned(),
            format!(r#"{{"packages":{entries},"dev":true,"dev-package-names":[]}}"#),
        ] {
            let Ok(Document::Packages(packages)) = read("", text.as_bytes()) else {
                panic!("no packages")
            };
            assert_eq!(packages.len(), 2);
            assert_eq!(packages[0].namespace.as_deref(), Some("own"));
            assert_eq!(packages[0].license.as_deref(), Some("MIT OR GPL-2.0-only"));
            assert_eq!(
                packages[1].qualifiers[0].1,
                "git+https://git.example/m.git@abc"
            );
        }
        assert!(read("", b"{}").is_err());
        assert!(read("", b"[{\"name\":\"a/b\"}]").is_err());
    }

    #[test]
    fn the_vendor_folder_may_have_any_name() {
        assert!(claims(&Candidate::named("srv/lib/composer/installed.json")));
        assert!(!claims(&Candidate::named(
            "srv/lib/mycomposer/installed.json"
        )));
    }
}
