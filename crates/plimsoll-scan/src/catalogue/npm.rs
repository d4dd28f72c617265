//! Installed Node packages: `package.json` directly below a `node_modules` folder, a scope in one,
//! or a virtual store; and the projects they were installed for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use plimsoll_model::Requirement;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::cached::in_cache;
use super::json::{Any, Keys, Licenses, Take, Texts};
use super::{Candidate, Document, base_name, folder};

/// What a package says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// What it needs, where it is installed.
    pub(crate) requires: Vec<Requirement>,
}

/// A `package.json` that is no installed package's: a project's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Project {
    /// The project itself, where it has a name and a version.
    pub(crate) manifest: Option<Manifest>,
    /// The names it asks for.
    pub(crate) asks: Vec<String>,
    /// The files it is run by, as it names them; none where it is never to be published.
    pub(crate) starts: Vec<String>,
}

/// Where distributions put Node packages instead of a `node_modules` folder.
const SYSTEM_FOLDERS: [&str; 2] = ["usr/share/nodejs/", "usr/lib/nodejs/"];

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name == "package.json"
        && !in_cache(candidate.path)
        && package_folder(folder(candidate.path)).is_some_and(|own| own == folder(candidate.path))
}

/// Whether a package manager that links what it installs keeps it here: pnpm, by sums of content;
/// Bun, unpacked. Other stores are read once more, by the names that links give what lies in them;
/// of the usual ones that is spared.
pub(super) fn claims_stored(candidate: &Candidate<'_>) -> bool {
    candidate.head.starts_with(b"{")
        && (candidate.path.contains("/files/") && candidate.path.contains("store/v")
            || candidate.name == "package.json" && candidate.path.contains(".bun/install/cache/"))
}

/// Reads what may be a `package.json` by its content alone.
pub(super) fn read_stored(path: &str, bytes: &[u8]) -> Result<Document, String> {
    Ok(read(path, bytes).unwrap_or(Document::Packages(Vec::new())))
}

/// Whether a package that is described at `path` is installed there.
pub(crate) fn is_installed_at(path: &str) -> bool {
    claims(&Candidate::new(path, 0, 0, b""))
}

/// Whether what is described at `path` may be somebody's own, and not what was published by that name:
/// no package manager put it there, and its folder is not called as what is unpacked (`package`,
/// `NAME-VERSION`), nor, deeper in an installed package, by its name.
pub(crate) fn may_be_own(path: &str, name: &str, version: &str) -> bool {
    let place = base_name(folder(path));
    is_project_at(path)
        && !in_cache(path)
        && place != "package"
        && !place.ends_with(version)
        && !(is_carried(path) && place == base_name(name))
}

/// Whether a project is described at `path`, as far as the place tells.
pub(crate) fn is_project_at(path: &str) -> bool {
    claims_project(&Candidate::new(path, 0, 0, b""))
}

/// Whether what is described at `path` lies deeper in an installed package: one that it carries, or a part
/// of it.
pub(crate) fn is_carried(path: &str) -> bool {
    after_first_modules(path).is_some() && !is_installed_at(path)
}

pub(super) fn claims_project(candidate: &Candidate<'_>) -> bool {
    candidate.name == "package.json"
        && (candidate.path.split('/').all(|part| part != MODULES) || may_be_carried(candidate.path))
        && deno_package(candidate.path).is_none()
        && SYSTEM_FOLDERS
            .iter()
            .all(|place| !candidate.path.starts_with(place))
        // Corepack runs package managers from its cache.
        && (!in_cache(candidate.path) || candidate.path.contains("/corepack/"))
}

/// Whether a `package.json` lies deeper in an installed package, which may carry others built in:
/// `next/dist/compiled/react-is`.
fn may_be_carried(path: &str) -> bool {
    let deeper = package_folder(folder(path)).and_then(|own| folder(path).strip_prefix(own));
    deeper.is_some_and(|deeper| {
        !deeper.is_empty() && deeper.split('/').all(|part| !FIXTURES.contains(&part))
    })
}

