//! What is installed in an image, from the tools and libraries of the ecosystems themselves: the
//! image is unpacked, and `truth.py` asks `dpkg-query`, `rpm`, `importlib.metadata` and the like.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::inspect::{Package, Request, read_json, reference, short_name};
use super::text;

const COLLECTOR: &str = include_str!("truth.py");

/// How certain it is that a package is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The ecosystem's own tool lists it.
    Installed,
    /// It does, and a package of the distribution brought it.
    Owned,
    /// A copy inside of another package, with its metadata.
    Vendored,
    /// The application itself, something where nothing looks for it, or a trace of something in a
    /// program: may be listed or not.
    Project,
}

impl Standing {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Owned => "owned",
            Self::Vendored => "vendored",
            Self::Project => "the project's own, or a trace",
        }
    }
}

/// One package as the truth has it.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) package: Package,
    pub(super) standing: Standing,
    /// Whether name and version are guesses: a Java archive that does not say what it is.
    pub(super) loose: bool,
    /// Other names and versions that are as right.
    pub(super) names: Vec<String>,
    pub(super) versions: Vec<String>,
}

/// All that is true of an image.
pub(super) struct Truth {
    pub(super) facts: Vec<Fact>,
    /// Which package of the distribution owns a file.
    pub(super) owners: HashMap<String, String>,
}

/// Takes the truth of an image, from the folder for kept things where it is there.
pub(super) fn of(request: &Request, image: &Path) -> anyhow::Result<Truth> {
    let kept = request
        .kept
        .as_ref()
        .map(|folder| folder.join(format!("{}.truth.json", short_name(image))));
    let value = match kept.as_ref().filter(|path| path.exists()) {
        Some(path) => read_json(path)?,
        None => {
            let said = collect(image)?;
            if let Some(path) = &kept {
                std::fs::write(path, &said)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
            serde_json::from_slice(&said).context("the collector's output is not JSON")?
        }
    };
    parse(&value)
}

fn parse(value: &Value) -> anyhow::Result<Truth> {
    let texts = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    let mut facts = Vec::new();
    for entry in value["packages"].as_array().context("no packages")? {
        let standing = match entry["standing"].as_str() {
            Some("installed") => Standing::Installed,
            Some("owned") => Standing::Owned,
            Some("vendored") => Standing::Vendored,
            Some("project") => Standing::Project,
            other => bail!("{other:?}: no such standing"),
        };
        facts.push(Fact {
            package: Package {
                kind: text(entry, "kind").context("a package without its kind")?,
                name: text(entry, "name").context("a package without its name")?,
                version: text(entry, "version").unwrap_or_default(),
                path: text(entry, "path").unwrap_or_default(),
                owned_by: None,
            },
            standing,
            loose: entry["loose"].as_bool().unwrap_or(false),
            names: texts(&entry["names"]),
            versions: texts(&entry["versions"]),
        });
    }
    let owners = value["owners"].as_object().context("no owners")?;
    let owners = owners
        .iter()
        .filter_map(|(path, owner)| Some((path.clone(), owner.as_str()?.to_owned())))
        .collect();
    Ok(Truth { facts, owners })
}

/// Unpacks the image into a temporary folder and asks.
fn collect(image: &Path) -> anyhow::Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let root = if image.join("oci-layout").exists() || image.is_file() {
        unpack(image, folder.path())?
    } else {
        image.to_owned()
    };
    let output = Command::new("python3")
        .args(["-c", COLLECTOR])
        .arg(&root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run python3")?;
    if !output.status.success() {
        bail!("the collector failed on {}", image.display());
    }
    Ok(output.stdout)
}

fn unpack(image: &Path, folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    let layout = folder.join("layout");
    let root = folder.join("root");
    // umoci reads nothing but gzip.
    run(Command::new("skopeo")
        .args(["copy", "--quiet", "--dest-compress-format", "gzip"])
        .args(["--dest-compress-level", "1"])
        .arg(reference(image, "docker-archive:", "oci:"))
        .arg(format!("oci:{}:image", layout.display())))?;
    run(Command::new("umoci")
        .args(["raw", "unpack", "--image"])
        .arg(format!("{}:image", layout.display()))
        .arg(&root))?;
    std::fs::remove_dir_all(&layout)?;
    Ok(root)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!(
            "{}: {}",
            command.get_program().display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
