use std::path::{Path, PathBuf};

use super::super::index::{
    Affected, EventKind, Index, IndexError, PocketPackage, RangeKind, SnapshotEcosystem,
};
use super::super::index::{in_earlier_form, redated};
use super::super::{Ecosystem, cve};
use super::*;
use crate::archive::zip::tests::zip;

const GO: &str = r#"{"schema_version":"1.3.1","id":"GO-2024-0001","modified":"2024-05-01T00:00:00Z",
"published":"2024-04-01T00:00:00Z","aliases":["CVE-2024-0001","GHSA-rq3x-83w4-p28c"],
"summary":"A flaw in x","affected":[{"package":{"name":"example.test/x","ecosystem":"Go"},
"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.3"},{"introduced":"2.0.0"},
{"fixed":"2.0.1"}]}],"ecosystem_specific":{"imports":[{"path":"example.test/x/y",
"symbols":["A.b"]}]}}],"references":[{"type":"WEB","url":"https://example.test/w"},
{"type":"FIX","url":"https://example.test/f"}],"database_specific":{"severity":"HIGH"}}"#;

const PYTHON: &str = r#"{"id":"PYSEC-2024-1","modified":"2024-06-01T00:00:00Z",
"details":"First paragraph\nof two lines.\n\nMore.","severity":[{"type":"CVSS_V3",
"score":"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"}],"affected":[{"package":
{"ecosystem":"PyPI","name":"Foo_Bar"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
{"fixed":"1.10"}]},{"type":"GIT","repo":"x","events":[{"introduced":"0"}]}],
"versions":["1.0","1.2","1.9","0"],"severity":[{"type":"Ubuntu","score":"medium"}]},
{"package":{"ecosystem":"Android","name":"a"},"versions":["1"]}]}"#;

const DEBIAN: &str = r#"{"id":"DEBIAN-CVE-2024-2","modified":"2024-01-01T00:00:00Z",
"upstream":["CVE-2024-0002"],"affected":[{"package":{"ecosystem":"Debian:12","name":"openssl"},
"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],
"ecosystem_specific":{"urgency":"unimportant"}},{"package":{"ecosystem":"Debian:11",
"name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
{"fixed":"1.1.1n-0+deb11u3"}]}]}]}"#;

fn compiled(folder: &Path, inputs: &[PathBuf]) -> (CompileReport, Index) {
    let out = folder.join("out.index");
    let report = compile(Inputs::of(inputs), &out, &|_| {}).unwrap();
    let index = Index::open(&out).unwrap();
    index.verify().unwrap();
    (report, index)
}

fn write(folder: &Path, files: &[(&str, &[u8])]) -> Vec<PathBuf> {
    files
        .iter()
        .map(|(name, content)| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
            path
        })
        .collect()
}

