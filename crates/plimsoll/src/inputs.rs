//! What a command reads: none of it may be where it writes. `json=` before the wrong name is soon typed,
//! and the image or Dockerfile that was judged would be gone.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use plimsoll_model::ImageRef;

use crate::args::{Format, GateArgs, OutputArgs};
use crate::config::{Config, VexSource};
use crate::failure::Failure;
use crate::{output, write};

/// Files and folders that are read.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    read: Vec<Input>,
}

#[derive(Debug)]
struct Input {
    /// What it is to the command.
    what: &'static str,
    path: PathBuf,
    /// The form in which it may be written anew.
    renewed: Option<Format>,
}

impl Inputs {
    /// What is read beside the thing that is judged: the configuration, and the lists that it names.
    pub(crate) fn of(config: &Config) -> Self {
        let mut inputs = Self::default();
        let own = &config.policy.vulnerabilities;
        inputs.add_configuration(config);
        for path in &own.ignore_files {
            inputs.add(
                "a list of accepted vulnerabilities",
                Some(&config.below(path)),
            );
        }
        for path in own.vex.iter().filter_map(VexSource::file) {
            inputs.add("a VEX document", Some(&config.below(path)));
        }
        if let Some(path) = &own.baseline {
            inputs.add_baseline(&config.below(path));
        }
        inputs
    }

    /// Adds a configuration, or other tools' files in its place.
    pub(crate) fn add_configuration(&mut self, config: &Config) {
        self.add("the configuration", config.path.as_deref());
        for path in &config.foreign_files {
            self.add("the configuration of another tool", Some(path));
        }
    }

    /// Adds a file or folder, where one is named.
    pub(crate) fn add(&mut self, what: &'static str, path: Option<&Path>) {
        self.read.extend(path.map(|path| Input {
            what,
            path: path.to_owned(),
            renewed: None,
        }));
    }

    /// Adds an earlier report: what is known after one run is what the next one starts from, so that
    /// the new report may take its place.
    pub(crate) fn add_baseline(&mut self, path: &Path) {
        self.read.push(Input {
            what: "the baseline",
            path: path.to_owned(),
            renewed: Some(Format::Json),
        });
    }

    /// Adds what the command line names about known vulnerabilities.
    pub(crate) fn add_gate(&mut self, gate: &GateArgs) {
        for source in &gate.vex.vex {
            self.add("a VEX document", source.file());
        }
        if let Some(name) = &gate.baseline {
            match plimsoll_image::path_of(name) {
                Some(path) if path.is_file() => self.add_baseline(&path),
                _ => self.add_image(name),
            }
        }
    }

    /// Adds an image by the name it was asked for: its file, or what its folder is read from. A root
    /// file system may hold what is written about it.
    pub(crate) fn add_image(&mut self, name: &str) {
        let name = name.strip_prefix("sbom:").unwrap_or(name);
        let Some(path) = plimsoll_image::path_of(name) else {
            return;
        };
        const IMAGE: &str = "the image itself";
        if !path.is_dir() {
            self.add(IMAGE, Some(&path));
        } else if ["oci-layout", "version"]
            .iter()
            .any(|mark| path.join(mark).is_file())
        {
            for part in [
                "oci-layout",
                "index.json",
                "blobs",
                "manifest.json",
                "version",
            ] {
                self.add(IMAGE, Some(&path.join(part)));
            }
        }
    }

    /// Refuses forms that would be written over any of it.
    pub(crate) fn spare(&self, arguments: &OutputArgs) -> Result<(), Failure> {
        for output in &arguments.outputs {
            let (form, path) = output;
            let hit = self.hit(path);
            if let Some(input) = hit.filter(|input| input.renewed != Some(*form)) {
                return Err(over(&output::typed(output), input));
            }
        }
        Ok(())
    }

    /// Refuses an archive that would be written over any of it.
    pub(crate) fn spare_from(&self, target: &ImageRef) -> Result<(), Failure> {
        let ImageRef::Archive { path, .. } = target else {
            return Ok(());
        };
        match self.hit(Path::new(path)) {
            Some(input) => Err(over(&target.to_string(), input)),
            None => Ok(()),
        }
    }

    /// What of it a file is, by whatever name and link, or is part of.
    fn hit(&self, path: &Path) -> Option<&Input> {
        // A device takes what comes, and what is not there yet is nothing that was read.
        let file = write::file_at(path)?;
        let known = identity(&std::fs::metadata(&file).ok()?);
        self.read.iter().find(|input| {
            let Ok(there) = std::fs::metadata(&input.path) else {
                return false;
            };
            identity(&there) == known
                || there.is_dir()
                    && (input.path.canonicalize()).is_ok_and(|folder| file.starts_with(folder))
        })
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn over(typed: &str, input: &Input) -> Failure {
    Failure::usage(format!("{typed} would be written over {}", input.what))
        .hint("name another file for it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_known_by_every_name() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("layout/blobs/sha256")).unwrap();
        for name in [
            "Dockerfile",
            "old.json",
            "layout/oci-layout",
            "layout/blobs/sha256/a",
        ] {
            std::fs::write(at(name), "").unwrap();
        }
        std::os::unix::fs::symlink("Dockerfile", at("link")).unwrap();
        std::fs::hard_link(at("Dockerfile"), at("hard")).unwrap();
        let mut inputs = Inputs::default();
        inputs.add("the Dockerfile", Some(&at("Dockerfile")));
        inputs.add_baseline(&at("old.json"));
        inputs.add_image(&format!("oci:{}:v1", at("layout").display()));
        let is_spared = |form: Format, name: &str| {
            let arguments = OutputArgs {
                format: Format::Human,
                outputs: vec![(form, at(name))],
            };
            inputs.spare(&arguments).is_ok()
        };
        for name in [
            "Dockerfile",
            "link",
            "hard",
            "layout/../Dockerfile",
            "layout/blobs/sha256/a",
        ] {
            assert!(!is_spared(Format::Json, name), "{name}");
        }
        for name in ["new", "layout/report.json", "layout/blobs/sha256/new"] {
            assert!(is_spared(Format::Json, name), "{name}");
        }
        // A report takes the place of the one before it; nothing else does.
        assert!(is_spared(Format::Json, "old.json"));
        assert!(!is_spared(Format::Sarif, "old.json"));
        let archive = |name: &str| ImageRef::Archive {
            path: at(name).display().to_string(),
            reference: None,
        };
        assert!(inputs.spare_from(&archive("hard")).is_err());
        assert!(inputs.spare_from(&archive("new.tar")).is_ok());
        assert!(
            inputs
                .spare_from(&ImageRef::Daemon("app".to_owned()))
                .is_ok()
        );
    }
}
