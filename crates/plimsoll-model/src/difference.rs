//! How one image differs from another.

use crate::{Finding, ImageSummary, Inventory, Package, SecretSighting, Skipped};

/// The same thing of both images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair<T> {
    /// Of the image that was named first.
    pub old: T,
    /// Of the image that was named second.
    pub new: T,
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// Only the new image has it.
    Added,
    /// Only the old image has it.
    Removed,
    /// Both have it, and it is not the same.
    Changed,
}

impl ChangeKind {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }

    /// What became of something that at least one of both has.
    fn of<T>(sides: &Pair<Option<T>>) -> Self {
        match (&sides.old, &sides.new) {
            (None, _) => Self::Added,
            (Some(_), None) => Self::Removed,
            (Some(_), Some(_)) => Self::Changed,
        }
    }
}

/// One of the two images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedImage {
    /// The image.
    pub summary: ImageSummary,
    /// What it holds.
    pub inventory: Inventory,
    /// What was not looked at: it may hide a difference.
    pub skipped: Vec<Skipped>,
    /// Its final tree.
    pub files: FileTally,
}

/// Layers that stand for each other: the same bytes, or the same instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerChange {
    /// Index among the layers of each image.
    pub layers: Pair<Option<usize>>,
    /// Whether the bytes are the same.
    pub same: bool,
}

/// A package that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageChange {
    /// The package in each image, at least in one.
    pub package: Pair<Option<Package>>,
}

impl PackageChange {
    /// What became of it.
    pub fn kind(&self) -> ChangeKind {
        ChangeKind::of(&self.package)
    }

    /// The newest there is of it.
    pub fn any(&self) -> Option<&Package> {
        self.package.new.as_ref().or(self.package.old.as_ref())
    }

    /// Whether a package of the distribution brings it: then that one tells of the change.
    pub fn is_owned(&self) -> bool {
        self.any().is_some_and(|package| package.owned_by.is_some())
    }
}

/// Files, counted. Folders are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileTally {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A file in one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSide {
    /// Bytes.
    pub size: u64,
    /// Index of the layer it lies in.
    pub layer: usize,
}

/// A file that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Path without a leading slash.
    pub path: String,
    /// The file in each image, at least in one.
    pub file: Pair<Option<FileSide>>,
    /// The package that owns it, where one does.
    pub owner: Option<String>,
}

impl FileChange {
    /// What became of it.
    pub fn kind(&self) -> ChangeKind {
        ChangeKind::of(&self.file)
    }

    /// Bytes that are new or gone: of a changed file, those of the larger.
    pub fn weight(&self) -> u64 {
        let size = |side: Option<FileSide>| side.map_or(0, |side| side.size);
        size(self.file.old).max(size(self.file.new))
    }
}

/// How the final trees differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileChanges {
    /// Files only the new image has.
    pub added: FileTally,
    /// Files only the old image has.
    pub removed: FileTally,
    /// Files with another content, in each image.
    pub changed: Pair<FileTally>,
    /// Files and links with the same content, and another mode or owner.
    pub permissions: u64,
    /// The heaviest of them, heaviest first; not all of them.
    pub largest: Vec<FileChange>,
}

/// A field of the configuration that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// The field, such as `user`, `env PATH` or `label org.opencontainers.image.source`.
    pub field: String,
    /// Its value in each image, where it is set. Credentials are masked.
    pub value: Pair<Option<String>>,
}

impl ConfigChange {
    /// What became of it.
    pub fn kind(&self) -> ChangeKind {
        ChangeKind::of(&self.value)
    }
}

/// What only one of both has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GainsAndLosses<T> {
    /// What only the new image has.
    pub gained: Vec<T>,
    /// What only the old image has.
    pub lost: Vec<T>,
    /// How many both have.
    pub kept: usize,
}

/// How one image differs from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Both.
    pub images: Pair<ComparedImage>,
    /// Every layer of both, lowest first.
    pub layers: Vec<LayerChange>,
    /// Packages that are not the same, sorted by kind and name.
    pub packages: Vec<PackageChange>,
    /// Files.
    pub files: FileChanges,
    /// Fields of the configuration that are not the same.
    pub config: Vec<ConfigChange>,
    /// Credentials, told apart by their fingerprints.
    pub secrets: GainsAndLosses<SecretSighting>,
    /// Findings, told apart by rule and place.
    pub findings: GainsAndLosses<Finding>,
}

impl Difference {
    /// How many of the lowest layers are the same bytes in both.
    pub fn shared_layers(&self) -> usize {
        self.layers.iter().take_while(|layer| layer.same).count()
    }
}
