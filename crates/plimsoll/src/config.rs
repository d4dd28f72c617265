//! `plimsoll.toml`: found nearest to the project, read strictly, documented by its own schema.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_model::Severity;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::EngineChoice;
use crate::failure::Failure;

/// The name it is looked for by.
pub(crate) const FILE_NAME: &str = "plimsoll.toml";

/// What a project wants of Plimsoll.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "plimsoll.toml")]
pub(crate) struct Config {
    /// Which rules speak.
    pub(crate) check: CheckConfig,
    /// What the image says about itself.
    pub(crate) image: ImageSection,
    /// How the image is built.
    pub(crate) build: BuildConfig,
    /// What holds a ship back.
    pub(crate) policy: PolicyConfig,
    /// Where the image goes.
    pub(crate) ship: ShipConfig,
    /// The file it was read from.
    #[serde(skip)]
    pub(crate) path: Option<PathBuf>,
}

/// Which rules speak.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct CheckConfig {
    /// Only these rules: names or other tools' ids.
    pub(crate) select: Vec<String>,
    /// Leave these rules out: names or other tools' ids.
    pub(crate) ignore: Vec<String>,
    /// Files that checking a folder passes over, as patterns of a `.dockerignore` below the folder
    /// of this file. The report lists them as skipped.
    pub(crate) exclude: Vec<String>,
    /// Least severity that makes `check` exit 1 (default: `info`, any finding).
    pub(crate) fail_on: Option<SeverityName>,
}

/// What the image says about itself, as `org.opencontainers.image.*` labels.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ImageSection {
    /// `org.opencontainers.image.title`; the folder's name otherwise.
    pub(crate) title: Option<String>,
    /// `org.opencontainers.image.description`.
    pub(crate) description: Option<String>,
    /// `org.opencontainers.image.licenses`, an SPDX expression.
    pub(crate) licenses: Option<String>,
    /// `org.opencontainers.image.source`; the git remote otherwise.
    pub(crate) source: Option<String>,
    /// `org.opencontainers.image.vendor`.
    pub(crate) vendor: Option<String>,
    /// Further labels.
    pub(crate) labels: BTreeMap<String, String>,
}

/// How the image is built. Paths are below the folder of this file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct BuildConfig {
    /// Which engine builds: `auto`, `native` or `buildkit`.
    pub(crate) engine: Option<EngineName>,
    /// The Dockerfile.
    pub(crate) dockerfile: Option<PathBuf>,
    /// The build context.
    pub(crate) context: Option<PathBuf>,
    /// Stage to build.
    pub(crate) target: Option<String>,
    /// Platform of the image, such as `linux/amd64`.
    pub(crate) platform: Option<String>,
    /// Build arguments.
    pub(crate) args: BTreeMap<String, String>,
}

/// What holds a ship back.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PolicyConfig {
    /// Least severity that holds a ship back (default: `high`).
    pub(crate) fail_on: Option<SeverityName>,
    /// Largest sum of an image's blobs, such as `500MB` or `1.5GiB`.
    pub(crate) max_size: Option<String>,
    /// Findings that are accepted, each with a reason, an owner and an end date.
    pub(crate) waiver: Vec<Waiver>,
}

/// One accepted risk.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Waiver {
    /// The rule: its name or what another tool calls it.
    pub(crate) rule: String,
    /// Only findings in this file or at this path of the image; `*` matches any run of characters.
    pub(crate) path: Option<String>,
    /// Why the risk is accepted.
    pub(crate) reason: String,
    /// Who answers for it.
    pub(crate) owner: String,
    /// Last day it holds, `YYYY-MM-DD`.
    pub(crate) until: String,
}

/// Where the image goes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ShipConfig {
    /// `oci:DIR`, `registry:NAME`, `docker-archive:FILE` or `docker:NAME`.
    pub(crate) to: Option<String>,
    /// Tags; from git where there are none.
    pub(crate) tags: Vec<String>,
    /// Whether the image is tagged `latest` too.
    pub(crate) latest: bool,
}

/// A severity, by its word.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SeverityName {
    /// Worth knowing.
    Info,
    /// Costs time, size or comfort.
    Low,
    /// Needs another mistake to hurt.
    Medium,
    /// Hurts by itself.
    High,
    /// Gives the ship away.
    Critical,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Info => Self::Info,
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Critical => Self::Critical,
        }
    }
}

