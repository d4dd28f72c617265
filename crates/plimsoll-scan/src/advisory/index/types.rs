//! What an index answers, as plain data.

/// A record of one index. Means nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub(crate) u32);

/// A version that an advisory names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'i> {
    /// Its number among all versions that advisories name of the one package asked for, below
    /// [`AffectedBy::slots`](super::AffectedBy::slots). Many advisories name the same few versions:
    /// who compares an installed version with each slot once compares less.
    pub slot: u32,
    /// As the record writes it. `0` in an introduced event means before everything.
    pub text: &'i str,
}

/// Which order the versions of a range follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RangeKind {
    /// Semantic versioning 2.0, whatever the ecosystem's own order is.
    Semver,
    /// The ecosystem's own.
    Ecosystem,
}

/// What changes at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// From this version on it is affected.
    Introduced,
    /// From this version on it is not.
    Fixed,
    /// Behind this version it is not.
    LastAffected,
    /// The range says nothing of this version and later ones.
    Limit,
}

/// One event of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'i> {
    /// What changes.
    pub kind: EventKind,
    /// Where.
    pub version: Version<'i>,
}

/// How a severity is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeverityKind {
    /// CVSS 4: a vector, or a bare score (`7.5`) where a database gives no vector.
    CvssV4,
    /// CVSS 3.0 or 3.1, likewise.
    CvssV3,
    /// CVSS 2, likewise.
    CvssV2,
    /// Ubuntu's priority: a word.
    Ubuntu,
}

/// A severity as a database gives it, not judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Severity<'i> {
    /// How it is written.
    pub kind: SeverityKind,
    /// The vector, the score or the word.
    pub score: std::borrow::Cow<'i, str>,
}

/// Words that a database says about one package of a record, as it writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labels<'i> {
    /// Its severity in its own words: Debian's urgency (`unimportant`, `low`, `not yet assigned`),
    /// `Important` of an RPM distribution, …
    pub severity: Option<&'i str>,
    /// How far it is with it: `fixed`, `not_affected`, `pending-upstream-fix`, `fix-not-planned`,
    /// `will_not_fix`, …
    pub status: Option<&'i str>,
    /// What it is where it is no vulnerability: `unmaintained`, `unsound`, `notice` of RustSec.
    pub informational: Option<&'i str>,
}

/// A record, as far as it is needed to merge it with others and to judge it. Needs no
/// decompression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'i> {
    /// Its name: `GHSA-…`, `DSA-…`, `GO-…`.
    pub id: String,
    /// Other names of the same flaw.
    pub aliases: Vec<String>,
    /// Flaws it was derived from, such as the CVEs of a distribution's advisory.
    pub upstream: Vec<String>,
    /// When it was published, in seconds since 1970 (UTC).
    pub published: Option<i64>,
    /// When it was last changed, likewise.
    pub modified: Option<i64>,
    /// Severities for all its packages; those of one package alone are in
    /// [`Affected::severities`](super::Affected::severities).
    pub severities: Vec<Severity<'i>>,
    /// Its severity in its database's own words: `HIGH`, `MODERATE`, `Medium`, …
    pub label: Option<&'i str>,
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceKind {
    /// An advisory.
    Advisory,
    /// A fix.
    Fix,
    /// A report, often in a tracker.
    Report,
    /// Something that shows the flaw.
    Evidence,
    /// An article.
    Article,
    /// The package.
    Package,
    /// A discussion.
    Discussion,
    /// Where the flaw came in.
    Introduced,
    /// How it is detected.
    Detection,
    /// A repository or commit.
    Git,
    /// Anything else.
    Web,
}

/// Where more is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What is there.
    pub kind: ReferenceKind,
    /// The address.
    pub url: String,
}

/// What else a record says. Lies compressed, and is unpacked when it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// One line: the record's summary, or the first sentence of its details where it has none.
    pub summary: Option<String>,
    /// Names of other flaws that have to do with it.
    pub related: Vec<String>,
    /// Kinds of weakness: `CWE-79`.
    pub weaknesses: Vec<String>,
    /// Where more is said, at most 16.
    pub references: Vec<Reference>,
    /// What single packages have of their own; see
    /// [`Affected::specifics`](super::Affected::specifics).
    pub specifics: Vec<Specifics>,
}

