//! The command line. Doc comments here are the help text.

mod db;
mod form;
mod image;
mod misread;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use plimsoll_model::{Severity, VulnerabilitySeverity};
use plimsoll_rules::LabelFormat;
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::db::{
    DbBuildArgs, DbCommand, DbPullArgs, DbPushArgs, DbStatusArgs, DbUpdateArgs,
};
pub(crate) use self::form::{Format, Needs, OutputArgs, Reported, Room};
pub(crate) use self::image::{
    AdvisoryArgs, DiffArgs, DiffFormat, GateArgs, IndexArgs, IndexChoice, InspectArgs, LayersArgs,
    PackageType, PushArgs, ThresholdArgs, VexArgs,
};
pub(crate) use self::misread::{ask_for_json, what_is_wrong};
use crate::config::FailOn;

/// Takes a project's containers from demo quality to production grade, and proves it.
///
/// Exit codes: 0 holds, 1 held back by findings or policy, 2 usage or configuration, 3 could not
/// look (network, engine, missing evidence).
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
}

/// One stretch of the journey.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check, build, inspect, judge, attest and ship: the whole line, one digest.
    Ship(ShipArgs),
    /// Check Dockerfiles and what they let into the image.
    Check(CheckArgs),
    /// Build an image into an OCI layout.
    Build(BuildArgs),
    /// Look inside an image: packages, secrets, layers, hardening.
    Inspect(InspectArgs),
    /// Explore an image's layers: what each adds, changes, removes and wastes.
    Layers(LayersArgs),
    /// Compare two images: packages, vulnerabilities, files, size, configuration, secrets, findings.
    Diff(DiffArgs),
    /// Copy one image, byte for byte.
    Push(PushArgs),
    /// Make the index of known vulnerabilities, or tell what is in it.
    #[command(subcommand)]
    Db(DbCommand),
    /// Show or empty what is kept from run to run.
    Cache(CacheArgs),
    /// List every rule.
    Rules(RulesArgs),
    /// Explain one rule: what it says, why, and how to mend it.
    Explain(ExplainArgs),
    /// Write one plimsoll.toml from what other tools are configured with.
    Migrate(MigrateArgs),
    /// Tell what each build engine can do on this machine.
    Engines(EnginesArgs),
    /// Print the JSON schema of plimsoll.toml.
    Schema,
    /// Look at what Plimsoll sees.
    #[command(subcommand)]
    Debug(DebugCommand),
}

impl Command {
    /// Whether standard output is to be one JSON object.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Ship(arguments) => arguments.output.format == Format::Json,
            Self::Check(arguments) => arguments.output.format == Format::Json,
            Self::Inspect(arguments) => arguments.output.format == Format::Json,
            Self::Layers(arguments) => arguments.format == ListFormat::Json,
            Self::Diff(arguments) => arguments.format == DiffFormat::Json,
            Self::Push(arguments) => arguments.format == ListFormat::Json,
            Self::Db(DbCommand::Build(arguments)) => arguments.format == ListFormat::Json,
            Self::Db(DbCommand::Status(arguments)) => arguments.format == ListFormat::Json,
            Self::Db(DbCommand::Update(arguments)) => arguments.format == ListFormat::Json,
            Self::Cache(arguments) => arguments.format == ListFormat::Json,
            Self::Rules(arguments) => arguments.format == ListFormat::Json,
            _ => false,
        }
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// In a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a build's progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// Live in a terminal, nothing elsewhere.
    Auto,
    /// Every line as it comes.
    Plain,
    /// Nothing.
    Quiet,
}

/// Which engine builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EngineChoice {
    /// The first that works here: a reachable BuildKit, else native.
    Auto,
    /// Plimsoll's own: no daemon, no root.
    Native,
    /// The BuildKit inside a Docker engine, or a buildkitd.
    Buildkit,
}