fn affected<'i>(index: &'i Index, ecosystem: &str, name: &str) -> Vec<Affected<'i>> {
    index
        .affected(&Ecosystem::parse(ecosystem).unwrap(), name)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn what_records_say_is_found_by_package() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = write(
        folder.path(),
        &[
            ("in/go.json", GO.as_bytes()),
            ("in/deep/py.json", PYTHON.as_bytes()),
            (
                "in/all.zip",
                &zip(&[("d.json", DEBIAN.as_bytes()), ("README", b"x")], true),
            ),
            ("in/.git/x.json", b"not read"),
        ],
    );
    let (report, index) = compiled(folder.path(), &[folder.path().join("in")]);
    drop(inputs);
    assert_eq!((report.read, report.broken, report.duplicates), (3, 0, 0));
    assert_eq!(
        report.left_out,
        [("of an ecosystem that containers do not hold".to_owned(), 1)]
    );
    let snapshot = index.snapshot().unwrap();
    assert_eq!(snapshot, report.snapshot);
    assert_eq!((snapshot.records, snapshot.packages), (3, 4));
    assert_eq!(snapshot.date, timestamp::parse("2024-06-01T00:00:00Z"));
    let names = |list: &[SnapshotEcosystem]| -> Vec<String> {
        list.iter().map(|one| one.name.clone()).collect()
    };
    assert_eq!(names(&snapshot.ecosystems), ["Debian", "Go", "PyPI"]);
    assert_eq!(
        (
            snapshot.ecosystems[0].records,
            snapshot.ecosystems[0].packages
        ),
        (1, 2)
    );
    let names = names(&snapshot.releases);
    assert_eq!(names, ["Debian:11", "Debian:12", "Go", "PyPI"]);
    assert_eq!(index.ecosystems().unwrap().collect::<Vec<_>>(), names);

    let [go] = &affected(&index, "Go", "example.test/x")[..] else {
        panic!("one advisory")
    };
    let ranges: Vec<_> = go
        .ranges()
        .map(|range| {
            let events = range.events().map(|event| (event.kind, event.version.text));
            (range.kind, events.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        ranges,
        [(
            RangeKind::Semver,
            vec![
                (EventKind::Introduced, "0"),
                (EventKind::Fixed, "1.2.3"),
                (EventKind::Introduced, "2.0.0"),
                (EventKind::Fixed, "2.0.1"),
            ]
        )]
    );
    let record = index.record(go.record).unwrap();
    assert_eq!(record.id, "GO-2024-0001");
    assert_eq!(record.aliases, ["CVE-2024-0001", "GHSA-rq3x-83w4-p28c"]);
    assert_eq!(record.label, Some("HIGH"));
    assert_eq!(record.published, timestamp::parse("2024-04-01T00:00:00Z"));
    let details = index.details(go.record).unwrap();
    assert_eq!(details.summary.as_deref(), Some("A flaw in x"));
    assert_eq!(details.references[0].url, "https://example.test/f");
    let specifics = &details.specifics[go.specifics().unwrap()];
    assert_eq!(specifics.imports[0].symbols, ["A.b"]);

    let python = affected(&index, "PyPI", "foo.BAR");
    assert_eq!(python.len(), 1);
    let versions: Vec<&str> = python[0].versions().map(|version| version.text).collect();
    assert_eq!(versions, ["0", "1.0", "1.2", "1.9"]);
    let by = index
        .affected(&Ecosystem::parse("PyPI").unwrap(), "foo-bar")
        .unwrap();
    assert_eq!(by.slots(), 5);
    assert!(python[0].lists(by.slot("1.2").unwrap()));
    assert!(!python[0].lists(by.slot("1.10").unwrap()));
    assert_eq!(by.slot("1.3"), None);
    assert_eq!(python[0].severities().next().unwrap().score, "medium");
    assert_eq!(python[0].specifics(), None);
    let record = index.record(python[0].record).unwrap();
    assert!(record.severities[0].score.starts_with("CVSS:3.1/"));
    let summary = index.details(python[0].record).unwrap().summary;
    assert_eq!(summary.as_deref(), Some("First paragraph of two lines."));

    let twelve = affected(&index, "Debian:12", "openssl");
    assert_eq!(twelve[0].labels.severity, Some("unimportant"));
    assert_eq!(
        index.record(twelve[0].record).unwrap().upstream,
        ["CVE-2024-0002"]
    );
    for (ecosystem, name) in [
        ("Debian", "openssl"),
        ("Debian:12", "x"),
        ("npm", "openssl"),
    ] {
        assert!(affected(&index, ecosystem, name).is_empty());
    }
}

#[test]
fn the_order_of_reading_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let older = GO
        .replace("2024-05-01", "2023-05-01")
        .replace("HIGH", "LOW");
    let twin = PYTHON.replace("First", "Other");
    let paths = write(
        folder.path(),
        &[
            ("1.json", GO.as_bytes()),
            ("2.json", older.as_bytes()),
            ("3.json", PYTHON.as_bytes()),
            ("4.json", twin.as_bytes()),
            (
                "5.zip",
                &zip(
                    &[("a.json", GO.as_bytes()), ("b.json", DEBIAN.as_bytes())],
                    false,
                ),
            ),
        ],
    );
    let (report, index) = compiled(folder.path(), &paths);
    assert_eq!((report.read, report.duplicates), (6, 3));
    let go = affected(&index, "Go", "example.test/x");
    assert_eq!(index.record(go[0].record).unwrap().label, Some("HIGH"));
    let first = std::fs::read(folder.path().join("out.index")).unwrap();
    let mut backwards = paths;
    backwards.reverse();
    compiled(folder.path(), &backwards);
    assert!(first == std::fs::read(folder.path().join("out.index")).unwrap());
}