/// What a record says of one of its packages beyond versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Specifics {
    /// Go packages of the module that hold the flaw, and their symbols.
    pub imports: Vec<GoImport>,
    /// Binary packages of the source package that are affected or fixed. Empty: all, or not told.
    pub binaries: Vec<Binary>,
    /// The module stream of RPM distributions that it is about: `nodejs:18`.
    pub module: Option<String>,
    /// Processor architectures it is limited to, in the words of the record. Empty: all.
    pub architectures: Vec<String>,
    /// Operating systems it is limited to, likewise. Empty: all.
    pub systems: Vec<String>,
    /// Functions that hold the flaw, by path (RustSec).
    pub functions: Vec<String>,
}

/// A package of a Go module, by <https://go.dev/doc/security/vuln/database#schema>.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoImport {
    /// Its import path.
    pub path: String,
    /// Functions and methods that hold the flaw. Empty: all.
    pub symbols: Vec<String>,
    /// Operating systems it is limited to. Empty: all.
    pub goos: Vec<String>,
    /// Architectures it is limited to. Empty: all.
    pub goarch: Vec<String>,
}

/// A binary package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// Its name.
    pub name: String,
    /// Its version that is fixed, where told.
    pub version: Option<String>,
}

/// What an index was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snapshot {
    /// SHA-256 of the index's content, in hexadecimal: the same records give the same.
    pub id: String,
    /// When its newest record was last changed, in seconds since 1970 (UTC).
    pub date: Option<i64>,
    /// When an update last found that the sources of all records had nothing newer, in seconds since
    /// 1970 (UTC); nothing where the records were given. Kept by the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<i64>,
    /// Bytes of the file.
    pub bytes: u64,
    /// Records that can be matched.
    pub records: u64,
    /// Packages they name, each once per ecosystem and release.
    pub packages: u64,
    /// Each ecosystem, all its releases together, in the order of the alphabet.
    pub ecosystems: Vec<SnapshotEcosystem>,
    /// Each ecosystem and release that records name, likewise.
    pub releases: Vec<SnapshotEcosystem>,
    /// Records read that can not be matched, by reason.
    pub unusable: Vec<(String, u64)>,
    /// Records that were there and could not be read: what they say is missing.
    #[serde(default, skip_serializing_if = "is_none")]
    pub broken: u64,
    /// Security pockets of distributions, by release and suite.
    #[serde(default)]
    pub pockets: Vec<SnapshotPocket>,
    /// EPSS scores; none where nobody gave any.
    #[serde(default)]
    pub epss: Option<SnapshotList>,
    /// Flaws known to be exploited; none where nobody gave a catalogue.
    #[serde(default)]
    pub known_exploited: Option<SnapshotList>,
}

impl Snapshot {
    /// Writes down until when the source of each ecosystem is known to have had nothing newer.
    pub(crate) fn tell_asked(&mut self, asked: &[(String, i64)]) {
        for one in &mut self.ecosystems {
            let found = asked.iter().find(|(name, _)| *name == one.name);
            one.checked = found.map(|(_, at)| *at);
        }
    }

    /// As an index holds it: what it is called and how large it is says the file around it.
    pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Self {
            id: String::new(),
            date: None,
            bytes: 0,
            ..self.clone()
        })
    }
}

/// An index without broken records says nothing of them, as it did before they were counted.
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What an index holds of a list about flaws by their CVE numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SnapshotList {
    /// When it was published, in seconds since 1970 (UTC), where it tells.
    pub date: Option<i64>,
    /// The model that made it, where it tells.
    pub version: Option<String>,
    /// CVE numbers that it lists.
    pub listed: u64,
    /// Those of them that records of the index name: of others nothing is kept.
    pub kept: u64,
}

/// What an index holds of a distribution's security pocket.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SnapshotPocket {
    /// The release as OSV writes it: `Debian:12`.
    pub release: String,
    /// What its archive calls it: `bookworm-security`.
    pub suite: String,
    /// Architectures that it holds packages for, sorted.
    pub architectures: Vec<String>,
    /// Packages, each architecture on its own.
    pub packages: u64,
    /// When the archive published it, in seconds since 1970 (UTC), where it tells.
    pub date: Option<i64>,
}

/// What an index holds of one ecosystem, or of one release of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SnapshotEcosystem {
    /// As OSV writes it: `Debian`, `Debian:12`.
    pub name: String,
    /// Records that name a package of it.
    pub records: u64,
    /// Packages that they name.
    pub packages: u64,
    /// When the newest of these records was last changed, in seconds since 1970 (UTC).
    pub newest: Option<i64>,
    /// Up to when its source is known to have had nothing newer, in seconds since 1970 (UTC): when it was
    /// last asked, but no later than the newest record of all that came from the same mirror, since one
    /// that is dead has nothing newer either. Nothing where the records were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<i64>,
}
