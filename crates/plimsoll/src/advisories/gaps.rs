//! What a gate that needs a judgement cannot do without.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{AdvisoryCoverage, Distribution, EcosystemPackages, Report, Skipped, Topic};

use crate::args::AdvisoryArgs;

/// What a gate asks of the judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Nothing: the report says what was not judged.
    Nothing,
    /// Which security updates wait: pockets tell, without any advisory. Where no pocket is of the
    /// image, what else could tell: as [`Distribution`](Self::Distribution) where `of_any`, else as
    /// [`Published`](Self::Published).
    Updates {
        /// Whether packages of a distribution that nobody knows of must have been judged.
        of_any: bool,
    },
    /// That anything was judged, and all that an index could have advisories on.
    Published,
    /// That, and the packages of the distribution, whichever it is.
    Distribution,
}

/// What is missing. `unidentified` are components of a bill of materials that nobody knows what they
/// are; `has_found` tells whether any vulnerability is known; `system` is the distribution, which has
/// packages even where none was found.
///
/// A few packages that nobody can judge are told and no more: every image has some. Where the
/// distribution as a whole, or all there is, was not judged, no finding means nothing.
pub(super) fn gaps(
    coverage: &AdvisoryCoverage,
    unidentified: usize,
    has_found: bool,
    system: Option<&Distribution>,
    demand: Demand,
    arguments: &AdvisoryArgs,
) -> Vec<Skipped> {
    let mut gaps = Vec::new();
    let has_pocket = !coverage.pockets.is_empty() || coverage.missing_pocket.is_some();
    let demand = match demand {
        Demand::Nothing => return gaps,
        // What a pocket lacks, the gate tells. Whoever asked for other packages asks advisories.
        Demand::Updates { .. } if has_pocket && arguments.takes(true) => return gaps,
        Demand::Updates { of_any: true } => Demand::Distribution,
        Demand::Updates { of_any: false } => Demand::Published,
        demand => demand,
    };
    let mut gap = |of: Option<&str>, why: String| {
        gaps.push(Skipped::blocking(
            Topic::Advisories,
            match of {
                Some(of) => format!("{} of {of}", AdvisoryCoverage::SUBJECT),
                None => AdvisoryCoverage::SUBJECT.to_owned(),
            },
            why,
        ));
    };
    let is_wanted = |one: &&EcosystemPackages| arguments.takes(one.kind.is_system());
    for missing in coverage.missing.iter().filter(is_wanted) {
        if missing.published {
            gap(
                Some(&missing.ecosystem),
                format!(
                    "the index has no advisories on it: {} not judged; add them with `plimsoll db \
                     update` or `db build`",
                    were(missing.packages, "")
                ),
            );
        } else if missing.kind.is_system() && demand == Demand::Distribution {
            gap(
                Some(&missing.ecosystem),
                format!(
                    "nobody publishes advisories on it that are known here: {} not judged; `unjudged \
                     = \"report\"` in plimsoll.toml takes that",
                    were(missing.packages, " of the distribution")
                ),
            );
        }
    }
    // One in which a vulnerability is known was held against some advisories, and not against others.
    let in_full = if has_found { " in full" } else { "" };
    let mut judged = 0;
    let mut packages: usize = coverage
        .missing
        .iter()
        .filter(is_wanted)
        .map(|one| one.packages)
        .sum();
    for covered in coverage.covered.iter().filter(is_wanted) {
        packages += covered.packages;
        let of_these = covered.packages.saturating_sub(covered.unjudged);
        judged += of_these;
        if of_these == 0 && covered.kind.is_system() {
            gap(
                Some(&covered.ecosystem),
                format!(
                    "none of its packages ({}) could be judged{in_full}{}",
                    covered.packages,
                    example(coverage)
                ),
            );
        }
    }
    if judged == 0 && packages + unidentified > 0 {
        let why = match packages {
            0 => format!(
                "not one component ({unidentified}) could be judged: nothing says what packages they are"
            ),
            _ => format!(
                "not one package ({packages}) could be judged{in_full}{}",
                example(coverage)
            ),
        };
        gap(None, why);
    } else if let Some(system) = system
        && arguments.takes(true)
        && !coverage
            .covered
            .iter()
            .chain(&coverage.missing)
            .any(|one| one.kind.is_system())
    {
        gap(
            Some(Distribution::PACKAGES),
            format!(
                "no package of {} is known: its package database is not there, or none that is \
                 read; a `[[policy.waiver]]` with `gap = \"{}\"` in plimsoll.toml takes that",
                [&*system.id, &*system.version].join(" ").trim_end(),
                Distribution::PACKAGES,
            ),
        );
    }
    gaps
}

