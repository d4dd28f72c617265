//! Lists of accepted vulnerabilities, in other tools' forms.

use std::path::{Path, PathBuf};

use plimsoll_model::Skipped;

use super::{Foreign, Kind, Purpose, Reader, TRIVY_LIST, TRIVY_YAML, find, grype, overruled};
use crate::failure::Failure;
use crate::policy::vulnerabilities::AcceptedRisk;

/// What speaks of vulnerabilities.
const KINDS: [Kind; 3] = [
    TRIVY_LIST,
    TRIVY_YAML,
    (
        &[".grype.yaml", ".grype.yml", ".grype/config.yaml"],
        grype::read,
    ),
];

/// The accepted vulnerabilities of some lists.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// What is accepted.
    pub(crate) waivers: Vec<AcceptedRisk>,
    /// The files it was read from.
    pub(crate) files: Vec<PathBuf>,
    /// What cannot be honoured.
    pub(crate) dropped: Vec<Skipped>,
}

impl Lists {
    /// Reads what lies nearest to a folder, up to the root of its project.
    pub(crate) fn nearest(folder: &Path) -> Result<Self, Failure> {
        Self::of(find(folder, &KINDS))
    }

    /// The files that it reads.
    pub(super) fn near(folder: &Path) -> impl Iterator<Item = PathBuf> {
        find(folder, &KINDS).into_iter().map(|(path, _)| path)
    }

    /// Reads these; their names tell their form.
    pub(crate) fn read(files: &[PathBuf]) -> Result<Self, Failure> {
        Self::of(files.iter().map(|path| (path.clone(), reader_of(path))))
    }

    fn of(files: impl IntoIterator<Item = (PathBuf, Reader)>) -> Result<Self, Failure> {
        let mut foreign = Foreign::default();
        for (path, reader) in files {
            foreign.take(path, reader, Purpose::Vulnerabilities)?;
        }
        Ok(Self {
            waivers: foreign.waivers,
            files: foreign.files,
            dropped: foreign.dropped,
        })
    }

    /// Whether any vulnerability is accepted by this file.
    pub(crate) fn accept_by(&self, path: &Path) -> bool {
        let name = format!("{}:", crate::project::shown(path));
        self.waivers
            .iter()
            .any(|waiver| waiver.written_in.starts_with(&name))
    }

    /// What lies near a folder and is not read, since a `plimsoll.toml` is in force and names
    /// others than `named`.
    pub(crate) fn overruled(folder: &Path, by: &Path, named: &[PathBuf]) -> Vec<Skipped> {
        overruled(folder, &KINDS, by, named)
    }
}

/// `.grype.yaml` and the like are Grype's, other YAML is Trivy's, all else a list of ids.
fn reader_of(path: &Path) -> Reader {
    let name = path.to_string_lossy().to_ascii_lowercase();
    if !(name.ends_with(".yaml") || name.ends_with(".yml")) {
        TRIVY_LIST.1
    } else if name.contains("grype") {
        grype::read
    } else {
        TRIVY_YAML.1
    }
}
