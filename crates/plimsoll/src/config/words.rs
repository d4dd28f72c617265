//! Words that a configuration may say, and what they mean.

use plimsoll_model::Severity;
use plimsoll_rules::LabelFormat;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::EngineChoice;

/// Whom the default set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AudienceName {
    /// Everybody.
    Default,
    /// Those who want style and house rules, too.
    Strict,
}

/// What makes `check` exit 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FailOn {
    /// Nothing.
    Never,
    /// Any finding.
    Info,
    /// `low` and above.
    Low,
    /// `medium` and above.
    Medium,
    /// `high` and above.
    High,
    /// `critical`.
    Critical,
}

impl FailOn {
    /// Whether a finding of this severity does.
    pub(crate) fn counts(self, severity: Severity) -> bool {
        let least = match self {
            Self::Never => return false,
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        };
        severity >= least
    }

    /// The word in the configuration.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl From<Severity> for FailOn {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

/// The form of a label's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum LabelForm {
    /// Anything but nothing.
    #[serde(rename = "text")]
    Text,
    /// A URL (RFC 3986).
    #[serde(rename = "url")]
    Url,
    /// A date and time (RFC 3339).
    #[serde(rename = "rfc3339")]
    Rfc3339,
    /// An SPDX licence expression.
    #[serde(rename = "spdx")]
    Spdx,
    /// A git commit's hash.
    #[serde(rename = "hash")]
    Hash,
    /// A version (Semantic Versioning 2.0.0).
    #[serde(rename = "semver")]
    SemVer,
    /// An e-mail address (RFC 5322).
    #[serde(rename = "email")]
    Email,
}

impl LabelForm {
    const ALL: [(&'static str, Self); 7] = [
        ("text", Self::Text),
        ("url", Self::Url),
        ("rfc3339", Self::Rfc3339),
        ("spdx", Self::Spdx),
        ("hash", Self::Hash),
        ("semver", Self::SemVer),
        ("email", Self::Email),
    ];

    /// Reads the word; hadolint's other words, too.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let word = match word.to_ascii_lowercase().as_str() {
            "rawtext" | "" => "text".to_owned(),
            "githash" => "hash".to_owned(),
            word => word.to_owned(),
        };
        let known = Self::ALL.iter().find(|(known, _)| *known == word)?;
        Some(known.1)
    }

    /// The word.
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, form)| *form == self)
            .map_or("text", |(word, _)| word)
    }
}

impl From<LabelForm> for LabelFormat {
    fn from(form: LabelForm) -> Self {
        match form {
            LabelForm::Text => Self::Text,
            LabelForm::Url => Self::Url,
            LabelForm::Rfc3339 => Self::Rfc3339,
            LabelForm::Spdx => Self::Spdx,
            LabelForm::Hash => Self::GitHash,
            LabelForm::SemVer => Self::SemVer,
            LabelForm::Email => Self::Email,
        }
    }
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
