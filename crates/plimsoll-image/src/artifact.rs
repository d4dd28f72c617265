//! One file kept in a registry as an artifact (OCI image-spec, manifest.md, "Guidelines for Artifact
//! Usage"): a manifest with a type, an empty configuration, and the file as its only layer.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use plimsoll_model::{Digest, ImageName};

use crate::blob::{BlobContent, Hashing, read_blob, sha256};
use crate::manifest::{Document, parse_document};
use crate::registry::Repository;
use crate::{Access, BlobSource, Descriptor, ImageError, manifest_json, media_type};

/// What an artifact is, so that nothing else is taken for it.
#[derive(Clone, Copy, Debug)]
pub struct ArtifactKind {
    /// Its `artifactType`.
    pub artifact_type: &'static str,
    /// Media type of its file.
    pub media_type: &'static str,
}

/// A file that is larger than this is nothing we asked for.
const LARGEST: u64 = 4 << 30;

/// Puts `file` into a registry as an artifact, under the name's tag; gives the manifest's digest. A
/// file that is there already is not sent again.
///
/// # Errors
/// The file cannot be read, or what [`push`](crate::push) fails of.
pub fn push_artifact(
    file: &Path,
    kind: ArtifactKind,
    annotations: &[(String, String)],
    name: &ImageName,
    access: &Access,
) -> Result<Digest, ImageError> {
    let repository = Repository::connect(name, access)?;
    let source = OneFile::new(file, kind)?;
    let empty = Descriptor::new(media_type::OCI_EMPTY, sha256(b"{}"), 2);
    let raw = manifest_json(
        &empty,
        std::slice::from_ref(&source.descriptor),
        None,
        Some(kind.artifact_type),
        annotations,
    );
    let manifest = Descriptor::new(media_type::OCI_MANIFEST, sha256(&raw), raw.len() as u64);
    repository.send_blob(&empty, &source)?;
    repository.send_blob(&source.descriptor, &source)?;
    let reference = name.tag.as_deref().unwrap_or(manifest.digest.as_str());
    repository.send_manifest(&manifest, &raw, reference)?;
    Ok(manifest.digest)
}

/// Fetches the file of an artifact into `into`, which lies at `path`; gives the manifest's digest.
/// Every byte is verified against its digest; where that fails, some were written.
///
/// # Errors
/// There is no such artifact, it is of another kind, or it is not what its digests say; the disk.
pub fn pull_artifact(
    name: &ImageName,
    kind: ArtifactKind,
    into: &mut dyn Write,
    path: &Path,
    access: &Access,
) -> Result<Digest, ImageError> {
    let repository = Repository::connect(name, access)?;
    let place = format!("registry:{name}");
    let invalid = |problem: &str| ImageError::invalid(&place, problem);
    let root = repository.manifest(name.reference())?.ok_or_else(|| {
        ImageError::NotFound(format!("{place}: the registry has no such artifact"))
    })?;
    let raw = read_blob(&repository, &root, media_type::MANIFEST_LIMIT)?;
    let Document::Manifest(manifest) = parse_document(raw, &root.media_type, &place)? else {
        return Err(invalid(
            "is an index of images, not the artifact that was expected",
        ));
    };
    let [layer] = manifest.layers.as_slice() else {
        return Err(invalid(
            "is not the artifact that was expected: it holds no single file",
        ));
    };
    if layer.media_type != kind.media_type {
        return Err(invalid(&format!(
            "holds {:?}, not {:?}",
            layer.media_type, kind.media_type
        )));
    }
    if layer.size > LARGEST {
        return Err(invalid(&format!("says that it holds {} bytes", layer.size)));
    }
    let mut blob = repository.blob(layer)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = match blob.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ImageError::from_read(&place, error)),
        };
        into.write_all(&buffer[..count])
            .map_err(|error| ImageError::io(path, error))?;
    }
    Ok(root.digest)
}

/// A file and an empty object, to be sent.
struct OneFile {
    path: PathBuf,
    descriptor: Descriptor,
}

impl OneFile {
    fn new(path: &Path, kind: ArtifactKind) -> Result<Self, ImageError> {
        let failed = |error| ImageError::io(path, error);
        let mut hashing = Hashing::new(io::sink());
        io::copy(&mut File::open(path).map_err(failed)?, &mut hashing).map_err(failed)?;
        let (_, digest, size) = hashing.finish();
        Ok(Self {
            path: path.to_owned(),
            descriptor: Descriptor::new(kind.media_type, digest, size),
        })
    }
}

impl BlobSource for OneFile {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        let place = self.describe();
        if descriptor.digest != self.descriptor.digest {
            let empty = io::Cursor::new(b"{}");
            return Ok(BlobContent::verified(empty, descriptor, &place));
        }
        let file = File::open(&self.path).map_err(|error| ImageError::io(&self.path, error))?;
        Ok(BlobContent::verified(file, descriptor, &place))
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_testkit::registry::Registry;

    use super::*;

    const KIND: ArtifactKind = ArtifactKind {
        artifact_type: "application/vnd.example.thing.v1",
        media_type: "application/vnd.example.thing.file.v1",
    };

    #[test]
    fn a_file_comes_back_as_it_went() {
        let folder = tempfile::tempdir().unwrap();
        let access = Access {
            docker_config: Some(folder.path().join("docker")),
            ..Access::default()
        };
        let registry = Registry::start().unwrap();
        let name = |tag: &str| ImageName::parse(&registry.reference("team/thing", tag)).unwrap();
        let file = folder.path().join("file");
        let pull = |tag: &str, kind| {
            let mut back = Vec::new();
            let came = pull_artifact(&name(tag), kind, &mut back, &file, &access);
            came.map(|digest| (digest, back))
        };
        std::fs::write(&file, vec![7; 200_000]).unwrap();
        let sent = push_artifact(&file, KIND, &[], &name("v1"), &access).unwrap();
        assert_eq!(pull("v1", KIND).unwrap(), (sent.clone(), vec![7; 200_000]));
        assert_eq!(
            push_artifact(&file, KIND, &[], &name("v1"), &access).unwrap(),
            sent
        );

        // What is of another kind, or not there, is none.
        let other = ArtifactKind {
            media_type: "application/vnd.example.other",
            ..KIND
        };
        let error = pull("v1", other).unwrap_err();
        assert!(error.to_string().contains("other"), "{error}");
        assert!(pull("v2", KIND).is_err());
    }
}
