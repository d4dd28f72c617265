//! Where edits are made: which file, which line, which image.

use super::*;

pub(super) const FLASK: (PackageKind, usize, &str, &str) =
    (PackageKind::Python, 2, "flask", "1.0.0");

/// What two files of a project ask for, the second with its standing.
pub(super) fn declared_in(path: &str, text: &str, standing: Standing) -> Vec<DeclaredPackage> {
    let mut all = declarations(&SourceFile::new(path, text), false);
    for one in &mut all {
        (one.standing, one.is_aside) = (standing, is_aside(path));
    }
    all
}

fn flask(files: &[(&str, &str, Standing)]) -> Vec<String> {
    let image = Image::new().with(FLASK, VulnerabilitySeverity::High, &["2.0.3"]);
    let all = files
        .iter()
        .flat_map(|(path, text, standing)| declared_in(path, text, *standing));
    let (all, _) = distinct(all.collect());
    let advice = image.advise(&all, VulnerabilitySeverity::High);
    let locks = advice.edits.iter().filter_map(|edit| edit.lock.clone());
    told(&advice).into_iter().chain(locks).collect()
}

#[test]
fn the_file_that_is_installed_counts_then_the_line_that_takes_least() {
    use Standing::{Copied, Elsewhere, Installed};
    const PIN: &str = "flask==1.0.0\n";
    const RANGE: &str = "[project]\ndependencies=[\"flask>=1\"]\n";
    let raised = |place: &str| format!("raise-versions {place}: flask 1.0.0 > 2.0.3: 1/1");
    let renewed = |place: &str| format!("renew-lock {place}: flask 1.0.0 > 2.0.3: 1/1");
    for (files, line) in [
        // Its name comes first.
        (
            &[
                ("requirements-dev.txt", PIN, Elsewhere),
                ("requirements.txt", PIN, Elsewhere),
            ][..],
            raised("requirements.txt:1"),
        ),
        (
            &[
                ("docs/requirements.txt", PIN, Copied),
                ("requirements.txt", PIN, Elsewhere),
            ],
            raised("requirements.txt:1"),
        ),
        (
            &[
                ("api/requirements.txt", PIN, Elsewhere),
                ("worker/requirements.txt", PIN, Installed(3)),
            ],
            raised("worker/requirements.txt:1"),
        ),
        (
            &[
                ("api/requirements.txt", PIN, Elsewhere),
                ("worker/requirements.txt", PIN, Copied),
            ],
            raised("worker/requirements.txt:1"),
        ),
        (
            &[
                ("api/requirements.txt", PIN, Installed(2)),
                ("worker/requirements.txt", PIN, Installed(3)),
            ],
            raised("worker/requirements.txt:1"),
        ),
        // A pin, and a range that takes what mends it.
        (
            &[
                ("pyproject.toml", RANGE, Elsewhere),
                ("requirements.txt", PIN, Elsewhere),
            ],
            raised("requirements.txt:1"),
        ),
        (
            &[
                ("constraints.txt", "flask<2\n", Elsewhere),
                ("requirements.txt", "flask>=1\n", Elsewhere),
            ],
            raised("constraints.txt:1"),
        ),
        (
            &[
                ("constraints.txt", PIN, Elsewhere),
                ("requirements.txt", "flask>=1\n", Installed(3)),
            ],
            renewed("requirements.txt:1"),
        ),
        // Nobody installs what documents are made with.
        (
            &[
                ("docs/requirements.txt", PIN, Elsewhere),
                ("requirements.txt", "a\n", Installed(3)),
            ],
            raised("Dockerfile:3"),
        ),
        (
            &[("docs/requirements.txt", PIN, Elsewhere)],
            raised("docs/requirements.txt:1"),
        ),
    ] {
        assert_eq!(flask(files), [line], "{files:?}");
    }
}

#[test]
fn a_compiled_file_is_a_lock() {
    use Standing::{Elsewhere, Installed};
    const COMPILED: &str =
        "click==7.0\n    # via flask\nflask==1.0.0\n    # via -r requirements.in\n";
    let held = "renew-lock requirements.in:1: flask 1.0.0 > 2.0.3: 1/1".to_owned();
    assert_eq!(
        flask(&[
            ("requirements.in", "flask>=1\n", Elsewhere),
            ("requirements.txt", COMPILED, Installed(3))
        ]),
        [held, "requirements.txt".to_owned()]
    );
    assert_eq!(
        flask(&[("requirements.txt", COMPILED, Installed(3))]),
        ["raise-versions requirements.txt:3: flask 1.0.0 > 2.0.3: 1/1"]
    );
}