/// The installed package that `path` belongs to: its folder, the innermost one.
///
/// A `node_modules` folder counts where an installer would make it: at the top, directly in an
/// installed package, or in a virtual store (`node_modules/.pnpm/NAME@VERSION/node_modules`); and
/// deeper in a package where that ships what it bundles (`pnpm/dist/node_modules`). One among the
/// tests or examples of a package is a fixture.
pub(crate) fn package_folder(path: &str) -> Option<&str> {
    if let Some(own) = deno_package(path)
        && after_first_modules(path).is_none()
    {
        return Some(own);
    }
    let mut at = SYSTEM_FOLDERS
        .iter()
        .find(|place| path.starts_with(*place))
        .map(|place| place.len())
        .or_else(|| after_first_modules(path))?;
    let mut found = None;
    // The end of the part that begins at `from`.
    let end_of = |from: usize| {
        path.get(from..)
            .filter(|rest| !rest.is_empty())
            .map(|rest| from + rest.find('/').unwrap_or(rest.len()))
    };
    'modules: loop {
        let Some(mut end) = end_of(at) else {
            return found;
        };
        let first = &path[at..end];
        if first.is_empty() {
            return found;
        }
        if first.starts_with('.') {
            // A virtual store: one folder a package, with a node_modules of its own, or with the
            // package in a folder called so (Yarn).
            end = end_of(end + 1)?;
            if let Some(inner) = end_of(end + 1)
                && &path[end + 1..inner] == "package"
                && first == ".store"
            {
                end = inner;
                found = path.get(..end);
            }
        } else {
            if first.starts_with('@') {
                let scope = end;
                end = end_of(scope + 1).filter(|end| *end > scope + 1)?;
            }
            found = path.get(..end);
        }
        let Some(next) = end_of(end + 1) else {
            return found;
        };
        let (mut from, mut to) = (end + 1, next);
        let mut is_fixture = false;
        loop {
            let part = &path[from..to];
            if part == MODULES {
                if is_fixture {
                    return None;
                }
                at = to + 1;
                continue 'modules;
            }
            is_fixture |= FIXTURES.contains(&part);
            from = to + 1;
            match end_of(from) {
                Some(end) => to = end,
                None => return found,
            }
        }
    }
}

/// Folders of Deno, below which lie the packages that it runs, as `HOST/NAME/VERSION`.
const DENO: [&str; 3] = ["deno-dir/npm/", ".cache/deno/npm/", ".deno/npm/"];

/// The package of Deno's that a path belongs to.
fn deno_package(path: &str) -> Option<&str> {
    let start = DENO.iter().find_map(|folder| {
        let at = path.find(folder)?;
        let is_whole = at == 0 || path.as_bytes().get(at - 1) == Some(&b'/');
        is_whole.then_some(at + folder.len())
    })?;
    let mut parts = path.get(start..)?.split('/');
    let host = parts.next()?;
    let name = parts.next()?;
    let scoped = match name.starts_with('@') {
        true => parts.next()?.len() + 1,
        false => 0,
    };
    let version = parts.next()?;
    if host.is_empty() || name.is_empty() || !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    path.get(..start + host.len() + 1 + name.len() + scoped + 1 + version.len())
}

const MODULES: &str = "node_modules";

/// Folders of a package that hold what it is tried or explained with.
pub(crate) const FIXTURES: [&str; 20] = [
    "test",
    "tests",
    "__tests__",
    "testing",
    "testdata",
    "fixture",
    "fixtures",
    "__fixtures__",
    "spec",
    "specs",
    "mocks",
    "__mocks__",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "doc",
    "docs",
    "benchmark",
];