#[test]
fn what_can_not_be_used_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let withdrawn = GO.replacen('{', r#"{"withdrawn":"2024-06-01T00:00:00Z","#, 1);
    let newer = withdrawn.replace("2024-05-01", "2024-07-01");
    let git =
        r#"{"id":"A","affected":[{"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]}]}"#;
    let kernel = r#"{"id":"B","affected":[{"package":{"ecosystem":"Linux","name":"Kernel"}}]}"#;
    let new = r#"{"id":"C","affected":[{"package":{"ecosystem":"Ecosystem of 2030","name":"x"}}]}"#;
    let none = r#"{"id":"D","affected":[{"package":{"ecosystem":"npm","name":"x"}}]}"#;
    let paths = write(
        folder.path(),
        &[
            ("a.json", GO.as_bytes()),
            ("b.json", newer.as_bytes()),
            ("c.json", git.as_bytes()),
            ("d.json", kernel.as_bytes()),
            ("e.json", new.as_bytes()),
            ("f.json", none.as_bytes()),
            ("g.json", b"{\"name\":\"some package\"}"),
            ("h.json", br#"{"id":"E"}"#),
            ("i.json", DEBIAN.as_bytes()),
        ],
    );
    let (report, index) = compiled(folder.path(), &paths);
    assert_eq!((report.read, report.duplicates, report.broken), (9, 1, 1));
    assert!(report.broken_records[0].place.ends_with("g.json"));
    assert!(report.broken_records[0].why.contains("`id`"), "{report:?}");
    let counts: Vec<u64> = report
        .snapshot
        .unusable
        .iter()
        .map(|(_, count)| *count)
        .collect();
    assert_eq!(counts, [1, 2, 1, 1, 1]);
    assert!(affected(&index, "Go", "example.test/x").is_empty());
}

#[test]
fn a_broken_input_leaves_the_old_index() {
    let folder = tempfile::tempdir().unwrap();
    let whole = zip(
        &[("a.json", GO.as_bytes()), ("b.json", DEBIAN.as_bytes())],
        true,
    );
    let paths = write(folder.path(), &[("a.zip", &whole)]);
    let out = folder.path().join("out.index");
    compiled(folder.path(), &paths);
    let old = std::fs::read(&out).unwrap();
    for length in (0..whole.len()).step_by(7) {
        std::fs::write(&paths[0], &whole[..length]).unwrap();
        compile(Inputs::of(&paths), &out, &|_| {}).unwrap_err();
    }
    let missing = folder.path().join("missing");
    for input in [missing, out.clone()] {
        compile(Inputs::of(&[input]), &out, &|_| {}).unwrap_err();
    }
    let empty = write(folder.path(), &[("empty/x.txt", b"")]);
    let error = compile(
        Inputs::of(&[empty[0].parent().unwrap().to_owned()]),
        &out,
        &|_| {},
    )
    .unwrap_err();
    assert!(matches!(
        error,
        CompileError::Nothing(report) if report.read == 0 && report.broken == 0
    ));
    assert!(old == std::fs::read(&out).unwrap());
    // Nothing is left beside it.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn damage_in_an_archive_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let whole = zip(
        &[("a.json", GO.as_bytes()), ("b.json", DEBIAN.as_bytes())],
        true,
    );
    let at = whole
        .windows(6)
        .rposition(|bytes| bytes == b"b.json")
        .unwrap()
        - 46;
    // The checksum and the size, as the directory has them: nothing of such an archive is used.
    for field in [16, 24] {
        let mut broken = whole.clone();
        broken[at + field] ^= 1;
        let paths = write(folder.path(), &[("a.zip", &broken)]);
        let out = folder.path().join("out");
        let error = compile(Inputs::of(&paths), &out, &|_| {}).unwrap_err();
        assert!(matches!(error, CompileError::Archive { .. }), "{field}");
        assert!(error.to_string().contains("\"b.json\""), "{error}");
        assert!(check_archive(&paths[0], "Go", i64::MAX).is_err());
    }
    // A way of packing that is not read is no damage: the record is counted, and the index says so.
    let mut foreign = whole.clone();
    foreign[at + 10] ^= 1;
    let paths = write(folder.path(), &[("a.zip", &foreign)]);
    let (report, index) = compiled(folder.path(), &paths);
    assert_eq!((report.read, report.broken), (2, 1));
    assert_eq!(index.snapshot().unwrap().broken, 1);
    assert!(report.broken_records[0].place.ends_with("a.zip: b.json"));
    assert!(check_archive(&paths[0], "Go", i64::MAX).is_ok());
    // A bomb: every member is the same megabytes.
    let zeros = vec![b' '; 4 << 20];
    let bomb = zip(&[("a.json", &zeros), ("b.json", &zeros)], true);
    let mut overlapping = bomb.clone();
    let second = overlapping
        .windows(6)
        .rposition(|bytes| bytes == b"b.json")
        .unwrap()
        - 46;
    overlapping[second + 20..second + 24].copy_from_slice(&(bomb.len() as u32).to_le_bytes());
    let paths = write(folder.path(), &[("a.zip", &overlapping)]);
    let error = compile(Inputs::of(&paths), &folder.path().join("out"), &|_| {}).unwrap_err();
    assert!(error.to_string().contains("lie in each other"), "{error}");
}

