//! `plimsoll.toml`: found nearest to the project, read strictly, documented by its own schema.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use plimsoll_model::{Severity, Skipped, SourceFile};
use plimsoll_rules::LabelFormat;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::args::EngineChoice;
use crate::failure::Failure;
use crate::policy::waste::WasteLimits;

mod size;
mod vulnerabilities;
mod waiver;
mod words;
pub(crate) use size::parse_size;
pub(crate) use vulnerabilities::{
    Presence, ThresholdConfig, Unjudged, VexSource, VulnerabilityConfig,
};
pub(crate) use waiver::{Justification, Waiver};
pub(crate) use words::{Audience, FailOn, Word};

/// The name it is looked for by.
pub(crate) const FILE_NAME: &str = "plimsoll.toml";
/// What a Dockerfile is called where nothing names one.
pub(crate) const DOCKERFILES: [&str; 2] = ["Dockerfile", "Containerfile"];

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
    /// What is kept from run to run.
    pub(crate) cache: CacheConfig,
    /// The file it was read from.
    #[serde(skip)]
    pub(crate) path: Option<PathBuf>,
    /// Its text.
    #[serde(skip)]
    pub(crate) source: Option<SourceFile>,
    /// Exceptions that other tools' files make in its place, each with the folder its paths are below.
    #[serde(skip)]
    pub(crate) foreign_allow: Vec<(Allow, PathBuf)>,
    /// Other tools' files that are read in its place.
    #[serde(skip)]
    pub(crate) foreign_files: Vec<PathBuf>,
    /// What of other tools' files cannot be honoured, or is not read.
    #[serde(skip)]
    pub(crate) not_honoured: Vec<Skipped>,
}

/// Which rules speak.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct CheckConfig {
    /// The edition of the rule set, `2026`: rules that came later stay silent until it is raised.
    #[serde(deserialize_with = "edition")]
    #[schemars(with = "Option<String>")]
    pub(crate) edition: Option<u16>,
    /// Whom the default set is for: `default`, or `strict` for style and house rules, too.
    pub(crate) audience: Option<Audience>,
    /// Only these rules: names or other tools' ids.
    pub(crate) select: Vec<String>,
    /// These rules besides.
    pub(crate) extend_select: Vec<String>,
    /// Leave these rules out: names or other tools' ids.
    pub(crate) ignore: Vec<String>,
    /// Files that checking a folder passes over, as patterns of a `.dockerignore` below the folder
    /// of this file. The report lists them as skipped.
    pub(crate) exclude: Vec<String>,
    /// Least severity that makes `check` exit 1 (default: `info`, any finding), or `never`.
    pub(crate) fail_on: Option<FailOn<Severity>>,
    /// Other severities than the rules' own, by name or by another tool's id.
    pub(crate) severity: BTreeMap<String, Word<Severity>>,
    /// Registries that images may come from; `*` is any run of characters.
    pub(crate) trusted_registries: Vec<String>,
    /// Labels an image must have, and the form of their values.
    pub(crate) labels: BTreeMap<String, Word<LabelFormat>>,
    /// Whether an image may have no other labels than those.
    pub(crate) strict_labels: bool,
    /// Whether exceptions of every kind, other tools' comments too, need a reason.
    pub(crate) require_reason: bool,
    /// Whether comments in the files are not to set anything aside.
    pub(crate) ignore_comments: bool,
    /// Findings that are set aside below some paths.
    #[schemars(with = "Vec<Allow>")]
    pub(crate) allow: Vec<Spanned<Allow>>,
}

/// What is kept from run to run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct CacheConfig {
    /// How large what was seen of layers may grow, such as `500MB` (default: `2GB`); `0` keeps
    /// nothing.
    #[serde(deserialize_with = "size::size")]
    #[schemars(with = "Option<String>")]
    pub(crate) max_size: Option<u64>,
}

