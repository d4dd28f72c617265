//! Installed PHP packages: `composer/installed.json` in the vendor folder, of Composer 1 (a list)
//! and 2 (an object).

use std::fmt;

use plimsoll_model::{Evidence, PackageKind, Requirement};
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::json::{Any, Licenses, List, Texts};
use super::{Candidate, Document, Proven};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name == "installed.json"
        && (candidate.path.ends_with("/composer/installed.json")
            || candidate.path == "composer/installed.json")
}

/// The packages of the file, in either form.
struct Installed(List<Entry>);

impl<'de> Deserialize<'de> for Installed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Installed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of packages, or an object that has one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Installed, A::Error> {
                List::take(items).map(Installed)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Installed, A::Error> {
                let mut packages = None;
                while let Some(name) = fields.next_key::<String>()? {
                    if name == "packages" {
                        packages = Some(fields.next_value()?);
                    } else {
                        fields.next_value::<IgnoredAny>()?;
                    }
                }
                packages
                    .map(Installed)
                    .ok_or_else(|| Error::missing_field("packages"))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[derive(Deserialize)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    license: Any<Licenses>,
    source: Option<Source>,
    #[serde(default)]
    require: Any<Texts>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
    reference: Option<String>,
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let Installed(List(entries)) = serde_json::from_slice(bytes).map_err(|error| {
        format!("it is not what Composer writes of the packages it installed: {error}")
    })?;
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
        package.license = license(&entry.license.0);
        let needs = entry.require.0.0.into_iter();
        package.requires = super::requirements(needs.map(|(name, versions)| Requirement {
            name,
            versions,
            condition: None,
        }));
        packages.push(package);
    }
    Ok(Document::Packages(packages))
}

/// Several licences are a choice (Composer's schema, "license").
fn license(stated: &Licenses) -> Option<String> {
    let choice = || (!stated.list.is_empty()).then(|| stated.list.join(" OR "));
    stated.one.clone().or_else(choice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations() {
        let entries = r#"[{"name":"own/lib","version":"v1.4.0","license":["MIT","GPL-2.0-only"],
             "require":{"php":">=8.1","psr/log":"^1.1 || ^2","own/main":"dev-main"}},
            {"name":"own/meta","version":"1","type":"metapackage","require":[]},
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
            let needs = packages[0].requires.iter();
            let needs: Vec<_> = needs
                .map(|one| (one.name.as_str(), one.versions.as_str()))
                .collect();
            assert_eq!(needs, [("php", ">=8.1"), ("psr/log", "^1.1 || ^2")]);
            assert_eq!(packages[0].license.as_deref(), Some("MIT OR GPL-2.0-only"));
            assert_eq!(
                packages[1].qualifiers[0].1,
                "git+https://git.example/m.git@abc"
            );
        }
        assert!(read("", b"{}").is_err());
        assert!(read("", b"[{\"name\":\"a/b\"}]").is_err());
        let many = format!("[{}{{}}]", "{},".repeat(2_000_000));
        let why = read("", many.as_bytes()).unwrap_err();
        assert!(why.contains("more than 50000"), "{why}");
    }

    #[test]
    fn the_vendor_folder_may_have_any_name() {
        assert!(claims(&Candidate::named("srv/lib/composer/installed.json")));
        assert!(!claims(&Candidate::named(
            "srv/lib/mycomposer/installed.json"
        )));
    }
}
