//! Packages that Yarn leaves zipped (Plug'n'Play): the table in `.pnp.cjs` names them, and the
//! archive of each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::{IgnoredAny, SeqAccess};
use serde::{Deserialize, Serialize};

use super::json::{Any, List, Take};
use super::{Candidate, Document};

/// Lists in a table, of which every package, reference and dependency is one: several times those
/// of the largest projects.
const MAX_LISTS: usize = 1_000_000;

/// A package of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Zipped {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The path of its archive, relative to the folder of the table.
    pub(crate) archive: String,
    /// Whether a project asks for it.
    pub(crate) direct: bool,
}

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    matches!(candidate.name, ".pnp.cjs" | ".pnp.js" | ".pnp.data.json")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    package_registry_data: List<(Option<String>, References)>,
}

/// What lies behind each reference to a package.
type References = List<(Option<String>, Info)>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    package_location: String,
    #[serde(default)]
    package_dependencies: List<(String, Any<Reference>)>,
}

/// What a package asks for under a name.
#[derive(Default)]
enum Reference {
    /// A package of that name.
    Named(String),
    /// An alias: the real name, and its reference.
    Alias(String, String),
    /// A peer that nobody provides.
    #[default]
    Nothing,
}

impl Take for Reference {
    fn text(&mut self, text: &str) {
        *self = Self::Named(text.to_owned());
    }

    fn list<'de, A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<(), A::Error> {
        let mut text = || items.next_element::<Any<Option<String>>>();
        if let (Some(Any(Some(name))), Some(Any(Some(reference)))) = (text()?, text()?) {
            *self = Self::Alias(name, reference);
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            *self = Self::Nothing;
        }
        Ok(())
    }
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let Some(table) = table(path, &text) else {
        return match text.contains(".pnp.data.json") {
            // The program reads it there.
            true => Ok(Document::YarnZipped(Vec::new())),
            false => Err("it has no table of packages where Yarn writes it".to_owned()),
        };
    };
    if memchr::memchr_iter(b'[', table.as_bytes()).count() > MAX_LISTS {
        return Err(format!(
            "its table of packages holds more than {MAX_LISTS} lists"
        ));
    }
    let mut table = serde_json::Deserializer::from_str(&table).into_iter::<Table>();
    let table = match table.next() {
        Some(Ok(table)) => table,
        Some(Err(error)) => return Err(format!("its table of packages is not readable: {error}")),
        None => return Err("its table of packages is empty".to_owned()),
    };
    let mut asked: BTreeSet<(&str, &str)> = BTreeSet::new();
    let infos = || {
        table
            .package_registry_data
            .0
            .iter()
            .flat_map(|(name, infos)| infos.0.iter().map(move |info| (name, &info.0, &info.1)))
    };
    // A package with peers is linked softly too; the project itself has no reference.
    let projects = infos().filter(|(_, reference, _)| match reference {
        None => true,
        Some(reference) => reference.starts_with("workspace:"),
    });
    for (_, _, info) in projects {
        for (name, reference) in &info.package_dependencies.0 {
            match &reference.0 {
                Reference::Named(reference) => asked.insert((name, reference)),
                Reference::Alias(name, reference) => asked.insert((name, reference)),
                Reference::Nothing => false,
            };
        }
    }
    let mut found: BTreeMap<(&str, &str), Zipped> = BTreeMap::new();
    for (name, reference, info) in infos() {
        let (Some(name), Some(reference)) = (name, reference) else {
            continue;
        };
        let (Some(version), Some(archive)) = (version(reference), archive(&info.package_location))
        else {
            continue;
        };
        // A package with peers is there once, and listed for each set of them.
        let direct = asked.contains(&(name.as_str(), reference.as_str()));
        if let Some(known) = found.get_mut(&(name.as_str(), version)) {
            known.direct |= direct;
            continue;
        }
        found.insert(
            (name, version),
            Zipped {
                name: super::word("name", Some(name))?,
                version: super::word("version", Some(version))?,
                archive,
                direct,
            },
        );
    }
    Ok(Document::YarnZipped(found.into_values().collect()))
}

/// The table as JSON, with or without something behind it.
fn table<'t>(path: &str, text: &'t str) -> Option<Cow<'t, str>> {
    if path.ends_with(".json") {
        return Some(Cow::Borrowed(text));
    }
    if let Some((_, rest)) = text.split_once("RAW_RUNTIME_STATE =\n'") {
        let mut table = String::with_capacity(rest.len() / 2);
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '\'' => return Some(table.into()),
                '\\' => table.extend(chars.next().filter(|c| *c != '\n')),
                c => table.push(c),
            }
        }
        return None;
    }
    // Yarn 2 and 3 without the text literal.
    let (_, rest) = text.split_once("return hydrateRuntimeState({")?;
    Some(format!("{{{rest}").into())
}