mod damaged {
    use proptest::prelude::*;

    use super::super::super::index::format::HEADER;
    use super::*;

    /// Asks an index everything; gives what it says of itself where nothing was wrong.
    fn ask(bytes: Vec<u8>) -> Result<usize, IndexError> {
        let index = Index::from_bytes("index", bytes)?;
        let mut said = index.snapshot()?.releases.len();
        for pocket in index.pockets()? {
            index.each_package(&pocket, &mut |package| said += package.version.len())?;
        }
        if let Some(scores) = index.scores()? {
            let likelihood = (1..3).filter_map(|n| scores.of(2024 << 48 | n));
            said += likelihood.map(|of| of.probability as usize).sum::<usize>();
        }
        said += index.exploited()?.map_or(0, |all| all.len());
        let ecosystems: Vec<String> = index.ecosystems()?.map(str::to_owned).collect();
        for ecosystem in ecosystems {
            let Some(ecosystem) = Ecosystem::parse(&ecosystem) else {
                continue;
            };
            for name in ["example.test/x", "foo-bar", "openssl", "missing"] {
                for affected in index.affected(&ecosystem, name)? {
                    let affected = affected?;
                    said += affected
                        .ranges()
                        .map(|range| range.events().count())
                        .sum::<usize>();
                    said += affected.versions().count() + affected.severities().count();
                    said += index.record(affected.record)?.aliases.len();
                    said += index.details(affected.record)?.references.len();
                }
            }
        }
        Ok(said)
    }

    fn sample() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let paths = write(
            folder.path(),
            &[
                ("a.json", GO.as_bytes()),
                ("b.json", PYTHON.as_bytes()),
                ("c.json", DEBIAN.as_bytes()),
                ("bookworm-security/Packages", PACKAGES.as_bytes()),
                ("scores.csv", SCORES.as_bytes()),
                ("kev.json", EXPLOITED.as_bytes()),
            ],
        );
        compiled(folder.path(), &paths);
        std::fs::read(folder.path().join("out.index")).unwrap()
    }

    #[test]
    fn one_changed_byte_is_an_error_and_never_another_answer() {
        let whole = sample();
        let expected = ask(whole.clone()).unwrap();
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 0x10;
            match ask(broken) {
                // What was not asked for may be damaged.
                Ok(said) => assert_eq!(said, expected, "byte {at}"),
                Err(error) => assert!(!error.is_missing(), "byte {at}"),
            }
            ask(whole[..at].to_vec()).unwrap_err();
        }
        let mut longer = whole;
        longer.push(0);
        ask(longer).unwrap_err();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Checksums that fit do not make content right: somebody may have made them so.
        #[test]
        fn no_content_makes_it_panic(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut bytes = sample();
            for (at, value) in changes {
                let at = HEADER + at.index(bytes.len() - HEADER);
                bytes[at] = value;
            }
            let _ = ask(super::super::super::index::resealed(bytes));
        }
    }
}

const PACKAGES: &str = "Package: openssl\nVersion: 3.0.17-1~deb12u2\nArchitecture: amd64\n\n\
    Package: libssl3\nSource: openssl\nVersion: 3.0.17-1~deb12u2\nArchitecture: amd64\n\n\
    Package: tzdata\nVersion: 2025b-0+deb12u1\nArchitecture: all\n";

