//! What other versions have anew.

use super::*;
use VulnerabilitySeverity::{Critical, High, Low, Medium};

/// Advice on `a` 1.0.0, whose flaws have these severities and are fixed in `fixes`, where other versions
/// have flaws of their own; what has at least the severity `least` counts.
fn advise(
    own: &[VulnerabilitySeverity],
    fixes: &[&str],
    others: &[(&str, &[VulnerabilitySeverity])],
    least: VulnerabilitySeverity,
) -> Advice {
    let package = (PackageKind::Npm, 2, "a", "1.0.0");
    let image = own.iter().fold(Image::new(), |image, severity| {
        image.with(package, *severity, fixes)
    });
    let judge = |packages: Vec<Package>| {
        let mut found = Vec::new();
        for (at, package) in packages.iter().enumerate() {
            let mut others = others.iter();
            let of = others.find(|(version, _)| *version == package.version);
            for (number, severity) in of.into_iter().flat_map(|(_, all)| all.iter().enumerate()) {
                found.push(Vulnerability {
                    id: format!("CVE-1999-{number}"),
                    severity: *severity,
                    package: at,
                    ..image.found[0].clone()
                });
            }
        }
        Some(found)
    };
    image.advise_by(&[], least, Some(&judge))
}

/// A flaw that the image has not yet, in those packages that were raised to 1.2.0.
fn another(
    image: &Image,
    packages: &[Package],
    severity: VulnerabilitySeverity,
    has_it: impl Fn(&Package) -> bool,
) -> Vec<Vulnerability> {
    let flaw = |package| Vulnerability {
        id: "CVE-1999-1".to_owned(),
        severity,
        package,
        ..image.found[0].clone()
    };
    let packages = packages.iter().enumerate();
    packages
        .filter(|(_, package)| package.version == "1.2.0" && has_it(package))
        .map(|(at, _)| flaw(at))
        .collect()
}

/// `to: brings`, a line a step.
fn steps(advice: &Advice) -> Vec<String> {
    let steps = advice.edits.iter().flat_map(|edit| &edit.steps);
    steps
        .map(|step| {
            let brings: Vec<&str> = step
                .brings
                .iter()
                .map(|one| one.severity.as_str())
                .collect();
            format!("{}: {}", version(step), brings.join(" "))
        })
        .collect()
}

#[test]
fn of_versions_with_flaws_that_with_the_mildest_is_taken() {
    let others: &[(&str, &[VulnerabilitySeverity])] = &[("1.2.0", &[Critical]), ("1.3.0", &[Low])];
    let advice = advise(&[High], &["1.2.0", "1.3.0"], others, High);
    assert_eq!(steps(&advice), ["1.3.0: low"]);
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![]));
}

#[test]
fn a_step_to_what_is_no_better_is_none() {
    for (others, least) in [
        (&[Critical][..], High),
        (&[High], High),
        (&[Medium; 4], Medium),
        (&[Medium; 5], Critical),
    ] {
        let advice = advise(&[High], &["1.2.0"], &[("1.2.0", others)], least);
        assert!(advice.edits.is_empty(), "{others:?}");
        let remaining: &[usize] = if least == Critical { &[] } else { &[0] };
        assert_eq!(advice.remaining, remaining);
        assert_eq!(advice.plan, [0_usize; 0]);
    }
    // Of as many as mild ones there are fewer.
    let advice = advise(&[High, High], &["1.2.0"], &[("1.2.0", &[High])], Critical);
    assert_eq!(steps(&advice), ["1.2.0: high"]);
}

#[test]
fn what_counts_decides_before_all_that_is_known() {
    // It clears the policy, and what it brings is told.
    let advice = advise(&[High], &["1.2.0"], &[("1.2.0", &[Medium; 5])], High);
    assert_eq!(
        steps(&advice),
        ["1.2.0: medium medium medium medium medium"]
    );
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![]));
    // Nothing counted before.
    let advice = advise(&[Medium; 5], &["1.2.0"], &[("1.2.0", &[High])], High);
    assert!(advice.edits.is_empty());
}