/// Findings that are set aside below some paths.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Allow {
    /// The rules: names or other tools' ids.
    pub(crate) rules: Vec<String>,
    /// Files, as patterns of a `.dockerignore` below the folder of this file; all without.
    #[serde(default)]
    pub(crate) paths: Vec<String>,
    /// Why.
    pub(crate) reason: Option<String>,
    /// The last day it holds, `YYYY-MM-DD`.
    #[serde(default, deserialize_with = "waiver::optional_day")]
    #[schemars(!default, with = "Option<String>")]
    pub(crate) until: Option<Date>,
}

/// Editions of the rule set that this program has.
const EDITIONS: [u16; 1] = [2026];

/// Reads an edition.
pub(crate) fn parse_edition(text: &str) -> Result<u16, String> {
    let edition = text.parse().ok().filter(|year| EDITIONS.contains(year));
    edition.ok_or_else(|| {
        format!(
            "`{}` is no edition that this version has; the newest is {}",
            text.escape_debug(),
            EDITIONS[EDITIONS.len() - 1]
        )
    })
}

fn edition<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u16>, D::Error> {
    let text = String::deserialize(source)?;
    parse_edition(&text)
        .map(Some)
        .map_err(|why| D::Error::custom(format!("edition: {why}")))
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
    pub(crate) engine: Option<EngineChoice>,
    /// The Dockerfile.
    pub(crate) dockerfile: Option<PathBuf>,
    /// The build context.
    pub(crate) context: Option<PathBuf>,
    /// Stage to build.
    #[schemars(with = "Option<String>")]
    pub(crate) target: Option<Spanned<String>>,
    /// Platform of the image, such as `linux/amd64`.
    pub(crate) platform: Option<String>,
    /// Build arguments.
    pub(crate) args: BTreeMap<String, String>,
}

/// What holds a ship back.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PolicyConfig {
    /// Least severity that holds a ship back (default: `high`), or `never`.
    pub(crate) fail_on: Option<FailOn<Severity>>,
    /// Largest sum of an image's blobs, such as `500MB` or `1.5GiB`.
    #[serde(deserialize_with = "size::size")]
    #[schemars(with = "Option<String>")]
    pub(crate) max_size: Option<u64>,
    /// Least share of the bytes of an image's files that must not be wasted, such as `0.95`; holds
    /// `layers` back, too.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) lowest_efficiency: Option<f64>,
    /// Most bytes that an image's layers may waste, such as `20MB`; holds `layers` back, too.
    #[serde(deserialize_with = "size::size")]
    #[schemars(with = "Option<String>")]
    pub(crate) highest_wasted_bytes: Option<u64>,
    /// Most that layers above the base may waste, as a share of what they add, such as `0.1`; holds
    /// `layers` back, too.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) highest_user_wasted_percent: Option<f64>,
    /// Which known vulnerabilities hold a ship back.
    pub(crate) vulnerabilities: VulnerabilityConfig,
    /// Findings and known vulnerabilities that are accepted, each with a reason, an owner and an
    /// end date.
    #[schemars(with = "Vec<Waiver>")]
    pub(crate) waiver: Vec<Spanned<Waiver>>,
}

