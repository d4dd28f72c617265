//! What the files of a project ask for, and on which line.
//!
//! Not how each of those files is read by its own tool: a line that names a package is found where
//! people and tools write one, and where none is found the advice names the instruction of the
//! Dockerfile instead. Nothing is run, nothing is resolved.

mod comment;
mod distinct;
mod dotnet;
mod find;
mod go;
mod java;
mod javascript;
mod json;
mod named;
mod needs;
mod php;
mod python;
mod range;
mod ruby;
mod rust;
mod toml;

use std::borrow::Cow;

use plimsoll_model::{PackageKind, SourceFile, SourceOrigin, Span};

pub use self::distinct::distinct;
#[cfg(test)]
use self::find::Claim;
pub(super) use self::find::{Declarations, Lying};
use self::named::Pin;
pub(super) use self::needs::Needs;
pub use self::python::includes;
use self::range::Range;
use super::super::matching::ecosystem_of;

/// A longer line was written by nobody who wants it read by line.
const LONGEST_LINE: usize = 4096;
/// Packages that are read of one file.
const MOST: usize = 100_000;

/// What the Dockerfile has to do with a file of the project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The instruction on this line installs what the file asks for, or names the package itself.
    Installed(usize),
    /// An instruction copies it by its name.
    Copied,
    /// Nothing that is known.
    #[default]
    Elsewhere,
}

/// What a line counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// For what the project itself asks for.
    Project,
    /// In place of other lines, for what one other package brings.
    OneOther,
    /// In place of what other lines ask for, wherever they stand.
    All,
}

impl Reach {
    /// Whether it counts in place of other lines.
    fn overrules(self) -> bool {
        self != Self::Project
    }
}

/// A package that a file of the project asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPackage {
    /// Its ecosystem.
    pub kind: PackageKind,
    /// Its name as the file has it.
    pub name: String,
    /// What the project calls it, where that may be another name.
    pub(super) alias: Option<String>,
    /// What it counts for.
    reach: Reach,
    /// Whether a tool wrote the file, so that another file is the one to edit where it names the
    /// package too.
    pub is_lock: bool,
    /// The line with the version; for a word of a command line that takes it from a variable, that of the
    /// variable.
    pub place: SourceOrigin,
    /// Further lines that say the same beside it: none of them can change alone.
    pub(super) also: Vec<SourceOrigin>,
    /// What the Dockerfile has to do with the file.
    pub standing: Standing,
    /// Whether the file is for tests, documents or those who develop, by its name.
    pub is_aside: bool,
    /// The word of a command line in the Dockerfile that it is.
    pub(super) word: Option<SourceOrigin>,
    /// The versions that it takes; none where that cannot be told.
    range: Option<Range>,
    /// The version of a distribution's package that a command line asks for.
    pin: Option<Pin>,
}

impl DeclaredPackage {
    /// Whether both lines count at once for what one of them brought: those of one file, and those of files
    /// that the Dockerfile has as much to do with. Which of the files that it does not know is
    /// installed, nobody can tell.
    fn stands_beside(&self, other: &Self) -> bool {
        if self.place.file == other.place.file && self.word.is_none() {
            // A tool writes down what is needed, however often.
            return !self.is_lock;
        }
        match (self.standing, other.standing) {
            // A word counts for what is there when it is run.
            (Standing::Installed(line), Standing::Installed(later)) => {
                other.word.is_none() || line <= later
            }
            (Standing::Copied, Standing::Copied) => self.is_aside == other.is_aside,
            _ => false,
        }
    }

    /// Whether the line takes a version as it is, so that nothing but asking the package manager anew
    /// is needed to get it.
    pub(super) fn resolves_to(&self, version: &str) -> bool {
        if let Some(pin) = &self.pin {
            return pin.resolves_to(self.kind, version);
        }
        let mut range = self.range.iter();
        !self.is_lock && range.any(|range| range.resolves_to(self.kind, version))
    }
}

/// What a reader of one format finds: the package that a line means, what it is called there, and the
/// versions that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked<'t> {
    name: Cow<'t, str>,
    /// What the project calls it, where that may be another name.
    alias: Option<&'t str>,
    /// What it counts for.
    reach: Reach,
    wanted: Wanted<'t>,
    line: Line<'t>,
}

impl<'t> Asked<'t> {
    fn new(name: impl Into<Cow<'t, str>>, wanted: Wanted<'t>, line: Line<'t>) -> Self {
        Self {
            name: name.into(),
            alias: None,
            reach: Reach::Project,
            wanted,
            line,
        }
    }
}

