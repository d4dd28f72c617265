//! From a record as it is published to what the index keeps of it.

use std::collections::HashMap;

use serde_json::Value;

use super::super::index::record::{MAX_TEXT, read_details, write_details};
use super::super::index::{
    Binary, Details, EventKind, GoImport, RangeKind, Reference, ReferenceKind, Severity,
    SeverityKind, Specifics,
};
use super::super::{Ecosystem, EcosystemName, cve, osv};
use super::{summary, timestamp};

/// Longest name of a record or package, and longest version, in bytes.
const MAX_NAME: usize = 1024;
/// Longest word or vector that is kept, in bytes.
const MAX_LABEL: usize = 256;
/// Longest address that is kept, in bytes.
const MAX_URL: usize = 2048;
/// Most references that are kept.
const MAX_REFERENCES: usize = 16;
/// Most other names that are kept of one sort.
const MAX_NAMES: usize = 1024;
/// Most times that a record may speak of one package: a hundred times what is seen.
const MAX_MENTIONS: usize = 1024;
/// Most events of versions that it may tell of one package, likewise.
const MAX_EVENTS: usize = 16 << 10;

/// Why a record, or what it says of one package, can not be matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Unusable {
    Withdrawn,
    NoPackage,
    NotInContainers,
    NotAsked,
    UnknownEcosystem,
    NoVersions,
    NoFlaw,
    BadName,
}

impl Unusable {
    pub(crate) const ALL: [Self; 8] = [
        Self::Withdrawn,
        Self::NoPackage,
        Self::NotInContainers,
        Self::NotAsked,
        Self::UnknownEcosystem,
        Self::NoVersions,
        Self::NoFlaw,
        Self::BadName,
    ];

    /// As people read it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::NoPackage => "names no package, only commits",
            Self::NotInContainers => "of an ecosystem that containers do not hold",
            Self::NotAsked => "of an ecosystem that nothing in an image tells to be its own",
            Self::UnknownEcosystem => "of an ecosystem that is not known",
            Self::NoVersions => "names no versions, only commits or nothing",
            Self::NoFlaw => "of new packages that mend no known flaw",
            Self::BadName => "names a package or version that is none",
        }
    }
}

/// What is kept of a record.
#[derive(Debug)]
pub(crate) struct Distilled {
    pub(crate) id: String,
    pub(crate) modified: Option<i64>,
    pub(crate) published: Option<i64>,
    pub(crate) aliases: Vec<String>,
    pub(crate) upstream: Vec<String>,
    pub(crate) related: Vec<String>,
    pub(crate) severities: Vec<Severity<'static>>,
    pub(crate) label: Option<String>,
    /// Packed.
    pub(crate) details: Vec<u8>,
    pub(crate) packages: Vec<Package>,
    /// How often each of [`Unusable::ALL`] kept a package out.
    pub(crate) left_out: [u32; Unusable::ALL.len()],
    /// Why there is no package, where there is none.
    pub(crate) unusable: Option<Unusable>,
}

impl Distilled {
    /// What else goes by its name, is mended by it, or has to do with it.
    fn names(&self) -> impl Iterator<Item = &str> {
        let names = [&self.aliases, &self.upstream, &self.related].into_iter();
        names.flatten().map(String::as_str)
    }
}

/// What is kept of what a record says of one package.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) ecosystem: Ecosystem,
    /// In its ecosystem's normal form.
    pub(crate) name: String,
    pub(crate) ranges: Vec<(RangeKind, Vec<(EventKind, String)>)>,
    pub(crate) versions: Vec<String>,
    pub(crate) severities: Vec<Severity<'static>>,
    /// Severity, status, informational.
    pub(crate) labels: [Option<String>; 3],
    /// Which of the details' specifics are its own.
    pub(crate) specifics: Option<u32>,
}

