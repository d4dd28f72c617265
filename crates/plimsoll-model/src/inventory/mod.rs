//! What an image holds.
//!
//! These types can be serialised, for caches that the same program reads again; no output format
//! is made from them that way.

mod accounts;
mod layer;
mod package;
mod program;
mod startup;

pub use accounts::{Account, Accounts, Group};
pub use layer::{BaseImage, LayerFacts, Saving, Waste, WasteKind, WastedPath};
pub use package::{Evidence, Package, PackageKind, Requirement};
pub use program::LinkedFunctions;
pub use startup::{
    ForeignLibrary, NoFormat, StartupFault, StartupFile, StartupProblem, StartupRole,
};

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Severity, SourceOrigin};

/// The distribution of an image, from its os-release file (`os-release(5)`) or what older releases
/// have in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Distribution {
    /// `ID`, such as `debian`.
    pub id: String,
    /// `VERSION_ID`; empty where the file has none (Debian sid).
    pub version: String,
    /// `PRETTY_NAME`.
    pub name: String,
    /// `VERSION_CODENAME`, such as `bookworm`.
    pub codename: Option<String>,
    /// `ID_LIKE`: the distributions it is derived from, closest first.
    pub like: Vec<String>,
}

impl Distribution {
    /// What reports call its packages where none of them is known.
    pub const PACKAGES: &str = "packages of the distribution";
}

/// Why a file of an image is worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// A file or folder that everybody may write to.
    WorldWritable,
    /// A server that gives a shell to who logs in over the network.
    LoginServer,
    /// A private key of an SSH server.
    HostKey,
    /// A file with a private key that everybody may read.
    ReadableKey,
}

/// A file or folder of an image that a rule may speak of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretSighting {
    /// What kind, such as `private-key` or `aws-access-key`.
    pub kind: Cow<'static, str>,
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
    /// The layer that deleted the file, or wrote it again without the secret. It still ships.
    pub deleted_in: Option<usize>,
    /// Further places of the same secret.
    pub also_at: Vec<String>,
    /// The line that put it into the configuration; filled in like [`LayerFacts::source`]. Of a file the
    /// layer's line tells.
    #[serde(skip)]
    pub source: Option<SourceOrigin>,
}

impl SecretSighting {
    /// The place as people read it: a file's path from the root.
    pub fn shown_place(&self) -> Cow<'_, str> {
        match self.layer {
            Some(_) => format!("/{}", self.place).into(),
            None => self.place.as_str().into(),
        }
    }
}

/// A file where a folder has to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blockage {
    /// Its path, links followed.
    pub path: String,
    /// The layer that holds it.
    pub layer: usize,
}

/// What an image holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Distribution, where the image says.
    pub distribution: Option<Distribution>,
    /// Packages, sorted by kind, name, version, path.
    pub packages: Vec<Package>,
    /// Kinds of the system's packages of which nothing tells what they were built from, sorted: bills of
    /// materials may leave it out. Of an image, what tells none is called as its source is.
    pub sourceless: Vec<PackageKind>,
    /// Packages that a later layer removed, sorted likewise: not installed, but their bytes ship.
    pub removed_packages: Vec<Package>,
    /// What was linked into its Go programs, by their paths.
    pub linked: BTreeMap<String, LinkedFunctions>,
    /// Layers, lowest first.
    pub layers: Vec<LayerFacts>,
    /// The base image, where it can be told from what was built on it.
    pub base: Option<BaseImage>,
    /// What it wastes.
    pub waste: Waste,
    /// Files worth a word, sorted by path.
    pub notable: Vec<NotableFile>,
    /// Credentials seen, sorted by place.
    pub secrets: Vec<SecretSighting>,
    /// Programs (base names) on the image's `PATH`, sorted.
    pub programs: Vec<String>,
    /// User names of the image's passwd file with their numeric ids.
    pub users: Vec<(String, u32)>,
    /// Users and groups.
    pub accounts: Accounts,
    /// What the image starts. Empty where not all layers could be read: nothing could be proven.
    pub startup: Vec<StartupFile>,
    /// Programs that check certificates against those of the system, which are not there.
    pub without_certificates: Vec<NotableFile>,
    /// The zone that `TZ` names, where the image has no data of it.
    pub missing_time_zone: Option<String>,
    /// What is in the place of its working directory.
    pub workdir_blockage: Option<Blockage>,
}
