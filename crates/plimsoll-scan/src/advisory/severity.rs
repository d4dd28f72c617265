//! How bad a flaw is: what the databases say, and what their CVSS vectors amount to.
//!
//! Whoever ships a package knows best what a flaw does in it, so the word of the package's own
//! database comes first: Debian's urgency, Ubuntu's priority, the first word of a Red Hat kind of
//! advisory, GitHub's label. Where several that count the same speak of a flaw itself, the worst word
//! counts; an erratum's word is that of the worst flaw that it mends, so there the first one stays.
//! Where no database has a word, the newest kind of CVSS vector is scored;
//! where none of those that know of the package has one either, that of another that knows of the flaw.

use cvss::Cvss;
use plimsoll_model::{CvssScore, SeverityBasis, VulnerabilitySeverity};

use super::{Severity, SeverityKind, cve};

/// What one advisory says of how bad a flaw is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opinion<'a> {
    /// The advisory's id.
    pub id: &'a str,
    /// The database's own word.
    pub label: Option<&'a str>,
    /// Its one line on the flaw; some begin it with their word.
    pub summary: Option<&'a str>,
    /// Its vectors, scores and priorities: of the flaw in the package itself, then in general.
    pub severities: &'a [Severity<'a>],
}

/// How bad a flaw is, and who says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rating {
    /// How bad.
    pub severity: VulnerabilitySeverity,
    /// The database that says so.
    pub source: Option<String>,
    /// Whether it says it in a word or in a vector.
    pub basis: Option<SeverityBasis>,
    /// The newest kind of vector that any of them gives.
    pub cvss: Option<CvssScore>,
}

/// Weighs what several advisories say of one flaw of one package; those that count more come
/// first, as [`weight`] has it.
pub fn rate(opinions: &[Opinion<'_>]) -> Rating {
    let scored = opinions
        .iter()
        .flat_map(|opinion| {
            let scores = opinion.severities.iter().filter_map(score);
            scores.map(|score| (opinion.id, score))
        })
        // The first of the newest kind, or the worst of those that count as much.
        .reduce(|best, other| {
            let is_newer = other.1.version > best.1.version;
            let is_worse = other.1.version == best.1.version
                && other.1.tenths > best.1.tenths
                && are_peers(best.0, other.0);
            match is_newer || is_worse {
                true => other,
                false => best,
            }
        });
    let mut labels = opinions.iter().filter_map(|opinion| {
        let mut priorities = opinion.severities.iter();
        let word = priorities
            .find(|severity| severity.kind == SeverityKind::Ubuntu)
            .and_then(|severity| label(&severity.score))
            .or_else(|| opinion.label.and_then(label))
            .or_else(|| {
                opinion
                    .summary
                    .and_then(|summary| first_word(opinion.id, summary))
            })
            .or_else(|| malice(opinion.id))?;
        Some((opinion.id, word))
    });
    let labelled = labels.next().map(|first| {
        let peers = labels.take_while(|other| weight(other.0) == weight(first.0));
        peers.fold(first, |worst, other| {
            match other.1 > worst.1 && are_peers(worst.0, other.0) {
                true => other,
                false => worst,
            }
        })
    });
    let (severity, source, basis) = match (labelled, &scored) {
        (Some((id, word)), _) => (word, Some(database(id)), Some(SeverityBasis::Label)),
        (None, Some((id, score))) => (
            score.severity,
            Some(database(id)),
            Some(SeverityBasis::Cvss),
        ),
        (None, None) => (VulnerabilitySeverity::Unknown, None, None),
    };
    Rating {
        severity,
        source,
        basis,
        cvss: scored.map(|(id, score)| CvssScore {
            version: score.version,
            vector: score.vector.map(str::to_owned),
            tenths: score.tenths,
            source: database(id),
        }),
    }
}

/// What a CVSS vector amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score<'a> {
    /// The version of the system it is written in; `3` where only the score was published.
    pub version: &'static str,
    /// The vector, where it was published.
    pub vector: Option<&'a str>,
    /// The base score in tenths, 0 to 100; of version 4.0 with the threat metrics, where there are
    /// any, as that version wants it.
    pub tenths: u8,
    /// The word for it. Version 2.0 has none of its own; these are NIST's.
    pub severity: VulnerabilitySeverity,
}

/// Longest vector that is read; one with every metric of version 4.0 has 200 characters.
const MAX_VECTOR: usize = 400;

/// The metrics that every vector of version 3 has.
const BASE_OF_3: &str = "AV AC PR UI S C I A";

