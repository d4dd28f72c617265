//! What to build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_model::{Platform, SourceFile};

/// Everything an engine needs to know. Two equal plans over equal inputs give equal bytes.
#[derive(Clone, Debug)]
pub struct BuildPlan {
    /// The Dockerfile.
    pub dockerfile: SourceFile,
    /// The main context.
    pub context: BuildContext,
    /// `--build-context NAME=…`.
    pub named_contexts: BTreeMap<String, NamedContext>,
    /// Stage to build: a name or an index; the last where `None`.
    pub target: Option<String>,
    /// Platform of the image; the host's where `None`.
    pub platform: Option<Platform>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// Labels put on top of the Dockerfile's.
    pub labels: BTreeMap<String, String>,
    /// Names for the image, as the layout records them (`org.opencontainers.image.ref.name`).
    pub tags: Vec<String>,
    /// Secrets by id. Values never leave the step that mounts them.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Seconds since 1970 that every time stamp is clamped to.
    pub source_date_epoch: Option<i64>,
    /// Leave the step cache unread.
    pub no_cache: bool,
    /// Ask sources for newer versions of bases.
    pub pull: bool,
    /// Folder the OCI layout is written to. Must not exist, or hold a layout: the new image
    /// appears in it in one atomic step (`index.json` is replaced by rename).
    pub output: PathBuf,
    /// Folder for caches and state of this engine.
    pub state: PathBuf,
}

/// Where files of a COPY come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildContext {
    /// The folder.
    pub root: PathBuf,
    /// The ignore file in force and its content; its name is below `root` or beside the Dockerfile.
    pub ignore: Option<Vec<u8>>,
}

/// A context with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedContext {
    /// A folder.
    Directory(PathBuf),
    /// An image (`oci-layout://DIR[:TAG|@DIGEST]`, `docker-image://NAME`, `docker-archive://FILE`,
    /// `docker-daemon://NAME`).
    Image(plimsoll_model::ImageRef),
}

/// Where the value of a secret is read from, at the moment a step mounts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file.
    File(PathBuf),
    /// A variable of our own environment; the binary reads it and hands the value here.
    Value(SecretValue),
}

/// A secret's bytes. `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(pub Vec<u8>);

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretValue(…)")
    }
}