/// A bill of materials that tells of nothing at all: whatever wrote it may have failed half-way, and
/// nothing was judged.
pub(super) fn empty_bill(report: &Report, demand: Demand) -> Option<Skipped> {
    let why = "the bill of materials tells of no component: there was nothing to judge; make it anew, or \
               look into the image itself";
    report.is_empty_bill().then(|| Skipped {
        blocking: demand != Demand::Nothing,
        ..Skipped::new(Topic::Advisories, AdvisoryCoverage::SUBJECT, why)
    })
}

/// That security updates wait which nobody asked for: they hold nothing back.
pub(super) fn unlisted_updates(updates: usize) -> Skipped {
    let waiting = match updates {
        1 => "1 waits for a package",
        _ => &format!("{updates} wait for packages"),
    };
    Skipped::new(
        Topic::Advisories,
        "security updates",
        format!("{waiting} of the distribution, which `--pkg-types` leaves out"),
    )
}

/// Reasons that are told each by itself.
const MOST_REASONS: usize = 3;

/// Packages that were asked for and could not be judged: told, and no more. What keeps several from it
/// is told by itself, of the others the first with its reason.
pub(super) fn unjudged(coverage: &AdvisoryCoverage) -> Vec<Skipped> {
    let mut by_reason: BTreeMap<&str, BTreeSet<Unjudged<'_>>> = BTreeMap::new();
    for one in &coverage.unjudged {
        let packages = by_reason.entry(&one.why).or_default();
        packages.insert((&one.purl, &one.version));
    }
    let mut shared: Vec<_> = by_reason
        .iter()
        .filter(|(_, packages)| packages.len() > 1)
        .collect();
    shared.sort_by_key(|(_, packages)| Reverse(packages.len()));
    shared.truncate(MOST_REASONS);
    let mut lines: Vec<Skipped> = shared
        .iter()
        .map(|(why, packages)| line(packages, why))
        .collect();
    let told: BTreeSet<Unjudged<'_>> = shared
        .iter()
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    let rest: BTreeSet<Unjudged<'_>> = coverage
        .unjudged
        .iter()
        .map(|one| (&*one.purl, &*one.version))
        .filter(|one| !told.contains(one))
        .collect();
    let mut others = coverage.unjudged.iter();
    let first = others.find(|one| rest.contains(&(&*one.purl, &*one.version)));
    lines.extend(first.map(|first| line(&rest, &first.why)));
    lines
}

/// Package URL and version.
type Unjudged<'c> = (&'c str, &'c str);

fn line(packages: &BTreeSet<Unjudged<'_>>, why: &str) -> Skipped {
    let first = packages.first().map_or("", |(purl, _)| purl);
    let more = match packages.len() {
        0 | 1 => String::new(),
        2 => " and 1 more package".to_owned(),
        more => format!(" and {} more packages", more - 1),
    };
    Skipped::new(
        Topic::Advisories,
        format!("{} of {first}{more}", AdvisoryCoverage::SUBJECT),
        why.to_owned(),
    )
}

/// `3 packages were`.
fn were(packages: usize, whose: &str) -> String {
    match packages {
        1 => format!("1 package{whose} was"),
        more => format!("{more} packages{whose} were"),
    }
}

