//! Installed conda packages: `conda-meta/NAME-VERSION-BUILD.json` in an environment, as conda,
//! mamba and micromamba leave it.

use plimsoll_model::{Evidence, PackageKind};
use serde::Deserialize;

use super::{Candidate, Document, Proven};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name.ends_with(".json")
        && candidate
            .path
            .strip_suffix(candidate.name)
            .is_some_and(|folder| folder == "conda-meta/" || folder.ends_with("/conda-meta/"))
}

#[derive(Deserialize)]
struct Meta {
    name: Option<String>,
    version: Option<String>,
    #[serde(alias = "build_string")]
    build: Option<String>,
    channel: Option<String>,
    subdir: Option<String>,
    #[serde(rename = "fn")]
    file: Option<String>,
    license: Option<String>,
    /// What the user asked for, where they did.
    requested_spec: Option<String>,
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let meta: Meta =
        serde_json::from_slice(bytes).map_err(|error| format!("it is no conda record: {error}"))?;
    let mut package = Proven::new(
        PackageKind::Conda,
        meta.name.as_deref(),
        meta.version.as_deref(),
        Evidence::Metadata,
    )?;
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let kind = filled(meta.file).and_then(|file| {
        let kinds = [(".conda", "conda"), (".tar.bz2", "tar.bz2")];
        kinds
            .into_iter()
            .find_map(|(end, kind)| file.ends_with(end).then(|| kind.to_owned()))
    });
    for (key, value) in [
        ("build", filled(meta.build)),
        ("channel", filled(meta.channel).as_deref().and_then(channel)),
        ("subdir", filled(meta.subdir)),
        ("type", kind),
    ] {
        package
            .qualifiers
            .extend(value.map(|value| (key.to_owned(), value)));
    }
    package.license = filled(meta.license);
    // The field is there since conda 4.4, filled for what was asked for; older records lack it.
    package.direct = meta
        .requested_spec
        .map(|spec| !spec.is_empty() && spec != "None");
    Ok(Document::Packages(vec![package]))
}

/// The name of a channel that is written as an address, which ends in the platform.
fn channel(channel: &str) -> Option<String> {
    let channel = channel.trim_end_matches('/');
    let Some((_, address)) = channel.split_once("://") else {
        return Some(channel.to_owned());
    };
    let (_, path) = address.split_once('/')?;
    let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
    let platform = |part: &str| {
        part == "noarch"
            || ["linux-", "osx-", "win-"]
                .iter()
                .any(|start| part.starts_with(start))
    };
    let mut last = parts.next()?;
    if platform(last) {
        last = parts.next()?;
    }
    Some(match parts.next() {
        Some("pkgs") => format!("pkgs/{last}"),
        _ => last.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_an_environment() {
        assert!(claims(&Candidate::named(
            "opt/conda/conda-meta/numpy-1.26.4-py311_0.json"
        )));
        assert!(claims(&Candidate::named("conda-meta/a-1-0.json")));
        assert!(!claims(&Candidate::named("opt/conda/conda-meta/history")));
        assert!(!claims(&Candidate::named("opt/my-conda-meta/a.json")));
        let record = br#"{"name":"numpy","version":"1.26.4","build":"py311h_0","subdir":"linux-64",
            "channel":"https://conda.example/t/tk-1/conda-forge/linux-64","license":"BSD-3-Clause",
            "fn":"numpy-1.26.4-py311h_0.conda","requested_spec":"None","files":["a","b"]}"#;
        let Ok(Document::Packages(packages)) = read("", record) else {
            panic!("no package")
        };
        let numpy = &packages[0];
        assert_eq!((numpy.name.as_str(), numpy.direct), ("numpy", Some(false)));
        let qualifiers: Vec<String> = numpy
            .qualifiers
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(
            qualifiers,
            [
                "build=py311h_0",
                "channel=conda-forge",
                "subdir=linux-64",
                "type=conda"
            ]
        );
        assert!(read("", b"{\"name\":\"x\"}").is_err());
        assert!(read("", b"{\"name\":\"x\\u001b[0m\",\"version\":\"1\"}").is_err());
        assert_eq!(channel("pkgs/main").as_deref(), Some("pkgs/main"));
        assert_eq!(channel("https://x").as_deref(), None);
    }
}
