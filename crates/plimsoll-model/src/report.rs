//! What one run found.

use std::borrow::Cow;
use std::fmt;

use crate::{
    Advice, AdvisoryCoverage, Called, Digest, EcosystemPackages, Finding, ImageConfig, Inventory,
    PendingUpdate, SourceOrigin, SuppressedVulnerability, Vulnerability,
};

/// What is not known in full, where something was not looked at.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Topic {
    /// What people write, as rules judge it.
    Rules,
    /// The files of an image, and with them whatever is learnt of files.
    Files,
    /// Which packages are there.
    Packages,
    /// Secrets.
    Secrets,
    /// What the image starts.
    Startup,
    /// The image's configuration and history.
    Configuration,
    /// Which packages have known vulnerabilities.
    Advisories,
    /// What is to be done about these.
    Advice,
    /// What was decided on findings: waivers, lists of other tools, VEX.
    Policy,
}

impl Topic {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Files => "files",
            Self::Packages => "packages",
            Self::Secrets => "secrets",
            Self::Startup => "startup",
            Self::Configuration => "configuration",
            Self::Advisories => "advisories",
            Self::Advice => "advice",
            Self::Policy => "policy",
        }
    }
}

/// Something that was not looked at, and why: never silently clean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Skipped {
    /// What: a file, a rule, a layer.
    pub what: String,
    /// Why, and what to do.
    pub why: String,
    /// Whether a gate must fail because of it: evidence that a policy needs is missing.
    pub blocking: bool,
    /// What is not known in full for it.
    pub about: Topic,
    /// The files of an image that the line stands for, where it stands for files: their paths without a
    /// leading slash, sorted; at most 10,000.
    pub files: Vec<String>,
    /// How many more of them there are.
    pub left_out: usize,
    /// What a waiver says of it: that it is accepted until some day, or was.
    pub waiver: Option<String>,
}

/// Files that are kept of a line.
const MAX_FILES: usize = 10_000;

impl Skipped {
    /// A line that fails no gate.
    pub fn new(about: Topic, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            blocking: false,
            about,
            files: Vec::new(),
            left_out: 0,
            waiver: None,
        }
    }

    /// One for which a gate must fail.
    pub fn blocking(about: Topic, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            blocking: true,
            ..Self::new(about, what, why)
        }
    }

    /// The same line with the files that it stands for, as many as are kept.
    pub fn of_files<'f>(self, files: impl IntoIterator<Item = &'f str>) -> Self {
        let mut files: Vec<&str> = files.into_iter().collect();
        files.sort_unstable();
        files.dedup();
        let left_out = files.len().saturating_sub(MAX_FILES);
        files.truncate(MAX_FILES);
        Self {
            files: files.into_iter().map(str::to_owned).collect(),
            left_out,
            ..self
        }
    }

    /// Why, and what a waiver says of it.
    pub fn reason(&self) -> Cow<'_, str> {
        match &self.waiver {
            Some(waiver) => format!("{}; {waiver}", self.why).into(),
            None => (&*self.why).into(),
        }
    }

    /// Whether packages may be missing for it from those that are listed.
    pub fn hides_packages(&self) -> bool {
        matches!(self.about, Topic::Packages | Topic::Files)
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.reason())
    }
}

/// Where it was decided that a finding be set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuppressedBy {
    /// A comment in the file it is about.
    Comment,
    /// A configuration: an exception for paths, a waiver, another tool's list.
    Configuration,
}

impl SuppressedBy {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Configuration => "configuration",
        }
    }
}

/// A finding that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// The reason given.
    pub reason: String,
    /// Where it was decided.
    pub by: SuppressedBy,
}

/// Why a rule stayed silent, or what it took for granted, at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The rule's name.
    pub rule: &'static str,
    /// The place.
    pub place: SourceOrigin,
    /// One sentence.
    pub text: String,
}

/// The image a report speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSummary {
    /// The name it was asked for by.
    pub name: String,
    /// What it is called.
    pub called: Called,
    /// Digest of its manifest.
    pub digest: Digest,
    /// Its configuration.
    pub config: ImageConfig,
    /// Bytes of all blobs.
    pub compressed_size: u64,
}

/// The bill of materials a report speaks of, where there is no image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillSummary {
    /// The file.
    pub name: String,
    /// Format and version, such as `CycloneDX 1.6`.
    pub format: String,
    /// What it is about, in its own words; empty where it does not say.
    pub subject: String,
    /// SHA-256 of what it is about, where it says: of an image that of its manifest.
    pub digest: Option<Digest>,
    /// Whether it says that it is about an image, whichever.
    pub is_image: bool,
    /// The processor of that image, in the words of images, where it says.
    pub architecture: Option<String>,
    /// How many of its components nothing identifies as packages.
    pub unidentified: usize,
}

/// What a run was asked to leave out of its list of known vulnerabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// How many known vulnerabilities are not in the report because of that: by severity, by kind
    /// of package, or for want of a fix.
    pub vulnerabilities: usize,
    /// Whether all those of packages of the distribution are left out.
    pub system: bool,
    /// Whether all those of other packages are left out.
    pub libraries: bool,
}

impl Unlisted {
    /// Whether all of an ecosystem is left out.
    fn has(&self, ecosystem: &EcosystemPackages) -> bool {
        match ecosystem.kind.is_system() {
            true => self.system,
            false => self.libraries,
        }
    }
}