/// The version a reference such as `virtual:abc#npm:2.6.8` or
/// `patch:typescript@npm%3A5.4.2#…::version=5.4.2&hash=…` names.
fn version(reference: &str) -> Option<&str> {
    let (_, rest) = reference
        .rsplit_once("npm:")
        .or_else(|| reference.split_once("@npm%3A"))?;
    let version = rest.split(['#', ':', '&']).next()?;
    // Behind an alias the name stands too: `npm:string-width@4.2.0`.
    let version = version.rsplit_once('@').map_or(version, |(_, last)| last);
    version
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(version)
}

/// The archive a location lies in: `./.yarn/cache/X.zip/node_modules/x/`, or through the folder
/// that stands for a package with its peers, `./.yarn/__virtual__/X/0/cache/X.zip/…`.
fn archive(location: &str) -> Option<String> {
    let location = location.strip_prefix("./").unwrap_or(location);
    let end = location.find(".zip/")? + ".zip".len();
    let mut parts: Vec<&str> = location.get(..end)?.split('/').collect();
    if let Some(at) = parts
        .iter()
        .position(|part| matches!(*part, "__virtual__" | "$$virtual"))
    {
        let up: usize = parts.get(at + 2)?.parse().ok()?;
        parts.drain(at.checked_sub(up)?..at + 3);
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zipped(path: &str, text: &str) -> Vec<String> {
        match read(path, text.as_bytes()) {
            Ok(Document::YarnZipped(found)) => found
                .into_iter()
                .map(|own| {
                    format!(
                        "{}@{} {} {}",
                        own.name, own.version, own.archive, own.direct
                    )
                })
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    const TABLE: &str = r#"{"packageRegistryData":[
        [null,[[null,{"packageLocation":"./","packageDependencies":[["@s/a","npm:1.0.0"],["d",["real","virtual:x#npm:2.0.0"]]],"linkType":"SOFT"}]]],
        ["@s/a",[["npm:1.0.0",{"packageLocation":"./.yarn/cache/@s-a-npm-1.0.0-1-2.zip/node_modules/@s/a/","linkType":"HARD"}]]],
        ["real",[["virtual:x#npm:2.0.0",{"packageLocation":"./.yarn/__virtual__/real-virtual-1/0/cache/real-npm-2.0.0-3.zip/node_modules/real/","linkType":"HARD"}],
                 ["npm:2.0.0",{"packageLocation":"./.yarn/cache/real-npm-2.0.0-3.zip/node_modules/real/","packageDependencies":[["ts","patch:ts@npm%3A5.4.2#optional!x::version=5.4.2&hash=5"]],"linkType":"SOFT"}]]],
        ["own",[["workspace:.",{"packageLocation":"./","linkType":"SOFT"}]]],
        ["ts",[["patch:ts@npm%3A5.4.2#optional!x::version=5.4.2&hash=5",{"packageLocation":"../../root/.yarn/berry/cache/ts-patch-5.zip/node_modules/ts/"}]]]]}"#;

    #[test]
    fn tables_of_every_age() {
        let wanted = [
            "@s/a@1.0.0 .yarn/cache/@s-a-npm-1.0.0-1-2.zip true",
            "real@2.0.0 .yarn/cache/real-npm-2.0.0-3.zip true",
            "ts@5.4.2 ../../root/.yarn/berry/cache/ts-patch-5.zip false",
        ];
        assert_eq!(zipped(".pnp.data.json", TABLE), wanted);
        let literal = TABLE.replace('\n', "\\\n");
        assert_eq!(
            zipped(
                ".pnp.cjs",
                &format!("x\nconst RAW_RUNTIME_STATE =\n'{literal}';\nrest")
            ),
            wanted
        );
        assert_eq!(
            zipped(
                ".pnp.cjs",
                &format!("function f() {{ return hydrateRuntimeState({TABLE}, {{}}); }}")
            ),
            wanted
        );
        assert!(zipped(".pnp.cjs", "readFileSync('.pnp.data.json')").is_empty());
        assert!(read(".pnp.cjs", b"nothing").is_err());
        assert!(read(".pnp.data.json", b"{}").is_err());
        for many in [
            format!("[{}[null,[]]]", "[null,[]],".repeat(60_000)),
            format!("[[null,[{}]]]", "[],".repeat(MAX_LISTS)),
        ] {
            let table = format!(r#"{{"packageRegistryData":{many}}}"#);
            let why = read(".pnp.data.json", table.as_bytes()).unwrap_err();
            assert!(why.contains("more than"), "{why}");
        }
    }

    proptest! {
        #[test]
        fn any_location_ends(location in "(\\./|__virtual__/|[0-9]{1,3}/|cache/|a\\.zip/|é){0,8}") {
            let _ = archive(&location);
            let _ = version(&location);
        }
    }
}