/// The packages that words on one line of the Dockerfile name.
fn words(line: usize, words: &[(PackageKind, &str)]) -> Vec<DeclaredPackage> {
    let file = SourceFile::new("Dockerfile", "FROM base\nRUN apt-get\nRUN pip\n");
    let start = if line == 2 { 10 } else { 22 };
    let place = SourceOrigin::new(&file, Span::new(start, start + 3));
    let words = words.iter();
    words
        .flat_map(|(kind, word)| DeclaredPackage::named(*kind, word, &place, None, line))
        .collect()
}

#[test]
fn a_version_that_the_instruction_names_is_raised_there() {
    use PackageKind::{Deb, Npm, Python};
    let high = VulnerabilitySeverity::High;
    let mut image = Image::new()
        .with((Deb, 1, "libssl3", "3.0.9-1"), high, &["3.0.9-2"])
        .with((Deb, 1, "openssl", "3.0.9-1"), high, &["3.0.9-2"])
        .with((Deb, 1, "gcc", "12-1+b1"), high, &["12-2"])
        .with((Deb, 1, "libdm", "2:1.02-2"), high, &["2.03-3"])
        .with((Deb, 1, "curl", "7-1"), high, &["7-2"])
        .with((Npm, 2, "lodash", "4.17.20"), high, &["4.17.21"])
        .with(FLASK, high, &["2.0.3"]);
    for package in &mut image.inventory.packages[..2] {
        package.source = Some(("openssl".to_owned(), "3.0.9-1".to_owned()));
    }
    image.inventory.packages[2].source = Some(("gcc-12".to_owned(), "12-1".to_owned()));
    image.inventory.packages[3].source = Some(("lvm2".to_owned(), "2.03-2".to_owned()));
    let mut declared = words(
        2,
        &[
            (Deb, "libssl3=3.0.9-1"),
            (Deb, "openssl=3.0.9-1"),
            (Deb, "gcc=12-1+b1"),
            (Deb, "libdm=2:1.02-2"),
            // That one is not what another line asks for.
            (Python, "flask==1.0.0"),
        ],
    );
    declared.extend(words(3, &[(Npm, "lodash@4.17.20"), (Python, "flask")]));
    let advice = image.advise(&declared, high);
    let mut steps = advice.edits.iter().flat_map(|edit| &edit.steps);
    let later = StepTarget::After("2:1.02-2".to_owned());
    assert!(steps.any(|step| step.name == "libdm" && step.to == later));
    let mut found = told(&advice);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            // Which version of its own has what mended the source, nobody says.
            "raise-versions Dockerfile:2: gcc 12-1+b1 > 12-2, libdm 2:1.02-2 > 2:1.02-2, libssl3 3.0.9-1 > 3.0.9-2, openssl 3.0.9-1 > 3.0.9-2: 4/4",
            "raise-versions Dockerfile:3: flask 1.0.0 > 2.0.3, lodash 4.17.20 > 4.17.21: 2/2",
            "renew-packages Dockerfile:2: curl 7-1 > 7-2: 1/1",
        ]
    );
    // What takes the version that mends it gets it anew.
    let declared = words(3, &[(Npm, "lodash@^4"), (Python, "flask")]);
    let found = told(&image.advise(&declared, high));
    assert!(
        found.contains(
            &"renew-packages Dockerfile:3: flask 1.0.0 > 2.0.3, lodash 4.17.20 > 4.17.21: 2/2"
                .to_owned()
        )
    );
}

