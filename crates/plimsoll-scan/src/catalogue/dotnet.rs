//! .NET packages: what `NAME.deps.json` beside a program says that it brings along.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Evidence, PackageKind};
use serde::de::MapAccess;
use serde::{Deserialize, Serialize};

use super::json::{Any, Keys, Map, Take, field};
use super::{Candidate, Document, Proven};

/// What a program brings along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dependencies {
    pub(crate) packages: Vec<Proven>,
    /// Where its files lie, seen from the list's folder, in small letters.
    files: BTreeSet<Box<str>>,
}

impl Dependencies {
    /// Where its files lie, seen from the list's folder, in small letters. Another file of such a name, as
    /// of a plugin that brings its own, it does not know.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(AsRef::as_ref)
    }
}

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name.ends_with(".deps.json")
        // The cache of the package manager: downloaded, not installed.
        && !candidate.path.contains(".nuget/packages/")
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Deps {
    runtime_target: Any<RuntimeTarget>,
    targets: Map<Map<Target>>,
    libraries: Map<Library>,
}

/// The name of the target that is run.
#[derive(Default)]
struct RuntimeTarget(Option<String>);

impl Take for RuntimeTarget {
    /// As .NET Core 1 wrote it.
    fn text(&mut self, text: &str) {
        self.0 = Some(text.to_owned());
    }

    fn object<'de, A: MapAccess<'de>>(&mut self, fields: A) -> Result<(), A::Error> {
        self.0 = field(fields, "name")?;
        Ok(())
    }
}

/// What a library brings to a target.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Target {
    dependencies: Any<Keys>,
    runtime: Any<Keys>,
    native: Any<Keys>,
    runtime_targets: Any<Keys>,
    resources: Any<Keys>,
    compile: Any<Keys>,
}

impl Target {
    /// Where its files lie, seen from the list: what runs anywhere beside it, translations in a folder of
    /// their language, what is for one system where the package has it.
    fn files(&self) -> impl Iterator<Item = Box<str>> {
        let all = [
            (&self.runtime, 1),
            (&self.native, 1),
            (&self.resources, 2),
            (&self.runtime_targets, usize::MAX),
        ];
        all.into_iter().flat_map(|(files, parts)| {
            let files = files.0.0.iter();
            files.map(move |path| last_parts(path, parts).to_ascii_lowercase().into())
        })
    }
}

/// Where what a program is built against lies, seen from the list, where its publisher keeps that for
/// views that are compiled as it runs. Nothing loads it.
fn references(targets: &Map<Map<Target>>) -> impl Iterator<Item = Box<str>> {
    let libraries = targets.0.values().flat_map(|target| target.0.values());
    let files = libraries.flat_map(|library| &library.compile.0.0);
    files.map(|path| {
        let name = last_parts(path, 1).to_ascii_lowercase();
        format!("refs/{name}").into()
    })
}

/// The last parts of a path.
fn last_parts(path: &str, parts: usize) -> &str {
    let mut slashes = path.rmatch_indices('/');
    let before = slashes.nth(parts - 1);
    before.map_or(path, |(at, _)| &path[at + 1..])
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Library {
    #[serde(rename = "type")]
    kind: String,
}

/// What a runtime that a program brings itself is called before its name as a package.
const RUNTIME_PACK: &str = "runtimepack.";

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let deps: Deps = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no list of .NET dependencies: {error}"))?;
    let name = deps.runtime_target.0.0.as_ref();
    let target = name
        .and_then(|name| deps.targets.0.get(name))
        .or_else(|| deps.targets.0.values().next())
        .map(|target| &target.0);
    let project: Option<&Target> = target.and_then(|target| {
        target.iter().find_map(|(library, brings)| {
            (deps.libraries.0.get(library)?.kind == "project").then_some(brings)
        })
    });
    let mut packages = Vec::new();
    for (library, facts) in &deps.libraries.0 {
        let kind = facts.kind.to_ascii_lowercase();
        if !matches!(kind.as_str(), "package" | "runtimepack") {
            continue;
        }
        // What was needed to compile only, or only names other packages, is not there.
        if let Some(brings) = target.and_then(|target| target.get(library))
            && brings.files().next().is_none()
        {
            continue;
        }
        let Some((name, version)) = library.split_once('/') else {
            return Err(format!(
                "the library {} has no version",
                library.escape_debug()
            ));
        };
        let mut package = Proven::new(
            PackageKind::NuGet,
            Some(name.strip_prefix(RUNTIME_PACK).unwrap_or(name)),
            Some(version),
            Evidence::Metadata,
        )?;
        package.direct = project.map(|project| project.dependencies.0.0.contains(name));
        packages.push(package);
    }
    if packages.is_empty() {
        packages.extend(framework(path));
    }
    let brings = target.into_iter().flat_map(BTreeMap::values);
    Ok(Document::DotNet(Dependencies {
        packages,
        files: brings
            .flat_map(Target::files)
            .chain(references(&deps.targets))
            .collect(),
    }))
}

