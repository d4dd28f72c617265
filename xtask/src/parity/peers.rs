//! What other tools list of an image: their CycloneDX documents.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::inspect::{Package, Request, purl_type, read_json, reference, short_name};
use super::text;

/// The tools that are asked.
pub(super) const TOOLS: [&str; 2] = ["trivy", "syft"];

/// What a tool lists, or nothing where neither its document nor the tool is there.
pub(super) fn listed(
    request: &Request,
    tool: &str,
    image: &Path,
) -> anyhow::Result<Option<Vec<Package>>> {
    let name = format!("{}.{tool}.cdx.json", short_name(image));
    if let Some(folder) = &request.kept {
        for name in [name.clone(), format!("{name}.gz")] {
            let path = folder.join(name);
            if path.exists() {
                return parse(&read_json(&path)?).map(Some);
            }
        }
    }
    let Some(program) = request
        .peers
        .as_ref()
        .map(|folder| folder.join(tool))
        .filter(|program| program.exists())
    else {
        return Ok(None);
    };
    let document = ask(tool, &program, image)?;
    if let Some(folder) = &request.kept {
        std::fs::write(folder.join(name), &document)?;
    }
    parse(&serde_json::from_slice(&document)?).map(Some)
}

fn ask(tool: &str, program: &PathBuf, image: &Path) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new(program);
    if tool == "trivy" {
        command.args(["image", "--quiet", "--format", "cyclonedx"]);
        command.args(["--offline-scan", "--timeout", "60m", "--input"]);
        command.arg(image);
    } else {
        let place = reference(image, "docker-archive:", "oci-dir:");
        command.args(["scan", "--quiet", "--output", "cyclonedx-json"]);
        command.env("SYFT_CHECK_FOR_APP_UPDATE", "false");
        command.arg(place);
    }
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        bail!("{tool} failed on {}", image.display());
    }
    Ok(output.stdout)
}

fn parse(document: &Value) -> anyhow::Result<Vec<Package>> {
    let components = document["components"].as_array();
    let mut packages = Vec::new();
    for component in components.context("no components")? {
        let Some(purl) = text(component, "purl") else {
            continue;
        };
        let kind = purl_type(&purl).context("a package URL without a type")?;
        let name = text(component, "name").context("a component without a name")?;
        let name = match (text(component, "group"), kind) {
            (Some(group), "maven") => format!("{group}:{name}"),
            (Some(group), _) if !group.is_empty() => format!("{group}/{name}"),
            _ => name,
        };
        let path = component["properties"].as_array().into_iter().flatten();
        let path = path
            .filter(|property| {
                let name = property["name"].as_str().unwrap_or_default();
                name.ends_with(":FilePath")
                    || name.ends_with(":virtualPath")
                    || name.starts_with("syft:location:0:path")
            })
            .find_map(|property| text(property, "value"))
            .unwrap_or_default();
        packages.push(Package {
            kind: kind.to_owned(),
            name,
            version: text(component, "version").unwrap_or_default(),
            path: path.trim_start_matches('/').to_owned(),
            owned_by: None,
        });
    }
    Ok(packages)
}