/// What it has in several places is weighed once, before and after.
#[test]
fn what_is_installed_twice_is_weighed_as_what_is_once() {
    let package = (PackageKind::Npm, 2, "a", "1.0.0");
    let mut image = [Critical, High, Critical, High]
        .into_iter()
        .fold(Image::new(), |image, severity| {
            image.with(package, severity, &["1.2.0"])
        });
    for at in 2..4 {
        image.found[at].id = image.found[at - 2].id.clone();
    }
    let judge = |packages: Vec<Package>| {
        let raised = packages.iter().enumerate();
        let raised = raised.filter(|(_, package)| package.version == "1.2.0");
        // The critical one stays.
        Some(
            raised
                .map(|(at, _)| found_in(at, &image.found[0]))
                .collect(),
        )
    };
    let advice = image.advise_by(&[], High, Some(&judge));
    assert_eq!(steps(&advice), ["1.2.0: "]);
    assert_eq!(advice.edits[0].removes, [1, 3]);
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![0, 2]));
}

/// An edit stays in the plan for its other steps.
#[test]
fn of_an_edit_that_brings_what_counts_the_other_steps_count() {
    let image = ["a", "b"].into_iter().fold(Image::new(), |image, name| {
        image.with((PackageKind::Npm, 2, name, "1.0.0"), Critical, &["1.2.0"])
    });
    let judge = |packages: Vec<Package>| {
        Some(another(&image, &packages, High, |package| {
            package.name == "b"
        }))
    };
    let advice = image.advise_by(&[], High, Some(&judge));
    assert_eq!(steps(&advice), ["1.2.0: ", "1.2.0: high"]);
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![1]));
}

#[test]
fn what_brings_others_that_count_is_no_plan() {
    let others: &[(&str, &[VulnerabilitySeverity])] = &[("1.2.0", &[Medium, High])];
    let advice = advise(&[Critical, Low], &["1.2.0"], others, High);
    assert_eq!(steps(&advice), ["1.2.0: high medium"]);
    assert_eq!(advice.edits[0].removes, [0, 1]);
    assert_eq!((advice.plan, advice.remaining), (vec![], vec![0]));
    // A version where nothing counts is preferred, though the rest of it weighs more.
    let others: &[(&str, &[VulnerabilitySeverity])] =
        &[("1.2.0", &[High]), ("1.3.0", &[Medium; 5])];
    let advice = advise(&[Critical], &["1.2.0", "1.3.0"], others, High);
    assert_eq!(
        steps(&advice),
        ["1.3.0: medium medium medium medium medium"]
    );
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![]));
}

/// What is not shown, or set aside, the package has all the same as it is installed.
#[test]
fn what_is_there_already_is_not_brought() {
    let others: &[(&str, &[VulnerabilitySeverity])] =
        &[("1.0.0", &[Critical]), ("1.2.0", &[Critical])];
    let advice = advise(&[High], &["1.2.0"], others, High);
    assert_eq!(steps(&advice), ["1.2.0: "]);
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![]));
}

#[test]
fn what_there_was_no_room_to_look_at_is_told() {
    let names: Vec<String> = (0..300).map(|at| format!("n{at}")).collect();
    let image = names.iter().fold(Image::new(), |image, name| {
        image.with((PackageKind::Npm, 2, name, "1.0.0"), High, &["1.2.0"])
    });
    let judge = |packages: Vec<Package>| Some(another(&image, &packages, Low, |_| true));
    let advice = image.advise_by(&[], High, Some(&judge));
    assert_eq!(advice.untried, 44);
    let steps = advice.edits.iter().flat_map(|edit| &edit.steps);
    assert!(steps.clone().all(|step| step.brings.len() == 1));
    assert_eq!(steps.count(), 300);
}

/// Advice on `number` packages that have a mild flaw in the version that mends theirs, where no more than
/// `most` packages can be weighed at once.
fn advise_within(number: usize, most: usize) -> Advice {
    let names: Vec<String> = (0..number).map(|at| format!("n{at:03}")).collect();
    let image = names.iter().fold(Image::new(), |image, name| {
        image.with((PackageKind::Npm, 2, name, "1.0.0"), High, &["1.2.0"])
    });
    let judge = |packages: Vec<Package>| {
        let is_weighed = packages.iter().any(|package| package.version == "1.0.0");
        if is_weighed && packages.len() > most {
            return None;
        }
        Some(another(&image, &packages, Low, |_| true))
    };
    image.advise_by(&[], High, Some(&judge))
}

#[test]
fn what_is_too_much_at_once_is_weighed_in_portions() {
    for most in [2, 5, 100, 256, usize::MAX] {
        let advice = advise_within(200, most);
        assert_eq!(advice.untried, 0, "{most}");
        let steps = advice.edits.iter().flat_map(|edit| &edit.steps);
        assert!(steps.clone().all(|step| step.brings.len() == 1), "{most}");
        assert_eq!(steps.count(), 200);
    }
}

