//! Security updates that a distribution has ready for an image.

use crate::Origin;

/// An installed package that is older than the one in the distribution's security pocket. No number
/// of a flaw is needed to know that, and none is made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingUpdate {
    /// Index of the package among the inventory's `packages`.
    pub package: usize,
    /// The package's name.
    pub name: String,
    /// Its package URL.
    pub purl: String,
    /// The version that is in the image.
    pub installed: String,
    /// The version that waits.
    pub available: String,
    /// The source package that this is built from.
    pub source: String,
    /// The version of that.
    pub source_version: String,
    /// The pocket that has it, such as `bookworm-security`.
    pub pocket: String,
    /// Known vulnerabilities of the same package that name this version as their fix, sorted: the
    /// same news told before.
    pub vulnerabilities: Vec<String>,
    /// The layer, the instruction and the Dockerfile's line that brought the package.
    pub origin: Origin,
    /// Whether that layer is the base image's, where it is known where that ends.
    pub in_base: Option<bool>,
}

impl PendingUpdate {
    /// The order of every report.
    pub fn sort_key(&self) -> impl Ord + '_ {
        (
            self.name.as_str(),
            self.installed.as_str(),
            self.purl.as_str(),
            self.package,
        )
    }

    /// Whether no known vulnerability tells the same.
    pub fn is_news(&self) -> bool {
        self.vulnerabilities.is_empty()
    }
}

/// A security pocket that packages were held against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PocketPackages {
    /// What the distribution's archive calls it: `bookworm-security`.
    pub suite: String,
    /// The release, as OSV writes it: `Debian:12`.
    pub release: String,
    /// When the archive published it, as RFC 3339 has it, where it tells.
    pub date: Option<String>,
    /// How many packages of the image.
    pub packages: usize,
}