/// An engine, by its word.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EngineName {
    /// The first that works.
    Auto,
    /// Plimsoll's own.
    Native,
    /// BuildKit.
    Buildkit,
}

impl From<EngineName> for EngineChoice {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Auto => Self::Auto,
            EngineName::Native => Self::Native,
            EngineName::Buildkit => Self::Buildkit,
        }
    }
}

/// Its JSON schema, for editors.
pub(crate) fn schema() -> String {
    let schema = schemars::schema_for!(Config);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

impl Config {
    /// Reads `explicit`, or the nearest file at or above `start`; the defaults where there is none.
    pub(crate) fn load(explicit: Option<&Path>, start: &Path) -> Result<Self, Failure> {
        let path = match explicit {
            Some(path) => path.to_path_buf(),
            None => match nearest(start) {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let text = crate::project::read_bounded(&path, 1 << 20)?;
        let text = String::from_utf8(text)
            .map_err(|_| Failure::usage(format!("{}: not UTF-8", path.display())))?;
        let mut config = Self::parse(&text, &path)?;
        config.path = Some(path);
        Ok(config)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let place = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            let message = error.message();
            let failure = Failure::usage(format!("{}:{place}: {message}", path.display()));
            match suggestion(message) {
                Some(known) => failure.hint(format!("did you mean `{known}`?")),
                None => failure,
            }
        })?;
        for waiver in &config.policy.waiver {
            let place = || format!("{}: waiver for `{}`", path.display(), waiver.rule);
            if waiver.reason.trim().is_empty() || waiver.owner.trim().is_empty() {
                return Err(Failure::usage(format!(
                    "{}: reason and owner must say something",
                    place()
                )));
            }
            if waiver.until.parse::<jiff::civil::Date>().is_err() {
                return Err(Failure::usage(format!(
                    "{}: until = \"{}\" is not a date such as 2027-01-31",
                    place(),
                    waiver.until.escape_debug()
                )));
            }
        }
        if let Some(size) = &config.policy.max_size {
            parse_size(size).ok_or_else(|| {
                Failure::usage(format!(
                    "{}: max-size = \"{}\" is not a size such as 500MB or 1.5GiB",
                    path.display(),
                    size.escape_debug()
                ))
            })?;
        }
        Ok(config)
    }

    /// The folder that paths in the file are below.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.path.as_deref().and_then(Path::parent)
    }
}

fn nearest(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    start
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
}

/// The known key nearest to the one an "unknown field" message complains of.
fn suggestion(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next().filter(|_| message.starts_with("unknown"))?;
    quoted
        .map(|known| (strsim::damerau_levenshtein(wrong, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 2)
        .map(|(_, known)| known.to_owned())
}

/// Reads a size: a number with `B`, `kB`, `MB`, `GB` (powers of 1000) or `KiB`, `MiB`, `GiB`.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit: f64 = match text[digits..].trim() {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * unit;
    (bytes.is_finite() && bytes <= 1e15).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_with_a_suggestion() {
        let failure = Config::parse("[policy]\nfail-onn = \"high\"\n", Path::new("p.toml"))
            .expect_err("unknown key");
        let text = failure.to_string();
        assert!(
            text.starts_with("p.toml:2: unknown field `fail-onn`"),
            "{text}"
        );
        assert!(text.contains("did you mean `fail-on`?"), "{text}");
    }

    #[test]
    fn waivers_need_a_reason_an_owner_and_a_date() {
        let waiver = |reason: &str, until: &str| {
            format!(
                "[[policy.waiver]]\nrule = \"root-user\"\nreason = \"{reason}\"\nowner = \"me\"\nuntil = \"{until}\"\n"
            )
        };
        assert!(Config::parse(&waiver("soon gone", "2027-01-31"), Path::new("p")).is_ok());
        assert!(Config::parse(&waiver(" ", "2027-01-31"), Path::new("p")).is_err());
        assert!(Config::parse(&waiver("soon gone", "tomorrow"), Path::new("p")).is_err());
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("500MB"), Some(500_000_000));
        assert_eq!(parse_size("1.5 GiB"), Some(1_610_612_736));
        assert_eq!(parse_size("12"), Some(12));
        for bad in ["", "MB", "1.2.3MB", "1TB?", "-1MB", "9999999999999GB"] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
    }
}