fn example(coverage: &AdvisoryCoverage) -> String {
    match coverage.unjudged.first() {
        Some(first) => format!(": {}: {}", first.purl, first.why),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use plimsoll_model::{PackageKind, PocketPackages, UnjudgedPackage};

    use super::*;
    use crate::args::PackageType;

    fn of(
        ecosystem: &str,
        kind: PackageKind,
        packages: usize,
        unjudged: usize,
    ) -> EcosystemPackages {
        EcosystemPackages {
            ecosystem: ecosystem.to_owned(),
            packages,
            unjudged,
            published: true,
            kind,
            date: None,
            checked: None,
        }
    }

    fn unpublished(ecosystem: &str, kind: PackageKind) -> EcosystemPackages {
        EcosystemPackages {
            published: false,
            ..of(ecosystem, kind, 3, 0)
        }
    }

    fn told(
        covered: &[EcosystemPackages],
        missing: &[EcosystemPackages],
        unidentified: usize,
        demand: Demand,
        arguments: &AdvisoryArgs,
    ) -> Vec<String> {
        let coverage = AdvisoryCoverage {
            covered: covered.to_vec(),
            missing: missing.to_vec(),
            unjudged: vec![UnjudgedPackage {
                purl: "pkg:deb/a".to_owned(),
                version: String::new(),
                why: "\"\" is no dpkg version".to_owned(),
            }],
            ..AdvisoryCoverage::default()
        };
        let gaps = gaps(&coverage, unidentified, false, None, demand, arguments);
        assert!(gaps.iter().all(|gap| gap.blocking));
        gaps.into_iter().map(|gap| gap.what).collect()
    }

    /// One may have many reasons: it is one package all the same, and no reason hides another.
    #[test]
    fn packages_are_counted_and_each_reason_that_several_have_is_told() {
        let of = |purl: &str, why: &str| UnjudgedPackage {
            purl: format!("pkg:deb/{purl}"),
            version: "1".to_owned(),
            why: why.to_owned(),
        };
        let coverage = AdvisoryCoverage {
            unjudged: vec![
                of("a", "A-1: no version"),
                of("a", "A-2: no version"),
                of("b", "no source"),
                of("c", "no source"),
                of("d", "D-1: no version"),
            ],
            ..AdvisoryCoverage::default()
        };
        let lines = unjudged(&coverage);
        let lines: Vec<_> = lines.iter().map(|one| (&*one.what, &*one.why)).collect();
        assert_eq!(
            lines,
            [
                (
                    "vulnerabilities of pkg:deb/b and 1 more package",
                    "no source"
                ),
                (
                    "vulnerabilities of pkg:deb/a and 1 more package",
                    "A-1: no version"
                ),
            ]
        );
        assert_eq!(unjudged(&AdvisoryCoverage::default()), []);
    }

    #[test]
    fn a_distribution_without_packages_was_not_judged() {
        let alpine = Distribution {
            id: "alpine".to_owned(),
            version: "3.19.1".to_owned(),
            ..Distribution::default()
        };
        let any = AdvisoryArgs::default();
        let mut coverage = AdvisoryCoverage::default();
        let told = |coverage: &AdvisoryCoverage, demand| {
            gaps(coverage, 0, false, Some(&alpine), demand, &any)
        };
        let found = told(&coverage, Demand::Published);
        assert!(
            found[0].blocking
                && found[0]
                    .why
                    .contains("no package of alpine 3.19.1 is known")
        );
        assert_eq!(
            found[0].what,
            "vulnerabilities of packages of the distribution"
        );
        assert_eq!(told(&coverage, Demand::Nothing), []);
        // What was judged beside it says nothing of it.
        coverage.covered.push(of("Go", PackageKind::Go, 1, 0));
        assert_eq!(told(&coverage, Demand::Published), found);
        coverage
            .covered
            .push(of("Alpine:v3.19", PackageKind::Apk, 1, 0));
        assert_eq!(told(&coverage, Demand::Distribution), []);
    }

    #[test]
    fn a_bill_without_components_was_not_judged() {
        let mut report = Report {
            bill: Some(plimsoll_model::BillSummary::default()),
            ..Report::default()
        };
        let blocks = |report: &Report, demand| empty_bill(report, demand).map(|gap| gap.blocking);
        assert_eq!(blocks(&report, Demand::Published), Some(true));
        assert_eq!(blocks(&report, Demand::Nothing), Some(false));
        report.bill.as_mut().unwrap().unidentified = 1;
        assert_eq!(blocks(&report, Demand::Published), None);
        report.bill = None;
        assert_eq!(blocks(&report, Demand::Published), None);
    }

    #[test]
    fn which_updates_wait_the_pocket_tells_alone() {
        let any = AdvisoryArgs::default();
        let told = |coverage: &AdvisoryCoverage, of_any| {
            gaps(coverage, 0, false, None, Demand::Updates { of_any }, &any).len()
        };
        let mut coverage = AdvisoryCoverage {
            missing: vec![of("Debian:12", PackageKind::Deb, 80, 0)],
            ..AdvisoryCoverage::default()
        };
        assert!(told(&coverage, true) > 0 && told(&coverage, false) > 0);
        coverage.missing_pocket = Some(of("Debian:12", PackageKind::Deb, 80, 0));
        assert_eq!(told(&coverage, true), 0);
        coverage.missing_pocket = None;
        coverage.pockets.push(PocketPackages {
            suite: "bookworm-security".to_owned(),
            release: "Debian:12".to_owned(),
            date: None,
            packages: 80,
        });
        assert_eq!(told(&coverage, true), 0);
        // What has no pockets is asked of advisories.
        coverage = AdvisoryCoverage {
            covered: vec![of("PyPI", PackageKind::Python, 9, 0)],
            missing: vec![unpublished("raspbian 12", PackageKind::Deb)],
            ..AdvisoryCoverage::default()
        };
        assert_eq!((told(&coverage, true), told(&coverage, false)), (1, 0));
        coverage.missing[0].published = true;
        assert_eq!((told(&coverage, true), told(&coverage, false)), (1, 1));
    }

    #[test]
    fn which_updates_wait_is_no_judgement_of_libraries() {
        let libraries = AdvisoryArgs {
            pkg_types: vec![PackageType::Library],
            ..AdvisoryArgs::default()
        };
        let told = |coverage: &AdvisoryCoverage, of_any| {
            let demand = Demand::Updates { of_any };
            gaps(coverage, 0, false, None, demand, &libraries).len()
        };
        let mut coverage = AdvisoryCoverage {
            missing: vec![
                of("Debian:12", PackageKind::Deb, 80, 0),
                of("npm", PackageKind::Npm, 3, 0),
            ],
            pockets: vec![PocketPackages {
                suite: "bookworm-security".to_owned(),
                release: "Debian:12".to_owned(),
                date: None,
                packages: 80,
            }],
            ..AdvisoryCoverage::default()
        };
        assert!(told(&coverage, true) > 0 && told(&coverage, false) > 0);
        let npm = coverage.missing.pop().unwrap();
        assert_eq!((told(&coverage, true), told(&coverage, false)), (0, 0));
        coverage.covered.push(npm);
        assert_eq!((told(&coverage, true), told(&coverage, false)), (0, 0));
    }

    #[test]
    fn nothing_judged_never_passes_and_a_few_odd_packages_do() {
        use Demand::{Distribution, Nothing, Published};
        use PackageKind::{Conda, Deb, Python};
        let debian = of("Debian:12", Deb, 80, 2);
        let raspbian = unpublished("raspbian 12", Deb);
        let conda = unpublished("conda", Conda);
        let absent = of("PyPI", Python, 4, 0);
        let all = "vulnerabilities";
        let libraries = AdvisoryArgs {
            pkg_types: vec![PackageType::Library],
            ..AdvisoryArgs::default()
        };
        let any = AdvisoryArgs::default();
        for (covered, missing, unidentified, demand, arguments, expected) in [
            (&[][..], &[][..], 0, Distribution, &any, &[][..]),
            (
                from_ref(&debian),
                from_ref(&conda),
                2,
                Distribution,
                &any,
                &[],
            ),
            (
                &[of("PyPI", Python, 9, 0)],
                from_ref(&raspbian),
                0,
                Distribution,
                &any,
                &["vulnerabilities of raspbian 12"],
            ),
            (
                &[of("PyPI", Python, 9, 0)],
                from_ref(&raspbian),
                0,
                Published,
                &any,
                &[],
            ),
            (
                &[of("PyPI", Python, 9, 0)],
                from_ref(&raspbian),
                0,
                Distribution,
                &libraries,
                &[],
            ),
            (&[], from_ref(&raspbian), 0, Published, &any, &[all]),
            (&[], from_ref(&conda), 0, Distribution, &any, &[all]),
            (&[], &[], 3, Distribution, &any, &[all]),
            (&[], &[], 3, Nothing, &any, &[]),
            (
                &[of("Debian:12", Deb, 2, 2), of("PyPI", Python, 9, 0)],
                &[],
                0,
                Published,
                &any,
                &["vulnerabilities of Debian:12"],
            ),
            (&[of("PyPI", Python, 9, 9)], &[], 0, Published, &any, &[all]),
            (
                from_ref(&debian),
                from_ref(&absent),
                0,
                Published,
                &any,
                &["vulnerabilities of PyPI"],
            ),
        ] {
            assert_eq!(
                told(covered, missing, unidentified, demand, arguments),
                expected,
                "{covered:?} {missing:?} {unidentified} {demand:?}"
            );
        }
    }
}
