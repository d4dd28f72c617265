//! What keeps a version as it is: lines of the project, and other packages.

use plimsoll_model::Requirement;

use super::places::{FLASK, declared_in};
use super::*;

/// All lines that hold a version fast are named: one alone changes nothing.
#[test]
fn every_line_that_holds_a_version_has_to_change() {
    use Standing::{Copied, Elsewhere, Installed};
    const PIN: &str = "flask==1.0.0\n";
    const BOTH: &str = "{\n\"dependencies\": {\n\"lodash\": \"4.17.20\"\n},\n\"resolutions\": {\n\
                        \"**/lodash\": \"4.17.20\"\n}\n}\n";
    const ALIAS: &str =
        "{\n\"dependencies\": {\n\"lodash\": \"4.17.20\",\n\"old\": \"npm:lodash@4.17.20\"\n}\n}\n";
    let high = VulnerabilitySeverity::High;
    let python = Image::new().with(FLASK, high, &["2.0.3"]);
    let lodash = (PackageKind::Npm, 2, "lodash", "4.17.20");
    let mut npm = Image::new().with(lodash, high, &["4.17.21"]);
    npm.found[0].origin.path = Some("app/node_modules/lodash/package.json".to_owned());
    for (image, files, lines) in [
        // Whatever the second instruction finds, it installs what it wants.
        (
            &python,
            &[
                ("a/requirements.txt", PIN, Installed(3)),
                ("b/requirements.txt", PIN, Installed(4)),
            ][..],
            &["a/requirements.txt:1", "b/requirements.txt:1"][..],
        ),
        (
            &python,
            &[
                ("constraints.txt", PIN, Installed(3)),
                ("requirements-low.txt", "flask<2\n", Installed(3)),
                ("requirements.txt", PIN, Installed(3)),
                ("requirements-wide.txt", "flask>=1\n", Installed(3)),
                ("requirements-x.txt", PIN, Copied),
            ],
            &[
                "constraints.txt:1",
                "requirements.txt:1",
                "requirements-low.txt:1",
            ],
        ),
        // The line that the instruction installs from takes what mends it.
        (
            &python,
            &[
                ("a/requirements.txt", "flask>=1\n", Installed(3)),
                ("b/requirements.txt", PIN, Installed(4)),
            ],
            &["b/requirements.txt:1"],
        ),
        (
            &python,
            &[
                ("a/requirements.txt", PIN, Copied),
                ("b/requirements.txt", PIN, Copied),
            ],
            &["a/requirements.txt:1", "b/requirements.txt:1"],
        ),
        // Which of them is installed is not known.
        (
            &python,
            &[
                ("a/requirements.txt", PIN, Elsewhere),
                ("b/requirements.txt", PIN, Elsewhere),
            ],
            &["a/requirements.txt:1"],
        ),
        (
            &npm,
            &[("package.json", BOTH, Elsewhere)],
            &["package.json:6", "package.json:3"],
        ),
        (
            &npm,
            &[("package.json", ALIAS, Elsewhere)],
            &["package.json:3"],
        ),
    ] {
        let all = files
            .iter()
            .flat_map(|(path, text, standing)| declared_in(path, text, *standing));
        let (all, _) = distinct(all.collect());
        let advice = image.advise(&all, high);
        let edit = &advice.edits[0];
        let named: Vec<String> = edit
            .place
            .iter()
            .chain(&edit.also)
            .map(|place| format!("{}:{}", place.file, place.start.line))
            .collect();
        assert_eq!(named, lines, "{files:?}");
        assert_eq!(edit.action, AdvisedAction::RaiseVersions);
        assert_eq!((advice.edits.len(), &advice.remaining[..]), (1, &[][..]));
    }
    // Two environments with one of them each are two edits.
    let mut image = Image::new().with(FLASK, high, &["2.0.3"]).with(
        (PackageKind::Python, 1, "flask", "1.0.0"),
        high,
        &["2.0.3"],
    );
    image.found[1].in_base = Some(false);
    let mut all = declared_in("a/requirements.txt", PIN, Installed(2));
    all.extend(declared_in("b/requirements.txt", PIN, Installed(3)));
    let advice = image.advise(&all, high);
    assert_eq!(advice.edits.len(), 2);
    assert!(advice.edits.iter().all(|edit| edit.also.is_empty()));
}

#[test]
fn what_no_line_asks_for_was_brought_where_its_package_manager_says_so() {
    let high = VulnerabilitySeverity::High;
    let mut image = Image::new().with(FLASK, high, &["2.0.3"]);
    let is_brought = |image: &Image, path: &str, text: &str| {
        let declared = declared_in(path, text, Standing::Copied);
        image.advise(&declared, high).edits[0].steps[0].is_brought
    };
    const LOCK: &str = "[[package]]\nname = \"flask\"\nversion = \"1.0.0\"\n";
    assert!(!is_brought(&image, "requirements.txt", "a\n"));
    image.inventory.packages[0].direct = Some(false);
    assert!(is_brought(&image, "requirements.txt", "a\n"));
    assert!(is_brought(&image, "poetry.lock", LOCK));
    assert!(!is_brought(&image, "requirements.txt", "flask\n"));
}