/// Which rules speak.
#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// Only these rules: names or other tools' ids, comma-separated; ALL for every one.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAMES",
        help_heading = "Rules"
    )]
    pub(crate) select: Vec<String>,

    /// These rules besides: names or other tools' ids, comma-separated.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAMES",
        help_heading = "Rules"
    )]
    pub(crate) extend_select: Vec<String>,

    /// Leave these rules out: names or other tools' ids, comma-separated.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAMES",
        help_heading = "Rules"
    )]
    pub(crate) ignore: Vec<String>,

    /// Style and house rules, too.
    #[arg(long, help_heading = "Rules")]
    pub(crate) strict: bool,

    /// Edition of the rule set; the newest otherwise.
    #[arg(long, hide_short_help = true, value_name = "YEAR", help_heading = "Rules",
          value_parser = crate::config::parse_edition)]
    pub(crate) edition: Option<u16>,

    /// Registry that images may come from, `*` for any characters; may be repeated.
    #[arg(
        long,
        hide_short_help = true,
        value_name = "REGISTRY",
        help_heading = "Rules"
    )]
    pub(crate) trusted_registry: Vec<String>,

    /// Label an image must have; FORM is text, url, rfc3339, spdx, hash, semver or email.
    #[arg(long, hide_short_help = true, value_name = "NAME:FORM", help_heading = "Rules",
          value_parser = parse_label)]
    pub(crate) require_label: Vec<(String, LabelFormat)>,

    /// No other labels than the required ones.
    #[arg(long, hide_short_help = true, help_heading = "Rules")]
    pub(crate) strict_labels: bool,

    /// A reason for every exception, other tools' comments too.
    #[arg(long, hide_short_help = true, help_heading = "Rules")]
    pub(crate) require_reason: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("fixes").multiple(true)))]
pub(crate) struct CheckArgs {
    /// Dockerfiles, folders to look for them in, patterns such as 'services/**/Dockerfile*', or -
    /// for standard input.
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// The name that standard input goes by: its folder is the build context.
    #[arg(long, value_name = "FILE")]
    pub(crate) stdin_filename: Option<PathBuf>,

    /// Only findings on lines that were changed since the branch left BASE, untracked files
    /// included; BASE is origin's default branch unless named.
    #[arg(long, value_name = "BASE", num_args = 0..=1, require_equals = true)]
    pub(crate) changed: Option<Option<String>>,

    /// Tell where rules stayed silent rather than guess, and what they took for granted.
    #[arg(short, long)]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// Configuration file; the nearest plimsoll.toml otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Exit 0 whatever is found.
    #[arg(long)]
    pub(crate) exit_zero: bool,

    /// Least severity that makes the exit code 1, or never (default: info, any finding).
    #[arg(long, value_name = "SEVERITY", value_parser = FailOn::<Severity>::parse)]
    pub(crate) fail_on: Option<FailOn<Severity>>,

    /// Write safe fixes into the files.
    #[arg(long, group = "fixes")]
    pub(crate) fix: bool,

    /// Show what --fix would write, and write nothing; the exit code is 1 where that is anything.
    #[arg(long, group = "fixes")]
    pub(crate) diff: bool,

    /// With --fix or --diff: fixes that may change behaviour, too.
    #[arg(long, requires = "fixes")]
    pub(crate) unsafe_fixes: bool,

    /// A further context or a base by name, as for build: what it holds need not be guessed.
    /// NAME=DIR, NAME=oci-layout://DIR[:TAG], NAME=docker-image://NAME. May be repeated.
    #[arg(long, value_name = "NAME=PLACE")]
    pub(crate) build_context: Vec<String>,

    /// Ask registries for the configurations of base images; a Docker engine on this machine is
    /// asked anyway.
    #[arg(long, conflicts_with = "offline")]
    pub(crate) online: bool,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// What to build, and how.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The project: its folder is the build context.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The Dockerfile; DIR/Dockerfile otherwise.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Stage to build; the last one otherwise.
    #[arg(long, value_name = "STAGE")]
    pub(crate) target: Option<String>,

    /// Platform of the image, such as linux/arm64; this machine's otherwise.
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,

    /// Build argument; NAME alone takes it from the environment.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) build_arg: Vec<String>,

    /// Label on top of the Dockerfile's.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) label: Vec<String>,

    /// A secret for RUN --mount=type=secret: id=ID,src=FILE or id=ID,env=NAME.
    #[arg(long, value_name = "SPEC")]
    pub(crate) secret: Vec<String>,

    /// Where FROM NAME or --from=NAME comes from: NAME=DIR, NAME=oci-layout://DIR[:TAG],
    /// NAME=docker-image://IMAGE, NAME=docker-archive://FILE.
    #[arg(long, value_name = "NAME=PLACE")]
    pub(crate) build_context: Vec<String>,

    /// Tag of the image; tags from git otherwise.
    #[arg(short, long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,

    /// Which engine builds.
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub(crate) engine: Option<EngineChoice>,

    /// Run every step again.
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Look for newer versions of base images.
    #[arg(long)]
    pub(crate) pull: bool,

    /// How progress is shown.
    #[arg(long, value_enum, default_value_t = Progress::Auto, value_name = "HOW")]
    pub(crate) progress: Progress,

    /// Configuration file; the nearest plimsoll.toml otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// How images are reached.
#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    /// A registry (HOST:PORT) that may be spoken to in clear text; loopback always may.
    #[arg(long, value_name = "HOST", help_heading = "Registries")]
    pub(crate) insecure_registry: Vec<String>,

