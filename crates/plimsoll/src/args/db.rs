//! `db`: the index of advisories.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
    /// Folders, with all *.json and *.zip below them; zip files, such as OSV's all.zip of an
    /// ecosystem; single records.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

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
    /// images hold most.
    #[arg(long, value_name = "NAME")]
    pub(crate) ecosystem: Vec<String>,

    /// An address below which ECOSYSTEM/all.zip lies; may be repeated, the first that has it
    /// counts. Otherwise OSV's own.
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Vec<String>,

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
