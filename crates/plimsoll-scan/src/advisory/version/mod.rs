//! The version orders of the ecosystems OSV knows: which of two versions is the newer one.
//!
//! Every ecosystem has an order of its own, and a wrong one means a missed or an invented finding.
//! So each is written down once, in a file of its own, and held against the ecosystem's own tool by
//! `cargo xtask parity versions`. Where a tool refuses a text it is refused here too; where the two
//! part on purpose, the file of the order says so and why. White space around a version is taken off
//! where the tool does that, but only ASCII's.
//!
//! A comparison reads both texts once, works on borrowed slices and knows no largest number: time
//! and memory are linear in the texts, whatever they hold.
//!
//! OSV's event `introduced: "0"` means "before every version". It is no version and is none here.

mod apk;
mod bitnami;
mod broken;
mod composer;
mod conan;
mod cran;
mod dart;
mod dpkg;
mod gem;
mod go;
mod hackage;
mod held;
mod hex;
mod identifiers;
mod installed;
#[cfg(test)]
mod laws;
mod maven;
mod nuget;
mod number;
mod opam;
mod pep440;
mod rpm;
mod semver;
mod sort;

use std::cmp::Ordering;
use std::fmt;

use plimsoll_model::cut;

pub(super) use self::held::Held;
use self::held::Read;

/// How the versions of an ecosystem are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Order {
    /// Debian, Ubuntu and what is made of them.
    Dpkg,
    /// Alpine, Wolfi, Chainguard, MinimOS, Alpaquita.
    Apk,
    /// Red Hat, Fedora, AlmaLinux, Rocky Linux, SUSE, openEuler, Mageia, Azure Linux.
    Rpm,
    /// PyPI.
    Pep440,
    /// Semantic Versioning 2.0.0: npm, crates.io, Julia, Swift, GHC, VS Code.
    Semver,
    /// Go's modules, its standard library and toolchain.
    Go,
    /// Maven.
    Maven,
    /// RubyGems.
    Gem,
    /// Packagist.
    Composer,
    /// NuGet.
    NuGet,
    /// Pub (Dart).
    Pub,
    /// Hex (Elixir, Erlang).
    Hex,
    /// CRAN, Bioconductor.
    Cran,
    /// Hackage.
    Hackage,
    /// Bitnami.
    Bitnami,
    /// opam.
    Opam,
    /// Conan.
    Conan,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 17] = [
        Self::Dpkg,
        Self::Apk,
        Self::Rpm,
        Self::Pep440,
        Self::Semver,
        Self::Go,
        Self::Maven,
        Self::Gem,
        Self::Composer,
        Self::NuGet,
        Self::Pub,
        Self::Hex,
        Self::Cran,
        Self::Hackage,
        Self::Bitnami,
        Self::Opam,
        Self::Conan,
    ];

    /// How `left` stands to `right`: `Less` where it is the older one.
    ///
    /// # Errors
    ///
    /// [`BadVersion`] where one of them is no version in this ecosystem, whatever the other is.
    pub fn compare(self, left: &str, right: &str) -> Result<Ordering, BadVersion> {
        Read::of(self, left)?.compare(self, right)
    }

    /// The same where advisories have texts that are no versions, as far as those can be read; the
    /// second value tells whether one of the two is such a text.
    ///
    /// # Errors
    ///
    /// [`BadVersion`] where it could be read in more than one way.
    pub(in crate::advisory) fn compare_named(
        self,
        left: &str,
        right: &str,
    ) -> Result<(Ordering, bool), BadVersion> {
        Held::new(self, left).compare_named(right)
    }

    /// Whether `text` is a version in this ecosystem.
    #[must_use]
    pub fn is_valid(self, text: &str) -> bool {
        self.check(text).is_ok()
    }

    /// Says what is wrong with `text` where it is no version in this ecosystem.
    ///
    /// # Errors
    ///
    /// [`BadVersion`] where it is none.
    pub fn check(self, text: &str) -> Result<(), BadVersion> {
        Read::of(self, text).map(drop)
    }

    /// Whether `version` is a build of the release `release`, which names none: it comes behind it, and
    /// is that release all the same. Bitnami counts its builds (`5.15.12-3`), Python's local versions
    /// tell them apart (`2.0.0+cu118`; `<=2.0.0` holds that, by PEP 440).
    #[must_use]
    pub fn is_build_of(self, version: &str, release: &str) -> bool {
        let sign = match self {
            Self::Bitnami => '-',
            Self::Pep440 => '+',
            _ => return false,
        };
        version.split_once(sign).is_some_and(|(public, build)| {
            let is_build = self == Self::Pep440 || build.starts_with(|c: char| c.is_ascii_digit());
            is_build
                && !release.contains(sign)
                && self.compare(public, release).is_ok_and(Ordering::is_eq)
        })
    }

    /// The same of the version of an installed package. Package managers compare what they would
    /// never install: some orders have a place for no version at all, and for any words.
    ///
    /// # Errors
    ///
    /// [`BadVersion`] where it is none.
    pub(in crate::advisory) fn check_installed(self, text: &str) -> Result<(), BadVersion> {
        match installed::why_none(self, text) {
            Some(reason) => Err(self.refuse(text, reason)),
            None => self.check(text),
        }
    }

    /// What people call the order, for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Pep440 => "PEP 440",
            Self::Semver => "SemVer",
            Self::Go => "Go",
            Self::Maven => "Maven",
            Self::Gem => "RubyGems",
            Self::Composer => "Composer",
            Self::NuGet => "NuGet",
            Self::Pub => "Pub",
            Self::Hex => "Hex",
            Self::Cran => "CRAN",
            Self::Hackage => "Hackage",
            Self::Bitnami => "Bitnami",
            Self::Opam => "opam",
            Self::Conan => "Conan",
        }
    }

    fn refuse(self, text: &str, reason: Reason) -> BadVersion {
        BadVersion {
            order: self,
            shown: cut(text, LONGEST_SHOWN).into(),
            reason,
        }
    }
}

/// Characters of a refused version that its message shows.
const LONGEST_SHOWN: usize = 80;

/// Why a text is no version: reads well behind "is no … version: ".
type Reason = &'static str;

/// A version read into borrowed parts. The order is total over what parses.
trait Parsed<'a>: Sized {
    fn parse(text: &'a str) -> Result<Self, Reason>;

    fn compare(&self, other: &Self) -> Ordering;
}

/// A text that is no version in its ecosystem. Its message escapes the text, which may come from a
/// hostile file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadVersion {
    order: Order,
    shown: Box<str>,
    reason: Reason,
}

impl BadVersion {
    /// The order it was to have a place in.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for BadVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:?} is no {} version: {}",
            self.shown,
            self.order.name(),
            self.reason
        )
    }
}

impl std::error::Error for BadVersion {}
