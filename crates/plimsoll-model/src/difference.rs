//! How one image differs from another.

use crate::{
    AdvisoryCoverage, BillSummary, Digest, Finding, ImageSummary, Inventory, Package,
    SecretSighting, Skipped, SuppressedVulnerability, Vulnerability, VulnerabilityStatus,
};

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

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComparedSubject {
    /// An image.
    Image(ImageSummary),
    /// What somebody wrote down of one: packages, and nothing else.
    Bill(BillSummary),
}

impl ComparedSubject {
    /// The name it was asked for by.
    pub fn name(&self) -> &str {
        match self {
            Self::Image(image) => &image.name,
            Self::Bill(bill) => &bill.name,
        }
    }

    /// The image, where it is at hand.
    pub fn image(&self) -> Option<&ImageSummary> {
        match self {
            Self::Image(image) => Some(image),
            Self::Bill(_) => None,
        }
    }

    /// The bill of materials, where it is one.
    pub fn bill(&self) -> Option<&BillSummary> {
        match self {
            Self::Image(_) => None,
            Self::Bill(bill) => Some(bill),
        }
    }

    /// The digest of the image at hand.
    pub fn digest(&self) -> Option<&Digest> {
        self.image().map(|image| &image.digest)
    }

    /// Bytes of all blobs; none where no image is at hand.
    pub fn compressed_size(&self) -> u64 {
        self.image().map_or(0, |image| image.compressed_size)
    }
}

/// One of the two images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedImage {
    /// The image, or what tells of it.
    pub subject: ComparedSubject,
    /// What it holds.
    pub inventory: Inventory,
    /// What was not looked at: it may hide a difference.
    pub skipped: Vec<Skipped>,
    /// Its final tree.
    pub files: FileTally,
    /// Known vulnerabilities of what it holds, in report order. Of a flaw that a package has in
    /// several versions or places only the first, where both images were looked at.
    pub vulnerabilities: Vec<Vulnerability>,
    /// How many more are known, and were not to be listed.
    pub unlisted_vulnerabilities: usize,
    /// Those that are set aside, in report order.
    pub suppressed_vulnerabilities: Vec<SuppressedVulnerability>,
    /// The advisories those were told by; `None` where nobody looked.
    pub advisories: Option<AdvisoryCoverage>,
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

/// What a file, link or folder grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileAccess {
    /// Permission bits with setuid, setgid and sticky; of a link 0777, whatever its archive says, since
    /// no system asks for them.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
}

/// A file, link or folder that is the same in both, but for what it grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessChange {
    /// Path without a leading slash.
    pub path: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// What it grants in each image.
    pub access: Pair<FileAccess>,
}

impl AccessChange {
    /// Whether it runs as its owner or group, or lets everybody write, only in the new image; or runs as
    /// another one there, or lets everybody take away what others put into it.
    pub fn is_wider(&self) -> bool {
        let Pair { old, new } = self.access;
        let runs_as = |bit: u32| !self.is_folder && new.mode & bit != 0;
        new.mode & !old.mode & 0o6002 != 0
            || runs_as(0o4000) && old.uid != new.uid
            || runs_as(0o2000) && old.gid != new.gid
            || self.is_folder && new.mode & 0o1002 == 0o002 && old.mode & 0o1000 != 0
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
    /// Files and links with the same content, and folders, that have another mode or owner.
    pub permissions: u64,
    /// Some of these, those first that grant more; by path.
    pub regranted: Vec<AccessChange>,
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

impl<T> Default for GainsAndLosses<T> {
    fn default() -> Self {
        Self {
            gained: Vec::new(),
            lost: Vec::new(),
            kept: 0,
        }
    }
}

/// Why one image has a known vulnerability and the other has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VulnerabilityCause {
    /// The other has no such package: the flaw came with the package, or went with it.
    Package,
    /// The other has these versions of the package, sorted, and none of them has the flaw.
    Version(Vec<String>),
    /// The other has the same version, which is judged otherwise there: as part of another release
    /// of the distribution, or on another platform.
    Judgement,
    /// The other has it too, and it is set aside there.
    SetAside(VulnerabilityStatus),
    /// The other has the package, and nobody could judge it there.
    NotJudged,
}

impl VulnerabilityCause {
    /// The word used in every format.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Version(_) => "version",
            Self::Judgement => "judgement",
            Self::SetAside(_) => "set-aside",
            Self::NotJudged => "not-judged",
        }
    }
}

/// A known vulnerability that one image has and the other has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VulnerabilityChange {
    /// The vulnerability, as the image has it that has it.
    pub vulnerability: Vulnerability,
    /// Why the other has it not.
    pub cause: VulnerabilityCause,
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
    /// Known vulnerabilities of installed packages, told apart by number and package, whatever its
    /// version and place; in report order. `None` where nobody looked for any.
    pub vulnerabilities: Option<GainsAndLosses<VulnerabilityChange>>,
    /// How many of them the new image has and the old one may have had: they are neither gained nor
    /// lost, and nobody knows that both have them.
    pub undecided_before: usize,
}

impl Difference {
    /// How many of the lowest layers are the same bytes in both.
    pub fn shared_layers(&self) -> usize {
        self.layers.iter().take_while(|layer| layer.same).count()
    }

    /// Whether there are packages to compare and nothing else: a bill of materials tells no more.
    pub fn is_of_packages_only(&self) -> bool {
        let images = [&self.images.old, &self.images.new];
        images.iter().any(|one| one.subject.bill().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grants_more() {
        let is_wider = |is_folder, old: (u32, u64, u64), new: (u32, u64, u64)| {
            let access = |(mode, uid, gid)| FileAccess { mode, uid, gid };
            let access = Pair {
                old: access(old),
                new: access(new),
            };
            let path = String::new();
            AccessChange {
                path,
                is_folder,
                access,
            }
            .is_wider()
        };
        for (is_folder, old, new) in [
            (false, (0o755, 0, 0), (0o4755, 0, 0)),
            (false, (0o755, 0, 0), (0o2755, 0, 0)),
            (false, (0o644, 0, 0), (0o666, 0, 0)),
            (false, (0o4755, 1000, 0), (0o4755, 0, 0)),
            (false, (0o2755, 0, 1000), (0o2755, 0, 42)),
            (true, (0o755, 0, 0), (0o777, 0, 0)),
            (true, (0o1777, 0, 0), (0o777, 0, 0)),
        ] {
            assert!(is_wider(is_folder, old, new), "{old:?} {new:?}");
        }
        for (is_folder, old, new) in [
            (false, (0o4755, 0, 0), (0o755, 0, 0)),
            (false, (0o4755, 0, 7), (0o4755, 0, 8)),
            (false, (0o755, 1000, 0), (0o755, 0, 0)),
            (true, (0o2775, 0, 7), (0o2775, 0, 8)),
            (true, (0o777, 0, 0), (0o1777, 0, 0)),
            (true, (0o1755, 0, 0), (0o755, 0, 0)),
        ] {
            assert!(!is_wider(is_folder, old, new), "{old:?} {new:?}");
        }
    }
}