#[test]
fn what_cannot_be_weighed_is_told() {
    for number in [1, 10, 100, 300] {
        assert_eq!(advise_within(number, 1).untried, number);
    }
}

#[test]
fn what_cannot_be_judged_again_is_told() {
    let image = Image::new().with((PackageKind::Npm, 2, "a", "1.0.0"), High, &["1.2.0"]);
    let advice = image.advise_by(&[], High, Some(&|_| None));
    assert_eq!(steps(&advice), ["1.2.0: "]);
    assert_eq!(advice.untried, 1);
}

/// What is accepted in the version that is installed may count in another.
#[test]
fn what_is_accepted_in_one_version_alone_counts_in_the_next() {
    let mut image = Image::new().with((PackageKind::Npm, 2, "a", "1.0.0"), High, &["1.2.0"]);
    let mut advise = |severity, is_accepted: bool| {
        let other = Vulnerability {
            id: "CVE-1999-0".to_owned(),
            severity,
            ..image.found[0].clone()
        };
        image.accepted = Vec::new();
        if is_accepted {
            image.accepted.push(SuppressedVulnerability {
                vulnerability: other.clone(),
                status: VulnerabilityStatus::Waived,
                reason: String::new(),
                justification: None,
                written_in: String::new(),
            });
        }
        // It stays, whatever the version.
        let judge = |packages: Vec<Package>| {
            assert!(
                packages
                    .iter()
                    .all(|one| one.version == "1.0.0" || one.purl == "pkg:npm/a"),
                "{packages:?}"
            );
            let raised = packages.iter().enumerate();
            let first = raised
                .clone()
                .filter(|(_, package)| package.version == "1.0.0")
                .map(|(at, _)| found_in(at, &image.found[0]));
            let others = raised.map(|(at, _)| found_in(at, &other));
            Some(first.chain(others).collect())
        };
        image.advise_by(&[], High, Some(&judge))
    };
    let advice = advise(High, true);
    assert_eq!(steps(&advice), ["1.2.0: high"]);
    assert_eq!((advice.plan, advice.remaining), (vec![], vec![0]));
    // Accepted there, too.
    let advice = advise(Medium, true);
    assert_eq!(steps(&advice), ["1.2.0: "]);
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![]));
    // What is not accepted is not shown, or of another kind.
    let advice = advise(High, false);
    assert_eq!(steps(&advice), ["1.2.0: "]);
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![]));
}

/// A flaw that comes back: of a distribution's package, too, the version that is named has to be rid of it.
#[test]
fn a_package_of_the_distribution_goes_to_where_no_flaw_is_there_again() {
    let package = (PackageKind::Deb, 1, "openssl", "3.0.9-1");
    let image = Image::new()
        .with(package, High, &["3.0.10-1", "3.0.15-1"])
        .with(package, High, &["3.0.13-1"])
        // What nobody mends stays wherever it goes.
        .with(package, Medium, &[]);
    let judge = |packages: Vec<Package>| {
        let has = |version: &str, flaw: usize| match flaw {
            0 => matches!(version, "3.0.9-1" | "3.0.13-1"),
            1 => matches!(version, "3.0.9-1" | "3.0.10-1"),
            _ => true,
        };
        let packages = packages.iter().enumerate();
        let found = packages.flat_map(|(at, package)| {
            let flaws = image.found.iter().enumerate();
            let flaws = flaws.filter(|(flaw, _)| has(&package.version, *flaw));
            flaws.map(move |(_, flaw)| found_in(at, flaw))
        });
        Some(found.collect())
    };
    let advice = image.advise_by(&[], High, Some(&judge));
    assert_eq!(steps(&advice), ["3.0.15-1: "]);
    assert_eq!(
        (advice.edits[0].removes.clone(), advice.remaining),
        (vec![0, 1], vec![])
    );
}

/// Where each flaw ends once there is nothing to ask.
#[test]
fn packages_of_the_distribution_are_not_asked_for_without_need() {
    let image = Image::new()
        .with((PackageKind::Deb, 1, "a", "1"), High, &["2"])
        .with((PackageKind::Deb, 1, "a", "1"), High, &["3"]);
    let judge = |_: Vec<Package>| -> Option<Vec<Vulnerability>> { panic!("asked") };
    let advice = image.advise_by(&[], High, Some(&judge));
    assert_eq!(steps(&advice), ["3: "]);
}
