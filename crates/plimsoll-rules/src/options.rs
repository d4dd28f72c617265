//! What a caller may ask of a check.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use plimsoll_model::{
    Confidence, FileCredential, Finding, ImageConfig, Platform, Severity, TextCredential,
};
use plimsoll_syntax::nearest;

use crate::registry;
use crate::rule::{Audience, Meta};

/// Looks up the configuration of a base image by its expanded reference.
pub type BaseLookup = Arc<dyn Fn(&str) -> Option<ImageConfig> + Send + Sync>;

/// Who knows credentials by more forms than the rules do.
#[derive(Clone, Copy)]
pub struct CredentialLookup {
    /// Finds those in the text of an instruction.
    pub in_text: fn(&str) -> Vec<TextCredential>,
    /// Finds those in a file of the build context, by its path there and what it holds.
    pub in_file: fn(&str, &[u8]) -> Vec<FileCredential>,
}

/// What a caller may ask of a check.
#[derive(Clone, Default)]
pub struct CheckOptions {
    /// Names or aliases of the rules to run; `ALL` is every rule, nothing is the default set.
    pub select: Vec<String>,
    /// Names or aliases of rules to run besides the default set, or besides `select`.
    pub extend_select: Vec<String>,
    /// Names or aliases of rules to leave out; wins over `select`. An alias leaves out what that
    /// other tool would say, and nothing else that the rule sees.
    pub ignore: Vec<String>,
    /// Whether the default set holds what is meant for a strict audience, too.
    pub strict: bool,
    /// Other severities than the rules' own, by name or alias; the last that fits counts.
    pub severity: Vec<(String, Severity)>,
    /// Whether suppressions of every kind need a reason; ours always do.
    pub require_reason: bool,
    /// Whether comments in the file are not to set anything aside.
    pub ignore_comments: bool,
    /// Year, month and day by which suppressions expire; none expires without.
    pub today: Option<(i16, u8, u8)>,
    /// `--build-arg NAME=value`.
    pub build_args: BTreeMap<String, String>,
    /// Platform the image is for; the host's where `None`.
    pub platform: Option<Platform>,
    /// Stage that ships, by name or index; the last where `None`.
    pub target: Option<String>,
    /// Names of `--build-context`.
    pub build_contexts: Vec<String>,
    /// Base images that are at hand.
    pub base_config: Option<BaseLookup>,
    /// What else knows credentials: the rules know a few forms of them by themselves.
    pub credentials: Option<CredentialLookup>,
    /// The newest edition of the rule set to run; the newest there is where `None`.
    pub edition: Option<u16>,
    /// What single rules need to be told.
    pub settings: RuleSettings,
}

/// What single rules need to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSettings {
    /// Registries that images may come from, with `*` for any run of characters; empty is any.
    pub trusted_registries: Vec<String>,
    /// Labels an image must have, and the form of their values.
    pub labels: BTreeMap<String, LabelFormat>,
    /// Whether an image may have no other labels than those.
    pub strict_labels: bool,
}

/// The form of a label's value. The words are hadolint's, whose label schema people have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelFormat {
    /// Anything but nothing.
    Text,
    /// A URL (RFC 3986).
    Url,
    /// A date and time (RFC 3339).
    Rfc3339,
    /// An SPDX licence expression.
    Spdx,
    /// A git commit's hash.
    GitHash,
    /// A version (Semantic Versioning 2.0.0).
    SemVer,
    /// An e-mail address (RFC 5322).
    Email,
}

impl LabelFormat {
    /// Every form.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::Url,
        Self::Rfc3339,
        Self::Spdx,
        Self::GitHash,
        Self::SemVer,
        Self::Email,
    ];

    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Url => "url",
            Self::Rfc3339 => "rfc3339",
            Self::Spdx => "spdx",
            Self::GitHash => "hash",
            Self::SemVer => "semver",
            Self::Email => "email",
        }
    }

    /// Reads the word back; hadolint's other words, too.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "rawtext" | "" => Some(Self::Text),
            "githash" => Some(Self::GitHash),
            word => Self::ALL.into_iter().find(|form| form.as_str() == word),
        }
    }
}

impl fmt::Debug for CheckOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Build arguments may carry what must not be seen: only their names are shown.
        f.debug_struct("CheckOptions")
            .field("select", &self.select)
            .field("extend_select", &self.extend_select)
            .field("ignore", &self.ignore)
            .field("strict", &self.strict)
            .field("severity", &self.severity)
            .field("require_reason", &self.require_reason)
            .field("ignore_comments", &self.ignore_comments)
            .field("today", &self.today)
            .field("build_args", &self.build_args.keys())
            .field("platform", &self.platform)
            .field("target", &self.target)
            .field("build_contexts", &self.build_contexts)
            .field("base_config", &self.base_config.is_some())
            .field("credentials", &self.credentials.is_some())
            .field("edition", &self.edition)
            .field("settings", &self.settings)
            .finish()
    }
}

