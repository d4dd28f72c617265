//! What a caller may ask of a check.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use plimsoll_model::{Confidence, Finding, ImageConfig, Platform};

use crate::registry;
use crate::rule::{Audience, Meta};

/// Looks up the configuration of a base image by its expanded reference.
pub type BaseLookup = Arc<dyn Fn(&str) -> Option<ImageConfig> + Send + Sync>;

/// What a caller may ask of a check.
#[derive(Clone, Default)]
pub struct CheckOptions {
    /// Names or aliases of the rules to run; `ALL` is every rule, nothing is the default set.
    pub select: Vec<String>,
    /// Names or aliases of rules to leave out; wins over `select`.
    pub ignore: Vec<String>,
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

impl fmt::Debug for CheckOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Build arguments may carry what must not be seen: only their names are shown.
        f.debug_struct("CheckOptions")
            .field("select", &self.select)
            .field("ignore", &self.ignore)
            .field("today", &self.today)
            .field("build_args", &self.build_args.keys())
            .field("platform", &self.platform)
            .field("target", &self.target)
            .field("build_contexts", &self.build_contexts)
            .field("base_config", &self.base_config.is_some())
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
    pub(crate) fn selects(&self, meta: &Meta) -> Selected {
        let named = |name: &String| {
            name.eq_ignore_ascii_case("ALL") || name.eq_ignore_ascii_case(meta.name)
        };
        if self.ignore.iter().any(|name| registry::names(meta, name)) {
            Selected::No
        } else if self.select.iter().any(named) {
            Selected::ByName
        } else if self.select.iter().any(|name| registry::names(meta, name)) {
            Selected::ByAlias
        } else if self.select.is_empty()
            && meta.audience == Audience::Default
            && self.edition.is_none_or(|edition| meta.edition <= edition)
        {
            Selected::ByDefault
        } else {
            Selected::No
        }
    }

    /// Whether a finding of a rule that was selected in this way is wanted.
    pub(crate) fn wants(&self, finding: &Finding, selected: Selected) -> bool {
        match selected {
            Selected::No => false,
            Selected::ByDefault => finding.confidence > Confidence::Low,
            Selected::ByName => true,
            Selected::ByAlias => self
                .select
                .iter()
                .any(|name| registry::carries(finding.aliases, name)),
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
            None => f.write_str("; `plimsoll rules` lists all of them"),
        }
    }
}

impl std::error::Error for UnknownRule {}

/// Checks that every name is a rule's name or alias, or `ALL`.
///
/// # Errors
/// The first name that is not, with the closest one that is.
pub fn validate_names(names: &[String]) -> Result<(), UnknownRule> {
    match names
        .iter()
        .find(|name| !name.eq_ignore_ascii_case("ALL") && !registry::is_known(name))
    {
        Some(name) => Err(UnknownRule {
            name: name.clone(),
            suggestion: suggest(name),
        }),
        None => Ok(()),
    }
}

/// The rule name or alias closest to `name`, where one is close enough to have been meant.
pub(crate) fn suggest(name: &str) -> Option<&'static str> {
    // An edit distance takes the product of both lengths: what is this long was no typing slip.
    if name.len() > 64 {
        return None;
    }
    let wanted = name.to_ascii_lowercase();
    registry::all()
        .iter()
        .flat_map(|rule| {
            let meta = rule.meta();
            std::iter::once(meta.name).chain(meta.aliases.iter().copied())
        })
        .map(|known| {
            let distance = strsim::osa_distance(&wanted, &known.to_ascii_lowercase());
            (distance, known)
        })
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_come_with_the_closest_known_one() {
        let check = |name: &str| validate_names(&[name.to_owned()]);
        for known in ["root-user", "DL3002", "dl3002", "ds2", "AVD-DS-0002", "ALL"] {
            assert_eq!(check(known), Ok(()), "{known}");
        }
        assert_eq!(check("root-usr").unwrap_err().suggestion, Some("root-user"));
        assert_eq!(check("nothing-like-it").unwrap_err().suggestion, None);
        assert_eq!(check(&"x".repeat(1000)).unwrap_err().suggestion, None);
    }

    #[test]
    fn ignore_wins_over_select() {
        let options = CheckOptions {
            select: vec!["ALL".to_owned()],
            ignore: vec!["DL3002".to_owned()],
            ..CheckOptions::default()
        };
        let meta = registry::find("root-user")[0].meta();
        assert_eq!(options.selects(meta), Selected::No);
    }
}
