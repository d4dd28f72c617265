//! Renders findings, inventory and layers: one file a format, each with wire structs of its own.
//!
//! Renders, never decides: what to look at, what holds a ship back and where the text goes is the
//! caller's. Everything that came out of a file or an image is hostile text and is escaped for
//! where it lands.

mod address;
pub mod checkstyle;
pub mod codeclimate;
pub mod container_scanning;
pub mod diff;
pub mod github;
pub mod human;
pub mod instruction;
pub mod json;
pub mod junit;
pub mod layers;
pub mod markdown;
pub mod plain;
pub mod rdjson;
pub mod sarif;
pub mod sonarqube;
pub mod table;

mod advice;
mod age;
mod fingerprint;
mod flaw;
mod lookup;
mod mask;
mod place;
mod tally;
mod text;
mod verdict;

pub use human::{grounds, paint};
pub use text::{count, efficiency, fitting, share, visible};
pub use verdict::{Standing, Verdict};

use plimsoll_model::{Report, Severity, SourceFile, Span};

/// What a rule says about itself, for formats that carry it.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo<'a> {
    /// Kebab-case name.
    pub name: &'a str,
    /// One line.
    pub summary: &'a str,
    /// The whole text, Markdown.
    pub docs: &'a str,
    /// How much it hurts unless a finding says otherwise.
    pub severity: Severity,
    /// What it is about: `security`, `efficiency`, … Empty where it has none.
    pub category: &'a str,
    /// Other tools' names for it.
    pub aliases: &'a [&'a str],
    /// Where its docs can be read.
    pub help_uri: Option<&'a str>,
}

/// What of a source file must not be shown: its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The file's name as findings use it.
    pub file: String,
    /// Byte ranges, in any order.
    pub spans: Vec<Span>,
}

/// Everything a format may render.
#[derive(Clone, Copy, Debug)]
pub struct RenderInput<'a> {
    /// What one run found.
    pub report: &'a Report,
    /// The files that findings and fixes speak of, looked up by name. A file that is not here
    /// costs its source frame and the lines of its edits, nothing else.
    pub sources: &'a [SourceFile],
    /// What of those files no frame may show, and no fingerprint depends on. Texts of the report hold
    /// none of it: that is the caller's to see to.
    pub hidden: &'a [Hidden],
    /// The rules that ran, in any order.
    pub rules: &'a [RuleInfo<'a>],
    /// Whether `human` may use colours.
    pub color: bool,
    /// Columns of the terminal, for `human`.
    pub width: usize,
    /// Lines that `human` may take for an image or a bill of materials where it tells the gravest
    /// findings only; what must be told takes more where it must.
    pub rows: usize,
    /// Whether `human` is for a terminal: it breaks long sentences between words, so that the
    /// terminal need not do it in the middle of one, and cuts what is told in full elsewhere. Nothing
    /// is broken or cut otherwise.
    pub wraps: bool,
    /// Whether `human` shows every finding of an image or a bill of materials in full; its summary
    /// tells the gravest otherwise.
    pub details: bool,
    /// The policy's word, where it was asked.
    pub verdict: Option<&'a Verdict>,
    /// Version of the program, for formats that name their tool.
    pub tool_version: &'a str,
    /// When the report was made, in UTC as RFC 3339 has it, for formats that must tell.
    pub made: Option<&'a str>,
}

/// Lines of the summary where nobody knows better: a terminal of 24 keeps one for what was typed and
/// one for what is typed next.
pub const ROWS: usize = 22;

impl<'a> RenderInput<'a> {
    /// A report and nothing around it: no colours, 80 columns, [`ROWS`] lines.
    pub fn new(report: &'a Report, tool_version: &'a str) -> Self {
        Self {
            report,
            sources: &[],
            hidden: &[],
            rules: &[],
            color: false,
            width: 80,
            rows: ROWS,
            wraps: false,
            details: true,
            verdict: None,
            tool_version,
            made: None,
        }
    }
}
