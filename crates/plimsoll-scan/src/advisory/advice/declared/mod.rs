//! What the files of a project ask for, and on which line.
//!
//! Not how each of those files is read by its own tool: a line that names a package is found where
//! people and tools write one, and where none is found the advice names the instruction of the
//! Dockerfile instead. Nothing is run, nothing is resolved.

mod dotnet;
mod go;
mod java;
mod javascript;
mod php;
mod python;
mod ruby;
mod rust;
mod toml;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use plimsoll_model::{PackageKind, SourceFile, SourceOrigin, Span};

use super::super::matching::{ecosystem_of, version_order};

/// A longer line was written by nobody who wants it read by line.
const LONGEST_LINE: usize = 4096;
/// Packages that are read of one file.
const MOST: usize = 100_000;

/// A package that a file of the project asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPackage {
    /// Its ecosystem.
    pub kind: PackageKind,
    /// Its name as the file has it.
    pub name: String,
    /// The version, where the file asks for exactly one.
    pub version: Option<String>,
    /// Whether a tool wrote the file, so that another file is the one to edit where it names the
    /// package too.
    pub is_lock: bool,
    /// The line.
    pub place: SourceOrigin,
}

/// What a reader of one format finds: a name and, where it is exact, a version, with the line they
/// are on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked<'t> {
    name: Cow<'t, str>,
    version: Option<&'t str>,
    line: Line<'t>,
}

/// One line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line<'t> {
    text: &'t str,
    /// Where it begins, in bytes.
    start: usize,
}

type Reader = for<'t> fn(&[Line<'t>]) -> Vec<Asked<'t>>;

/// The format of a file by its name.
fn format(name: &str) -> Option<(PackageKind, bool, Reader)> {
    let is_requirements =
        |stem: &str| stem.contains("requirements") || stem.contains("constraints");
    Some(match name {
        "Pipfile" => (PackageKind::Python, false, toml::keys),
        "pyproject.toml" => (PackageKind::Python, false, python::project),
        "poetry.lock" | "uv.lock" | "pdm.lock" => (PackageKind::Python, true, toml::packages),
        "Cargo.toml" => (PackageKind::Cargo, false, rust::manifest),
        "Cargo.lock" => (PackageKind::Cargo, true, toml::packages),
        "go.mod" => (PackageKind::Go, false, go::module),
        "package.json" => (PackageKind::Npm, false, javascript::manifest),
        "package-lock.json" | "npm-shrinkwrap.json" => (PackageKind::Npm, true, javascript::lock),
        "yarn.lock" => (PackageKind::Npm, true, javascript::yarn),
        "pnpm-lock.yaml" => (PackageKind::Npm, true, javascript::pnpm),
        "Gemfile" | "gems.rb" => (PackageKind::Gem, false, ruby::gemfile),
        "Gemfile.lock" | "gems.locked" => (PackageKind::Gem, true, ruby::lock),
        "composer.json" => (PackageKind::Composer, false, php::manifest),
        "composer.lock" => (PackageKind::Composer, true, php::lock),
        "pom.xml" => (PackageKind::Maven, false, java::pom),
        "build.gradle" | "build.gradle.kts" => (PackageKind::Maven, false, java::gradle),
        "gradle.lockfile" => (PackageKind::Maven, true, java::gradle_lock),
        "Directory.Packages.props" => (PackageKind::NuGet, false, dotnet::project),
        _ => match name.rsplit_once('.')? {
            (stem, "txt" | "in") if is_requirements(stem) => {
                (PackageKind::Python, false, python::requirements)
            }
            (_, "csproj" | "fsproj" | "vbproj") => (PackageKind::NuGet, false, dotnet::project),
            _ => return None,
        },
    })
}

/// Whether [`declarations`] reads files of this name.
pub fn is_manifest(name: &str) -> bool {
    format(name).is_some()
}

