//! Commands on an image that is there: `inspect`, `layers`, `diff`, `push`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_model::{Severity, VulnerabilitySeverity};

use super::{ListFormat, LookArgs, OpenArgs, OutputArgs, RuleArgs, parse_vulnerability_severity};
use crate::config::{FailOn, VexSource};

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The image, where it lies; a name without a prefix is looked for as a file or folder, in
    /// Docker, in Podman, in its registry, in that order.
    ///
    /// docker:NAME and podman:NAME ask an engine (DOCKER_HOST, docker's context, CONTAINER_HOST),
    /// registry:NAME a registry. docker-archive:FILE[:NAME] is what `docker save` writes,
    /// oci:DIR[:TAG] and oci-archive:FILE are OCI layouts, rootfs:DIR or rootfs:FILE is a root file
    /// system without an image, dir:DIR a folder of blobs as skopeo writes it. - is an archive on
    /// standard input, rootfs:- a root file system there. Archives may be compressed with gzip or
    /// zstd.
    ///
    /// A bill of materials in JSON (CycloneDX, SPDX; sbom:FILE) can stand in its place: its packages
    /// are held against advisories, nothing else is looked at.
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,

    /// The Dockerfile it was built from, to trace findings to lines.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// Least severity of a finding that makes the exit code 1, or never (the default).
    ///
    /// Known vulnerabilities count alike where there are advisories, unless a severity is named for
    /// them.
    #[arg(long, value_name = "SEVERITY", value_parser = FailOn::<Severity>::parse)]
    pub(crate) fail_on: Option<FailOn<Severity>>,

    /// Show every finding in full, and what was not looked at, instead of one screen.
    #[arg(long)]
    pub(crate) details: bool,

    #[command(flatten)]
    pub(crate) advisories: AdvisoryArgs,

    #[command(flatten)]
    pub(crate) threshold: ThresholdArgs,

    #[command(flatten)]
    pub(crate) gate: GateArgs,

    #[command(flatten)]
    pub(crate) look: LookArgs,
}

/// What others say of known vulnerabilities.
#[derive(Debug, Default, Args)]
pub(crate) struct VexArgs {
    /// A VEX document, OpenVEX or CycloneDX in JSON: what it calls not affected or fixed is set
    /// aside. May be repeated.
    ///
    /// oci takes the OpenVEX documents that are attached to the image where it lies (registry or OCI
    /// layout); signatures are not verified.
    #[arg(long, value_name = "FILE|oci", help_heading = "Vulnerabilities")]
    pub(crate) vex: Vec<VexSource>,
}

/// Which known vulnerabilities count.
#[derive(Debug, Default, Args)]
pub(crate) struct GateArgs {
    #[command(flatten)]
    pub(crate) vex: VexArgs,

    /// An earlier report, image or bill of materials: only vulnerabilities that are new since hold
    /// back.
    ///
    /// A report is one of `--format json`; an image or a bill is named as for `inspect`, and judged by
    /// the same index.
    #[arg(
        long,
        value_name = "REPORT|IMAGE|SBOM",
        help_heading = "Vulnerabilities"
    )]
    pub(crate) baseline: Option<String>,
}

/// What vulnerabilities are known by.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct IndexArgs {
    /// Index of advisories; otherwise the one that `db update` or `db build` makes, where there is
    /// one. none looks for no vulnerabilities.
    #[arg(long, value_name = "FILE|none", help_heading = "Vulnerabilities")]
    pub(crate) db: Option<IndexChoice>,
}

/// Which index of advisories is asked.
#[derive(Clone, Debug)]
pub(crate) enum IndexChoice {
    /// None: nobody looks for vulnerabilities. A file of this name is `./none`.
    None,
    /// The one in this file.
    File(PathBuf),
}

impl From<OsString> for IndexChoice {
    fn from(word: OsString) -> Self {
        match word == "none" {
            true => Self::None,
            false => Self::File(word.into()),
        }
    }
}

/// Which known vulnerabilities are looked for, and which are shown.
#[derive(Debug, Default, Args)]
pub(crate) struct AdvisoryArgs {
    #[command(flatten)]
    pub(crate) index: IndexArgs,

    /// Show vulnerabilities of these severities only: unknown, negligible, low, medium, high,
    /// critical.
    #[arg(
        long,
        value_name = "SEVERITIES",
        value_delimiter = ',',
        value_parser = parse_vulnerability_severity,
        help_heading = "Vulnerabilities"
    )]
    pub(crate) severity: Vec<VulnerabilitySeverity>,

    /// Show vulnerabilities that have a fix only.
    #[arg(long, visible_alias = "only-fixed", help_heading = "Vulnerabilities")]
    pub(crate) ignore_unfixed: bool,

    /// Show vulnerabilities of the distribution's packages (os), or of packages of programming
    /// languages (library), only.
    #[arg(
        long,
        value_enum,
        value_name = "TYPES",
        value_delimiter = ',',
        help_heading = "Vulnerabilities"
    )]
    pub(crate) pkg_types: Vec<PackageType>,
}