const SCORES: &str = "#model_version:v2025.03.14,score_date:2026-11-21T00:00:00+0000\n\
    cve,epss,percentile\nCVE-2024-0001,0.5,0.9\nCVE-2024-0002,0.25,0.8\nCVE-2000-1,0.1,0.2\n";

const EXPLOITED: &str = r#"{"dateReleased":"2026-11-20T00:00:00Z","vulnerabilities":
    [{"cveID":"CVE-2024-0002","dateAdded":"2024-01-02","dueDate":"2024-01-09",
    "knownRansomwareCampaignUse":"Known"},{"cveID":"CVE-2000-1"}]}"#;

fn packages(index: &Index) -> Vec<String> {
    let mut found = Vec::new();
    for pocket in index.pockets().unwrap() {
        let each = &mut |package: PocketPackage<'_>| {
            found.push(format!(
                "{} {}:{} {}",
                pocket.name.release, package.name, package.architecture, package.version
            ));
        };
        index.each_package(&pocket, each).unwrap();
    }
    found
}

#[test]
fn lists_beside_records_are_found_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let arm = PACKAGES.replace("amd64", "arm64");
    write(
        folder.path(),
        &[
            ("in/go.json", GO.as_bytes()),
            ("in/debian.json", DEBIAN.as_bytes()),
            ("in/modified_id.csv", b"2024-01-01T00:00:00Z,DSA-1\n"),
            ("in/epss_scores-2026-11-21.csv", SCORES.as_bytes()),
            (
                "in/known_exploited_vulnerabilities.json",
                EXPLOITED.as_bytes(),
            ),
            (
                "in/dists/bookworm-security/main/binary-amd64/Packages",
                PACKAGES.as_bytes(),
            ),
            (
                "in/dists/bookworm/main/binary-amd64/Packages",
                PACKAGES.as_bytes(),
            ),
            (
                "in/more.zip",
                &zip(
                    &[("bookworm-security/binary-arm64/Packages", arm.as_bytes())],
                    true,
                ),
            ),
        ],
    );
    let (report, index) = compiled(folder.path(), &[folder.path().join("in")]);
    assert_eq!((report.read, report.broken), (2, 0));
    let [unused] = &report.unused_lists[..] else {
        panic!("{:?}", report.unused_lists)
    };
    assert!(unused.why.contains("bookworm"), "{unused:?}");
    assert_eq!(
        packages(&index),
        [
            "Debian:12 libssl3:amd64 3.0.17-1~deb12u2",
            "Debian:12 libssl3:arm64 3.0.17-1~deb12u2",
            "Debian:12 openssl:amd64 3.0.17-1~deb12u2",
            "Debian:12 openssl:arm64 3.0.17-1~deb12u2",
            "Debian:12 tzdata:all 2025b-0+deb12u1",
        ]
    );
    let snapshot = index.snapshot().unwrap();
    assert_eq!(snapshot, report.snapshot);
    assert_eq!(snapshot.pockets[0].architectures, ["amd64", "arm64"]);
    let epss = snapshot.epss.unwrap();
    assert_eq!((epss.listed, epss.kept), (3, 2));
    assert_eq!(epss.date, timestamp::parse("2026-11-21T00:00:00Z"));
    let known = snapshot.known_exploited.unwrap();
    assert_eq!((known.listed, known.kept), (2, 1));
    let number = cve::number("CVE-2024-0002").unwrap();
    let likelihood = index.scores().unwrap().unwrap().of(number).unwrap();
    assert_eq!(
        (likelihood.probability, likelihood.percentile),
        (250_000_000, 800_000_000)
    );
    let exploited = index.exploited().unwrap().unwrap();
    assert_eq!(exploited[&number].due, timestamp::day("2024-01-09"));
    assert!(exploited[&number].ransomware);
}