/// Scores a vector of CVSS 2.0, 3.0, 3.1 or 4.0, or takes the score that stands in its place;
/// nothing where it is neither.
pub fn score<'a>(severity: &'a Severity<'_>) -> Option<Score<'a>> {
    let text = severity.score.trim();
    let bare = match severity.kind {
        SeverityKind::CvssV4 => "4.0",
        SeverityKind::CvssV3 => "3",
        SeverityKind::CvssV2 => "2.0",
        SeverityKind::Ubuntu => return None,
    };
    let (version, vector, value) = match text.parse::<f64>() {
        Ok(value) if (0.0..=10.0).contains(&value) => (bare, None, value),
        _ => {
            let (version, value) = score_of_vector(text)?;
            (version, Some(text), value)
        }
    };
    let tenths = (value * 10.0).round().clamp(0.0, 100.0) as u8;
    Some(Score {
        version,
        vector,
        tenths,
        severity: match (version, tenths) {
            (_, 0) => VulnerabilitySeverity::Negligible,
            (_, 1..=39) => VulnerabilitySeverity::Low,
            (_, 40..=69) => VulnerabilitySeverity::Medium,
            ("2.0", _) | (_, 70..=89) => VulnerabilitySeverity::High,
            _ => VulnerabilitySeverity::Critical,
        },
    })
}

/// The version a vector is written in, and its score from 0 to 10.
fn score_of_vector(vector: &str) -> Option<(&'static str, f64)> {
    if vector.len() > MAX_VECTOR {
        return None;
    }
    let bare = vector
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(vector);
    let (version, base, value) = match bare.parse::<Cvss>().ok()? {
        Cvss::CvssV20(vector) => ("2.0", "AV AC Au C I A", vector.score().value()),
        Cvss::CvssV30(vector) => ("3.0", BASE_OF_3, vector.base_score().value()),
        Cvss::CvssV31(vector) => ("3.1", BASE_OF_3, vector.base_score().value()),
        Cvss::CvssV40(vector) => (
            "4.0",
            "AV AC AT PR UI VC VI VA SC SI SA",
            vector.score().value(),
        ),
        _ => return None,
    };
    // A vector with a part missing is taken for one that says "none" there.
    let has = |metric: &str| {
        let mut metrics = bare.split('/').filter_map(|part| part.split_once(':'));
        metrics.any(|(name, _)| name == metric)
    };
    base.split(' ').all(has).then_some((version, value))
}

/// The words of the databases; nothing for those that say that nobody has decided yet.
pub fn label(word: &str) -> Option<VulnerabilitySeverity> {
    // Debian marks what it only guesses with asterisks.
    let word = word.trim().trim_end_matches('*');
    let known: &[(&str, VulnerabilitySeverity)] = &[
        ("critical", VulnerabilitySeverity::Critical),
        ("high", VulnerabilitySeverity::High),
        ("important", VulnerabilitySeverity::High),
        ("medium", VulnerabilitySeverity::Medium),
        ("moderate", VulnerabilitySeverity::Medium),
        ("low", VulnerabilitySeverity::Low),
        ("minor", VulnerabilitySeverity::Low),
        ("negligible", VulnerabilitySeverity::Negligible),
        ("unimportant", VulnerabilitySeverity::Negligible),
        // RustSec's informational advisories: no flaw in what the code does today.
        ("unmaintained", VulnerabilitySeverity::Negligible),
        ("notice", VulnerabilitySeverity::Negligible),
        // Nor this; but others may get it wrong with it.
        ("unsound", VulnerabilitySeverity::Low),
    ];
    known
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, severity)| *severity)
}

/// `Important: openssl security update`, as Red Hat and those who build on it write. Elsewhere a summary
/// is what somebody said.
fn first_word(id: &str, summary: &str) -> Option<VulnerabilitySeverity> {
    let (word, _) = summary.split_once(": ").filter(|_| is_erratum(id))?;
    ["Critical", "Important", "Moderate", "Low"]
        .contains(&word)
        .then(|| label(word))
        .flatten()
}

/// A package that was made to do harm has no severity in any database.
fn malice(id: &str) -> Option<VulnerabilitySeverity> {
    is_malicious(id).then_some(VulnerabilitySeverity::Critical)
}

/// Whether an advisory says that a package was made to do harm.
pub(super) fn is_malicious(id: &str) -> bool {
    id.starts_with("MAL-")
}

