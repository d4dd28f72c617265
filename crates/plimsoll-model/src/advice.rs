//! What a person would do about the known vulnerabilities of an image.

use crate::{PackageKind, SourceOrigin, VulnerabilitySeverity};

/// What kind of edit removes vulnerabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdvisedAction {
    /// Build on a newer base image: the packages came with it.
    RenewBase,
    /// Run the instruction that installs packages again, without a cache: it gets what there is now.
    RenewPackages,
    /// Ask for other versions, where they are asked for.
    RaiseVersions,
    /// Have the package manager choose again among the versions that are asked for: what is asked for
    /// takes the one needed already. A lock file, or what was built before, holds the older one fast.
    RenewLock,
    /// Build a program again, with other versions of the modules that are linked into it.
    RebuildProgram,
    /// Take a package out that is malicious: no other version makes up for it.
    RemovePackage,
}

impl AdvisedAction {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RenewBase => "renew-base",
            Self::RenewPackages => "renew-packages",
            Self::RaiseVersions => "raise-versions",
            Self::RenewLock => "renew-lock",
            Self::RebuildProgram => "rebuild-program",
            Self::RemovePackage => "remove-package",
        }
    }
}

/// What is to become of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepTarget {
    /// It must have this version at least.
    At(String),
    /// It must have a version after this one: which there is, no advisory tells.
    After(String),
    /// It is to be removed.
    Gone,
}

/// A vulnerability that another version of a package has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtFlaw {
    /// Its number.
    pub id: String,
    /// How bad it is.
    pub severity: VulnerabilitySeverity,
}

/// A package, and the version it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionStep {
    /// The package's ecosystem.
    pub kind: PackageKind,
    /// Its name; that of the source package where a distribution's advisories speak of those.
    pub name: String,
    /// Its package URL, or that of the first package of the source that has vulnerabilities.
    pub purl: String,
    /// The version that is in the image, of the source package likewise.
    pub installed: String,
    /// The smallest version that has none of its vulnerabilities that a version without is known
    /// of; where each has some, that which has fewest.
    pub to: StepTarget,
    /// How many vulnerabilities that removes; none where only a security update waits.
    pub removes: usize,
    /// The vulnerabilities that it has there and not as it is installed, or that are accepted of what is
    /// installed alone, gravest first.
    pub brings: Vec<BroughtFlaw>,
    /// Whether something else than a line of the project brings it: the project asks for other versions
    /// of it, or it lies within another package. What brings it is to be renewed.
    pub is_brought: bool,
    /// Installed packages that need it as it is and refuse the version it must have, with their versions:
    /// they are to be renewed with it.
    pub held_by: Vec<(String, String)>,
}

/// One edit that removes vulnerabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvisedEdit {
    /// What is to be done.
    pub action: AdvisedAction,
    /// The line to edit, where it is known.
    pub place: Option<SourceOrigin>,
    /// Further lines that hold the versions fast: all of them have to change.
    pub also: Vec<SourceOrigin>,
    /// The file that a tool wrote and that holds the version fast, where the edit is to renew it.
    pub lock: Option<String>,
    /// The layer that the packages are in; a base has several.
    pub layer: Option<usize>,
    /// The program to build again, a path without a leading slash.
    pub program: Option<String>,
    /// The packages with the versions they must have at least, what removes most first.
    pub steps: Vec<VersionStep>,
    /// What it removes: positions among the report's vulnerabilities, ascending.
    pub removes: Vec<usize>,
    /// What stays at the same place, because no version without is known; positions likewise.
    pub stays: Vec<usize>,
    /// Security updates that it brings: positions among the report's pending updates, ascending.
    pub updates: Vec<usize>,
}

/// What to do about the known vulnerabilities of an image: edits, no two of which remove the same
/// one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// The edits, what removes most weight first.
    pub edits: Vec<AdvisedEdit>,
    /// The smallest set of edits that removes everything that counts and can be removed without
    /// bringing others that count: positions among `edits`.
    pub plan: Vec<usize>,
    /// What counts and stays whatever is edited, or gives way to others that count: positions among
    /// the report's vulnerabilities, ascending.
    pub remaining: Vec<usize>,
    /// Packages that have known vulnerabilities whatever they go to, as far as is known, and of which
    /// there was no room to look at other versions, or at what those have.
    pub untried: usize,
}