/// The shared framework that a list of dependencies belongs to, by its folder:
/// `shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json`.
fn framework(path: &str) -> Option<Proven> {
    let mut parts = path.rsplit('/');
    let name = parts.next()?.strip_suffix(".deps.json")?;
    let version = parts.next()?;
    let known = parts.next()? == name && parts.next()? == "shared";
    if !known {
        return None;
    }
    Proven::new(
        PackageKind::NuGet,
        Some(name),
        Some(version),
        Evidence::Metadata,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(path: &str, text: &str) -> Vec<(String, String, Option<bool>)> {
        match read(path, text.as_bytes()) {
            Ok(Document::DotNet(brought)) => brought
                .packages
                .into_iter()
                .map(|package| (package.name, package.version, package.direct))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn packages_that_bring_something() {
        let text = r#"{"runtimeTarget":{"name":".NETCoreApp,Version=v8.0/linux-x64","signature":""},
            "targets":{".NETCoreApp,Version=v8.0":{},".NETCoreApp,Version=v8.0/linux-x64":{
                "shop/1.0.0":{"dependencies":{"Newtonsoft.Json":"13.0.1","Analyzer":"1.0.0"},"runtime":{"shop.dll":{}}},
                "Analyzer/1.0.0":{"dependencies":{"Serilog":"3.1.1"}},
                "Newtonsoft.Json/13.0.1":{"runtime":{"lib/net6.0/Newtonsoft.Json.dll":{"assemblyVersion":"13.0.0.0"}}},
                "Serilog/3.1.1":{"runtime":{"lib/Serilog.dll":{}}},
                "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"runtime":{"System.dll":{}}}}},
            "libraries":{"shop/1.0.0":{"type":"project","serviceable":false},
                "Analyzer/1.0.0":{"type":"package"},"Newtonsoft.Json/13.0.1":{"type":"package","sha512":"x"},
                "Serilog/3.1.1":{"type":"package"},
                "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"type":"runtimepack"}}}"#;
        assert_eq!(
            packages("app/shop.deps.json", text),
            [
                ("Newtonsoft.Json".into(), "13.0.1".into(), Some(true)),
                ("Serilog".into(), "3.1.1".into(), Some(false)),
                (
                    "Microsoft.NETCore.App.Runtime.linux-x64".into(),
                    "8.0.1".into(),
                    Some(false)
                ),
            ]
        );
    }

    #[test]
    fn frameworks_and_what_is_odd() {
        let path =
            "usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json";
        assert_eq!(
            packages(path, r#"{"runtimeTarget":"x","libraries":{}}"#),
            [("Microsoft.NETCore.App".into(), "8.0.1".into(), None)]
        );
        assert!(packages("app/a.deps.json", "{}").is_empty());
        assert!(read("", br#"{"libraries":{"nameless":{"type":"package"}}}"#).is_err());
        assert!(read("", b"[").is_err());
        let many: String = (0..60_000)
            .map(|name| format!("\"{name}\":{{}},"))
            .collect();
        let many = format!(r#"{{"targets":{{"a":{{{many}"b":{{}}}}}}}}"#);
        let why = read("", many.as_bytes()).unwrap_err();
        assert!(why.contains("more than 50000"), "{why}");
        assert!(!claims(&Candidate::named(
            "root/.nuget/packages/a/1/a.deps.json"
        )));
    }
}