/// Takes from a record what the index keeps.
///
/// # Errors
/// Its name is none, or it says more than any record does: each version that is judged would be held
/// against all of that.
pub(crate) fn distil(record: &osv::Record<'_>) -> Result<Distilled, String> {
    let id = record.id.as_str();
    if !is_name(id) {
        return Err("its id is empty, too long, or has control characters".to_owned());
    }
    let free = &record.database_specific.0;
    let mut found = Distilled {
        id: id.to_owned(),
        modified: date(&record.modified),
        published: date(&record.published),
        aliases: names(&record.aliases, id),
        upstream: names(&record.upstream, id),
        related: names(&record.related, id),
        severities: severities(&record.severity),
        label: word(free, "severity"),
        details: Vec::new(),
        packages: Vec::new(),
        left_out: Default::default(),
        unusable: None,
    };
    bare_scores(free, &mut found.severities);
    // Some write the field always; nothing in it is not a day.
    if given(&record.withdrawn).is_some_and(|day| !day.trim().is_empty()) {
        found.unusable = Some(Unusable::Withdrawn);
        return Ok(found);
    }
    if is_of_maintenance(id) && !found.names().any(is_flaw) {
        // Some tell what they mend by links to it alone.
        found.related.extend(linked_flaws(&record.references));
        if !found.names().any(is_flaw) {
            found.unusable = Some(Unusable::NoFlaw);
            return Ok(found);
        }
    }
    let mut specifics = Vec::new();
    for affected in &record.affected.0 {
        match package(affected, &mut specifics) {
            Ok(package) => found.packages.push(package),
            Err(why) => {
                found.left_out[why as usize] = found.left_out[why as usize].saturating_add(1);
                found.unusable.get_or_insert(why);
            }
        }
    }
    if found.packages.is_empty() {
        found.unusable.get_or_insert(Unusable::NoPackage);
        return Ok(found);
    }
    found.unusable = None;
    check_amount(&found.packages)?;
    found.details = write_details(&Details {
        summary: summary::of([&record.summary, &record.details].map(given)),
        related: found.related.clone(),
        weaknesses: weaknesses(free),
        references: references(&record.references),
        specifics,
    });
    // What is not read back would make the index seem damaged.
    if found.details.len() > MAX_TEXT && read_details(&found.details).is_none() {
        return Err("what it says of its packages is too much to keep".to_owned());
    }
    Ok(found)
}

/// Whether a record says of each package no more than is judged by.
fn check_amount(packages: &[Package]) -> Result<(), String> {
    // Few records are longer than what any of their packages may have.
    let events = |package: &Package| -> usize {
        package.ranges.iter().map(|(_, events)| events.len()).sum()
    };
    let all: usize = packages.iter().map(events).sum();
    if packages.len() <= MAX_MENTIONS && all <= MAX_EVENTS {
        return Ok(());
    }
    let mut amounts: HashMap<(&Ecosystem, &str), (usize, usize)> = HashMap::new();
    for package in packages {
        let amount = amounts.entry((&package.ecosystem, &package.name));
        let (mentions, told) = amount.or_default();
        *mentions += 1;
        *told += events(package);
        if *mentions > MAX_MENTIONS || *told > MAX_EVENTS {
            let name = package.name.escape_debug();
            return Err(format!(
                "it names {name} more than {MAX_MENTIONS} times, or with more than {MAX_EVENTS} \
                 events"
            ));
        }
    }
    Ok(())
}