/// The versions that a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted<'t> {
    /// Whatever there is.
    Any,
    /// Those that fit these words of the package manager.
    These(Cow<'t, str>),
    /// This one, as it is written.
    Exactly(&'t str),
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
            Self::These(words) if is_lock => Range::exactly(kind, words),
            Self::These(words) => Range::of_manifest(kind, words),
            Self::Exactly(version) => Range::exactly(kind, version),
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
        "Pipfile.lock" => (PackageKind::Python, true, python::pipfile_lock),
        "poetry.lock" | "uv.lock" | "pdm.lock" => (PackageKind::Python, true, toml::packages),
        "Cargo.toml" => (PackageKind::Cargo, false, rust::manifest),
        "Cargo.lock" => (PackageKind::Cargo, true, toml::packages),
        "go.mod" | "go.work" => (PackageKind::Go, false, go::module),
        "package.json" => (PackageKind::Npm, false, javascript::manifest),
        "package-lock.json" | "npm-shrinkwrap.json" => (PackageKind::Npm, true, javascript::lock),
        "yarn.lock" => (PackageKind::Npm, true, javascript::yarn),
        "bun.lock" => (PackageKind::Npm, true, javascript::bun),
        "pnpm-workspace.yaml" => (PackageKind::Npm, false, javascript::workspace),
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

/// The format of a file by its path: what lies in a folder of requirements is one of them
/// (`requirements/base.txt`).
fn format_at(path: &str) -> Option<(PackageKind, bool, Reader)> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = folders.rsplit('/').next().unwrap_or_default();
    let is_listed = || is_text(name) && folder.contains("requirements");
    format(name).or_else(|| is_listed().then_some(REQUIREMENTS))
}

/// pip's requirements file, whatever it is called.
const REQUIREMENTS: (PackageKind, bool, Reader) =
    (PackageKind::Python, false, python::requirements);

/// Whether a file may be one of requirements, if something else says so: an instruction that installs
/// from it, or another such file. It may have any name that tells of no other format.
pub fn may_be_requirements(path: &str) -> bool {
    is_text(path) || !is_manifest(path)
}

fn is_text(path: &str) -> bool {
    path.ends_with(".txt") || path.ends_with(".in")
}

/// Whether [`declarations`] reads the file at this path.
pub fn is_manifest(path: &str) -> bool {
    format_at(path).is_some()
}

/// The packages that `file` asks for; none where its path says nothing of what it is, unless it is known
/// to be a file of pip's requirements, and none of a file that is no UTF-8.
pub fn declarations(file: &SourceFile, is_requirements: bool) -> Vec<DeclaredPackage> {
    let known = is_requirements.then_some(REQUIREMENTS);
    let Some((kind, is_lock, reader)) = format_at(file.path()).or(known) else {
        return Vec::new();
    };
    let Ok(text) = str::from_utf8(file.bytes()) else {
        return Vec::new();
    };
    let lines = lines_of(text);
    let mut asked = reader(&lines);
    asked.truncate(MOST);
    // What a tool compiled has the words of a person's file.
    let is_compiled = kind == PackageKind::Python && !is_lock && python::is_compiled(&lines);
    asked
        .into_iter()
        .filter(|asked| !asked.name.is_empty())
        .map(|asked| {
            let indent = asked.line.text.len() - asked.line.text.trim_start().len();
            let end = asked.line.start + asked.line.text.trim_end().len();
            let span = Span::new((asked.line.start + indent).min(end), end);
            DeclaredPackage {
                kind,
                range: asked.wanted.range(kind, is_lock),
                name: asked.name.into_owned(),
                alias: asked.alias.map(str::to_owned),
                reach: asked.reach,
                is_lock: is_lock || is_compiled,
                place: SourceOrigin::new(file, span),
                also: Vec::new(),
                standing: Standing::default(),
                is_aside: false,
                word: None,
                pin: None,
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

/// Whether a file of the project is for tests, documents or those who develop, by its path below the
/// project's folder.
pub fn is_aside(path: &str) -> bool {
    const WORDS: [&str; 17] = [
        "bench",
        "benchmarks",
        "ci",
        "demo",
        "dev",
        "develop",
        "development",
        "doc",
        "docs",
        "e2e",
        "example",
        "examples",
        "lint",
        "samples",
        "test",
        "testing",
        "tests",
    ];
    path.split('/').any(|part| {
        part.split(['-', '_', '.'])
            .any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
    })
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