/// How a rule came into a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    /// Not at all.
    No,
    /// As part of the default set: what it is not sure of stays unsaid.
    ByDefault,
    /// By its name or `ALL`: all that it has to say is wanted.
    ByName,
    /// By what another tool calls it: all that goes by that id is wanted.
    ByAlias,
}

impl CheckOptions {
    /// Whether a rule is to be left out, by its name or by an id it carries.
    pub(crate) fn ignores(&self, meta: &Meta) -> bool {
        self.ignore.iter().any(|name| registry::names(meta, name))
    }

    pub(crate) fn selects(&self, meta: &Meta) -> Selected {
        let named = |name: &String| {
            name.eq_ignore_ascii_case("ALL") || name.eq_ignore_ascii_case(meta.name)
        };
        let mut asked = self.select.iter().chain(&self.extend_select);
        if self.ignore.iter().any(named) {
            Selected::No
        } else if asked.clone().any(named) {
            Selected::ByName
        } else if self.select.is_empty()
            && (self.strict || meta.audience == Audience::Default)
            && self.edition.is_none_or(|edition| meta.edition <= edition)
        {
            Selected::ByDefault
        } else if asked.any(|name| registry::names(meta, name)) {
            Selected::ByAlias
        } else {
            Selected::No
        }
    }

    /// Whether the rule of this name speaks at all.
    pub fn runs(&self, name: &str) -> bool {
        registry::find(name)
            .iter()
            .any(|rule| self.selects(rule.meta()) != Selected::No)
    }

    /// The severity that a finding was given by whoever asked, where any.
    pub(crate) fn severity_of(&self, finding: &Finding) -> Option<Severity> {
        self.severity
            .iter()
            .rev()
            .find(|(name, _)| {
                name.eq_ignore_ascii_case(finding.rule) || registry::carries(finding.aliases, name)
            })
            .map(|(_, severity)| *severity)
    }

    /// Whether a finding of a rule that was selected in this way is wanted.
    pub(crate) fn wants(&self, finding: &Finding, selected: Selected) -> bool {
        let carries = |names: &[String]| {
            names
                .iter()
                .any(|name| registry::carries(finding.aliases, name))
        };
        if carries(&self.ignore) {
            return false;
        }
        let asked = || carries(&self.select) || carries(&self.extend_select);
        match selected {
            Selected::No => false,
            Selected::ByDefault => finding.confidence > Confidence::Low || asked(),
            Selected::ByName => true,
            Selected::ByAlias => asked(),
        }
    }
}

/// A name that is no rule's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRule {
    /// The name as given.
    pub name: String,
    /// The closest known name.
    pub suggestion: Option<&'static str>,
}

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no rule is called `{}`", self.name.escape_debug())?;
        match self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownRule {}

/// Whether a name is a rule's name or alias, or `ALL`.
pub fn is_known(name: &str) -> bool {
    name.eq_ignore_ascii_case("ALL") || registry::is_known(name)
}

/// Checks that every name is a rule's name or alias, or `ALL`.
///
/// # Errors
/// The first name that is not, with the closest one that is.
pub fn validate_names(names: &[String]) -> Result<(), UnknownRule> {
    match names.iter().find(|name| !is_known(name)) {
        Some(name) => Err(UnknownRule {
            name: name.clone(),
            suggestion: suggest(name),
        }),
        None => Ok(()),
    }
}

/// The rule name or alias closest to `name`, where one is close enough to have been meant.
pub(crate) fn suggest(name: &str) -> Option<&'static str> {
    let names = registry::all().iter().flat_map(|rule| {
        let meta = rule.meta();
        std::iter::once(meta.name).chain(meta.aliases.iter().copied())
    });
    nearest(name, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_come_with_the_closest_known_one() {
        let check = |name: &str| validate_names(&[name.to_owned()]);
        for known in ["root-user", "DL3002", "dl3002", "ds2", "AVD-DS-0002", "ALL"] {
            assert_eq!(check(known), Ok(()), "{known}");
            assert!(is_known(known), "{known}");
        }
        assert_eq!(check("root-usr").unwrap_err().suggestion, Some("root-user"));
        assert!(!is_known("root-usr"));
        assert_eq!(check("nothing-like-it").unwrap_err().suggestion, None);
        assert_eq!(check(&"x".repeat(1000)).unwrap_err().suggestion, None);
    }

    #[test]
    fn ignore_wins_over_select() {
        let options = CheckOptions {
            select: vec!["ALL".to_owned()],
            ignore: vec!["root-user".to_owned()],
            ..CheckOptions::default()
        };
        let meta = registry::find("root-user")[0].meta();
        assert_eq!(options.selects(meta), Selected::No);
        // An id of another tool takes out what goes by it, not the whole rule.
        let options = CheckOptions {
            ignore: vec!["DL3002".to_owned()],
            ..options
        };
        assert_eq!(options.selects(meta), Selected::ByName);
        assert!(options.ignores(meta));
    }
}
