//! What a rule is.

use plimsoll_model::{
    Confidence, Finding, ImageConfig, ImageName, Inventory, Severity, Skipped, SourceFile,
};
use plimsoll_syntax::context::Context;
use plimsoll_syntax::dockerfile::{Dockerfile, Resolution, SyntaxError};

/// What kind of trouble a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// The way in, or the way up.
    Security,
    /// What runs is what was meant.
    Correctness,
    /// The same bytes tomorrow.
    Reproducibility,
    /// Starts, stops and heals well.
    Operability,
    /// Time and size.
    Efficiency,
}

/// How deep a rule looks: which of `Rule`'s inputs it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// A Dockerfile's text and instructions.
    Dockerfile,
    /// The build context too; silent, and said so, where there is none.
    Context,
    /// A built image.
    Image,
}

/// A rule's declaration.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Kebab-case name that reads well behind "allow": the bad pattern, no verb of repair.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// The doc comment: what it says, why, examples, fix, references.
    pub docs: &'static str,
    /// How much it hurts unless a finding says otherwise.
    pub severity: Severity,
    /// How sure it is unless a finding says otherwise.
    pub confidence: Confidence,
    /// What it is about.
    pub category: Category,
    /// How deep it looks.
    pub depth: Depth,
    /// Other tools' names for it.
    pub aliases: &'static [&'static str],
    /// Whether it is in the default set.
    pub default: bool,
}

/// One Dockerfile of a project with all that is known around it.
#[derive(Clone, Copy)]
pub struct ProjectFile<'a> {
    /// The tree.
    pub dockerfile: &'a Dockerfile,
    /// Its syntax errors.
    pub errors: &'a [SyntaxError],
    /// What it means.
    pub resolution: &'a Resolution,
    /// The build context, where one is known.
    pub context: Option<&'a Context>,
}

/// What the caller hands in for one Dockerfile.
pub struct Project {
    /// The Dockerfile.
    pub file: SourceFile,
    /// Its build context, where one is known (not for standard input).
    pub context: Option<Context>,
}

/// A built image, as far as rules may know it.
pub struct ImageFacts<'a> {
    /// Its configuration.
    pub config: &'a ImageConfig,
    /// What it holds.
    pub inventory: &'a Inventory,
    /// The tags it is to be shipped under.
    pub tags: &'a [ImageName],
    /// Bytes of all blobs.
    pub compressed_size: u64,
    /// The largest size the policy allows.
    pub max_size: Option<u64>,
    /// Whether the project it was built from has an ignore file; `None` where that is not known.
    pub has_ignore_file: Option<bool>,
    /// For each layer the place in the Dockerfile that made it, where known.
    pub layer_sources: &'a [Option<plimsoll_model::SourceOrigin>],
    /// The Dockerfile it was built from, where known.
    pub dockerfile: Option<&'a SourceFile>,
}

/// Takes what a rule has to say.
pub struct Sink<'a> {
    pub(crate) meta: &'a Meta,
    pub(crate) findings: &'a mut Vec<Finding>,
    pub(crate) skipped: &'a mut Vec<Skipped>,
}

/// One judgement.
pub trait Rule: Sync {
    /// Its declaration.
    fn meta(&self) -> &'static Meta;

    /// Judges one Dockerfile. Rules of depth `Image` leave it.
    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let _ = (file, sink);
    }

    /// Judges a built image. Rules of other depths leave it.
    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let _ = (image, sink);
    }
}