/// What refuses the version that mends another package is the one to renew.
#[test]
fn what_an_installed_package_refuses_is_not_had_by_renewing() {
    let high = VulnerabilitySeverity::High;
    let site = "usr/lib/python3.11/site-packages";
    let mut image = Image::new().with(FLASK, high, &["2.0.3"]);
    image.inventory.packages[0].path = format!("{site}/flask-1.0.0.dist-info/METADATA");
    let mut admin = Package::new(
        PackageKind::Python,
        "admin",
        "3.0",
        String::new(),
        format!("{site}/admin-3.0.dist-info/METADATA"),
        Evidence::Metadata,
        2,
    );
    admin.requires = vec![Requirement {
        name: "Flask".to_owned(),
        versions: "<2".to_owned(),
        condition: None,
    }];
    image.inventory.packages.push(admin);
    let edit = |text: &str| {
        let declared = declared_in("requirements.txt", text, Standing::Copied);
        let advice = image.advise(&declared, high);
        let edit = advice.edits[0].clone();
        let lines = edit.place.iter().chain(&edit.also);
        let lines: Vec<usize> = lines.map(|place| place.start.line).collect();
        let step = edit.steps[0].clone();
        assert!(step.is_brought);
        assert_eq!(step.held_by, [("admin".to_owned(), "3.0".to_owned())]);
        (edit.action, lines)
    };
    let raised = AdvisedAction::RaiseVersions;
    assert_eq!(edit("admin==3.0\nflask\n"), (raised, vec![1]));
    assert_eq!(edit("admin==3.0\nflask==1.0.0\n"), (raised, vec![2, 1]));
    assert_eq!(edit("a\nflask\n"), (raised, vec![2]));
    assert_eq!(edit("a\n"), (raised, vec![3]));
    // No file names the package itself.
    assert_eq!(edit("admin==3.0\n"), (raised, vec![1]));
    assert_eq!(edit("admin==2.0\n"), (raised, vec![3]));
    // The line takes later versions of it: to ask anew is enough.
    let renewed = AdvisedAction::RenewLock;
    assert_eq!(edit("admin\n"), (renewed, vec![1]));
    assert_eq!(edit("admin>=2\n"), (renewed, vec![1]));
    assert_eq!(edit("admin<=3.0\n"), (raised, vec![1]));
}

/// What waits for another package is edited together with that one, whether a lock knows of it or nothing.
#[test]
fn what_waits_for_another_package_is_one_edit_with_it() {
    let high = VulnerabilitySeverity::High;
    let site = "usr/lib/python3.11/site-packages";
    let admin = (PackageKind::Python, 2, "admin", "3.0");
    let mut image = Image::new()
        .with(FLASK, high, &["2.0.3"])
        .with(admin, high, &["3.1"])
        .with((PackageKind::Python, 2, "pandas", "1.0"), high, &["1.1"])
        .with(FLASK, high, &[]);
    for package in &mut image.inventory.packages {
        let (name, version) = (&package.name, &package.version);
        package.path = format!("{site}/{name}-{version}.dist-info/METADATA");
    }
    image.inventory.packages[1].requires = vec![Requirement {
        name: "flask".to_owned(),
        versions: "<2".to_owned(),
        condition: None,
    }];
    const LOCK: &str = "[[package]]\nname = \"flask\"\nversion = \"1.0.0\"\n";
    let both = "raise-versions requirements.txt:2: admin 3.0 > 3.1, flask 1.0.0 > 2.0.3: 2/3";
    let alone = "raise-versions Dockerfile:3: pandas 1.0 > 1.1: 1/1";
    let pin = declared_in("requirements.txt", "a\nadmin==3.0\n", Standing::Copied);
    assert_eq!(told(&image.advise(&pin, high)), [both, alone]);
    let mut locked = pin.clone();
    locked.extend(declared_in("poetry.lock", LOCK, Standing::Copied));
    assert_eq!(told(&image.advise(&locked, high)), [both, alone]);
    // Nobody says what asks for it.
    assert_eq!(
        told(&image.advise(&[], high)),
        [
            "raise-versions Dockerfile:3: admin 3.0 > 3.1, flask 1.0.0 > 2.0.3, pandas 1.0 > 1.1: 3/4"
        ]
    );
}

/// What must come after the version that a line names is not what the line takes.
#[test]
fn a_pin_does_not_resolve_to_what_comes_after_it() {
    let mut image = Image::new().with(FLASK, VulnerabilitySeverity::High, &[]);
    image.found[0].fix_state = FixState::NotFixed;
    let weigh = |packages: Vec<Package>| {
        let packages = packages.iter().enumerate();
        let found = packages.filter(|(_, package)| package.version == "1.0.0");
        Some(found.map(|(at, _)| found_in(at, &image.found[0])).collect())
    };
    let ends = |packages: &[&Package]| {
        let end = RangeEnd {
            version: "1.0.0".to_owned(),
            has_flaw: true,
        };
        vec![vec![end]; packages.len()]
    };
    let declared = declared_in("requirements.txt", "flask==1.0.0\n", Standing::Copied);
    let advice = advise(&AdviceInput {
        inventory: &image.inventory,
        vulnerabilities: &image.found,
        updates: &[],
        base: None,
        declared: &declared,
        built_in: &[],
        counts: &|_| true,
        update_counts: &|_| false,
        judge: Some(&by_names(&weigh)),
        weigh: Some(&weigh),
        would_count: &|_| true,
        accepted: &[],
        would_count_again: &|_| true,
        ends: Some(&ends),
    });
    assert_eq!(
        advice.edits[0].steps[0].to,
        StepTarget::After("1.0.0".to_owned())
    );
    assert_eq!(advice.edits[0].action, AdvisedAction::RaiseVersions);
}
