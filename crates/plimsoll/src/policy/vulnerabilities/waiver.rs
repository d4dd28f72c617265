//! Accepted vulnerabilities, from our own configuration and from the lists of other tools.

use jiff::civil::Date;
use plimsoll_model::{FixState, PackageKind, SourceOrigin, Vulnerability};

use super::decision::Case;
use super::pattern::{NamePattern, PathPattern, SPELLINGS};
use super::purl::Purl;

/// One accepted risk. What it leaves empty it does not ask for; where all is empty it covers
/// nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct AcceptedRisk {
    /// The vulnerability, by any of its numbers.
    pub(crate) id: Option<String>,
    /// The package, in any of these ways.
    pub(crate) packages: Vec<PackagePattern>,
    /// Any of these paths in the image.
    pub(crate) paths: Vec<PathPattern>,
    /// The package's version, word for word.
    pub(crate) version: Option<String>,
    /// The package's kind.
    pub(crate) kind: Option<PackageKind>,
    /// The source package's name.
    pub(crate) source: Option<NamePattern>,
    /// Whether there is a fix.
    pub(crate) fix_state: Option<FixState>,
    /// Why.
    pub(crate) reason: Option<String>,
    /// Who answers for it.
    pub(crate) owner: Option<String>,
    /// The last day it holds.
    pub(crate) until: Option<Date>,
    /// VEX's label, where the risk is not only accepted, but none.
    pub(crate) justification: Option<&'static str>,
    /// What it is for, as a person would say it.
    pub(crate) subject: String,
    /// Where it is written: `.trivyignore:3`.
    pub(crate) written_in: String,
    /// The same in our own file, where it is to answer for what it does.
    pub(crate) place: Option<SourceOrigin>,
}

/// A package, in one of the ways that people name it.
#[derive(Clone, Debug)]
pub(crate) enum PackagePattern {
    /// By its name or that of its source package.
    Name(NamePattern),
    /// By its own name only.
    Own(NamePattern),
    /// By its package URL.
    Purl(Purl),
}

impl PackagePattern {
    /// As our own file has it: a package URL, or a name in which `*` is any run of characters.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.starts_with("pkg:") {
            Purl::parse(text).map(Self::Purl)
        } else {
            let name = text.trim();
            (!name.is_empty()).then(|| Self::Name(NamePattern::Wildcard(name.to_owned())))
        }
    }

    /// The name that a package, what it was built from or its package URL must have, where it is one.
    pub(crate) fn only_name(&self) -> Option<&str> {
        match self {
            Self::Name(pattern) | Self::Own(pattern) => pattern.literal(),
            Self::Purl(purl) => Some(purl.name()),
        }
    }

    /// How many bytes it has.
    fn length(&self) -> usize {
        match self {
            Self::Name(pattern) | Self::Own(pattern) => pattern.length(),
            Self::Purl(purl) => purl.name().len(),
        }
    }

    fn covers(&self, subject: &Case<'_>) -> bool {
        match self {
            Self::Name(pattern) => {
                let identity = &subject.identity;
                pattern.matches_of(identity.kind(), identity.name)
                    || identity
                        .source
                        .is_some_and(|(source, _)| pattern.matches(source))
            }
            Self::Own(pattern) => {
                let identity = &subject.identity;
                // Of Java most know the artifact's name alone.
                let artifact = identity.purl.as_ref().filter(|purl| purl.kind() == "maven");
                pattern.matches_of(identity.kind(), identity.name)
                    || artifact.is_some_and(|purl| pattern.matches(purl.name()))
            }
            Self::Purl(purl) => purl.asks_for(&subject.identity),
        }
    }
}

impl AcceptedRisk {
    /// Whether its day is past.
    pub(crate) fn is_expired(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    /// Whether it speaks of this vulnerability.
    pub(crate) fn covers(&self, subject: &Case<'_>) -> bool {
        let asks = self.id.is_some()
            || !self.packages.is_empty()
            || !self.paths.is_empty()
            || self.version.is_some()
            || self.kind.is_some()
            || self.source.is_some()
            || self.fix_state.is_some();
        let vulnerability = subject.vulnerability;
        asks && self
            .id
            .as_deref()
            .is_none_or(|id| goes_by(vulnerability, id))
            && any(&self.packages, |package| package.covers(subject))
            && any(&self.paths, |pattern| {
                let paths = [
                    vulnerability.origin.path.as_deref(),
                    vulnerability
                        .origin
                        .source
                        .as_ref()
                        .map(|source| source.file.as_str()),
                ];
                paths
                    .into_iter()
                    .flatten()
                    .any(|path| pattern.matches(path))
            })
            && self
                .version
                .as_deref()
                .is_none_or(|version| version == vulnerability.installed)
            && self
                .kind
                .is_none_or(|kind| subject.package.is_some_and(|package| package.kind == kind))
            && self.source.as_ref().is_none_or(|pattern| {
                let source = subject.identity.source;
                source.is_some_and(|(name, _)| pattern.matches(name))
            })
            && self
                .fix_state
                .is_none_or(|state| state == vulnerability.fix_state)
    }

    /// How much it takes to tell, in steps: to hold a pattern against a text takes at worst the
    /// product of their lengths.
    pub(crate) fn cost(&self, subject: &Case<'_>) -> usize {
        const STEP: usize = 64;
        let origin = &subject.vulnerability.origin;
        let file = origin.source.as_ref().map_or(0, |one| one.file.len());
        let path = origin.path.as_ref().map_or(0, String::len) + file;
        let source = subject.identity.source.map_or(0, |one| one.0.len());
        let name = subject.identity.name.len() + source;
        let of = |pattern: usize, text: usize| 1 + pattern.saturating_mul(text) / STEP;
        // A name is held against it as it is written, and in its normal form.
        let (name, source) = (2 * name, 2 * source);
        let path = SPELLINGS * path;
        let packages = self.packages.iter().map(|one| of(one.length(), name));
        let paths = self.paths.iter().map(|one| of(one.length(), path));
        let sources = self.source.iter().map(|one| of(one.length(), source));
        packages
            .chain(paths)
            .chain(sources)
            .fold(1, usize::saturating_add)
    }

    /// One line on why, for reports.
    pub(crate) fn explanation(&self) -> String {
        let until = self.until.map(|until| format!(" until {until}"));
        let owner = self.owner.as_ref().map(|owner| format!(" by {owner}"));
        let reason = self.reason.as_deref().map_or("", str::trim);
        let reason = match reason {
            "" => "no reason given",
            reason => reason,
        };
        let status = match self.justification {
            Some(_) => "not affected",
            None => "waived",
        };
        format!(
            "{status}{}{}: {reason}",
            until.unwrap_or_default(),
            owner.unwrap_or_default()
        )
    }
}

/// An empty list asks for nothing.
fn any<T>(list: &[T], test: impl FnMut(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(test)
}

/// Whether a number is one of those that a vulnerability goes by.
pub(crate) fn goes_by(vulnerability: &Vulnerability, id: &str) -> bool {
    numbers(vulnerability).any(|number| number.eq_ignore_ascii_case(id))
}

/// Every number that people may mean a vulnerability by: its own, and those of the advisories that
/// tell of it.
pub(crate) fn numbers(vulnerability: &Vulnerability) -> impl Iterator<Item = &str> {
    let advisories = vulnerability.advisories.iter().map(String::as_str);
    vulnerability.names().chain(advisories)
}
