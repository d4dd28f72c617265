//! What an image holds.

use crate::{Digest, Severity, SourceOrigin};

/// The distribution of an image, from its os-release file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// `ID`, such as `debian`.
    pub id: String,
    /// `VERSION_ID`; empty where the file has none (Debian sid).
    pub version: String,
    /// `PRETTY_NAME`.
    pub name: String,
}

/// Who installed a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageKind {
    /// Debian's dpkg.
    Deb,
    /// A Python distribution.
    Python,
    /// A Node package.
    Npm,
}

impl PackageKind {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Python => "pypi",
            Self::Npm => "npm",
        }
    }
}

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Who installed it.
    pub kind: PackageKind,
    /// Its name as its ecosystem writes it.
    pub name: String,
    /// Its version as its ecosystem writes it.
    pub version: String,
    /// Its package URL.
    pub purl: String,
    /// Source package and version, where the ecosystem has them.
    pub source: Option<(String, String)>,
    /// Licence as the package states it, not yet an expression.
    pub license: Option<String>,
    /// The file that proves the installation, without a leading slash.
    pub path: String,
    /// Index of the layer whose bytes put it there.
    pub layer: usize,
    /// Installed size in bytes, where known.
    pub size: Option<u64>,
    /// Owned by a package of the distribution: listed, but not counted as a second install.
    pub owned_by: Option<String>,
}

/// Why a file of an image is worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotableKind {
    /// A package manager's cache or lists.
    PackageCache,
    /// A compiler or linker.
    Compiler,
    /// A package manager.
    PackageManager,
    /// A shell.
    Shell,
    /// A program that fetches from the network.
    Downloader,
    /// A file that runs as its owner.
    SetId,
    /// A version control folder.
    VersionControl,
}

/// A file or folder of an image that a rule may speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotableFile {
    /// Why it is here.
    pub kind: NotableKind,
    /// Path without a leading slash; for caches the folder.
    pub path: String,
    /// Bytes of all files it stands for.
    pub size: u64,
    /// Index of the layer.
    pub layer: usize,
}

/// A credential that was seen. Its value is never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSighting {
    /// What kind, such as `private-key` or `aws-access-key`.
    pub kind: &'static str,
    /// How much it hurts.
    pub severity: Severity,
    /// Where: a path in a layer, `env NAME`, `history step N`, `label NAME`.
    pub place: String,
    /// The layer, for a file.
    pub layer: Option<usize>,
    /// 1-based line in the file, where that means something.
    pub line: Option<usize>,
    /// The first 12 hexadecimal digits of SHA-256 of the value: tells two sightings of one secret
    /// from two secrets, and gives nothing away of a value with real entropy.
    pub fingerprint: String,
    /// Whether a later layer deleted the file. It still ships.
    pub deleted_later: bool,
}

/// One layer, measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFacts {
    /// Digest of the blob as it is shipped.
    pub digest: Digest,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// Bytes of the blob.
    pub compressed_size: u64,
    /// Bytes of the uncompressed tar.
    pub size: u64,
    /// Entries of the tar.
    pub entries: u64,
    /// The instruction that made it, as history tells.
    pub instruction: Option<String>,
    /// The Dockerfile line that made it, where the Dockerfile is known. A scan leaves it empty: the
    /// caller who knows the Dockerfile fills it in.
    pub source: Option<SourceOrigin>,
    /// Bytes of lower layers that this one deletes or overwrites.
    pub wasted: u64,
}

/// What an image holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Distribution, where the image says.
    pub distribution: Option<Distribution>,
    /// Packages, sorted by kind, name, version, path.
    pub packages: Vec<Package>,
    /// Layers, lowest first.
    pub layers: Vec<LayerFacts>,
    /// Files worth a word, sorted by path.
    pub notable: Vec<NotableFile>,
    /// Credentials seen, sorted by place.
    pub secrets: Vec<SecretSighting>,
    /// Programs (base names) on the image's `PATH`, sorted.
    pub programs: Vec<String>,
    /// User names of the image's passwd file with their numeric ids.
    pub users: Vec<(String, u32)>,
}