impl PolicyConfig {
    /// What an image may waste.
    pub(crate) fn waste_limits(&self) -> WasteLimits {
        WasteLimits {
            lowest_efficiency: self.lowest_efficiency,
            highest_wasted_bytes: self.highest_wasted_bytes,
            highest_user_wasted: self.highest_user_wasted_percent,
        }
    }
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
        config.source = Some(SourceFile::new(
            crate::project::shown(&from_here(&path)),
            text,
        ));
        config.path = Some(path);
        Ok(config)
    }

    /// Reads a configuration that is at hand.
    pub(crate) fn read(text: &str, path: &Path) -> Result<Self, Failure> {
        Self::parse(text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let place = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            let message = error.message();
            let failure = Failure::usage(format!("{}:{place}: {message}", path.display()));
            match (suggestion(message), needed(message)) {
                (Some(known), _) => failure.hint(format!("did you mean `{known}`?")),
                (None, Some(example)) => failure.hint(example),
                (None, None) => failure,
            }
        })?;
        for allow in &config.check.allow {
            let line = text[..allow.span().start.min(text.len())]
                .matches('\n')
                .count();
            if allow.as_ref().rules.is_empty() {
                return Err(Failure::usage(format!(
                    "{}:{}: check.allow: names no rule",
                    path.display(),
                    line + 1
                )));
            }
        }
        for waiver in &config.policy.waiver {
            let line = text[..waiver.span().start.min(text.len())]
                .matches('\n')
                .count();
            let place = format!("{}:{}: policy.waiver", path.display(), line + 1);
            waiver.as_ref().validate(&place)?;
        }
        config
            .policy
            .vulnerabilities
            .validate(&path.display().to_string())?;
        let policy = &config.policy;
        for (key, share) in [
            ("lowest-efficiency", policy.lowest_efficiency),
            (
                "highest-user-wasted-percent",
                policy.highest_user_wasted_percent,
            ),
        ] {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                return Err(Failure::usage(format!(
                    "{}: {key} = {share} is not a share from 0 to 1",
                    path.display()
                )));
            }
        }
        Ok(config)
    }

    /// The folder that paths in the file are below.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.path.as_deref().and_then(Path::parent)
    }

    /// The Dockerfile that `[build]` is about; `None` where there is no such table, or no such file.
    pub(crate) fn dockerfile(&self) -> Option<PathBuf> {
        let build = &self.build;
        let is_empty = build.dockerfile.is_none()
            && build.context.is_none()
            && build.target.is_none()
            && build.args.is_empty();
        let folder = self.folder().filter(|_| !is_empty)?;
        match &build.dockerfile {
            Some(named) => Some(folder.join(named)),
            None => DOCKERFILES
                .iter()
                .map(|name| folder.join(name))
                .find(|path| path.is_file()),
        }
    }

    /// Whether `[build]` is about the Dockerfile at `path`.
    pub(crate) fn is_about(&self, path: &Path) -> bool {
        let Some(built) = self.dockerfile() else {
            return false;
        };
        match (built.canonicalize(), path.canonicalize()) {
            (Ok(built), Ok(path)) => built == path,
            _ => false,
        }
    }

    /// The build context of that Dockerfile, where it is told.
    pub(crate) fn context(&self) -> Option<PathBuf> {
        let base = self.folder()?;
        match (&self.build.context, &self.build.dockerfile) {
            (Some(context), _) => Some(base.join(context)),
            (None, Some(_)) => Some(base.to_path_buf()),
            (None, None) => None,
        }
    }

    /// The line of the file that something in it stands on, counted from 1.
    pub(crate) fn line_of<T>(&self, place: &Spanned<T>) -> usize {
        let text = self.source.as_ref().map_or(&[][..], SourceFile::bytes);
        let before = &text[..place.span().start.min(text.len())];
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// A path that stands in the file, as seen from the current folder.
    pub(crate) fn below(&self, path: &Path) -> PathBuf {
        match self.folder() {
            Some(folder) => from_here(&folder.join(path)),
            None => path.to_path_buf(),
        }
    }
}

/// The path as seen from the current folder, where it lies below it.
pub(crate) fn from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    let below = here
        .as_deref()
        .and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).to_path_buf()
}

fn nearest(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    start
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        // One that cannot be read was meant all the same, and must not be passed over.
        .find(|path| path.symlink_metadata().is_ok())
}

/// What a table must have of which a field is missing.
fn needed(message: &str) -> Option<&'static str> {
    let field = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    match field {
        "rules" => Some("[[check.allow]] needs rules = [\"root-user\"]"),
        "reason" | "owner" | "until" => {
            Some("[[policy.waiver]] needs reason = \"…\", owner = \"…\" and until = \"2027-01-31\"")
        }
        _ => None,
    }
}