#[test]
fn the_same_lists_give_the_same_bytes_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let older = PACKAGES.replace("3.0.17", "3.0.9");
    let mut inputs = write(
        folder.path(),
        &[
            ("go.json", GO.as_bytes()),
            ("a/bookworm-security/Packages", PACKAGES.as_bytes()),
            ("b/bookworm-security/Packages", older.as_bytes()),
            ("new.csv", SCORES.as_bytes()),
            (
                "old.csv",
                SCORES
                    .replace("0.5", "0.6")
                    .replace("11-21", "11-20")
                    .as_bytes(),
            ),
            ("kev.json", EXPLOITED.as_bytes()),
        ],
    );
    let (_, index) = compiled(folder.path(), &inputs);
    assert!(packages(&index)[1].contains("3.0.17"));
    let id = index.id();
    inputs.reverse();
    assert_eq!(compiled(folder.path(), &inputs).1.id(), id);
}

#[test]
fn a_pocket_alone_makes_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let paths = write(
        folder.path(),
        &[("Packages", PACKAGES.as_bytes()), ("none", b"x")],
    );
    let out = folder.path().join("index");
    let pockets = [(
        PocketName::of_release("debian:12").unwrap(),
        paths[0].clone(),
    )];
    let inputs = Inputs {
        pockets: &pockets,
        ..Inputs::default()
    };
    let report = compile(inputs, &out, &|_| {}).unwrap();
    assert_eq!(
        (report.snapshot.records, report.snapshot.pockets[0].packages),
        (0, 3)
    );
    let index = Index::open(&out).unwrap();
    index.verify().unwrap();
    assert!(affected(&index, "Debian:12", "openssl").is_empty());
    assert_eq!(packages(&index).len(), 3);
    // Nothing tells whose this one is, and this one is none.
    let error = compile(Inputs::of(&paths[..1]), &out, &|_| {}).unwrap_err();
    assert!(matches!(error, CompileError::List { .. }), "{error}");
    assert!(error.to_string().contains("--pocket"), "{error}");
    let error = compile(Inputs::of(&paths[1..]), &out, &|_| {}).unwrap_err();
    assert!(matches!(error, CompileError::Neither(_)), "{error}");
    let pockets = [(pockets[0].0.clone(), paths[1].clone())];
    let inputs = Inputs {
        pockets: &pockets,
        ..Inputs::default()
    };
    let error = compile(inputs, &out, &|_| {}).unwrap_err();
    assert!(matches!(error, CompileError::Neither(_)), "{error}");
    assert_eq!(packages(&Index::open(&out).unwrap()).len(), 3);
}

#[test]
fn records_in_yaml_are_read_and_other_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let yaml: &[u8] =
        b"id: PYSEC-2021-1\nmodified: 2021-07-05T00:01:18.612Z\naliases:\n- CVE-2021-1\naffected:\n\
        - package:\n    name: jinja2\n    ecosystem: PyPI\n  ranges:\n  - type: ECOSYSTEM\n    events:\n\
        \x20   - introduced: '0'\n    - fixed: 2.11.3\n  versions: ['2.10']\n";
    let other = String::from_utf8_lossy(yaml).replace("PYSEC-2021-1", "PYSEC-2021-2");
    let other = other.replace("jinja2", "flask").into_bytes();
    write(
        folder.path(),
        &[
            ("in/go.json", GO.as_bytes()),
            ("in/vulns/x/PYSEC-2021-1.yaml", yaml),
            ("in/cut.yml", b"id: X-1\nmodified: [\n"),
            (
                "in/two.yaml",
                &[yaml, b"---\nsummary: no record\n--- # x\n", &other].concat(),
            ),
            ("in/mkdocs.yml", b"site: x\n"),
            ("in/a.json.gz", b"x"),
            ("in/b.json.gz", b"x"),
            ("in/t.jsonl", b"{}"),
            ("in/LICENSE", b"x"),
            ("in/.git/config", b"x"),
        ],
    );
    let (report, index) = compiled(folder.path(), &[folder.path().join("in")]);
    assert_eq!((report.read, report.broken), (6, 2));
    assert_eq!(affected(&index, "PyPI", "jinja2").len(), 1);
    assert_eq!(affected(&index, "PyPI", "flask").len(), 1);
    let mut broken = report.broken_records.iter();
    assert!(broken.any(|one| one.place.ends_with("two.yaml, document 2")));
    let unused: Vec<(&str, u64)> = report
        .unused_files
        .iter()
        .map(|(ending, number)| (ending.as_str(), *number))
        .collect();
    assert_eq!(unused, [(".gz", 2), ("", 1), (".jsonl", 1), (".yml", 1)]);
}

