//! What an image says about itself.

use std::fmt;

use crate::history::HistoryEntry;

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

    /// Reads a platform as people give it to commands: as [`parse`](Self::parse) does, or an
    /// architecture alone, which is Linux's; [normalised](Self::normalised).
    pub fn from_argument(text: &str) -> Option<Self> {
        let alone = Self {
            os: String::new(),
            architecture: text.to_owned(),
            variant: None,
        }
        .normalised();
        if ARCHITECTURES.contains(&alone.architecture.as_str()) {
            return Some(alone);
        }
        Self::parse(text).map(Self::normalised)
    }

    /// The same platform under the names that Go and registries have for it, as containerd's
    /// `platforms.Normalize` does: `Linux/x86_64` is `linux/amd64`, `linux/arm` is `linux/arm/v7`,
    /// `linux/arm64/v8` is `linux/arm64`.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        self.os.make_ascii_lowercase();
        self.architecture.make_ascii_lowercase();
        let mut variant = self.variant.take().unwrap_or_default();
        variant.make_ascii_lowercase();
        self.os = match self.os.as_str() {
            "" => "linux".to_owned(),
            "macos" => "darwin".to_owned(),
            _ => self.os,
        };
        let (architecture, variant) = match (self.architecture.as_str(), variant.as_str()) {
            ("i386" | "i486" | "i586" | "i686", _) => ("386", ""),
            ("amd64" | "x86_64" | "x86-64", "v1" | "1") => ("amd64", ""),
            ("x86_64" | "x86-64", other) => ("amd64", other),
            ("arm64" | "aarch64", "v8" | "8" | "v8.0") => ("arm64", ""),
            ("aarch64", other) => ("arm64", other),
            ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
            ("armel", _) | ("arm", "6") => ("arm", "v6"),
            ("arm", "5") => ("arm", "v5"),
            ("arm", "8") => ("arm", "v8"),
            other => other,
        };
        let variant = (!variant.is_empty()).then(|| variant.to_owned());
        self.architecture = architecture.to_owned();
        self.variant = variant;
        self
    }
}

/// What an architecture alone may be (containerd's `isKnownArch`).
const ARCHITECTURES: [&str; 14] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
    "ppc64le", "riscv64", "s390x", "wasm",
];

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

impl ImageConfig {
    /// Whether it says nothing at all: a root file system without an image around it has none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_read_as_docker_reads_it() {
        for (written, read) in [
            ("linux/amd64", "linux/amd64"),
            ("amd64", "linux/amd64"),
            ("x86_64", "linux/amd64"),
            ("linux/x86_64", "linux/amd64"),
            ("Linux/AMD64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("aarch64", "linux/arm64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm", "linux/arm/v7"),
            ("arm", "linux/arm/v7"),
            ("armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/arm/6", "linux/arm/v6"),
            ("i386", "linux/386"),
            ("s390x", "linux/s390x"),
            ("macos/arm64", "darwin/arm64"),
            ("windows/amd64", "windows/amd64"),
            ("linux/other/v1", "linux/other/v1"),
        ] {
            let found = Platform::from_argument(written).map(|platform| platform.to_string());
            assert_eq!(found.as_deref(), Some(read), "{written}");
        }
        for bad in [
            "",
            "linux",
            "foo",
            "linux/",
            "/amd64",
            "linux/amd64/",
            "a/b/c/d",
        ] {
            assert_eq!(Platform::from_argument(bad), None, "{bad}");
        }
    }
}
