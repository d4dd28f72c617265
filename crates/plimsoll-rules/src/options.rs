//! What a caller may ask of a check.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use plimsoll_model::{ImageConfig, Platform};

use crate::registry;
use crate::rule::Meta;

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
    /// By name, alias or `ALL`: all that it has to say is wanted.
    ByName,
}

impl CheckOptions {
    pub(crate) fn selects(&self, meta: &Meta) -> Selected {
        if self.ignore.iter().any(|name| registry::names(meta, name)) {
            Selected::No
        } else if self
            .select
            .iter()
            .any(|name| name.eq_ignore_ascii_case("ALL") || registry::names(meta, name))
        {
            Selected::ByName
        } else if self.select.is_empty() && meta.default {
            Selected::ByDefault
        } else {
            Selected::No
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