/// How bad a known vulnerability must be to hold an image back.
#[derive(Debug, Default, Args)]
pub(crate) struct ThresholdArgs {
    /// Least severity of a vulnerability that makes the exit code 1 (default: never).
    ///
    /// The exit code is 3 where there is no index, it has no advisories on packages that are in OSV's
    /// form, or the packages of the distribution, or all there are, could not be judged, or an
    /// advisory of that severity could not be held against a package; of other packages that could
    /// not be judged the report tells. What is not shown, and what lies in removed packages, does not count.
    #[arg(
        long,
        value_name = "SEVERITY",
        value_parser = parse_vulnerability_severity,
        help_heading = "Vulnerabilities"
    )]
    pub(crate) fail_on_vulnerability: Option<VulnerabilitySeverity>,

    /// Unless 0: every vulnerability that is shown holds the image back, and this is the exit code
    /// then in place of 1.
    ///
    /// It does so whatever plimsoll.toml tolerates; what lies in removed packages does not count. 2
    /// and 3 keep what they mean besides.
    #[arg(
        long,
        value_name = "CODE",
        conflicts_with = "fail_on_vulnerability",
        help_heading = "Vulnerabilities"
    )]
    pub(crate) exit_code: Option<u8>,
}

/// Whose packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PackageType {
    /// The distribution's.
    Os,
    /// Those of programming languages, and programs that nobody's package manager brought.
    Library,
}

/// Arguments of `layers`.
#[derive(Debug, Args)]
pub(crate) struct LayersArgs {
    /// The image, as for `inspect`.
    pub(crate) image: String,

    /// The Dockerfile it was built from, to trace layers to lines.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Print a table rather than explore; so it is wherever standard output is no terminal.
    #[arg(long)]
    pub(crate) plain: bool,

    /// The explorer or its table, or JSON.
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,

    /// Least share of the files' bytes that must not be wasted; exit code 1 below it.
    #[arg(long, value_name = "SHARE", value_parser = crate::policy::waste::parse_share)]
    pub(crate) lowest_efficiency: Option<f64>,

    /// Most bytes that may be wasted, such as 20MB; exit code 1 above.
    #[arg(long, value_name = "SIZE", value_parser = crate::policy::waste::parse_bytes)]
    pub(crate) highest_wasted_bytes: Option<u64>,

    /// Most that layers above the base may waste, as a share of what they add; exit code 1 above.
    #[arg(long, value_name = "SHARE", value_parser = crate::policy::waste::parse_share)]
    pub(crate) highest_user_wasted_percent: Option<f64>,

    /// A file of thresholds in dive's form; otherwise those of plimsoll.toml, or else .dive-ci here,
    /// unless exploring.
    #[arg(long, value_name = "FILE")]
    pub(crate) ci_config: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) look: LookArgs,
}

impl LayersArgs {
    /// The thresholds of the command line.
    pub(crate) fn waste_limits(&self) -> crate::policy::waste::WasteLimits {
        crate::policy::waste::WasteLimits {
            lowest_efficiency: self.lowest_efficiency,
            highest_wasted_bytes: self.highest_wasted_bytes,
            highest_user_wasted: self.highest_user_wasted_percent,
        }
    }
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The image that was, or a bill of materials of it, as for `inspect`.
    pub(crate) old: String,

    /// The image that is to be, or a bill of materials.
    pub(crate) new: String,

    /// The Dockerfile that NEW was built from, to trace what differs to lines.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// The Dockerfile that OLD was built from.
    #[arg(long, value_name = "FILE")]
    pub(crate) old_file: Option<PathBuf>,

    /// Text for people, Markdown for a pull request, or JSON.
    #[arg(long, value_enum, default_value_t = DiffFormat::Human, value_name = "FORMAT")]
    pub(crate) format: DiffFormat,

    /// Show every difference, not the largest of each sort; of files at most 100, with how many more
    /// there are.
    #[arg(long)]
    pub(crate) details: bool,

    /// What makes the exit code 1, comma-separated: new-secrets, new-findings,
    /// new-findings=SEVERITY (that or worse), new-vulnerabilities, new-vulnerabilities=SEVERITY,
    /// larger-by=SIZE (unpacked, such as 20MB or 5%). Without advisories on what both hold,
    /// new-vulnerabilities makes it 3.
    #[arg(long, value_name = "WHAT", value_delimiter = ',',
          value_parser = crate::policy::bounds::Bound::parse)]
    pub(crate) fail_on: Vec<crate::policy::bounds::Bound>,

    #[command(flatten)]
    pub(crate) rules: RuleArgs,

    #[command(flatten)]
    pub(crate) advisories: AdvisoryArgs,

    #[command(flatten)]
    pub(crate) vex: VexArgs,

    #[command(flatten)]
    pub(crate) look: LookArgs,
}

/// What a comparison is rendered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// Text.
    Human,
    /// Markdown, details folded.
    Markdown,
    /// JSON.
    Json,
}

/// Arguments of `push`.
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// The image, as for `inspect`. Of an index of several, --platform says which; its index, and what
    /// is attached, are not copied.
    pub(crate) image: String,

    /// Where it goes: registry:NAME[:TAG], oci:DIR[:TAG], docker-archive:FILE or docker:NAME.
    pub(crate) to: String,

    /// Further tags there.
    #[arg(short, long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,

    /// A line for people, or JSON.
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,

    #[command(flatten)]
    pub(crate) open: OpenArgs,
}