/// Findings, inventory and evidence of one run; every output format is a rendering of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Findings in report order.
    pub findings: Vec<Finding>,
    /// Findings that a comment or a configuration set aside.
    pub suppressed: Vec<Suppressed>,
    /// Where rules stayed silent rather than guess, where that was asked for.
    pub remarks: Vec<Remark>,
    /// What was not looked at.
    pub skipped: Vec<Skipped>,
    /// Files that were checked, by name, sorted.
    pub checked: Vec<String>,
    /// The image, where one was looked at.
    pub image: Option<ImageSummary>,
    /// The bill of materials, where one was read in place of an image.
    pub bill: Option<BillSummary>,
    /// What it holds.
    pub inventory: Inventory,
    /// Known vulnerabilities of what it holds, in report order.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Those that a waiver, a VEX document or an earlier report sets aside, in report order.
    pub suppressed_vulnerabilities: Vec<SuppressedVulnerability>,
    /// Vulnerabilities of what it holds that may be there: advisories tell of them that could not be
    /// held against the version, or of a malicious package that this one may be a copy of. A gate that they would fail cannot hold. What is accepted is not
    /// among them.
    pub undecided_vulnerabilities: Vec<Vulnerability>,
    /// What of the known vulnerabilities the run was asked not to list.
    pub unlisted: Unlisted,
    /// Installed packages that a security update waits for, in report order.
    pub pending_updates: Vec<PendingUpdate>,
    /// The advisories those were told by; `None` where nobody looked.
    pub advisories: Option<AdvisoryCoverage>,
    /// What to do about the vulnerabilities.
    pub advice: Advice,
}

impl Report {
    /// Whether it is of a bill of materials that tells of nothing at all: whatever wrote it may have
    /// failed half-way.
    pub fn is_empty_bill(&self) -> bool {
        let inventory = &self.inventory;
        self.bill
            .as_ref()
            .is_some_and(|bill| bill.unidentified == 0)
            && inventory.packages.is_empty()
            && inventory.removed_packages.is_empty()
    }

    /// Whether there are packages, or components that may be some, and advisories could judge none
    /// of them, or a bill that lists nothing: that no vulnerability is known says nothing then.
    /// Packages that the run was asked to leave out do not count.
    pub fn is_unjudged(&self) -> bool {
        let Some(coverage) = &self.advisories else {
            return false;
        };
        let (judged, left) = self.judged(coverage);
        self.is_empty_bill() || (judged == 0 && left > 0)
    }

    /// How many of the packages asked for advisories were held against, and how many not: what is
    /// known is known of the first alone. `None` where there are no advisories.
    pub fn judged_packages(&self) -> Option<(usize, usize)> {
        Some(self.judged(self.advisories.as_ref()?))
    }

    fn judged(&self, coverage: &AdvisoryCoverage) -> (usize, usize) {
        let unidentified = self.bill.as_ref().map_or(0, |bill| bill.unidentified);
        let asked = |of: &[EcosystemPackages], number: fn(&EcosystemPackages) -> usize| -> usize {
            let asked = of.iter().filter(|one| !self.unlisted.has(one));
            asked.map(number).sum()
        };
        let judged = asked(&coverage.covered, |one| {
            one.packages.saturating_sub(one.unjudged)
        });
        let unjudged = asked(&coverage.covered, |one| one.unjudged.min(one.packages));
        let missing = asked(&coverage.missing, |one| one.packages);
        (judged, unjudged + missing + unidentified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PackageKind;

    #[test]
    fn files_of_a_line_are_bounded_and_say_so() {
        let paths: Vec<String> = (0..MAX_FILES + 7)
            .rev()
            .map(|number| format!("{number:06}"))
            .collect();
        let twice = || paths.iter().chain(&paths).map(String::as_str);
        let line = Skipped::new(Topic::Packages, "a", "b").of_files(twice());
        assert_eq!((line.files.len(), line.left_out), (MAX_FILES, 7));
        assert!(line.files.is_sorted());
        assert_eq!(line.to_string(), "a: b");
        let accepted = Skipped {
            waiver: Some("accepted by ops".to_owned()),
            ..line
        };
        assert_eq!(accepted.to_string(), "a: b; accepted by ops");
    }

    #[test]
    fn what_is_not_asked_for_judges_nothing() {
        let ecosystem = |kind, packages| EcosystemPackages {
            ecosystem: String::new(),
            packages,
            unjudged: 0,
            published: true,
            kind,
            date: None,
            checked: None,
        };
        let mut report = Report {
            advisories: Some(AdvisoryCoverage {
                covered: vec![ecosystem(PackageKind::Npm, 3)],
                missing: vec![ecosystem(PackageKind::Deb, 100)],
                ..AdvisoryCoverage::default()
            }),
            ..Report::default()
        };
        assert!(!report.is_unjudged());
        report.unlisted.libraries = true;
        assert!(report.is_unjudged());
        report.unlisted.system = true;
        assert!(!report.is_unjudged(), "nothing was asked for");
        report.unlisted.libraries = false;
        assert!(!report.is_unjudged());
        report.bill = Some(BillSummary::default());
        assert!(report.is_unjudged(), "a bill without a component");
        report.bill.as_mut().unwrap().unidentified = 1;
        assert!(!report.is_unjudged());
    }
}
