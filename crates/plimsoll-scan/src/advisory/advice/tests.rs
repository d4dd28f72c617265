use plimsoll_model::{
    Digest, Evidence, FixState, LayerFacts, LayerOrigin, Origin, SourceFile, Span,
    VulnerabilityStatus,
};
use plimsoll_testkit::vulnerability::plain;
use proptest::prelude::*;

use super::super::version::Order;
use super::step::candidates;
use super::*;

mod holding;
mod places;
mod weighed;

/// An inventory with a base of one layer, and a Dockerfile's lines on two more.
struct Image {
    inventory: Inventory,
    found: Vec<Vulnerability>,
    /// Of these, what counts in other versions.
    accepted: Vec<SuppressedVulnerability>,
    dockerfile: SourceFile,
    built_in: Vec<BuiltIn>,
}

impl Image {
    fn new() -> Self {
        let dockerfile = SourceFile::new("Dockerfile", "FROM base\nRUN apt-get\nRUN pip\n");
        let layer = |at: u8| LayerFacts {
            digest: Digest::from_sha256([at; 32]),
            diff_id: Digest::from_sha256([at; 32]),
            compressed_size: 0,
            size: 0,
            entries: 0,
            instruction: None,
            source: (at > 0).then(|| {
                let start = if at == 1 { 10 } else { 22 };
                SourceOrigin::new(&dockerfile, Span::new(start, start + 7))
            }),
            file_bytes: 0,
            wasted: 0,
            hidden: 0,
        };
        let inventory = Inventory {
            layers: vec![layer(0), layer(1), layer(2)],
            ..Inventory::default()
        };
        Self {
            inventory,
            found: Vec::new(),
            accepted: Vec::new(),
            dockerfile,
            built_in: Vec::new(),
        }
    }

    /// Adds a vulnerability of a package; an empty fix is none.
    fn with(
        mut self,
        (kind, layer, name, installed): (PackageKind, usize, &str, &str),
        severity: VulnerabilitySeverity,
        fixes: &[&str],
    ) -> Self {
        let known = self.inventory.packages.iter().position(|package| {
            (
                package.kind,
                package.layer,
                package.name.as_str(),
                package.version.as_str(),
            ) == (kind, layer, name, installed)
        });
        let package = known.unwrap_or_else(|| {
            let evidence = match kind {
                PackageKind::Go => Evidence::BuildInfo,
                _ => Evidence::Metadata,
            };
            let purl = format!("pkg:{}/{name}@{installed}", kind.as_str());
            self.inventory.packages.push(Package::new(
                kind,
                name,
                installed,
                purl,
                "usr/bin/app",
                evidence,
                layer,
            ));
            self.inventory.packages.len() - 1
        });
        let id = format!("CVE-2026-{}", self.found.len());
        self.found.push(Vulnerability {
            package,
            fixed: fixes.first().map(|fix| (*fix).to_owned()),
            fixed_versions: fixes.iter().map(|fix| (*fix).to_owned()).collect(),
            fix_state: match fixes {
                [] => FixState::NotFixed,
                _ => FixState::Fixed,
            },
            severity,
            origin: Origin {
                layer: Some(LayerOrigin {
                    index: layer,
                    diff_id: Digest::from_sha256([0; 32]),
                    instruction: None,
                }),
                path: Some("usr/bin/app".to_owned()),
                ..Origin::default()
            },
            in_base: Some(layer == 0),
            ..plain(&id, kind.as_str(), name, installed)
        });
        self
    }

    fn advise(&self, declared: &[DeclaredPackage], least: VulnerabilitySeverity) -> Advice {
        self.advise_by(declared, least, None)
    }