/// The database an advisory is of, in the words that other tools use where they have one
/// (the prefixes of OSV's schema).
pub fn database(id: &str) -> String {
    let known: &[(&str, &str)] = &[
        ("ALBA-", "alma"),
        ("ALEA-", "alma"),
        ("ALPINE-", "alpine"),
        ("ALSA-", "alma"),
        ("AZL-", "azurelinux"),
        ("BELL-", "bellsoft"),
        ("BIT-", "bitnami"),
        ("CGA-", "chainguard"),
        ("CVE-", "nvd"),
        ("DEBIAN-", "debian"),
        ("DLA-", "debian"),
        ("DSA-", "debian"),
        ("DTSA-", "debian"),
        ("EEF-", "erlang"),
        ("GO-", "govulndb"),
        ("HSEC-", "haskell"),
        ("JLSEC-", "julia"),
        ("LSN-", "ubuntu"),
        ("MAL-", "openssf"),
        ("MGASA-", "mageia"),
        ("MINI-", "minimos"),
        ("OESA-", "openeuler"),
        ("OSEC-", "ocaml"),
        ("OSV-", "oss-fuzz"),
        ("PHSA-", "photon"),
        ("PYSEC-", "pypa"),
        ("RHBA-", "redhat"),
        ("RHEA-", "redhat"),
        ("RHSA-", "redhat"),
        ("RLSA-", "rocky"),
        ("RSEC-", "rconsortium"),
        ("RXSA-", "rocky"),
        ("SUSE-", "suse"),
        ("UBUNTU-", "ubuntu"),
        ("USN-", "ubuntu"),
        ("openSUSE-", "suse"),
    ];
    known
        .iter()
        .find(|(prefix, _)| id.starts_with(prefix))
        .map_or_else(
            || id.split('-').next().unwrap_or(id).to_ascii_lowercase(),
            |(_, name)| (*name).to_owned(),
        )
}

/// Whether it is a distribution's word that new packages are there, for any number of flaws.
pub(super) fn is_erratum(id: &str) -> bool {
    matches!(
        database(id).as_str(),
        "alma" | "rocky" | "redhat" | "suse" | "mageia" | "openeuler"
    ) || ["DSA-", "DLA-", "DTSA-", "USN-", "LSN-", "PHSA-"]
        .iter()
        .any(|prefix| id.starts_with(prefix))
}

/// Whether two advisories both speak of a flaw itself, and neither counts more. What one advisory says
/// first is of the package itself.
fn are_peers(one: &str, other: &str) -> bool {
    one != other && weight(one) == weight(other) && !is_erratum(one)
}

