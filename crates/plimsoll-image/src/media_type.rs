//! Media types of the two families that are in use: OCI's and Docker's.

/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image configuration.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// OCI layer, plain.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// OCI layer, gzip.
pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// OCI layer, zstd.
pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// OCI: there is no content, the blob is `{}`.
pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// Docker image manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker image configuration.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// Manifests and indexes are small by nature; every registry refuses larger ones.
pub(crate) const MANIFEST_LIMIT: u64 = 4 << 20;
/// Configurations hold labels and history, and nothing that grows with the image.
pub(crate) const CONFIG_LIMIT: u64 = 16 << 20;

pub(crate) fn is_index(media_type: &str) -> bool {
    matches!(media_type, OCI_INDEX | DOCKER_LIST)
}

pub(crate) fn is_manifest(media_type: &str) -> bool {
    matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST)
}

pub(crate) fn is_config(media_type: &str) -> bool {
    matches!(media_type, OCI_CONFIG | DOCKER_CONFIG)
}

/// Layers that only somebody with the key can read (containers/ocicrypt).
pub(crate) fn is_encrypted(media_type: &str) -> bool {
    media_type.ends_with("+encrypted")
}

/// Layers that are no tar by their type: a signature, an attestation, a file system. Of types that say less
/// their bytes tell.
pub(crate) fn is_no_tar(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.") && !media_type.contains("tar")
}

/// Layers that their owner does not let others carry: registries do not hold them.
pub(crate) fn is_foreign(media_type: &str) -> bool {
    media_type.contains("nondistributable") || media_type.contains("foreign")
}