    fn advise_by(
        &self,
        declared: &[DeclaredPackage],
        least: VulnerabilitySeverity,
        weigh: Option<&Weigh<'_>>,
    ) -> Advice {
        let judge = weigh.map(by_names);
        advise(&AdviceInput {
            updates: &[],
            built_in: &self.built_in,
            ends: None,
            update_counts: &|_| false,
            judge: judge.as_ref().map(|judge| judge as &Judge<'_>),
            weigh,
            would_count: &|one| one.severity >= least,
            accepted: &self.accepted,
            would_count_again: &|one| one.severity >= least,
            inventory: &self.inventory,
            vulnerabilities: &self.found,
            base: Some(&SourceOrigin::new(&self.dockerfile, Span::new(0, 9))),
            declared,
            counts: &|at| self.found[at].severity >= least,
        })
    }
}

/// A flaw as it is found of another package.
fn found_in(package: usize, flaw: &Vulnerability) -> Vulnerability {
    Vulnerability {
        package,
        ..flaw.clone()
    }
}

/// What is told in full by names alone.
fn by_names<'w>(weigh: &'w Weigh<'w>) -> impl Fn(Vec<Package>) -> Option<Vec<NamedFlaw>> + 'w {
    let named = |one: &Vulnerability| NamedFlaw {
        package: one.package,
        names: one.names().map(str::to_owned).collect(),
    };
    move |packages| Some(weigh(packages)?.iter().map(named).collect())
}

/// What is known of the package tells more than what mends the version installed.
#[test]
fn a_step_goes_to_what_is_free_of_all_that_is_known() {
    let mut image = Image::new()
        .with(
            (PackageKind::Python, 2, "a", "1.0"),
            VulnerabilitySeverity::High,
            &["1.5"],
        )
        .with(
            (PackageKind::Python, 2, "a", "1.0"),
            VulnerabilitySeverity::High,
            &["1.2"],
        );
    let to = |image: &Image| {
        let advice = image.advise(&[], VulnerabilitySeverity::Low);
        version(&advice.edits[0].steps[0]).to_owned()
    };
    assert_eq!(to(&image), "1.5");
    for found in &mut image.found {
        found.free_of_all = Some("1.7".to_owned());
    }
    assert_eq!(to(&image), "1.7");
    // A flaw may end before the first version that is called fixed.
    for found in &mut image.found {
        found.free_of_all = Some("1.2".to_owned());
    }
    assert_eq!(to(&image), "1.2");
    image.found[0].free_of_all = None;
    assert_eq!(to(&image), "1.5");
}

/// Versions of Maven among which each comes before the next in circles.
const CIRCLES: [&str; 25] = [
    "1.0.0.RC1",
    "2-jre",
    "2.0.0-x",
    "2.0.1.RC1",
    "1.1-android",
    "1.1-1",
    "2.0.1.x",
    "1.0-x",
    "1.Final-redhat-1",
    "2.Final-redhat-1",
    "1.0-b01",
    "2-SNAPSHOT",
    "2.0.Final",
    "2.0.1-1.1",
    "1.0.1.x",
    "1.Final",
    "2.0.0-jre",
    "2.redhat-1",
    "1-RC1",
    "2",
    "1.0.1.jre8",
    "2.0.x",
    "1.0.0",
    "2-jre8",
    "2.0-1",
];

#[test]
fn versions_that_have_no_order_are_advised_on() {
    let package = (PackageKind::Maven, 2, "g:p", "0.9");
    let high = VulnerabilitySeverity::High;
    let image = Image::new().with(package, high, &CIRCLES);
    let image = CIRCLES
        .iter()
        .fold(image, |image, fix| image.with(package, high, &[fix]));
    let advice = image.advise(&[], high);
    assert_eq!(advice.edits.len(), 1);
    assert!(CIRCLES.contains(&version(&advice.edits[0].steps[0])));
    let ends: Vec<RangeEnd> = CIRCLES
        .iter()
        .map(|version| RangeEnd {
            version: (*version).to_owned(),
            has_flaw: true,
        })
        .collect();
    assert_eq!(
        candidates(Order::Maven, image.found.iter(), &ends).len(),
        48
    );
}

/// What a step goes to.
fn version(step: &VersionStep) -> &str {
    match &step.to {
        StepTarget::At(version) | StepTarget::After(version) => version,
        StepTarget::Gone => "none",
    }
}

/// `action place: name installed > to, …: removes/all`.
fn told(advice: &Advice) -> Vec<String> {
    advice
        .edits
        .iter()
        .map(|edit| {
            let place = edit.place.as_ref().map_or_else(
                || format!("layer {:?}", edit.layer),
                |place| format!("{}:{}", place.file, place.start.line),
            );
            let steps: Vec<String> = edit
                .steps
                .iter()
                .map(|step| format!("{} {} > {}", step.name, step.installed, version(step)))
                .collect();
            format!(
                "{} {place}: {}: {}/{}",
                edit.action.as_str(),
                steps.join(", "),
                edit.removes.len(),
                edit.removes.len() + edit.stays.len()
            )
        })
        .collect()
}

const SSL: (PackageKind, usize, &str, &str) = (PackageKind::Deb, 0, "libssl3", "3.0.9-1");
const GCC: (PackageKind, usize, &str, &str) = (PackageKind::Deb, 1, "gcc-12", "12.2.0-14");
const PANDAS: (PackageKind, usize, &str, &str) = (PackageKind::Python, 2, "pandas", "1.5");

#[test]
fn each_place_is_one_edit_and_the_weightiest_is_first() {
    use VulnerabilitySeverity::{Critical, High, Low, Medium};
    let image = Image::new()
        .with(GCC, Medium, &["12.2.0-14+deb12u1"])
        .with(SSL, High, &["3.0.10-1~deb12u1"])
        .with(SSL, High, &["3.0.9-2"])
        .with(SSL, Low, &[])
        .with(
            (PackageKind::Python, 0, "setuptools", "60"),
            Low,
            &["65.5.1"],
        )
        .with(PANDAS, Low, &["2.2.1"])
        .with(
            (PackageKind::Go, 2, "golang.org/x/net", "v0.7.0"),
            Critical,
            &["0.17.0"],
        )
        .with((PackageKind::Go, 2, "stdlib", "1.20.1"), Low, &["1.20.2"]);
    let advice = image.advise(&[], High);
    assert_eq!(
        told(&advice),
        [
            "rebuild-program Dockerfile:3: golang.org/x/net v0.7.0 > v0.17.0, stdlib 1.20.1 > 1.20.2: 2/2",
            "renew-base Dockerfile:1: libssl3 3.0.9-1 > 3.0.10-1~deb12u1, setuptools 60 > 65.5.1: 3/4",
            "renew-packages Dockerfile:2: gcc-12 12.2.0-14 > 12.2.0-14+deb12u1: 1/1",
            "raise-versions Dockerfile:3: pandas 1.5 > 2.2.1: 1/1",
        ]
    );
    assert_eq!(advice.plan, [0, 1]);
    assert!(advice.remaining.is_empty());
    assert_eq!(image.advise(&[], Low).remaining, [3]);
    assert_eq!(image.advise(&[], Low).plan, [0, 1, 2, 3]);
}

#[test]
fn the_line_that_asks_for_a_package_is_the_place() {
    let image = Image::new()
        .with(PANDAS, VulnerabilitySeverity::High, &["2.2.1"])
        .with(
            (PackageKind::Python, 2, "numpy", "1.0"),
            VulnerabilitySeverity::Low,
            &["1.1"],
        );
    let file = SourceFile::new("requirements.txt", "flask\n\nPandas==1.5\n");
    assert_eq!(
        told(&image.advise(&declarations(&file, false), VulnerabilitySeverity::High)),
        [
            "raise-versions requirements.txt:3: pandas 1.5 > 2.2.1: 1/1",
            "raise-versions Dockerfile:3: numpy 1.0 > 1.1: 1/1",
        ]
    );
}

/// A line is edited only for what came of it.
#[test]
fn what_another_package_brings_is_not_mended_by_the_line() {
    let high = VulnerabilitySeverity::High;
    let mut image = Image::new()
        .with(
            (PackageKind::Npm, 2, "lodash", "4.17.15"),
            high,
            &["4.17.21"],
        )
        .with(
            (PackageKind::Npm, 2, "lodash", "3.10.1"),
            high,
            &["4.17.21"],
        )
        .with(
            (PackageKind::Npm, 2, "lodash", "4.17.20"),
            high,
            &["4.17.21"],
        );
    for (at, path) in [
        "app/node_modules/lodash/package.json",
        "app/node_modules/foo/node_modules/lodash/package.json",
        "app/node_modules/foo/node_modules/lodash/package.json",
    ]
    .into_iter()
    .enumerate()
    {
        image.found[at].origin.path = Some(path.to_owned());
    }
    let manifest = |range: &str| {
        let text = format!("{{\n\"dependencies\": {{\n\"lodash\": \"{range}\"\n}}\n}}\n");
        declarations(&SourceFile::new("package.json", text), false)
    };
    let brought = |advice: &Advice| -> Vec<bool> {
        let steps = advice.edits.iter().flat_map(|edit| &edit.steps);
        steps.map(|step| step.is_brought).collect()
    };
    let others =
        "raise-versions Dockerfile:3: lodash 3.10.1 > 4.17.21, lodash 4.17.20 > 4.17.21: 2/2";
    // The line takes what mends it: nothing is to be written there.
    let advice = image.advise(&manifest("^4.17.15"), high);
    assert_eq!(
        told(&advice),
        [
            others,
            "renew-lock package.json:3: lodash 4.17.15 > 4.17.21: 1/1"
        ]
    );
    assert_eq!(brought(&advice), [true, true, false]);
    let advice = image.advise(&manifest("4.17.15"), high);
    assert_eq!(
        told(&advice),
        [
            others,
            "raise-versions package.json:3: lodash 4.17.15 > 4.17.21: 1/1"
        ]
    );
    // What is written already did not bring what is there.
    let advice = image.advise(&manifest("^4.17.21"), high);
    assert_eq!(
        told(&advice),
        [
            "raise-versions Dockerfile:3: lodash 3.10.1 > 4.17.21, lodash 4.17.15 > 4.17.21, lodash 4.17.20 > 4.17.21: 3/3"
        ]
    );
    assert_eq!(brought(&advice), [true; 3]);
    // What cannot be told is nobody's.
    let advice = image.advise(&manifest("latest"), high);
    assert_eq!(brought(&advice), [true, false, true]);
    image.found[1].origin.path =
        Some("app/node_modules/.pnpm/lodash@3.10.1/node_modules/lodash/package.json".to_owned());
    let advice = image.advise(&manifest("^3"), high);
    assert!(
        told(&advice)
            .contains(&"raise-versions package.json:3: lodash 3.10.1 > 4.17.21: 1/1".to_owned())
    );
}

/// What the advisories say of a version counts, not what is called a fix somewhere.
#[test]
fn what_a_version_has_all_the_same_is_not_removed() {
    let high = VulnerabilitySeverity::High;
    let gem = (PackageKind::Gem, 2, "nokogiri", "1.5.4");
    let image = Image::new()
        .with(gem, high, &["1.8.1"])
        .with(gem, high, &["1.11.0", "1.19.4"])
        .with(gem, VulnerabilitySeverity::Low, &["1.6.0"])
        .with((PackageKind::Deb, 0, "a", "1.0-1"), high, &["1.1-1"]);
    let asked = std::cell::RefCell::new(Vec::new());
    // What is found of a version: flaws by position.
    let advise = |table: &[(&str, &[usize])]| {
        let judge = |packages: Vec<Package>| -> Option<Vec<Vulnerability>> {
            let mut found = Vec::new();
            for (at, package) in packages.iter().enumerate() {
                asked.borrow_mut().push(package.version.clone());
                let row = table
                    .iter()
                    .find(|(version, _)| *version == package.version);
                for flaw in row.map_or(&[][..], |(_, flaws)| flaws) {
                    found.push(found_in(at, &image.found[*flaw]));
                }
            }
            Some(found)
        };
        let advice = image.advise_by(&[], high, Some(&judge));
        let gems = advice
            .edits
            .iter()
            .find(|edit| edit.action == AdvisedAction::RaiseVersions);
        let told = gems.map(|edit| {
            let step = &edit.steps[0];
            (
                version(step).to_owned(),
                step.removes,
                edit.removes.clone(),
                edit.stays.clone(),
            )
        });
        (told, advice.remaining)
    };
    let (told, remaining) = advise(&[]);
    assert_eq!(told, Some(("1.11.0".to_owned(), 3, vec![0, 1, 2], vec![])));
    assert!(remaining.is_empty());
    // Packages of a distribution were not asked for.
    assert_eq!(asked.take(), ["1.11.0"]);
    // Another version is free of all.
    let (told, _) = advise(&[("1.6.0", &[1]), ("1.8.1", &[1]), ("1.11.0", &[0])]);
    assert_eq!(told.unwrap().0, "1.19.4");
    // First the one that is called a fix, then what is installed beside all that may do.
    assert_eq!(
        asked.take(),
        ["1.11.0", "1.5.4", "1.11.0", "1.6.0", "1.8.1", "1.19.4"]
    );
    // None is: the heavier ones count more.
    let each: [(&str, &[usize]); 4] = [
        ("1.6.0", &[0, 1]),
        ("1.8.1", &[1]),
        ("1.11.0", &[0, 2]),
        ("1.19.4", &[2]),
    ];
    let (told, remaining) = advise(&each);
    assert_eq!(told, Some(("1.19.4".to_owned(), 2, vec![0, 1], vec![2])));
    assert!(remaining.is_empty());
    // And where nothing helps, nothing is said to.
    let all: [(&str, &[usize]); 4] = [
        ("1.6.0", &[0, 1, 2]),
        ("1.8.1", &[0, 1, 2]),
        ("1.11.0", &[0, 1, 2]),
        ("1.19.4", &[0, 1, 2]),
    ];
    let (told, remaining) = advise(&all);
    assert_eq!((told, remaining), (None, vec![0, 1]));
}

#[test]
fn of_many_versions_those_at_the_ends_are_tried() {
    let fixes: Vec<String> = (1..100).map(|minor| format!("1.{minor}.0")).collect();
    let fixes: Vec<&str> = fixes.iter().map(String::as_str).collect();
    let npm = (PackageKind::Npm, 2, "a", "1.0.0");
    let image = Image::new().with(npm, VulnerabilitySeverity::Low, &fixes);
    let tried = |image: &Image| -> Vec<String> {
        let tried = candidates(Order::Semver, image.found.iter(), &[]).into_iter();
        tried
            .map(|to| match to {
                StepTarget::At(version) => version,
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let all = tried(&image);
    assert_eq!(all.len(), 24);
    assert_eq!(
        (&*all[0], &*all[11], &*all[12], &*all[23]),
        ("1.1.0", "1.12.0", "1.88.0", "1.99.0")
    );
    let image = Image::new().with(npm, VulnerabilitySeverity::Low, fixes.get(..13).unwrap());
    assert_eq!(tried(&image), fixes[..13]);
}

#[test]
fn without_a_dockerfile_the_layer_is_the_place() {
    let mut image = Image::new().with(GCC, VulnerabilitySeverity::High, &["13"]);
    image.inventory.layers[1].source = None;
    image.found[0].in_base = None;
    let advice = image.advise(&[], VulnerabilitySeverity::High);
    assert_eq!(
        told(&advice),
        ["renew-packages layer Some(1): gcc-12 12.2.0-14 > 13: 1/1"]
    );
    image.inventory.layers.clear();
    image.inventory.packages.clear();
    assert_eq!(
        told(&image.advise(&[], VulnerabilitySeverity::High)),
        told(&advice)
    );
    // A bill of materials need not tell of layers.
    image.found[0].origin.layer = None;
    assert_eq!(
        told(&image.advise(&[], VulnerabilitySeverity::High)),
        ["renew-packages layer None: gcc-12 12.2.0-14 > 13: 1/1"]
    );
}

#[test]
fn what_lies_below_everything_came_with_the_base() {
    let mut image = Image::new().with(SSL, VulnerabilitySeverity::High, &["3.0.10-1"]);
    image.found[0].in_base = None;
    assert_eq!(
        told(&image.advise(&[], VulnerabilitySeverity::High)),
        ["renew-base Dockerfile:1: libssl3 3.0.9-1 > 3.0.10-1: 1/1"]
    );
}

#[test]
fn packages_of_one_source_are_one_step() {
    let high = VulnerabilitySeverity::High;
    let mut image = Image::new().with(SSL, high, &["3.0.10-1"]).with(
        (PackageKind::Deb, 0, "openssl", "3.0.9-1+b2"),
        high,
        &["3.0.11-1"],
    );
    for package in &mut image.inventory.packages {
        package.source = Some(("openssl".to_owned(), "3.0.9-1".to_owned()));
    }
    assert_eq!(
        told(&image.advise(&[], high)),
        ["renew-base Dockerfile:1: openssl 3.0.9-1 > 3.0.11-1: 2/2"]
    );
}

#[test]
fn no_vulnerabilities_no_advice() {
    let image = Image::new();
    assert_eq!(
        image.advise(&[], VulnerabilitySeverity::Unknown),
        Advice::default()
    );
}

#[test]
fn several_branches_are_mended_at_once() {
    let step = |order, is_linear, flaws: &[&[&str]]| {
        let image = flaws.iter().fold(Image::new(), |image, fixes| {
            image.with(PANDAS, VulnerabilitySeverity::Low, fixes)
        });
        let flaws: Vec<&Vulnerability> = image.found.iter().collect();
        smallest_step(order, is_linear, &flaws).map(str::to_owned)
    };
    for (flaws, to) in [
        (&[&["1.2.5", "2.0.1"][..]][..], "1.2.5"),
        (&[&["1.2.5", "2.0.1"], &["2.0.0"]], "2.0.1"),
        (&[&["1.2.5", "2.0.1"], &["1.2.7"]], "1.2.7"),
        (&[&["3.2.25", "4.2.11", "5.0.3"], &["4.2.9"]], "4.2.11"),
        (
            &[&["3.2.25", "4.2.11", "5.0.3"], &["4.2.14", "5.0.7"]],
            "4.2.14",
        ),
        (&[&["1.0"], &["1.0.0"]], "1.0"),
    ] {
        assert_eq!(
            step(Order::Semver, false, flaws).as_deref(),
            Some(to),
            "{flaws:?}"
        );
    }
    assert_eq!(
        step(Order::Dpkg, true, &[&["1:2-1", "1:3-1"], &["1:2-2"]]).as_deref(),
        Some("1:2-2")
    );
    assert_eq!(step(Order::Dpkg, true, &[]), None);
    assert_eq!(step(Order::Pep440, false, &[&["no version"]]), None);
}

fn severity() -> impl Strategy<Value = VulnerabilitySeverity> {
    prop::sample::select(VulnerabilitySeverity::ALL.to_vec())
}

proptest! {
    #[test]
    fn fixes_of_maven_have_a_step(
        flaws in proptest::collection::vec(
            proptest::collection::vec(prop::sample::select(&CIRCLES[..]), 1..25),
            1..40,
        ),
    ) {
        let package = (PackageKind::Maven, 2, "g:p", "0.9");
        let image = flaws.iter().fold(Image::new(), |image, fixes| {
            image.with(package, VulnerabilitySeverity::High, fixes)
        });
        let advice = image.advise(&[], VulnerabilitySeverity::High);
        prop_assert_eq!(advice.edits[0].removes.len(), flaws.len());
    }

    /// Everything is told exactly once; the plan removes all that counts and can be removed, and
    /// none of its edits can be left out; the step is a version without each of its flaws.
    #[test]
    fn each_vulnerability_has_one_place(
        found in proptest::collection::vec(
            (0_usize..4, 0_usize..3, 0_u8..4, severity(), proptest::collection::vec((0_u8..4, 0_u8..9), 0..3)),
            0..24,
        ),
        least in severity(),
    ) {
        let kinds = [PackageKind::Deb, PackageKind::Npm, PackageKind::Go, PackageKind::Generic];
        let image = found.iter().fold(Image::new(), |image, (kind, layer, name, severity, fixes)| {
            let mut fixes = fixes.clone();
            fixes.sort_unstable();
            let fixes: Vec<String> =
                fixes.iter().map(|(major, minor)| format!("{}.{minor}.0", major + 1)).collect();
            let fixes: Vec<&str> = fixes.iter().map(String::as_str).collect();
            image.with((kinds[*kind], *layer, &format!("n{name}"), "0.1.0"), *severity, &fixes)
        });
        let advice = image.advise(&[], least);
        prop_assert_eq!(&advice, &image.advise(&[], least));
        let mut removed: Vec<usize> =
            advice.edits.iter().flat_map(|edit| edit.removes.iter().copied()).collect();
        removed.sort_unstable();
        let possible: Vec<usize> = (0..image.found.len())
            .filter(|at| {
                let found = &image.found[*at];
                let kind = image.inventory.packages[found.package].kind;
                found.is_fixable() && kind != PackageKind::Generic
            })
            .collect();
        prop_assert_eq!(&removed, &possible);
        let counts = |at: &usize| image.found[*at].severity >= least;
        for (at, edit) in advice.edits.iter().enumerate() {
            prop_assert_eq!(advice.plan.contains(&at), edit.removes.iter().any(counts));
            prop_assert_eq!(edit.steps.iter().map(|step| step.removes).sum::<usize>(), edit.removes.len());
            for step in &edit.steps {
                for flaw in edit.removes.iter().map(|at| &image.found[*at]) {
                    if flaw.name == step.name && image.inventory.packages[flaw.package].kind == step.kind {
                        let fixed = flaw.fixed.as_deref().unwrap();
                        prop_assert!(Order::Semver.compare(version(step), fixed).unwrap().is_ge());
                    }
                }
            }
        }
        let remaining: Vec<usize> = (0..image.found.len())
            .filter(|at| counts(at) && !possible.contains(at))
            .collect();
        prop_assert_eq!(advice.remaining, remaining);
    }
}