/// Where the path goes on behind its first `node_modules`.
pub(crate) fn after_first_modules(path: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + path.get(from..)?.find("node_modules/")?;
        if at == 0 || path.as_bytes().get(at - 1) == Some(&b'/') {
            return Some(at + MODULES.len() + 1);
        }
        from = at + MODULES.len();
    }
}

/// The fields of a `package.json` that are used. As in JavaScript, the last of two equal ones
/// counts.
#[derive(Default)]
struct Wire {
    name: Any<Option<String>>,
    version: Any<Option<String>>,
    license: Any<Licenses>,
    licenses: Any<Licenses>,
    asks: BTreeSet<String>,
    requires: BTreeMap<String, String>,
    starts: Starts,
    private: Truth,
    /// Whether another program than Node loads it, which has names of its own for what it loads.
    extends: bool,
}

/// Files that one package is run by and that are kept.
const MAX_STARTS: usize = 20;

/// The longest path of one.
const MAX_START: usize = 1_000;

/// A path, or an object of paths, which may stand below conditions.
#[derive(Default)]
struct Starts(Vec<String>);

impl Take for Starts {
    fn text(&mut self, text: &str) {
        if self.0.len() < MAX_STARTS && (1..MAX_START).contains(&text.len()) {
            self.0.push(text.to_owned());
        }
    }

    fn object<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some((IgnoredAny, value)) = fields.next_entry::<_, Any<Starts>>()? {
            for path in value.0.0 {
                self.text(&path);
            }
        }
        Ok(())
    }
}

/// Whether it is `true`.
#[derive(Default)]
struct Truth(bool);

impl Take for Truth {
    fn truth(&mut self, value: bool) {
        self.0 = value;
    }
}

