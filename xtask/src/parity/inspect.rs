//! What `plimsoll inspect IMAGE --format json` says, and how a measuring chore is asked for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::{open, text};

/// What a chore about images was asked for.
pub(super) struct Request {
    /// Images: docker archives and OCI layouts.
    pub(super) paths: Vec<PathBuf>,
    /// The program to measure.
    pub(super) plimsoll: PathBuf,
    /// Folder with the other tools' programs.
    pub(super) peers: Option<PathBuf>,
    /// Folder for what the truth and the other tools said.
    pub(super) kept: Option<PathBuf>,
    /// Every difference, not the first of each sort.
    pub(super) verbose: bool,
    /// Take off what the published list has.
    pub(super) list: bool,
}

impl Request {
    pub(super) fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut request = Self {
            paths: Vec::new(),
            plimsoll: beside_this_program()?,
            peers: None,
            kept: None,
            verbose: false,
            list: true,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut folder = || rest.next().map(PathBuf::from).context(super::USAGE);
            match argument.as_str() {
                "--plimsoll" => request.plimsoll = folder()?,
                "--peers" => request.peers = Some(folder()?),
                "--kept" => request.kept = Some(folder()?),
                "-v" | "--verbose" => request.verbose = true,
                "--no-list" => request.list = false,
                flag if flag.starts_with('-') => bail!(super::USAGE),
                path => request.paths.push(PathBuf::from(path)),
            }
        }
        Ok(request)
    }
}

/// `cargo xtask` and `plimsoll` lie in one folder when built with one profile.
pub(super) fn beside_this_program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program has no path")?;
    Ok(own.with_file_name("plimsoll"))
}

/// One package as somebody lists it.
#[derive(Clone, Debug, Default)]
pub(super) struct Package {
    /// The type of its package URL.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) version: String,
    /// The file that proves it, without a leading slash.
    pub(super) path: String,
    /// The distribution's package that brought it.
    pub(super) owned_by: Option<String>,
}

impl Package {
    /// What makes two listings one: kind, name and version in the form all tools share.
    pub(super) fn key(&self) -> Key {
        let mut name = self.name.clone();
        let mut version = self.version.clone();
        match self.kind.as_str() {
            // PEP 503
            "pypi" => {
                let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
                name = parts.collect::<Vec<_>>().join("-").to_lowercase();
            }
            // The group is a guess wherever no pom.properties says it.
            "maven" => {
                let artifact = name.rsplit([':', '/']).next().unwrap_or(&name);
                name = artifact.to_lowercase();
            }
            "nuget" | "composer" => {
                name = name.to_lowercase();
                version = version.strip_prefix('v').unwrap_or(&version).to_owned();
            }
            "rpm" => version = version.strip_prefix("0:").unwrap_or(&version).to_owned(),
            "golang" if name == "stdlib" => {
                version = version.trim_start_matches(['g', 'o', 'v']).to_owned();
            }
            _ => {}
        }
        Key {
            kind: self.kind.clone(),
            name,
            version,
        }
    }
}

/// See [`Package::key`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) version: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// The type and the name of a package URL.
pub(super) fn purl_type(purl: &str) -> Option<&str> {
    purl.strip_prefix("pkg:")?.split('/').next()
}

/// Inspects an image. What the program prints on standard error is shown only where it fails.
pub(super) fn inspect(request: &Request, image: &Path) -> anyhow::Result<Value> {
    let program = &request.plimsoll;
    let output = Command::new(program)
        .args(["inspect", "--format", "json"])
        .arg(image)
        .output()
        .with_context(|| {
            format!(
                "cannot run {}: build it with the profile of this chore, or name it with --plimsoll",
                program.display()
            )
        })?;
    // 1 is an image that does not hold.
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!(
            "{} inspect {}: {}\n{}",
            program.display(),
            image.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    serde_json::from_slice(&output.stdout).context("its output is not JSON")
}

/// The packages of a report.
pub(super) fn packages(report: &Value) -> anyhow::Result<Vec<Package>> {
    let list = report["packages"].as_array().context("no packages")?;
    list.iter()
        .map(|package| {
            let word = text(package, "kind").context("a package without its kind")?;
            let kind = text(package, "purl")
                .as_deref()
                .and_then(purl_type)
                .map_or(word, str::to_owned);
            Ok(Package {
                kind,
                name: text(package, "name").context("a package without its name")?,
                version: text(package, "version").unwrap_or_default(),
                path: text(package, "path").unwrap_or_default(),
                owned_by: text(package, "owned_by"),
            })
        })
        .collect()
}

/// The short name of an image: its file name without `.tar` or `.oci`.
pub(super) fn short_name(image: &Path) -> String {
    let name = image.file_name().map(|name| name.to_string_lossy());
    let name = name.unwrap_or_default();
    name.strip_suffix(".tar")
        .or_else(|| name.strip_suffix(".oci"))
        .unwrap_or(&name)
        .to_owned()
}

/// A JSON file, gzipped or not.
pub(super) fn read_json(path: &Path) -> anyhow::Result<Value> {
    serde_json::from_reader(std::io::BufReader::new(open(path)?))
        .with_context(|| format!("{}: not JSON", path.display()))
}

/// How a tool writes where an image is.
pub(super) fn reference(image: &Path, archive: &str, layout: &str) -> String {
    if image.is_dir() {
        format!("{layout}{}", image.display())
    } else {
        format!("{archive}{}", image.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str, name: &str, version: &str) -> String {
        let package = Package {
            kind: kind.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            ..Package::default()
        };
        package.key().to_string()
    }

    #[test]
    fn names_and_versions_take_the_form_all_tools_share() {
        assert_eq!(key("pypi", "Zope._Interface", "1"), "zope-interface@1");
        assert_eq!(key("maven", "org.x:Core", "1.0"), "core@1.0");
        assert_eq!(key("rpm", "bash", "0:5.1-6"), "bash@5.1-6");
        assert_eq!(
            key("rpm", "openssl-libs", "1:3.0-2"),
            "openssl-libs@1:3.0-2"
        );
        assert_eq!(key("golang", "stdlib", "go1.19.8"), "stdlib@1.19.8");
        assert_eq!(
            key("golang", "go.uber.org/zap", "v1.0"),
            "go.uber.org/zap@v1.0"
        );
        assert_eq!(key("npm", "@a/b", "1"), "@a/b@1");
    }

    #[test]
    fn the_short_name_is_that_of_the_file() {
        assert_eq!(short_name(Path::new("/x/node-app.tar")), "node-app");
        assert_eq!(short_name(Path::new("/x/node-app.oci")), "node-app");
        assert_eq!(short_name(Path::new("rootfs")), "rootfs");
    }
}
