//! A version that is held against many: it is read once.

use std::cmp::Ordering;

use super::{
    BadVersion, Order, Parsed, Reason, apk, bitnami, broken, composer, conan, cran, dart, dpkg,
    gem, go, hackage, hex, maven, nuget, opam, pep440, rpm, semver,
};

/// A version of some order, to be compared with others.
pub(in crate::advisory) struct Held<'v> {
    order: Order,
    text: &'v str,
    read: Result<Read<'v>, BadVersion>,
}

impl<'v> Held<'v> {
    /// Reads it, whatever it is.
    pub(in crate::advisory) fn new(order: Order, text: &'v str) -> Self {
        Self {
            order,
            text,
            read: Read::of(order, text),
        }
    }

    /// As it is spelled.
    pub(in crate::advisory) fn text(&self) -> &'v str {
        self.text
    }

    /// As [`Order::compare_named`], with this version on the left.
    ///
    /// # Errors
    ///
    /// As there.
    pub(in crate::advisory) fn compare_named(
        &self,
        right: &str,
    ) -> Result<(Ordering, bool), BadVersion> {
        let read = self.read.as_ref();
        let found = read.map_err(BadVersion::clone);
        match found.and_then(|read| read.compare(self.order, right)) {
            Ok(found) => Ok((found, false)),
            Err(bad) => match broken::compare(self.order, self.text, right) {
                Some(found) => Ok((found, true)),
                None => Err(bad),
            },
        }
    }
}

/// What was read of a version, each order in its own way.
pub(super) enum Read<'v> {
    Dpkg(dpkg::Version<'v>),
    Apk(apk::Version<'v>),
    Rpm(rpm::Version<'v>),
    Pep440(pep440::Version<'v>),
    Semver(semver::Version<'v>),
    Go(go::Version<'v>),
    Maven(maven::Version<'v>),
    Gem(gem::Version<'v>),
    Composer(composer::Version<'v>),
    NuGet(nuget::Version<'v>),
    Pub(dart::Version<'v>),
    Hex(hex::Version<'v>),
    Cran(cran::Version<'v>),
    Hackage(hackage::Version<'v>),
    Bitnami(bitnami::Version<'v>),
    Opam(opam::Version<'v>),
    Conan(conan::Version<'v>),
}

impl<'v> Read<'v> {
    pub(super) fn of(order: Order, text: &'v str) -> Result<Self, BadVersion> {
        let read = match order {
            Order::Dpkg => Parsed::parse(text).map(Self::Dpkg),
            Order::Apk => Parsed::parse(text).map(Self::Apk),
            Order::Rpm => Parsed::parse(text).map(Self::Rpm),
            Order::Pep440 => Parsed::parse(text).map(Self::Pep440),
            Order::Semver => Parsed::parse(text).map(Self::Semver),
            Order::Go => Parsed::parse(text).map(Self::Go),
            Order::Maven => Parsed::parse(text).map(Self::Maven),
            Order::Gem => Parsed::parse(text).map(Self::Gem),
            Order::Composer => Parsed::parse(text).map(Self::Composer),
            Order::NuGet => Parsed::parse(text).map(Self::NuGet),
            Order::Pub => Parsed::parse(text).map(Self::Pub),
            Order::Hex => Parsed::parse(text).map(Self::Hex),
            Order::Cran => Parsed::parse(text).map(Self::Cran),
            Order::Hackage => Parsed::parse(text).map(Self::Hackage),
            Order::Bitnami => Parsed::parse(text).map(Self::Bitnami),
            Order::Opam => Parsed::parse(text).map(Self::Opam),
            Order::Conan => Parsed::parse(text).map(Self::Conan),
        };
        read.map_err(|reason| order.refuse(text, reason))
    }

    /// How it stands to `right`, of the same order.
    pub(super) fn compare(&self, order: Order, right: &str) -> Result<Ordering, BadVersion> {
        let found = match self {
            Self::Dpkg(left) => with(left, right),
            Self::Apk(left) => with(left, right),
            Self::Rpm(left) => with(left, right),
            Self::Pep440(left) => with(left, right),
            Self::Semver(left) => with(left, right),
            Self::Go(left) => with(left, right),
            Self::Maven(left) => with(left, right),
            Self::Gem(left) => with(left, right),
            Self::Composer(left) => with(left, right),
            Self::NuGet(left) => with(left, right),
            Self::Pub(left) => with(left, right),
            Self::Hex(left) => with(left, right),
            Self::Cran(left) => with(left, right),
            Self::Hackage(left) => with(left, right),
            Self::Bitnami(left) => with(left, right),
            Self::Opam(left) => with(left, right),
            Self::Conan(left) => with(left, right),
        };
        found.map_err(|reason| order.refuse(right, reason))
    }
}

/// How a version stands to one that is yet to be read.
fn with<'a, V: Parsed<'a>>(left: &V, right: &'a str) -> Result<Ordering, Reason> {
    V::parse(right).map(|right| left.compare(&right))
}
