//! Words that a configuration and the command line may say, and what they mean.

use std::borrow::Cow;

use plimsoll_model::{Severity, VulnerabilitySeverity};
use plimsoll_rules::LabelFormat;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What has a word of its own in every format.
pub(crate) trait Worded: Copy + 'static {
    /// What the schema calls it.
    const NAME: &'static str;
    /// Each of them, the mildest first where they have an order.
    const ALL: &'static [Self];

    /// The word.
    fn word(self) -> &'static str;

    /// The one that goes by a word.
    fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.word() == word)
    }
}

impl Worded for Severity {
    const NAME: &'static str = "Severity";
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Worded for VulnerabilitySeverity {
    const NAME: &'static str = "VulnerabilitySeverity";
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Worded for LabelFormat {
    const NAME: &'static str = "LabelFormat";
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// What a configuration says by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

impl<'de, T: Worded> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let word = String::deserialize(source)?;
        let known = || T::ALL.iter().map(|one| one.word());
        T::of(&word)
            .map(Self)
            .ok_or_else(|| D::Error::custom(unknown(&word, known())))
    }
}

impl<T: Worded> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = T::ALL.iter().map(|one| one.word()).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

/// The least severity that holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailOn<S> {
    /// None does.
    Never,
    /// This one and worse ones.
    From(S),
}

impl<S> FailOn<S> {
    const NEVER: &'static str = "never";

    /// The least severity; none for `never`.
    pub(crate) fn least(self) -> Option<S> {
        match self {
            Self::Never => None,
            Self::From(least) => Some(least),
        }
    }
}

impl<S: Worded> FailOn<S> {
    /// The word.
    pub(crate) fn word(self) -> &'static str {
        self.least().map_or(Self::NEVER, S::word)
    }

    /// Reads the word, and tells which there are where it is none of them.
    pub(crate) fn parse(word: &str) -> Result<Self, String> {
        if word == Self::NEVER {
            return Ok(Self::Never);
        }
        S::of(word)
            .map(Self::From)
            .ok_or_else(|| unknown(word, Self::words()))
    }

    fn words() -> impl Iterator<Item = &'static str> {
        let severities = S::ALL.iter().map(|severity| severity.word());
        severities.chain([Self::NEVER])
    }
}

impl<'de, S: Worded> Deserialize<'de> for FailOn<S> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(source)?).map_err(D::Error::custom)
    }
}

impl<S: Worded> JsonSchema for FailOn<S> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrNever", S::NAME).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = Self::words().collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

/// What counts of findings counts of vulnerabilities.
impl From<FailOn<Severity>> for FailOn<VulnerabilitySeverity> {
    fn from(of_findings: FailOn<Severity>) -> Self {
        match of_findings {
            FailOn::Never => Self::Never,
            FailOn::From(least) => Self::From(match least {
                Severity::Info => VulnerabilitySeverity::Unknown,
                Severity::Low => VulnerabilitySeverity::Low,
                Severity::Medium => VulnerabilitySeverity::Medium,
                Severity::High => VulnerabilitySeverity::High,
                Severity::Critical => VulnerabilitySeverity::Critical,
            }),
        }
    }
}

fn unknown(word: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<&str> = known.collect();
    let (last, others) = known.split_last().unwrap_or((&"", &[]));
    format!(
        "`{}` is none of {} and {last}",
        word.escape_debug(),
        others.join(", ")
    )
}

/// Whom the default set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Audience {
    /// Everybody.
    Default,
    /// Those who want style and house rules, too.
    Strict,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_back_is_a_severity_or_nothing() {
        for (word, least) in [
            ("never", Ok(None)),
            ("info", Ok(Some(Severity::Info))),
            ("critical", Ok(Some(Severity::Critical))),
            (
                "hihg\n",
                Err("`hihg\\n` is none of info, low, medium, high, critical and never".to_owned()),
            ),
        ] {
            let read = FailOn::<Severity>::parse(word);
            assert_eq!(read.clone().map(FailOn::least), least);
            assert!(read.is_err() || read.is_ok_and(|one| one.word() == word));
        }
    }
}
