//! What the files of a project ask for, and on which line.
//!
//! Not how each of those files is read by its own tool: a line that names a package is found where
//! people and tools write one, and where none is found the advice names the instruction of the
//! Dockerfile instead. Nothing is run, nothing is resolved.

mod distinct;
mod dotnet;
mod go;
mod java;
mod javascript;
mod php;
mod python;
mod range;
mod ruby;
mod rust;
mod toml;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use plimsoll_model::{PackageKind, SourceFile, SourceOrigin, Span};

pub use self::distinct::distinct;
use self::range::Range;
use super::super::matching::ecosystem_of;

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
    /// Whether a tool wrote the file, so that another file is the one to edit where it names the
    /// package too.
    pub is_lock: bool,
    /// The line.
    pub place: SourceOrigin,
    /// The versions that it takes; none where that cannot be told.
    range: Option<Range>,
}

impl DeclaredPackage {
    /// Whether the line takes a version as it is, so that nothing but asking the package manager anew
    /// is needed to get it.
    pub(super) fn resolves_to(&self, version: &str) -> bool {
        let mut range = self.range.iter();
        !self.is_lock && range.any(|range| range.resolves_to(self.kind, version))
    }
}

/// What a reader of one format finds: a name and the versions that are asked for, with the line they
/// are on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked<'t> {
    name: Cow<'t, str>,
    wanted: Wanted<'t>,
    line: Line<'t>,
}

/// The versions that a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted<'t> {
    /// Whatever there is.
    Any,
    /// Those that fit these words of the package manager.
    These(Cow<'t, str>),
    /// It is not on the line, or no version: an address, a branch, what another file says.
    Elsewhere,
}

impl<'t> Wanted<'t> {
    fn these(words: &'t str) -> Self {
        Self::These(Cow::Borrowed(words))
    }

    /// What is written, or elsewhere.
    fn written(words: Option<&'t str>) -> Self {
        words.map_or(Self::Elsewhere, Self::these)
    }

    /// Takes the words that follow, unless there were some before.
    fn get_or_insert(&mut self, words: &'t str) {
        if *self == Self::Elsewhere {
            *self = Self::these(words);
        }
    }

    fn range(&self, kind: PackageKind, is_lock: bool) -> Option<Range> {
        match self {
            Self::Any => Range::any(kind),
            Self::These(words) if is_lock => Range::of_lock(kind, words),
            Self::These(words) => Range::of_manifest(kind, words),
            Self::Elsewhere => None,
        }
    }
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
    let mut asked = reader(&lines_of(text));
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
                range: asked.wanted.range(kind, is_lock),
                is_lock,
                place: SourceOrigin::new(file, span),
            }
        })
        .collect()
}

fn lines_of(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    text.split('\n')
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
        .collect()
}

/// Declared packages by name.
pub(super) struct Declarations<'a> {
    declared: &'a [DeclaredPackage],
    by_name: HashMap<(PackageKind, String), Vec<usize>>,
    /// What was asked before: a package may have thousands of vulnerabilities.
    claims: RefCell<HashMap<(PackageKind, String, String, bool), Claim>>,
}

impl<'a> Declarations<'a> {
    pub(super) fn new(declared: &'a [DeclaredPackage]) -> Self {
        let mut by_name: HashMap<(PackageKind, String), Vec<usize>> = HashMap::new();
        for (at, one) in declared.iter().enumerate() {
            let key = (one.kind, normal(one.kind, &one.name));
            by_name.entry(key).or_default().push(at);
        }
        Self {
            declared,
            by_name,
            claims: RefCell::default(),
        }
    }

    /// What the project has to do with a version of a package. Of several places that ask for it the
    /// first counts that people write, else the first that tools write. `is_nested` says that it lies
    /// within another package, which brought it.
    pub(super) fn find(
        &self,
        kind: PackageKind,
        name: &str,
        installed: &str,
        is_nested: bool,
    ) -> Claim {
        let key = (kind, name.to_owned(), installed.to_owned(), is_nested);
        let mut claims = self.claims.borrow_mut();
        *claims
            .entry(key)
            .or_insert_with(|| self.search(kind, name, installed, is_nested))
    }

    fn search(&self, kind: PackageKind, name: &str, installed: &str, is_nested: bool) -> Claim {
        let Some(candidates) = self.by_name.get(&(kind, normal(kind, name))) else {
            return Claim {
                at: None,
                is_brought: is_nested,
            };
        };
        let of = |is_lock: bool| {
            candidates
                .iter()
                .filter_map(|at| Some((*at, self.declared.get(*at)?)))
                .filter(move |(_, one)| one.is_lock == is_lock)
        };
        let takes = |one: &DeclaredPackage| {
            let range = one.range.as_ref();
            range.map(|range| range.admits(kind, installed))
        };
        let mut is_refused = is_nested;
        let mut is_unread = false;
        for (at, one) in of(false).filter(|_| !is_nested) {
            match takes(one) {
                Some(true) => {
                    return Claim {
                        at: Some(at),
                        is_brought: false,
                    };
                }
                Some(false) => is_refused = true,
                None => is_unread = true,
            }
        }
        Claim {
            at: of(true)
                .find(|(_, one)| takes(one) == Some(true))
                .map(|(at, _)| at),
            is_brought: is_refused && !is_unread,
        }
    }
}

/// What a project has to do with a version of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The line that asks for it: a position among the declared.
    pub(super) at: Option<usize>,
    /// Whether another package brought it: the project asks for other versions, or it lies within one.
    pub(super) is_brought: bool,
}

fn normal(kind: PackageKind, name: &str) -> String {
    match ecosystem_of(kind) {
        Some(ecosystem) => ecosystem.normalize(name).into_owned(),
        None => name.to_owned(),
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

#[cfg(test)]
mod tests;
