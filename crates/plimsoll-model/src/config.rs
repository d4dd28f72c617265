//! What an image says about itself.

use std::fmt;

/// Operating system and processor an image is for (OCI image-spec, image-index.md, `platform`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// Such as `linux`.
    pub os: String,
    /// Such as `amd64`.
    pub architecture: String,
    /// Such as `v8`; absent where the architecture has none.
    pub variant: Option<String>,
}

impl Platform {
    /// The platform this program was built for, in Go's words.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            other => other,
        };
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
        }
    }

    /// Reads `os/architecture[/variant]`; `None` where a part is missing, empty or too many.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let platform = Self {
            os: parts.next()?.to_owned(),
            architecture: parts.next()?.to_owned(),
            variant: parts.next().map(str::to_owned),
        };
        let filled = !platform.os.is_empty()
            && !platform.architecture.is_empty()
            && platform.variant.as_deref() != Some("");
        (filled && parts.next().is_none()).then_some(platform)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// A health check; durations in nanoseconds as the format has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthCheck {
    /// `NONE`, `CMD arg…` or `CMD-SHELL text`; empty inherits.
    pub test: Vec<String>,
    /// Time between two checks.
    pub interval: Option<i64>,
    /// Time after which a check has failed.
    pub timeout: Option<i64>,
    /// Time in which failures do not count.
    pub start_period: Option<i64>,
    /// Time between two checks while starting.
    pub start_interval: Option<i64>,
    /// Failures in a row that make it unhealthy.
    pub retries: Option<i64>,
}

/// One step of an image's history, as its author recorded it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// RFC 3339 time.
    pub created: Option<String>,
    /// The instruction.
    pub created_by: Option<String>,
    /// Free text, such as `buildkit.dockerfile.v0`.
    pub comment: Option<String>,
    /// Whether the step made no layer.
    pub empty_layer: bool,
}

/// The configuration of an image (OCI image-spec, config.md, and Docker's additions).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// Platform; absent fields are empty.
    pub platform: Option<Platform>,
    /// RFC 3339 time.
    pub created: Option<String>,
    /// Who made it, as `MAINTAINER` says.
    pub author: Option<String>,
    /// `user[:group]`, empty for root.
    pub user: String,
    /// `NAME=value`, in order.
    pub env: Vec<String>,
    /// Arguments of the entry point; `None` is not set, empty is set to nothing.
    pub entrypoint: Option<Vec<String>>,
    /// Default arguments.
    pub cmd: Option<Vec<String>>,
    /// Docker's `ArgsEscaped`: set by BuildKit beside a `CMD`, read on Windows only.
    pub args_escaped: bool,
    /// Working directory.
    pub working_dir: String,
    /// `port/protocol`, sorted.
    pub exposed_ports: Vec<String>,
    /// Paths, sorted.
    pub volumes: Vec<String>,
    /// Labels, sorted by key.
    pub labels: Vec<(String, String)>,
    /// Signal that asks it to stop.
    pub stop_signal: Option<String>,
    /// Health check.
    pub healthcheck: Option<HealthCheck>,
    /// Shell of shell-form instructions.
    pub shell: Option<Vec<String>>,
    /// `ONBUILD` triggers.
    pub on_build: Vec<String>,
    /// Steps, lowest first.
    pub history: Vec<HistoryEntry>,
}