    /// Refuse the network.
    #[arg(long, help_heading = "Registries")]
    pub(crate) offline: bool,

    /// How long a registry may say nothing; it is asked once more, then given up. What breaks off or
    /// is refused for the moment is tried five times.
    #[arg(long, hide_short_help = true, value_name = "SECONDS", help_heading = "Registries",
          default_value_t = DEFAULT_TIMEOUT, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}

/// Seconds a registry may be silent unless told otherwise.
pub(crate) const DEFAULT_TIMEOUT: u64 = 30;

/// How an image that is somewhere is opened.
#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Platform to choose from an index.
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// How an image is looked into.
#[derive(Debug, Args)]
pub(crate) struct LookArgs {
    #[command(flatten)]
    pub(crate) open: OpenArgs,

    /// Look at every layer anew, and keep nothing of it.
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Configuration file; the nearest plimsoll.toml otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Arguments of `build`.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) plan: PlanArgs,

    /// Where the image goes: oci:DIR[:TAG], docker-archive:FILE[:NAME], docker:NAME or
    /// registry:NAME.
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: Option<String>,
}

/// Arguments of `ship`.
#[derive(Debug, Args)]
pub(crate) struct ShipArgs {
    #[command(flatten)]
    pub(crate) plan: PlanArgs,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// Where the image goes: oci:DIR (the default, below .plimsoll/), registry:NAME,
    /// docker-archive:FILE or docker:NAME.
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: Option<String>,

    /// Folder for the evidence: report, SBOM, provenance, build log.
    #[arg(long, value_name = "DIR")]
    pub(crate) evidence: Option<PathBuf>,

    /// Least severity that holds the ship back, or never (default: high).
    #[arg(long, value_name = "SEVERITY", value_parser = FailOn::<Severity>::parse)]
    pub(crate) fail_on: Option<FailOn<Severity>>,

    #[command(flatten)]
    pub(crate) index: IndexArgs,

    #[command(flatten)]
    pub(crate) gate: GateArgs,

    /// Also tag the image `latest`.
    #[arg(long)]
    pub(crate) latest: bool,
}

/// Arguments of `cache`.
#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// What to do: tell what is there (the default), remove what is over the bound, or all that was
    /// seen of images.
    #[arg(value_enum)]
    pub(crate) action: Option<CacheAction>,

    /// With `clear`: the engines' build steps, too.
    #[arg(long)]
    pub(crate) all: bool,

    /// Form of the status.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
}

/// What to do with the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CacheAction {
    /// Tell what is there.
    Status,
    /// Remove what was used least lately, down to the bound.
    Prune,
    /// Remove what was seen of images.
    Clear,
}

/// Arguments of `migrate`.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The folder whose .hadolint.yaml, .tally.toml, .trivyignore(.yaml) and .grype.yaml are read.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Write over a plimsoll.toml that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// Only rules with this in their name, summary or another tool's ids.
    #[arg(value_name = "WORD")]
    pub(crate) word: Option<String>,

    /// Only rules about this: base, package, secret, …
    #[arg(long, value_name = "FOLDER")]
    pub(crate) about: Option<String>,

    /// Only rules of this severity.
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    pub(crate) severity: Option<Severity>,

    /// Only rules that the default set leaves out.
    #[arg(long)]
    pub(crate) strict: bool,

    /// A table for people, or JSON.
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// Text.
    Human,
    /// JSON.
    Json,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A rule's name, or what another tool calls it (DL3002).
    pub(crate) rule: String,
}

/// Arguments of `engines`.
#[derive(Debug, Args)]
pub(crate) struct EnginesArgs {}

/// Looks behind the scenes.
#[derive(Debug, Subcommand)]
pub(crate) enum DebugCommand {
    /// Print the syntax tree of Dockerfiles, one JSON line a file.
    DockerfileAst {
        /// The files; - for standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
    },
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).ok_or_else(|| "expected info, low, medium, high or critical".to_owned())
}

fn parse_vulnerability_severity(text: &str) -> Result<VulnerabilitySeverity, String> {
    VulnerabilitySeverity::parse(text)
        .ok_or_else(|| "expected unknown, negligible, low, medium, high or critical".to_owned())
}

fn parse_label(text: &str) -> Result<(String, LabelFormat), String> {
    // A label's name may hold a colon; its form does not.
    let (name, form) = text
        .rsplit_once(':')
        .ok_or("expected NAME:FORM, such as org.opencontainers.image.source:url")?;
    let form = LabelFormat::parse(form)
        .ok_or("the form is text, url, rfc3339, spdx, hash, semver or email")?;
    Ok((name.to_owned(), form))
}