/// The known key nearest to the one an "unknown field" message complains of.
fn suggestion(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next().filter(|_| message.starts_with("unknown"))?;
    plimsoll_syntax::nearest(wrong, quoted).map(str::to_owned)
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
    fn days_and_times_are_read_once_and_refused_by_their_line() {
        let waiver = "[[policy.waiver]]\nrule = \"root-user\"\nreason = \"x\"\nowner = \"me\"\n";
        for (until, day) in [("\"2027-01-31\"", 31), ("2027-01-30", 30)] {
            let config = Config::parse(&format!("{waiver}until = {until}\n"), Path::new("p"));
            let read = config.unwrap().policy.waiver[0].as_ref().until;
            assert_eq!(read, jiff::civil::date(2027, 1, day));
        }
        for (text, told) in [
            (
                format!("{waiver}until = \"to\\tday\"\n"),
                "p:5: until = \"to\\tday\" is not a date such as 2027-01-31",
            ),
            (
                "[[check.allow]]\nrules = [\"root-user\"]\nuntil = \"2027-02-30\"\n".to_owned(),
                "p:3: until = \"2027-02-30\" is not a date such as 2027-01-31",
            ),
            (
                "[[check.allow]]\nrules = [\"root-user\"]\nuntil = 7\n".to_owned(),
                "p:3: until: expected a date such as 2027-01-31",
            ),
            (
                "[policy.vulnerabilities]\nonly-fixed = true\ngrace = \"soon\"\n".to_owned(),
                "p:3: grace = \"soon\" is not a time such as 14 days or 2 weeks",
            ),
            (
                "[policy.vulnerabilities]\nyours = { grace = \"\" }\n".to_owned(),
                "p:2: grace = \"\" is not a time such as 14 days or 2 weeks",
            ),
            (
                "[policy.vulnerabilities]\nmax-age = \"7\"\n".to_owned(),
                "p:2: max-age = \"7\" is not a time such as 14 days or 2 weeks",
            ),
        ] {
            let failure = Config::parse(&text, Path::new("p")).unwrap_err();
            assert_eq!(failure.to_string(), told);
        }
    }

    #[test]
    fn what_may_be_wasted_is_checked() {
        let read = |text: &str| Config::parse(&format!("[policy]\n{text}\n"), Path::new("p"));
        let config = read("lowest-efficiency = 0.95\nhighest-wasted-bytes = \"20MB\"").unwrap();
        assert_eq!(
            config.policy.waste_limits(),
            WasteLimits {
                lowest_efficiency: Some(0.95),
                highest_wasted_bytes: Some(20_000_000),
                highest_user_wasted: None,
            }
        );
        for bad in [
            "lowest-efficiency = 95.0",
            "lowest-efficiency = nan",
            "highest-user-wasted-percent = -0.1",
            "highest-wasted-bytes = \"little\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn vulnerabilities_have_thresholds_of_their_own() {
        let read = |text: &str| Config::parse(text, Path::new("p.toml"));
        let config = read(
            "[policy.vulnerabilities]\nfail-on = \"high\"\nonly-fixed = true\n\
             grace = \"14 days\"\nmax-age = \"7 days\"\nunjudged = \"fail\"\n\
             base.fail-on = \"critical\"\nyours = { fail-on = \"medium\" }\n\
             vex = [\"vex.json\"]\nignore-files = [\".trivyignore\"]\nbaseline = \"old.json\"\n",
        )
        .unwrap();
        let own = &config.policy.vulnerabilities;
        assert_eq!(
            own.base.fail_on,
            Some(FailOn::From(
                plimsoll_model::VulnerabilitySeverity::Critical
            ))
        );
        assert_eq!(own.unjudged, Some(Unjudged::Fail));
        let failure = read("[policy.vulnerabilities]\ngrace = \"soon\"\n").unwrap_err();
        assert!(
            failure.to_string().contains("grace = \"soon\""),
            "{failure}"
        );
        assert!(read("[policy.vulnerabilities]\nfail-on = \"info\"\n").is_err());
    }
}