#[test]
fn what_was_built_with_a_package_that_is_raised_comes_with_it() {
    use PackageKind::Deb;
    let high = VulnerabilitySeverity::High;
    let mut image = Image::new()
        .with((Deb, 1, "curl", "7-1"), high, &["7-2"])
        .with((Deb, 1, "libcurl4", "7-1"), high, &["7-2"])
        .with((Deb, 1, "libcurl3", "6-1"), high, &["6-2"])
        .with((Deb, 1, "wget", "1-1"), high, &["1-2"]);
    image.inventory.packages[1].source = Some(("curl".to_owned(), String::new()));
    image.inventory.packages[2].source = Some(("curl".to_owned(), String::new()));
    let advice = image.advise(&words(2, &[(Deb, "curl=7-1")]), high);
    let mut steps = advice.edits.iter().flat_map(|edit| &edit.steps);
    assert!(steps.any(|step| step.name == "libcurl4" && step.is_brought));
    assert_eq!(
        told(&advice),
        [
            "renew-packages Dockerfile:2: curl 6-1 > 6-2, wget 1-1 > 1-2: 2/2",
            "raise-versions Dockerfile:2: curl 7-1 > 7-2, libcurl4 7-1 > 7-2: 2/2",
        ]
    );
    // What is named has no flaw that can be mended: nothing says that it holds the other one.
    image.found[0].fix_state = FixState::NotFixed;
    image.found[0].fixed = None;
    let found = told(&image.advise(&words(2, &[(Deb, "curl=7-1")]), high));
    assert!(found[0].starts_with("renew-packages Dockerfile:2: curl 6-1 > 6-2, curl 7-1 > 7-2"));
    // A pattern that takes what mends both.
    image = Image::new()
        .with((Deb, 1, "curl", "7-1"), high, &["7-2"])
        .with((Deb, 1, "libcurl4", "7-1"), high, &["7-2"]);
    image.inventory.packages[1].source = Some(("curl".to_owned(), String::new()));
    assert_eq!(
        told(&image.advise(&words(2, &[(Deb, "curl=7-*")]), high)),
        ["renew-packages Dockerfile:2: curl 7-1 > 7-2, libcurl4 7-1 > 7-2: 2/2"]
    );
}

#[test]
fn a_version_that_a_variable_gives_is_raised_where_it_is_set() {
    let high = VulnerabilitySeverity::High;
    let image = Image::new().with(FLASK, high, &["2.0.3"]);
    let file = SourceFile::new("Dockerfile", "ARG V=1.0.0\nFROM base\nRUN pip\n");
    let at = |start, end| SourceOrigin::new(&file, Span::new(start, end));
    let (variable, word) = (at(4, 11), at(26, 29));
    for (text, edit) in [
        (
            "flask==1.0.0",
            "raise-versions Dockerfile:1: flask 1.0.0 > 2.0.3: 1/1",
        ),
        // It takes what mends it, and nothing has to be set.
        (
            "flask>=1.0.0",
            "renew-packages Dockerfile:3: flask 1.0.0 > 2.0.3: 1/1",
        ),
    ] {
        let kind = PackageKind::Python;
        let declared = DeclaredPackage::named(kind, text, &word, Some(&variable), 3);
        assert_eq!(told(&image.advise(&declared, high)), [edit]);
    }
}

#[test]
fn an_update_that_waits_for_a_version_that_is_named_is_that_one() {
    let image = Image::new().with(
        (PackageKind::Deb, 1, "libssl3", "3.0.9-1"),
        VulnerabilitySeverity::Low,
        &[],
    );
    let update = PendingUpdate {
        package: 0,
        name: "libssl3".to_owned(),
        purl: "pkg:deb/debian/libssl3".to_owned(),
        installed: "3.0.9-1".to_owned(),
        available: "3.0.9-2".to_owned(),
        source: "openssl".to_owned(),
        source_version: "3.0.9-2".to_owned(),
        pocket: String::new(),
        vulnerabilities: Vec::new(),
        origin: image.found[0].origin.clone(),
        in_base: Some(false),
    };
    let advise = |declared: &[DeclaredPackage]| {
        let advice = advise(&AdviceInput {
            inventory: &image.inventory,
            vulnerabilities: &[],
            updates: std::slice::from_ref(&update),
            base: None,
            declared,
            built_in: &[],
            counts: &|_| true,
            update_counts: &|_| true,
            judge: None,
            weigh: None,
            would_count: &|_| true,
            accepted: &[],
            would_count_again: &|_| true,
            ends: None,
        });
        told(&advice)
    };
    assert_eq!(
        advise(&words(2, &[(PackageKind::Deb, "libssl3=3.0.9-1")])),
        ["raise-versions Dockerfile:2: libssl3 3.0.9-1 > 3.0.9-2: 0/0"]
    );
    assert_eq!(
        advise(&[]),
        ["renew-packages Dockerfile:2: openssl 3.0.9-1 > 3.0.9-2: 0/0"]
    );
}

