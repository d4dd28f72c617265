//! `db`: the index of advisories.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use plimsoll_scan::advisory::{EPSS_SCORES, EXPLOITED_CATALOGUE, PocketName};

use super::{AccessArgs, ListFormat};

/// The index of advisories.
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Compile advisories in OSV form into one index.
    Build(DbBuildArgs),
    /// Fetch what OSV's databases published since the last time, and make the index anew.
    Update(DbUpdateArgs),
    /// Tell how old an index is, and what it holds.
    Status(DbStatusArgs),
    /// Put an index into a registry, for machines that reach nothing else.
    Push(DbPushArgs),
    /// Fetch an index from a registry.
    Pull(DbPullArgs),
}

/// Arguments of `db build`.
#[derive(Debug, Args)]
pub(crate) struct DbBuildArgs {
    /// Folders, with all *.json, *.yaml and *.zip below them; zip files, such as OSV's all.zip of an
    /// ecosystem; single records. Beside them, told by what they hold: the package index of a
    /// distribution's security pocket (Packages, also .gz and .xz), FIRST's EPSS scores, CISA's
    /// catalogue of exploited flaws.
    #[arg(required_unless_present = "pocket", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// The package index of a release's security pocket, such as debian:12=Packages.xz; may be
    /// repeated. Needed only where neither its path nor a Release file near it tells whose it is.
    #[arg(long, value_name = "RELEASE=FILE", value_parser = pocket_file)]
    pub(crate) pocket: Vec<(PocketName, PathBuf)>,

    /// The index; otherwise the one that every command looks for: advisories.index in
    /// PLIMSOLL_DATA, or in plimsoll in the folder for data of this user.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Text for people, or JSON.
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

/// Arguments of `db update`.
#[derive(Debug, Args)]
pub(crate) struct DbUpdateArgs {
    /// An ecosystem as OSV names it, such as Debian or PyPI; may be repeated. Otherwise those that
    /// images hold most; none fetches none. What was fetched before and is not asked for now stays in
    /// the index as it was, and is told.
    #[arg(long, value_name = "NAME")]
    pub(crate) ecosystem: Vec<String>,

    /// An address below which ECOSYSTEM/all.zip lies; may be repeated, the first that has it
    /// counts. Otherwise OSV's own.
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Vec<String>,

    /// A release of Debian or Ubuntu whose security pocket is fetched, too, such as debian:12 or
    /// ubuntu:22.04; may be repeated. Its checksums and its Valid-Until are verified, its signature
    /// is not. What was fetched before and is not asked for now stays in the index as it was, as do
    /// EPSS scores and the catalogue of exploited flaws, and is told.
    #[arg(long, value_name = "RELEASE", value_parser = pocket_name)]
    pub(crate) pocket: Vec<PocketName>,

    /// An architecture of its packages, in the distribution's words; may be repeated. Otherwise
    /// amd64 and arm64.
    #[arg(long, value_name = "NAME", value_parser = architecture)]
    pub(crate) pocket_architecture: Vec<String>,

    /// An address below which dists/SUITE/InRelease lies; may be repeated, the first that has it
    /// counts. Otherwise the distribution's own. Ubuntu's (security.ubuntu.com) is in clear text
    /// and must be allowed with --insecure-registry security.ubuntu.com, or another be named.
    #[arg(long, value_name = "URL")]
    pub(crate) pocket_mirror: Vec<String>,

    /// Fetch EPSS scores, too: FIRST's of the day, unless an address is given.
    #[arg(
        long,
        value_name = "URL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = EPSS_SCORES
    )]
    pub(crate) epss: Option<String>,

    /// Fetch a catalogue of exploited flaws, too: CISA's, unless an address is given.
    #[arg(
        long,
        value_name = "URL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = EXPLOITED_CATALOGUE
    )]
    pub(crate) known_exploited: Option<String>,

    /// The index; otherwise the one that every command looks for. What was fetched is kept beside
    /// it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) access: AccessArgs,

    /// Text for people, or JSON.
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

/// Arguments of `db push`.
#[derive(Debug, Args)]
pub(crate) struct DbPushArgs {
    /// Where to: REGISTRY/REPOSITORY:TAG.
    #[arg(value_name = "REFERENCE")]
    pub(crate) reference: String,

    /// The index; otherwise the one that every command looks for.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Arguments of `db pull`.
#[derive(Debug, Args)]
pub(crate) struct DbPullArgs {
    /// Where from: REGISTRY/REPOSITORY:TAG, or @DIGEST.
    #[arg(value_name = "REFERENCE")]
    pub(crate) reference: String,

    /// The index; otherwise the one that every command looks for.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Arguments of `db status`.
#[derive(Debug, Args)]
pub(crate) struct DbStatusArgs {
    /// The index; otherwise the one that every command looks for.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,

    /// Text for people, or JSON.
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

fn pocket_file(text: &str) -> Result<(PocketName, PathBuf), String> {
    let (release, path) = text
        .split_once('=')
        .filter(|(_, path)| !path.is_empty())
        .ok_or("a release and a file, such as debian:12=Packages.xz")?;
    Ok((pocket_name(release)?, PathBuf::from(path)))
}

fn pocket_name(text: &str) -> Result<PocketName, String> {
    PocketName::of_release(text).ok_or_else(|| {
        "a release of Debian or Ubuntu, such as debian:12 or ubuntu:22.04".to_owned()
    })
}

fn architecture(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match !text.is_empty() && text.bytes().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("an architecture, such as amd64 or arm64".to_owned()),
    }
}