fn package(
    affected: &osv::Affected<'_>,
    specifics: &mut Vec<Specifics>,
) -> Result<Package, Unusable> {
    let package = affected.package.as_ref().ok_or(Unusable::NoPackage)?;
    let (ecosystem, name) = (package.ecosystem.as_str(), package.name.as_str());
    if !is_name(name) || !is_name(ecosystem) {
        return Err(Unusable::BadName);
    }
    let ecosystem = Ecosystem::parse(ecosystem).ok_or(Unusable::UnknownEcosystem)?;
    if !ecosystem.name.is_in_containers() {
        return Err(Unusable::NotInContainers);
    }
    if !is_ever_asked(&ecosystem) {
        return Err(Unusable::NotAsked);
    }
    let bound = word(
        &affected.database_specific.0,
        "last_known_affected_version_range",
    );
    let bound = bound.as_deref().and_then(upper_bound);
    let mut is_bounded = false;
    let is_version = |text: &osv::Text<'_>| text.as_str().len() <= MAX_NAME;
    let mut ranges = Vec::new();
    for range in &affected.ranges.0 {
        let kind = match range.kind.as_str() {
            "SEMVER" => RangeKind::Semver,
            "ECOSYSTEM" => RangeKind::Ecosystem,
            // Commits: what is installed does not tell its own.
            _ => continue,
        };
        let mut events = Vec::new();
        for event in &range.events.0 {
            let each = [
                (EventKind::Introduced, &event.introduced),
                (EventKind::Fixed, &event.fixed),
                (EventKind::LastAffected, &event.last_affected),
                (EventKind::Limit, &event.limit),
            ];
            for (kind, version) in each {
                let Some(version) = version else { continue };
                if !is_version(version) {
                    return Err(Unusable::BadName);
                }
                events.push((kind, version.as_str().to_owned()));
            }
        }
        if let Some((EventKind::Introduced, _)) = events.last()
            && let Some((kind, version)) = bound
        {
            events.push((kind, version.to_owned()));
            is_bounded = true;
        }
        if !events.is_empty() {
            without_feigned_fixes(ecosystem.name, &mut events);
            ranges.push((kind, events));
        }
    }
    let versions: Vec<String> = affected
        .versions
        .0
        .iter()
        // They were enumerated from the range without its bound.
        .filter(|version| !is_bounded && is_version(version))
        .map(|version| version.as_str().to_owned())
        .collect();
    if ranges.is_empty() && versions.is_empty() {
        return Err(Unusable::NoVersions);
    }
    let (ours, theirs) = (
        &affected.ecosystem_specific.0,
        &affected.database_specific.0,
    );
    let either = |key: &str| word(ours, key).or_else(|| word(theirs, key));
    let own = self::specifics(affected, package);
    let number = (own != Specifics::default()).then(|| {
        specifics.push(own);
        (specifics.len() - 1) as u32
    });
    Ok(Package {
        name: ecosystem.normalize(name).into_owned(),
        ecosystem,
        ranges,
        versions,
        severities: severities(&affected.severity),
        labels: [
            either("urgency").or_else(|| either("severity")),
            either("status").or_else(|| either("fix_state")),
            word(theirs, "informational"),
        ],
        specifics: number,
    })
}

/// Whether a distribution gives out such records for bug fixes and enhancements, too.
fn is_of_maintenance(id: &str) -> bool {
    [
        "ALBA-",
        "ALEA-",
        "RHBA-",
        "RHEA-",
        "RLBA-",
        "RLEA-",
        "SUSE-FU-",
        "SUSE-OU-",
        "SUSE-RU-",
        "openSUSE-FU-",
        "openSUSE-OU-",
        "openSUSE-RU-",
    ]
    .iter()
    .any(|prefix| id.starts_with(prefix))
}

/// Whether it is the name of a flaw.
fn is_flaw(name: &str) -> bool {
    cve::of_name(name).is_some() || name.starts_with("GHSA-")
}

/// CVE numbers whose pages a record refers to: `…/cve/CVE-2025-22247.html`.
fn linked_flaws(list: &osv::Loose<osv::List<osv::Reference<'_>>>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for reference in &list.0.0 {
        let page = reference.url.as_str().rsplit(['/', '=']).next();
        let page = page.unwrap_or_default().trim_end_matches(".html");
        let is_number = page.starts_with("CVE-") && cve::of_name(page).is_some();
        if is_number && !found.iter().any(|known| known == page) && found.len() < MAX_NAMES {
            found.push(page.to_owned());
        }
    }
    found
}

/// Whether packages of an image are ever asked for under this ecosystem. Those that somebody patched
/// look like those that nobody did, and neither the compiler that made a program nor the parts of
/// Kubernetes tell their versions.
fn is_ever_asked(ecosystem: &Ecosystem) -> bool {
    match ecosystem.name {
        EcosystemName::DockerHardened
        | EcosystemName::Ghc
        | EcosystemName::Kubernetes
        | EcosystemName::Root
        | EcosystemName::TuxCare => false,
        EcosystemName::Echo => ecosystem.release.is_none(),
        _ => true,
    }
}

/// Up to which version GitHub's database knows a package to be affected where no release mends it:
/// `< 0.19.3`, `<= 2.5`, `= 1.0`.
fn upper_bound(text: &str) -> Option<(EventKind, &str)> {
    let text = text.trim();
    let (kind, version) = match text.strip_prefix("<=").or_else(|| text.strip_prefix('=')) {
        Some(version) => (EventKind::LastAffected, version.trim()),
        None => (EventKind::Limit, text.strip_prefix('<')?.trim()),
    };
    let is_one = !version.is_empty() && !version.contains([' ', ',', '<', '>', '=']);
    is_one.then_some((kind, version))
}