/// The packages that `file` asks for; none where its name says nothing of what it is, and none of a
/// file that is no UTF-8.
pub fn declarations(file: &SourceFile) -> Vec<DeclaredPackage> {
    let name = file.path().rsplit('/').next().unwrap_or_default();
    let Some((kind, is_lock, reader)) = format(name) else {
        return Vec::new();
    };
    let Ok(text) = str::from_utf8(file.bytes()) else {
        return Vec::new();
    };
    let mut start = 0;
    let lines: Vec<Line<'_>> = text
        .split('\n')
        .map(|text| {
            let line = Line { text, start };
            start += text.len() + 1;
            line
        })
        .filter(|line| line.text.len() <= LONGEST_LINE)
        .map(|line| Line {
            text: line.text.strip_suffix('\r').unwrap_or(line.text),
            ..line
        })
        .collect();
    let mut asked = reader(&lines);
    asked.truncate(MOST);
    asked
        .into_iter()
        .filter(|asked| !asked.name.is_empty())
        .map(|asked| {
            let indent = asked.line.text.len() - asked.line.text.trim_start().len();
            let end = asked.line.start + asked.line.text.trim_end().len();
            let span = Span::new((asked.line.start + indent).min(end), end);
            DeclaredPackage {
                kind,
                name: asked.name.into_owned(),
                version: asked.version.map(str::to_owned),
                is_lock,
                place: SourceOrigin::new(file, span),
            }
        })
        .collect()
}

/// Declared packages by name.
pub(super) struct Declarations<'a> {
    declared: &'a [DeclaredPackage],
    by_name: HashMap<(PackageKind, String), Vec<usize>>,
}

impl<'a> Declarations<'a> {
    pub(super) fn new(declared: &'a [DeclaredPackage]) -> Self {
        let mut by_name: HashMap<(PackageKind, String), Vec<usize>> = HashMap::new();
        for (at, one) in declared.iter().enumerate() {
            let key = (one.kind, normal(one.kind, &one.name));
            by_name.entry(key).or_default().push(at);
        }
        Self { declared, by_name }
    }

    /// The place that asks for a package: the first file that people write, else the first that
    /// tools write, and that does not ask for another version than the one installed. A position
    /// among the declared.
    pub(super) fn find(&self, kind: PackageKind, name: &str, installed: &str) -> Option<usize> {
        let candidates = self.by_name.get(&(kind, normal(kind, name)))?;
        let order = version_order(kind);
        let is_installed = |at: &&usize| {
            let asked = self
                .declared
                .get(**at)
                .and_then(|one| one.version.as_deref());
            asked.is_none_or(|asked| {
                let asked = bare(kind, asked);
                let installed = bare(kind, installed);
                asked == installed
                    || order
                        .and_then(|order| order.compare(asked, installed).ok())
                        .is_some_and(Ordering::is_eq)
            })
        };
        let is_lock = |at: &&usize| self.declared.get(**at).is_some_and(|one| one.is_lock);
        candidates
            .iter()
            .filter(is_installed)
            .min_by_key(is_lock)
            .copied()
    }
}

fn normal(kind: PackageKind, name: &str) -> String {
    match ecosystem_of(kind) {
        Some(ecosystem) => ecosystem.normalize(name).into_owned(),
        None => name.to_owned(),
    }
}

fn bare(kind: PackageKind, version: &str) -> &str {
    match kind {
        PackageKind::Go | PackageKind::Composer => version.strip_prefix('v').unwrap_or(version),
        _ => version,
    }
}

/// What stands between the first two quotes of a text, and what follows them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let at = text.find(['"', '\''])?;
    let quote = if text.as_bytes().get(at) == Some(&b'"') {
        '"'
    } else {
        '\''
    };
    text.get(at + 1..)?.split_once(quote)
}

/// A version that is exact, not a range: digits first, and no sign of a range in it.
fn exact(version: &str) -> Option<&str> {
    let version = version.trim().trim_start_matches('=').trim();
    let begins = version.strip_prefix('v').unwrap_or(version);
    let is_exact = begins.starts_with(|c: char| c.is_ascii_digit())
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!'))
        && !version.split('.').any(|part| part == "x" || part == "X");
    is_exact.then_some(version)
}

#[cfg(test)]
mod tests;