#[test]
fn what_is_no_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("in/go.json", GO.as_bytes())]);
    let _socket =
        std::os::unix::net::UnixListener::bind(folder.path().join("in/socket.json")).unwrap();
    for (target, name) in [
        ("/dev/null", "device.json"),
        ("/dev/null", "device"),
        ("gone", "x.zip"),
        ("loop.json", "loop.json"),
    ] {
        std::os::unix::fs::symlink(target, folder.path().join("in").join(name)).unwrap();
    }
    let (report, _) = compiled(folder.path(), &[folder.path().join("in")]);
    assert_eq!(report.read, 1);
    let unused = report.unused_lists.iter();
    let mut unused: Vec<(&str, &str)> = unused
        .map(|one| (one.place.rsplit('/').next().unwrap(), &*one.why))
        .collect();
    unused.sort_unstable();
    let why = "it is no file, nor a link to one";
    let of = |names: &[&str]| -> Vec<(&str, &str)> {
        let named = unused.iter().filter(|(name, _)| names.contains(name));
        named.copied().collect()
    };
    assert_eq!(unused.len(), 4, "{unused:?}");
    assert_eq!(
        of(&["device.json", "socket.json"]),
        [("device.json", why), ("socket.json", why)]
    );
    for (_, why) in of(&["x.zip", "loop.json"]) {
        assert!(
            why.starts_with("it is a link that cannot be followed: "),
            "{why}"
        );
    }
}