impl<'de> Deserialize<'de> for Wire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Wire;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wire, A::Error> {
                let mut wire = Wire::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match &*key {
                        "name" => wire.name = map.next_value()?,
                        "version" => wire.version = map.next_value()?,
                        "license" => wire.license = map.next_value()?,
                        "licenses" => wire.licenses = map.next_value()?,
                        "bin" | "main" | "module" | "exports" => {
                            let Any(Starts(starts)) = map.next_value()?;
                            for start in starts {
                                wire.starts.text(&start);
                            }
                        }
                        "engines" => {
                            let engines = map.next_value::<Any<Keys>>()?.0.0;
                            wire.extends |= engines.iter().any(|name| name == "vscode");
                        }
                        "kibana" => {
                            map.next_value::<IgnoredAny>()?;
                            wire.extends = true;
                        }
                        "private" => wire.private = map.next_value::<Any<Truth>>()?.0,
                        "devDependencies" => {
                            wire.asks.append(&mut map.next_value::<Any<Keys>>()?.0.0);
                        }
                        "dependencies" | "optionalDependencies" => {
                            let Any(Texts(mut texts)) = map.next_value()?;
                            wire.asks.extend(texts.keys().cloned());
                            wire.requires.append(&mut texts);
                        }
                        "peerDependencies" => {
                            let Any(Texts(mut texts)) = map.next_value()?;
                            wire.requires.append(&mut texts);
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(wire)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

fn wire(bytes: &[u8]) -> Result<Wire, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON object: {error}"))
}

fn manifest(wire: &Wire) -> Result<Manifest, String> {
    let name = super::word("name", wire.name.0.as_deref())?;
    // No package has such a name, and no package URL can.
    if name.split('/').any(|part| part.starts_with('.')) {
        return Err("its name begins with a dot".to_owned());
    }
    Ok(Manifest {
        name,
        version: super::word("version", wire.version.0.as_deref())?,
        license: license(wire),
        requires: Vec::new(),
    })
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let mut wire = wire(bytes)?;
    let needs = std::mem::take(&mut wire.requires).into_iter();
    let requires = super::requirements(needs.map(|(name, versions)| Requirement {
        name,
        versions,
        condition: None,
    }));
    Ok(Document::Npm(Manifest {
        requires,
        ..manifest(&wire)?
    }))
}

/// Many files are called so; one that is no project's is no loss.
pub(super) fn read_project(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let wire = wire(bytes).unwrap_or_default();
    // An extension of an editor is no package of its name.
    let is_unpublished = wire.private.0 || wire.extends;
    if may_be_carried(path) {
        // The folder is called as the package that was put there is. What it asks for was built in.
        let is_named = |own: &Manifest| {
            let before = folder(path).strip_suffix(own.name.as_str());
            before.is_some_and(|before| before.ends_with('/'))
        };
        // Whoever carries it says where it is started.
        let starts = match is_unpublished {
            true => Vec::new(),
            false => vec!["package.json".to_owned()],
        };
        return Ok(match manifest(&wire).ok().filter(is_named) {
            Some(own) => Document::NpmProject(Project {
                manifest: Some(own),
                asks: Vec::new(),
                starts,
            }),
            None => Document::Packages(Vec::new()),
        });
    }
    let starts = match is_unpublished {
        true => Vec::new(),
        false => wire.starts.0.clone(),
    };
    Ok(Document::NpmProject(Project {
        manifest: manifest(&wire).ok().filter(|_| !wire.extends),
        asks: wire.asks.into_iter().collect(),
        starts,
    }))
}

/// `license` as text or `{type}`, or the old `licenses` list.
fn license(manifest: &Wire) -> Option<String> {
    let (one, old) = (&manifest.license.0, &manifest.licenses.0);
    let list = || {
        let names = [old.list.as_slice(), one.list.as_slice()].concat();
        (!names.is_empty()).then(|| names.join(", "))
    };
    one.one.clone().or_else(list)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            ("app/node_modules/a/lib/test/x/node_modules/f/y", None),
            (
                "lib/node_modules/pnpm/dist/node_modules/a/lib",
                Some("lib/node_modules/pnpm/dist/node_modules/a"),
            ),
            ("app/node_modules/a/test/x.js", Some("app/node_modules/a")),
            ("app/node_modules/.bin/tsc", None),
            ("app/node_modules/@s", None),
            ("app/src", None),
            (
                "usr/share/nodejs/@s/b/index.js",
                Some("usr/share/nodejs/@s/b"),
            ),
            (
                "usr/share/nodejs/npm/node_modules/x",
                Some("usr/share/nodejs/npm/node_modules/x"),
            ),
            (
                "app/node_modules/.store/a-npm-1/package/x",
                Some("app/node_modules/.store/a-npm-1/package"),
            ),
            ("app/my_node_modules/a", None),
            ("app/node_modules/é", Some("app/node_modules/é")),
            ("app/node_modules/@s/", None),
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
        // Deno runs what is in its cache.
        for folder in ["deno-dir", "root/.cache/deno"] {
            for name in ["lodash", "@s/a"] {
                let own = format!("{folder}/npm/registry.npmjs.org/{name}/4.17.15");
                let manifest = format!("{own}/package.json");
                assert_eq!(package_folder(&manifest), Some(own.as_str()));
                assert!(claims(&Candidate::named(&manifest)), "{manifest}");
                assert!(!claims_project(&Candidate::named(&manifest)));
                let inner = format!("{own}/dist/package.json");
                assert!(!claims(&Candidate::named(&inner)), "{inner}");
            }
        }
        assert!(!claims(&Candidate::named(
            "my-deno-dir/npm/registry.npmjs.org/a/1.0.0/package.json"
        )));
    }

    #[test]
    fn an_installed_package_says_what_it_needs() {
        let text = br#"{"name":"a","version":"1.0.0","dependencies":{"b":"^1","c":7,
            "f":"git+https://bob:PASSWORD@h.x/f.git","g":"1.0.0@TOKEN","h":"main"},
            "peerDependencies":{"d":">=2"},"devDependencies":{"e":"1"}}"#;
        let Document::Npm(own) = read("", text).unwrap() else {
            panic!("no package");
        };
        let needs = own.requires.iter();
        let needs: Vec<(&str, &str)> = needs
            .map(|one| (one.name.as_str(), one.versions.as_str()))
            .collect();
        assert_eq!(needs, [("b", "^1"), ("d", ">=2")]);
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
        assert!(read("", br#"{"name":"../a","version":"1"}"#).is_err());
        assert!(read("", b"[[[").is_err());
    }

    #[test]
    fn projects_ask_for_packages() {
        assert!(claims_project(&Candidate::named("app/package.json")));
        assert!(!claims_project(&Candidate::named(
            "app/node_modules/a/test/package.json"
        )));
        let carried = "app/node_modules/next/dist/compiled/@s/b/package.json";
        assert!(claims_project(&Candidate::named(carried)));
        let of = |text: &str| match read_project(carried, text.as_bytes()) {
            Ok(Document::NpmProject(project)) => project.manifest.map(|own| own.version),
            _ => None,
        };
        assert_eq!(
            of(r#"{"name":"@s/b","version":"1.2.0"}"#).as_deref(),
            Some("1.2.0")
        );
        assert_eq!(
            of(r#"{"name":"b","version":"1.2.0"}"#).as_deref(),
            Some("1.2.0")
        );
        assert_eq!(of(r#"{"name":"c","version":"1.2.0"}"#), None);
        let of = |text: &str| match read_project("", text.as_bytes()) {
            Ok(Document::NpmProject(project)) => project,
            other => panic!("{other:?}"),
        };
        let shop = of(
            r#"{"name":"old","name":"shop","version":"1","dependencies":{"b":"1","@s/a":"*"},"devDependencies":{"b":"1"},"optionalDependencies":[]}"#,
        );
        assert_eq!(shop.manifest.unwrap().name, "shop");
        assert_eq!(shop.asks, ["@s/a", "b"]);
        let run = of(r#"{"bin":{"a":"./a.js","b":1},"main":"lib","private":"no"}"#);
        assert_eq!(run.starts, ["./a.js", "lib"]);
        assert!(of(r#"{"bin":"a.js","private":true}"#).starts.is_empty());
        let conditions = of(
            r#"{"exports":{".":{"import":"./a.mjs","node":{"require":"./a.cjs"}},"./b":"./b.js"},"module":"m.js"}"#,
        );
        assert_eq!(conditions.starts, ["./a.mjs", "./a.cjs", "./b.js", "m.js"]);
        for other in [
            r#"{"name":"python","version":"1.0.0","publisher":"p","main":"a.js","engines":{"vscode":"^1.90.0"}}"#,
            r#"{"name":"security","version":"7.10.0","kibana":{"version":"7.10.0"}}"#,
        ] {
            assert_eq!(of(other).manifest, None, "{other}");
        }
        assert_eq!(of(r#"{"private":true}"#).manifest, None);
        assert_eq!(of("// comment").asks.len(), 0);
        let many: String = (0..60_000).map(|name| format!("\"{name}\":1,")).collect();
        assert_eq!(
            of(&format!(r#"{{"dependencies":{{{many}"a":1}}}}"#))
                .asks
                .len(),
            0
        );
    }

    proptest! {
        #[test]
        fn a_folder_is_part_of_its_path(path in "((node_modules|deno-dir/npm/h|1.0|@s|\\.pnpm|\\.store|a|package|é|usr/share/nodejs)?/){0,8}[aé]{0,2}") {
            if let Some(own) = package_folder(&path) {
                prop_assert!(path.starts_with(own));
                prop_assert_eq!(package_folder(own), Some(own));
            }
        }

        #[test]
        fn any_bytes_end(text in "\\{(\"(name|version|license|licenses|dependencies)\":([\"\\[{\\]}a1]{0,6}),?){0,6}\\}?") {
            let _ = read("", text.as_bytes());
            let _ = read_project("", text.as_bytes());
        }
    }
}