#[test]
fn what_is_malicious_is_taken_out_where_it_is_asked_for() {
    let npm = (PackageKind::Npm, 2, "evil", "1.0.0");
    let mut image = Image::new()
        .with(npm, VulnerabilitySeverity::Critical, &[])
        .with(npm, VulnerabilitySeverity::Low, &["1.0.1"])
        .with(
            (PackageKind::Npm, 0, "evil", "1.0.0"),
            VulnerabilitySeverity::Low,
            &[],
        );
    image.found[0].id = "GHSA-1".to_owned();
    image.found[0].aliases = vec!["MAL-2024-1".to_owned()];
    image.found[2].id = "MAL-2024-1".to_owned();
    let manifest = "{\n\"dependencies\": {\n\"evil\": \"1.0.0\"\n}\n}\n";
    let declared = declared_in("package.json", manifest, Standing::Elsewhere);
    let advice = image.advise(&declared, VulnerabilitySeverity::High);
    assert_eq!(
        told(&advice),
        [
            "remove-package package.json:3: evil 1.0.0 > none: 2/2",
            "remove-package Dockerfile:1: evil 1.0.0 > none: 1/1",
        ]
    );
    assert_eq!((advice.plan, advice.remaining), (vec![0], vec![]));
}

#[test]
fn the_library_of_go_is_that_of_the_image_a_program_was_built_in() {
    let go = |name| (PackageKind::Go, 2, name, "v1.23.4");
    let high = VulnerabilitySeverity::High;
    let mut image = Image::new().with(go("stdlib"), high, &["1.25.1"]).with(
        go("golang.org/x/net"),
        high,
        &["1.24.0"],
    );
    let at_program = "rebuild-program Dockerfile:3: golang.org/x/net v1.23.4 > v1.24.0";
    assert_eq!(
        told(&image.advise(&[], high)),
        [format!("{at_program}, stdlib v1.23.4 > v1.25.1: 2/2")]
    );
    let module = "module x\n\ngo 1.23.0\n\ntoolchain go1.23.4\n";
    let declared = declared_in("go.mod", module, Standing::Elsewhere);
    let mut found = told(&image.advise(&declared, high));
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "raise-versions go.mod:5: stdlib v1.23.4 > v1.25.1: 1/1".to_owned(),
            format!("{at_program}: 1/1"),
        ]
    );
    let base = SourceOrigin::new(&image.dockerfile, Span::new(0, 9));
    image.built_in = vec![BuiltIn {
        layer: 2,
        bases: vec![
            (
                SourceOrigin::new(&image.dockerfile, Span::new(10, 12)),
                "node:20".to_owned(),
            ),
            (base, "golang:1.23".to_owned()),
        ],
    }];
    let mut found = told(&image.advise(&declared, high));
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "rebuild-program Dockerfile:1: stdlib v1.23.4 > v1.25.1: 1/1".to_owned(),
            format!("{at_program}: 1/1"),
        ]
    );
}

