//! How places of images are reached.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::Platform;
use serde::{Deserialize, Serialize};

/// How sources are reached. The binary fills it in from flags, configuration and environment.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Wanted platform of an index; the host's where `None`.
    pub platform: Option<Platform>,
    /// Registries that may be spoken to in clear text (`host:port`); loopback always may.
    pub insecure_registries: Vec<String>,
    /// Folder of the docker configuration (`config.json`); `~/.docker` where `None`.
    pub docker_config: Option<PathBuf>,
    /// Docker's socket (`DOCKER_HOST`), such as `unix:///var/run/docker.sock`; that of the context
    /// where `None`, else the default places.
    pub docker_host: Option<String>,
    /// Docker's context (`DOCKER_CONTEXT`); the one that the configuration names where `None`.
    pub docker_context: Option<String>,
    /// Podman's socket (`CONTAINER_HOST`); the user's own, then root's where `None`.
    pub podman_host: Option<String>,
    /// Folder of the user's sockets (`XDG_RUNTIME_DIR`).
    pub runtime_folder: Option<PathBuf>,
    /// Folder on disk for files without a name, which hold what can be read only once: standard
    /// input, an engine's answer and compressed archives, where they are not small. The system's
    /// where `None`.
    pub scratch_folder: Option<PathBuf>,
    /// Where the documents of images in engines are kept from run to run.
    pub documents: Option<Arc<dyn DocumentStore>>,
    /// PEM files of further certificate authorities.
    pub extra_ca: Vec<PathBuf>,
    /// Refuse the network.
    pub offline: bool,
    /// How long a registry may say nothing before it is given up; 30 s where `None`. It is asked
    /// once more, not oftener.
    pub silence: Option<Duration>,
}

/// Manifest and configuration of an image, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// The manifest's media type.
    pub media_type: String,
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The configuration.
    pub config: Vec<u8>,
}

/// Keeps documents of images that lie in engines from run to run. It may forget any of them.
pub trait DocumentStore: fmt::Debug + Send + Sync {
    /// What was kept under `key`.
    fn documents(&self, key: &str) -> Option<Documents>;

    /// Keeps `documents` under `key`, if it can.
    fn keep_documents(&self, key: &str, documents: &Documents);
}