/// Says as what they are the versions that records call fixed because their own databases have no such
/// words, and that nobody ever published: RustSec's `> 0.2.36` comes as `0.2.37-0`, and for a series without
/// a fix retire.js has one of nines, `3.999.999`.
fn without_feigned_fixes(ecosystem: EcosystemName, events: &mut [(EventKind, String)]) {
    match (ecosystem, events) {
        (EcosystemName::CratesIo, events) => {
            for (kind, version) in events {
                if *kind == EventKind::Fixed
                    && let Some(last) = last_before(version)
                {
                    (*kind, *version) = (EventKind::LastAffected, last);
                }
            }
        }
        // A limit is one of the whole range.
        (
            EcosystemName::Npm,
            [
                (EventKind::Introduced, _),
                (kind @ EventKind::Fixed, version),
            ],
        ) if is_of_nines(version) => {
            *kind = EventKind::Limit;
        }
        _ => {}
    }
}

/// The release right before the least pre-release of the next one, `1.2.3-0`.
fn last_before(version: &str) -> Option<String> {
    let (numbers, patch) = version.strip_suffix("-0")?.rsplit_once('.')?;
    let last = patch.parse::<u64>().ok()?.checked_sub(1)?;
    Some(format!("{numbers}.{last}"))
}

/// Whether all numbers behind the first have nothing but nines, the last one more than anybody counts to.
fn is_of_nines(version: &str) -> bool {
    let mut parts = version.split('.').skip(1).peekable();
    let last = version.rsplit('.').next().unwrap_or_default();
    let is_counted = last.len() < 3 || parts.peek().is_none();
    !is_counted && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte == b'9'))
}

fn given<'r>(text: &'r osv::Loose<Option<osv::Text<'_>>>) -> Option<&'r str> {
    text.0.as_ref().map(osv::Text::as_str)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && !text.chars().any(char::is_control)
}

fn date(text: &osv::Loose<Option<osv::Text<'_>>>) -> Option<i64> {
    timestamp::parse(given(text)?)
}

/// Names of flaws: each once, without the record's own.
fn names(list: &osv::Loose<osv::List<osv::Text<'_>>>, own: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in list.0.0.iter().map(osv::Text::as_str) {
        let known = name == own || names.iter().any(|known| known == name);
        if is_name(name) && !known && names.len() < MAX_NAMES {
            names.push(name.to_owned());
        }
    }
    names
}

fn severities(list: &osv::Loose<osv::List<osv::Severity<'_>>>) -> Vec<Severity<'static>> {
    let mut found = Vec::new();
    for severity in &list.0.0 {
        let kind = match severity.kind.as_str() {
            "CVSS_V4" => SeverityKind::CvssV4,
            "CVSS_V3" => SeverityKind::CvssV3,
            "CVSS_V2" => SeverityKind::CvssV2,
            "Ubuntu" => SeverityKind::Ubuntu,
            _ => continue,
        };
        let score = severity.score.as_str().trim();
        if !score.is_empty() && score.len() <= MAX_LABEL && found.len() < MAX_REFERENCES {
            found.push(Severity {
                kind,
                score: score.to_owned().into(),
            });
        }
    }
    found
}

/// Scores that a database gives without their vectors, as RubyGems' does.
fn bare_scores(free: &Value, severities: &mut Vec<Severity<'static>>) {
    for (key, kind) in [
        ("cvss_v4", SeverityKind::CvssV4),
        ("cvss_v3", SeverityKind::CvssV3),
        ("cvss_v2", SeverityKind::CvssV2),
    ] {
        let score = match free.get(key) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => continue,
        };
        let number = score
            .parse()
            .is_ok_and(|score: f64| (0.0..=10.0).contains(&score));
        if number && !severities.iter().any(|known| known.kind == kind) {
            severities.push(Severity {
                kind,
                score: score.into(),
            });
        }
    }
}

/// A word under a key of a free-form object.
fn word(free: &Value, key: &str) -> Option<String> {
    let text = free.get(key)?.as_str()?.trim();
    (!text.is_empty() && text.len() <= MAX_LABEL).then(|| text.to_owned())
}

