//! What a rule is.

use plimsoll_model::{
    Confidence, Finding, Fix, ImageConfig, ImageName, Inventory, Origin, Related, Remark, Severity,
    Skipped, SourceFile, SourceOrigin, Topic,
};

use crate::ProjectFile;
use crate::user::is_root;

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

impl Category {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Correctness => "correctness",
            Self::Reproducibility => "reproducibility",
            Self::Operability => "operability",
            Self::Efficiency => "efficiency",
        }
    }
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

impl Depth {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Context => "context",
            Self::Image => "image",
        }
    }
}

/// Whom a rule speaks to unless it is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Everybody: its findings are worth mending wherever they stand.
    Default,
    /// Those who asked for more: style, house rules, advice that costs more than it brings many.
    Strict,
}

impl Audience {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Strict => "strict",
        }
    }
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
    /// Other tools' names for it. Two rules may share one where both cover its concern.
    pub aliases: &'static [&'static str],
    /// Whom it speaks to.
    pub audience: Audience,
    /// The edition of the rule set it came with. A configuration that names an older edition does
    /// not run it.
    pub edition: u16,
}

/// A built image, as far as rules may know it.
pub struct ImageFacts<'a> {
    /// Its configuration. A root file system has none, and a rule that judges one says nothing of it.
    pub config: Option<Configuration<'a>>,
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
    pub layer_sources: &'a [Option<SourceOrigin>],
    /// The Dockerfile it was built from, where known.
    pub dockerfile: Option<&'a SourceFile>,
    /// Whether the Dockerfile is judged beside the image: of its lines its own rules speak then.
    pub is_dockerfile_judged: bool,
}

/// The configuration of an image.
#[derive(Clone, Copy)]
pub struct Configuration<'a> {
    /// To judge by.
    pub judged: &'a ImageConfig,
    /// The same in the form in which it may be shown: whatever a rule quotes of the configuration it takes
    /// from here. Each list has as many entries.
    pub shown: &'a ImageConfig,
}

impl ImageFacts<'_> {
    /// Whether its user is root: nobody named is, and so is every account with root's number. What has no
    /// configuration has no user.
    pub(crate) fn runs_as_root(&self) -> bool {
        let Some(config) = self.config else {
            return false;
        };
        let user = config.judged.user.as_str();
        let name = user.split(':').next().unwrap_or_default();
        let mut accounts = self.inventory.users.iter();
        name.is_empty() || is_root(user) || accounts.any(|(known, id)| known == name && *id == 0)
    }
}

/// Takes what a rule has to say.
pub struct Sink<'a> {
    pub(crate) meta: &'a Meta,
    pub(crate) findings: &'a mut Vec<Finding>,
    pub(crate) skipped: &'a mut Vec<Skipped>,
    pub(crate) notes: &'a mut Vec<Remark>,
}

impl Sink<'_> {
    /// Says that the rule does not hold at a place: one sentence with the evidence, no secret
    /// values.
    pub fn report(&mut self, place: SourceOrigin, message: impl Into<String>) -> Reported<'_> {
        self.report_at(
            Origin {
                source: Some(place),
                ..Origin::default()
            },
            message,
        )
    }

    /// Says that the rule does not hold, wherever that is.
    pub fn report_at(&mut self, origin: Origin, message: impl Into<String>) -> Reported<'_> {
        Reported(self.findings.push_mut(Finding {
            rule: self.meta.name,
            aliases: self.meta.aliases,
            severity: self.meta.severity,
            confidence: self.meta.confidence,
            message: message.into(),
            help: None,
            origin,
            related: Vec::new(),
            fix: None,
            subjects: Vec::new(),
        }))
    }

    /// Says why the rule stays silent at a place where it would have to guess, or what it takes for
    /// granted there: one sentence. Shown under `--verbose`.
    pub fn note(&mut self, place: SourceOrigin, text: impl Into<String>) {
        self.notes.push(Remark {
            rule: self.meta.name,
            place,
            text: text.into(),
        });
    }

    /// Says that the rule could not look, and what to do so that it can.
    pub fn skip(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped
            .push(Skipped::new(Topic::Rules, what.into(), why.into()));
    }
}

/// A finding that was just reported, to be told more about.
pub struct Reported<'a>(&'a mut Finding);

impl Reported<'_> {
    /// What to do about it, one sentence.
    pub fn help(self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Only these of the rule's aliases: what other tools would say of this very place. A rule that
    /// sees more than an anchor does keeps the anchor's id for what the anchor sees, so that
    /// selecting or allowing that id means what its users expect.
    pub fn aliases(self, aliases: &'static [&'static str]) -> Self {
        self.0.aliases = aliases;
        self
    }

    /// Another severity than the rule's own.
    pub fn severity(self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// Another confidence than the rule's own.
    pub fn confidence(self, confidence: Confidence) -> Self {
        self.0.confidence = confidence;
        self
    }

    /// The path inside the image or the context that it is about.
    pub fn path(self, path: impl Into<String>) -> Self {
        self.0.origin.path = Some(path.into());
        self
    }

    /// A second place that explains it.
    pub fn related(self, place: SourceOrigin, message: impl Into<String>) -> Self {
        self.0.related.push(Related {
            origin: Origin {
                source: Some(place),
                ..Origin::default()
            },
            message: message.into(),
        });
        self
    }

    /// What it speaks of, each thing by a name that stays when its place or the sentence change.
    /// Whoever compares two images takes what speaks of the same things for the same, whatever the
    /// sentence; what says nothing here is told by rule and place.
    pub fn about(self, subjects: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.subjects = subjects.into_iter().map(Into::into).collect();
        self
    }

    /// Edits that would mend it.
    pub fn fix(self, fix: Fix) -> Self {
        self.0.fix = Some(fix);
        self
    }
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