#[test]
fn what_is_not_looked_at_is_told_and_what_was_named_must_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let paths = write(
        folder.path(),
        &[
            ("in/go.json", GO.as_bytes()),
            ("in/bookworm-security/Packages.gz", b"<html>log in</html>"),
            ("in/epss_scores-2026-11-21.csv", b"<html>log in</html>"),
            ("in/other.csv", b"a,b"),
            ("away/x.json", DEBIAN.as_bytes()),
            (
                "kev.json",
                br#"{"catalogVersion":"1","count":9,"vulnerabilities":[]}"#,
            ),
            ("scores.csv", b"cve,epss,percentile\n"),
        ],
    );
    std::os::unix::fs::symlink(folder.path().join("away"), folder.path().join("in/link")).unwrap();
    let (report, _) = compiled(folder.path(), &[folder.path().join("in")]);
    assert_eq!(report.read, 1);
    let unused: Vec<(&str, &str)> = report
        .unused_lists
        .iter()
        .map(|one| (one.place.rsplit('/').next().unwrap(), &*one.why))
        .collect();
    let [(packages, _), (scores, why), (link, linked)] = unused[..] else {
        panic!("{unused:?}")
    };
    assert_eq!(
        (packages, scores, link),
        ("Packages.gz", "epss_scores-2026-11-21.csv", "link")
    );
    assert!(
        why.contains("no list") && linked.contains("link to a folder"),
        "{unused:?}"
    );
    for (named, why) in [(&paths[5], "lists 9"), (&paths[6], "lists nothing")] {
        let inputs = [paths[0].clone(), named.clone()];
        let out = folder.path().join("out");
        let error = compile(Inputs::of(&inputs), &out, &|_| {}).unwrap_err();
        assert!(matches!(error, CompileError::List { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn a_date_that_is_not_that_of_the_records_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let paths = write(folder.path(), &[("a.json", GO.as_bytes())]);
    let (_, index) = compiled(folder.path(), &paths);
    let bytes = std::fs::read(folder.path().join("out.index")).unwrap();
    let index = redated(&bytes, index.snapshot().unwrap().date.map(|date| date + 1));
    let index = Index::from_bytes("redated", index).unwrap();
    assert!(matches!(index.snapshot(), Err(IndexError::Damaged { .. })));
    assert!(index.verify().is_err());
}

#[test]
fn an_index_of_an_earlier_form_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = write(folder.path(), &[("go.json", GO.as_bytes())]);
    let (_, index) = compiled(folder.path(), &inputs);
    let bytes = std::fs::read(index.path()).unwrap();
    for form in [1, 2] {
        let earlier = Index::from_bytes("earlier", in_earlier_form(&bytes, form)).unwrap();
        earlier.verify().unwrap();
        assert_eq!(earlier.id(), index.id());
        assert_eq!(earlier.snapshot().unwrap().pockets, []);
        assert!(earlier.pockets().unwrap().is_empty());
        assert!(earlier.scores().unwrap().is_none() && earlier.exploited().unwrap().is_none());
        assert_eq!(affected(&earlier, "Go", "example.test/x").len(), 1);
    }
}

/// Names in capitals, and a field that says nothing.
#[test]
fn records_are_known_in_capitals_and_with_nothing_in_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let go = GO.replacen('{', r#"{"withdrawn":" ","#, 1);
    let archive = zip(&[("x/GO.JSON", go.as_bytes())], true);
    let inputs = write(
        folder.path(),
        &[("in/a.zip", &archive), ("in/B.Json", PYTHON.as_bytes())],
    );
    let (report, index) = compiled(folder.path(), &[folder.path().join("in")]);
    assert_eq!((report.read, report.snapshot.records), (2, 2));
    assert_eq!(affected(&index, "Go", "example.test/x").len(), 1);
    compiled(folder.path(), &inputs[1..]);
}

/// Whoever has the package installed would wait for it at every run.
#[test]
fn a_record_that_says_too_much_of_one_package_is_broken() {
    let package = r#"{"package":{"ecosystem":"PyPI","name":"evil"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}"#;
    let fixed = r#",{"fixed":"1.0"}"#;
    let of = |mentions: usize, events: usize| {
        let mention = format!("{package}{}]}}]}}", fixed.repeat(events));
        let affected = vec![mention; mentions].join(",");
        format!(r#"{{"id":"X-1","affected":[{affected}]}}"#)
    };
    let broken = |record: &str| distil::distil(&osv::read(record.as_bytes()).unwrap()).err();
    assert_eq!(broken(&of(1024, 1)), None);
    assert_eq!(broken(&of(1, 16_383)), None);
    for record in [of(1025, 1), of(1, 16_384)] {
        let why = broken(&record).unwrap();
        assert!(
            why.starts_with("it names evil more than 1024 times"),
            "{why}"
        );
    }
}

#[test]
fn what_was_never_published_is_no_fix() {
    use EventKind::{Fixed, Introduced, LastAffected, Limit};
    let folder = tempfile::tempdir().unwrap();
    for (ecosystem, fixed, kind, version) in [
        ("crates.io", "0.2.37-0", LastAffected, "0.2.36"),
        ("crates.io", "1.0.0-0", Fixed, "1.0.0-0"),
        ("crates.io", "1.0.1-00", Fixed, "1.0.1-00"),
        ("crates.io", "1.0.1-rc.0", Fixed, "1.0.1-rc.0"),
        ("crates.io", "1.0.1", Fixed, "1.0.1"),
        ("Go", "1.21.1-0", Fixed, "1.21.1-0"),
        ("npm", "1.2.3-0", Fixed, "1.2.3-0"),
        ("npm", "3.999.999", Limit, "3.999.999"),
        ("npm", "1.999", Limit, "1.999"),
        ("npm", "99.99.9999", Limit, "99.99.9999"),
        ("npm", "1.9.99", Fixed, "1.9.99"),
        ("npm", "1.0.999", Fixed, "1.0.999"),
        ("npm", "999", Fixed, "999"),
        ("PyPI", "0.999999999", Fixed, "0.999999999"),
    ] {
        let record = format!(
            r#"{{"id":"A-1","modified":"2024-01-01T00:00:00Z","affected":[{{"package":{{"name":"a",
            "ecosystem":"{ecosystem}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},
            {{"fixed":"{fixed}"}}]}}]}}]}}"#
        );
        let inputs = write(folder.path(), &[("a.json", record.as_bytes())]);
        let (_, index) = compiled(folder.path(), &inputs);
        let records = affected(&index, ecosystem, "a");
        let events = records[0].ranges().flat_map(|range| range.events());
        let told: Vec<_> = events
            .map(|event| (event.kind, event.version.text.to_owned()))
            .collect();
        let end = (kind, version.to_owned());
        assert_eq!(
            told,
            [(Introduced, "0".to_owned()), end],
            "{ecosystem} {fixed}"
        );
    }
}