/// Texts under a key of a free-form object.
fn words(free: Option<&Value>) -> Vec<String> {
    let list = free
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter_map(Value::as_str)
        .filter(|text| is_name(text))
        .map(str::to_owned)
        .collect()
}

fn weaknesses(free: &Value) -> Vec<String> {
    let mut found = words(free.get("cwe_ids").or_else(|| free.get("cwes")));
    found.truncate(MAX_REFERENCES);
    found
}

/// Advisories and fixes first.
fn references(list: &osv::Loose<osv::List<osv::Reference<'_>>>) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    for reference in &list.0.0 {
        let url = reference.url.as_str();
        if is_name(url) && url.len() <= MAX_URL && !found.iter().any(|known| known.url == url) {
            found.push(Reference {
                kind: reference_kind(reference.kind.as_str()),
                url: url.to_owned(),
            });
        }
        // Enough to choose from.
        if found.len() == MAX_NAMES {
            break;
        }
    }
    found.sort_by_key(|reference| reference.kind);
    found.truncate(MAX_REFERENCES);
    found
}

fn reference_kind(text: &str) -> ReferenceKind {
    match text {
        "ADVISORY" => ReferenceKind::Advisory,
        "FIX" => ReferenceKind::Fix,
        "REPORT" => ReferenceKind::Report,
        "EVIDENCE" => ReferenceKind::Evidence,
        "ARTICLE" => ReferenceKind::Article,
        "PACKAGE" => ReferenceKind::Package,
        "DISCUSSION" => ReferenceKind::Discussion,
        "INTRODUCED" => ReferenceKind::Introduced,
        "DETECTION" => ReferenceKind::Detection,
        "GIT" => ReferenceKind::Git,
        _ => ReferenceKind::Web,
    }
}

fn specifics(affected: &osv::Affected<'_>, package: &osv::Package<'_>) -> Specifics {
    let free = &affected.ecosystem_specific.0;
    let affects = free.get("affects");
    Specifics {
        imports: imports(free.get("imports")),
        binaries: binaries(free),
        module: package
            .purl
            .0
            .as_ref()
            .and_then(|purl| module(purl.as_str())),
        architectures: words(affects.and_then(|affects| affects.get("arch"))),
        systems: words(affects.and_then(|affects| affects.get("os"))),
        functions: words(affects.and_then(|affects| affects.get("functions"))),
    }
}

/// <https://go.dev/doc/security/vuln/database#schema>
fn imports(free: Option<&Value>) -> Vec<GoImport> {
    let list = free
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter_map(|import| {
            Some(GoImport {
                path: word(import, "path")?,
                symbols: words(import.get("symbols")),
                goos: words(import.get("goos")),
                goarch: words(import.get("goarch")),
            })
        })
        .collect()
}

/// Binary packages: a list of objects with `binary_name` and `binary_version` (Ubuntu now), an
/// object of versions by name (Ubuntu earlier), or a list of such objects (SUSE).
fn binaries(free: &Value) -> Vec<Binary> {
    let mut found: Vec<Binary> = Vec::new();
    let mut add = |name: &str, version: Option<&str>| {
        if is_name(name) {
            let version = version.filter(|version| is_name(version));
            found.push(Binary {
                name: name.to_owned(),
                version: version.map(str::to_owned),
            });
        }
    };
    let mut object = |object: &serde_json::Map<String, Value>| match object
        .get("binary_name")
        .and_then(Value::as_str)
    {
        Some(name) => add(name, object.get("binary_version").and_then(Value::as_str)),
        None => {
            for (name, version) in object {
                add(name, version.as_str());
            }
        }
    };
    match free.get("binaries") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_object).for_each(object),
        Some(Value::Object(one)) => object(one),
        _ => {}
    }
    found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    found.dedup();
    found
}

/// The module stream in a package URL of an RPM distribution.
fn module(purl: &str) -> Option<String> {
    let (_, qualifiers) = purl.split_once('?')?;
    let value = qualifiers
        .split('#')
        .next()?
        .split('&')
        .find_map(|qualifier| qualifier.strip_prefix("rpmmod="))?;
    let value = value.replace("%3A", ":").replace("%3a", ":");
    is_name(&value).then_some(value)
}