/// Which advisory counts more: a distribution's on the flaw itself, then its errata, then GitHub's,
/// which are reviewed, then those of the others.
pub(super) fn weight(id: &str) -> u8 {
    match id {
        _ if is_erratum(id) => 1,
        _ if id.starts_with("GHSA-") => 2,
        _ if cve::of_name(id).is_some() || id.starts_with("CGA-") => 0,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn severity(kind: SeverityKind, score: &str) -> Severity<'_> {
        Severity {
            kind,
            score: score.into(),
        }
    }

    fn scored(vector: &str) -> Option<(&'static str, u8, VulnerabilitySeverity)> {
        let severity = severity(SeverityKind::CvssV3, vector);
        score(&severity).map(|score| (score.version, score.tenths, score.severity))
    }

    #[test]
    fn vectors_have_the_scores_they_were_published_with() {
        use VulnerabilitySeverity::{Critical, High, Low, Medium, Negligible};
        for (vector, version, tenths, severity) in [
            // CVE-2014-0160, CVE-2002-0392, CVE-2003-0062: the examples of version 2.0's guide.
            ("AV:N/AC:L/Au:N/C:P/I:N/A:N", "2.0", 50, Medium),
            ("AV:N/AC:L/Au:N/C:N/I:N/A:C", "2.0", 78, High),
            ("(AV:L/AC:H/Au:N/C:C/I:C/A:C)", "2.0", 62, Medium),
            // CVE-2013-1937, CVE-2013-0375, CVE-2014-3566: those of version 3's.
            (
                "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
                "3.0",
                61,
                Medium,
            ),
            (
                "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N",
                "3.1",
                64,
                Medium,
            ),
            (
                "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N",
                "3.1",
                31,
                Low,
            ),
            (
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
                "3.1",
                100,
                Critical,
            ),
            (
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N",
                "3.1",
                0,
                Negligible,
            ),
            // Temporal metrics do not change the base score.
            (
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U",
                "3.1",
                98,
                Critical,
            ),
            // CVE-2021-44228, CVE-2022-41741, CVE-2020-3549: those of version 4's.
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
                "4.0",
                100,
                Critical,
            ),
            (
                "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                "4.0",
                73,
                High,
            ),
            (
                "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                "4.0",
                77,
                High,
            ),
        ] {
            assert_eq!(
                scored(vector),
                Some((version, tenths, severity)),
                "{vector}"
            );
        }
        for none in [
            "",
            "75",
            "NaN",
            "CVSS:3.1/AV:N",
            "CVSS:9.9/AV:N/AC:L",
            "high",
        ] {
            assert_eq!(scored(none), None, "{none}");
        }
        assert_eq!(scored("7.5"), Some(("3", 75, High)));
    }

    #[test]
    fn databases_use_words_of_their_own() {
        use VulnerabilitySeverity::{Critical, High, Low, Medium, Negligible};
        for (word, severity) in [
            ("CRITICAL", Some(Critical)),
            ("Important", Some(High)),
            ("MODERATE", Some(Medium)),
            ("low**", Some(Low)),
            ("unimportant", Some(Negligible)),
            ("not yet assigned", None),
            ("untriaged", None),
            ("end-of-life", None),
            ("", None),
        ] {
            assert_eq!(label(word), severity, "{word}");
        }
        assert_eq!(
            first_word("ALSA-2024:1", "Moderate: openssl security update"),
            Some(Medium)
        );
        assert_eq!(
            first_word("ALSA-2024:1", "High: a word nobody puts there"),
            None
        );
        assert_eq!(
            first_word("GHSA-xxxx-xxxx-xxxx", "Low: what somebody said"),
            None
        );
    }

    #[test]
    fn the_first_word_counts_and_then_the_newest_vector() {
        let old = [severity(
            SeverityKind::CvssV3,
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        )];
        let new = [severity(
            SeverityKind::CvssV4,
            "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        )];
        let rustsec = Opinion {
            id: "RUSTSEC-2024-0001",
            severities: &old,
            ..Opinion::default()
        };
        let newer = Opinion {
            id: "PYSEC-2024-1",
            severities: &new,
            ..Opinion::default()
        };
        let ghsa = Opinion {
            id: "GHSA-xxxx-xxxx-xxxx",
            label: Some("LOW"),
            ..Opinion::default()
        };
        let rating = rate(&[rustsec, newer, ghsa]);
        assert_eq!(rating.severity, VulnerabilitySeverity::Low);
        assert_eq!(rating.source.as_deref(), Some("ghsa"));
        assert_eq!(rating.basis, Some(SeverityBasis::Label));
        assert_eq!(
            rating.cvss.map(|cvss| (cvss.version, cvss.source)),
            Some(("4.0", "pypa".to_owned()))
        );
        let rating = rate(&[rustsec, newer]);
        assert_eq!(rating.severity, VulnerabilitySeverity::High);
        assert_eq!(rating.basis, Some(SeverityBasis::Cvss));
        assert_eq!(rate(&[]), Rating::default());
        // Of those that count the same the worst is taken, whatever they are called.
        let worst = Opinion {
            id: "GHSA-yyyy-yyyy-yyyy",
            label: Some("CRITICAL"),
            ..Opinion::default()
        };
        let rating = rate(&[ghsa, worst, rustsec]);
        assert_eq!(rating.severity, VulnerabilitySeverity::Critical);
        let other = [severity(
            SeverityKind::CvssV3,
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
        )];
        let other = Opinion {
            id: "RUSTSEC-2024-0002",
            severities: &other,
            ..Opinion::default()
        };
        let tenths = |opinions: &[Opinion<'_>]| rate(opinions).cvss.map(|cvss| cvss.tenths);
        assert_eq!(tenths(&[rustsec, other]), Some(100));
        assert_eq!(tenths(&[other, rustsec]), Some(100));
        // An erratum's word is that of the worst flaw among many.
        let errata = ["RHSA-2024:1", "RHSA-2024:2"].map(|id| Opinion {
            id,
            label: Some(if id.ends_with('1') { "low" } else { "critical" }),
            ..Opinion::default()
        });
        assert_eq!(rate(&errata).severity, VulnerabilitySeverity::Low);
        let priority = [severity(SeverityKind::Ubuntu, "medium")];
        let ubuntu = Opinion {
            id: "UBUNTU-CVE-2024-1",
            severities: &priority,
            ..Opinion::default()
        };
        assert_eq!(rate(&[ubuntu]).severity, VulnerabilitySeverity::Medium);
        let malicious = Opinion {
            id: "MAL-2024-1",
            ..Opinion::default()
        };
        assert_eq!(rate(&[malicious]).severity, VulnerabilitySeverity::Critical);
        assert_eq!(database("SUSE-SU-2024:1-1"), "suse");
        assert_eq!(database("RUSTSEC-2024-0001"), "rustsec");
    }

    proptest! {
        #[test]
        fn no_text_is_more_than_a_score(text in "(CVSS:[234]\\.[01]/)?([A-Z]{1,3}:[A-Zé]/?){0,12}\\PC{0,8}") {
            let severity = severity(SeverityKind::CvssV4, &text);
            if let Some(score) = score(&severity) {
                prop_assert!(score.tenths <= 100);
            }
            let _ = (label(&text), database(&text), first_word("RHSA-1", &text));
        }
    }
}