/// What an edit leads out of counts, whether an advisory calls that a fix or not.
#[test]
fn flaws_that_end_are_removed_by_what_comes_after() {
    let high = VulnerabilitySeverity::High;
    let mut image = Image::new()
        .with(FLASK, high, &["2.0.3"])
        .with(FLASK, high, &[])
        .with((PackageKind::Python, 2, "jinja2", "3.0.0"), high, &[])
        .with((PackageKind::Python, 2, "click", "7.0"), high, &[]);
    image.found[3].fix_state = FixState::WillNotFix;
    // Flaws by name, and the first version without.
    let table = [
        ("flask", 0, "2.0.3"),
        ("flask", 1, "1.10"),
        ("jinja2", 2, "3.0.5.0.1"),
    ];
    let weigh = |packages: Vec<Package>| {
        let mut found = Vec::new();
        for (at, package) in packages.iter().enumerate() {
            let hit = |flaw: &Vulnerability| found_in(at, flaw);
            let rows = table.iter().filter(|(name, ..)| *name == package.name);
            found.extend(
                rows.filter(|(_, _, free)| {
                    Order::Pep440.compare(&package.version, free) == Ok(std::cmp::Ordering::Less)
                })
                .map(|(_, flaw, _)| hit(&image.found[*flaw])),
            );
            if package.name == "click" {
                found.push(hit(&image.found[3]));
            }
        }
        Some(found)
    };
    let ends = |packages: &[&Package]| {
        let ends = packages.iter().map(|package| match package.name.as_str() {
            "jinja2" => vec![RangeEnd {
                version: "3.0.5".to_owned(),
                has_flaw: true,
            }],
            _ => Vec::new(),
        });
        ends.collect()
    };
    let advice = advise(&AdviceInput {
        inventory: &image.inventory,
        vulnerabilities: &image.found,
        updates: &[],
        base: None,
        declared: &[],
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
        told(&advice),
        ["raise-versions Dockerfile:3: flask 1.0.0 > 2.0.3, jinja2 3.0.0 > 3.0.5: 3/4"]
    );
    let targets: Vec<&StepTarget> = advice.edits[0].steps.iter().map(|step| &step.to).collect();
    assert_eq!(
        targets,
        [
            &StepTarget::At("2.0.3".to_owned()),
            &StepTarget::After("3.0.5".to_owned())
        ]
    );
    assert_eq!(advice.remaining, [3]);
}

/// What is called a fix of one flaw may have another: a smaller one that has none is taken, and of those
/// that have as many the smallest.
#[test]
fn a_version_that_is_known_to_be_vulnerable_is_looked_at_again() {
    let high = VulnerabilitySeverity::High;
    let image = Image::new().with(FLASK, high, &["3.0.2"]);
    let other = Vulnerability {
        id: "CVE-OTHER".to_owned(),
        ..image.found[0].clone()
    };
    let to = |has_other: &dyn Fn(&str) -> bool| {
        let weigh = |packages: Vec<Package>| {
            let packages = packages.iter().enumerate();
            let found = packages.filter(|(_, package)| has_other(&package.version));
            let found = found.map(|(at, _)| found_in(at, &other));
            Some(found.collect())
        };
        let ends = |packages: &[&Package]| {
            let end = |version: &str, has_flaw| RangeEnd {
                version: version.to_owned(),
                has_flaw,
            };
            let all = vec![
                end("2.1.2", true),
                end("2.3.2", false),
                end("3.0.2", false),
                end("4.0.0", false),
            ];
            vec![all; packages.len()]
        };
        let advice = advise(&AdviceInput {
            inventory: &image.inventory,
            vulnerabilities: &image.found,
            updates: &[],
            base: None,
            declared: &[],
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
        advice.edits[0].steps[0].to.clone()
    };
    let at = |version: &str| StepTarget::At(version.to_owned());
    assert_eq!(to(&|_| false), at("3.0.2"));
    assert_eq!(to(&|version| version == "3.0.2"), at("2.3.2"));
    assert_eq!(to(&|version| version.starts_with(['2', '3'])), at("4.0.0"));
    assert_eq!(to(&|_| true), at("2.3.2"));
}

/// There is room to look again at some hundred packages: first at those whose flaws would stay.
#[test]
fn what_would_keep_its_flaws_is_looked_at_first() {
    let high = VulnerabilitySeverity::High;
    let names: Vec<String> = (0..300).map(|at| format!("n{at}")).collect();
    let image = names.iter().fold(Image::new(), |image, name| {
        image.with((PackageKind::Python, 2, name, "1.0"), high, &["3.0"])
    });
    let image = image.with((PackageKind::Python, 2, "zzz", "1.0"), high, &[]);
    let other = Vulnerability {
        id: "CVE-OTHER".to_owned(),
        ..image.found[0].clone()
    };
    let weigh = |packages: Vec<Package>| {
        let packages = packages.iter().enumerate();
        let found = packages.filter(|(_, package)| package.name != "zzz");
        let found = found.map(|(at, _)| found_in(at, &other));
        Some(found.collect())
    };
    let ends = |packages: &[&Package]| {
        let end = RangeEnd {
            version: "2.0".to_owned(),
            has_flaw: false,
        };
        vec![vec![end]; packages.len()]
    };
    let advice = advise(&AdviceInput {
        inventory: &image.inventory,
        vulnerabilities: &image.found,
        updates: &[],
        base: None,
        declared: &[],
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
    assert_eq!(advice.remaining, [0; 0]);
}

#[test]
fn a_version_can_be_made_up_that_comes_after_another() {
    use super::super::step::following;
    for (order, version) in [
        (Order::Pep440, "3.0.5"),
        (Order::Pep440, "3.0.5rc1"),
        (Order::Semver, "1.2.9"),
        (Order::Go, "1.2.9"),
        (Order::Maven, "1.0.Final"),
        (Order::Gem, "1.0"),
        (Order::Composer, "1.0.0"),
        (Order::NuGet, "1.0.0"),
    ] {
        let made = following(order, version).unwrap();
        assert!(order.compare(&made, version).unwrap().is_gt(), "{made}");
    }
    assert_eq!(following(Order::Semver, "none"), None);
}
