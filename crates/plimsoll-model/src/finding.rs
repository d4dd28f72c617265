//! Findings: a rule that did not hold at a place.

use crate::{Digest, Position, SourceFile, Span};

/// How much it hurts in production.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Costs time, size or comfort.
    Low,
    /// A weakness that needs another mistake to hurt.
    Medium,
    /// Hurts in production by itself.
    High,
    /// Gives the ship away: a leaked credential, a known way in.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The word used in every format and in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// How sure the rule is that the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Rests on an assumption that the message names.
    Low,
    /// Right in nearly all cases.
    Medium,
    /// Proven by the files at hand.
    High,
}

impl Confidence {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Where a finding comes from: any mix of source line, layer, package and path in the image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The place in a file that a person can change.
    pub source: Option<SourceOrigin>,
    /// First line of the Dockerfile instruction that holds the place.
    pub instruction_line: Option<usize>,
    /// The layer that carries it.
    pub layer: Option<LayerOrigin>,
    /// The package at fault, as a package URL.
    pub package: Option<String>,
    /// The path inside the image, without a leading slash.
    pub path: Option<String>,
}

/// A place in a source file, resolved so that renderers need not hold the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceOrigin {
    /// The file's name as shown to people.
    pub file: String,
    /// Byte range.
    pub span: Span,
    /// First character.
    pub start: Position,
    /// Behind the last character.
    pub end: Position,
}

impl SourceOrigin {
    /// The place `span` of `file`.
    pub fn new(file: &SourceFile, span: Span) -> Self {
        Self {
            file: file.path().to_owned(),
            span,
            start: file.position(span.start),
            end: file.position(span.end),
        }
    }
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerOrigin {
    /// Index among the image's layers, the lowest being 0.
    pub index: usize,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// The instruction that made it, as history tells, where known.
    pub instruction: Option<String>,
}

/// A second place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub origin: Origin,
    /// What is to be seen there.
    pub message: String,
}

/// Whether a fix may be applied without a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Only shown, never applied.
    DisplayOnly,
    /// May change what the build or the image does: opt-in.
    Unsafe,
    /// Keeps the meaning and every comment.
    Safe,
}

impl Applicability {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DisplayOnly => "display-only",
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
        }
    }
}

/// One replacement in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file as shown to people.
    pub file: String,
    /// What is replaced; empty to insert.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// Edits that make a finding go away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative sentence.
    pub title: String,
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
    /// Non-overlapping edits, sorted.
    pub edits: Vec<Edit>,
}

/// A rule that did not hold at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's kebab-case name.
    pub rule: &'static str,
    /// What other tools call the rule (`DL3002`, `DS-0002`, …).
    pub aliases: &'static [&'static str],
    /// How much it hurts.
    pub severity: Severity,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// What is wrong here, one sentence, no secret values.
    pub message: String,
    /// What to do about it, one sentence.
    pub help: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// Further places.
    pub related: Vec<Related>,
    /// Edits that would mend it.
    pub fix: Option<Fix>,
    /// What it speaks of, each thing by a name that stays when its place or the sentence change: a
    /// credential by kind and fingerprint, files by their paths. Empty where rule and place tell.
    pub subjects: Vec<String>,
}

impl Finding {
    /// The order of every report: file, place, rule, then everything else, so that equal input
    /// gives equal output.
    pub fn sort_key(&self) -> impl Ord + '_ {
        (
            self.origin.source.as_ref(),
            self.origin.layer.as_ref().map(|layer| layer.index),
            self.origin.path.as_deref(),
            self.rule,
            self.message.as_str(),
        )
    }
}
