//! An index that is fetched: from mirrors that are slow, cut off or lie, and from registries.
//! Whatever goes wrong, the index from before is whole and is judged by.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use plimsoll_testkit::distribution::Distribution;
use plimsoll_testkit::image::ImageBuilder;
use plimsoll_testkit::image::hostile::archive::zip;
use plimsoll_testkit::registry::{Fault as RegistryFault, FaultKind, Registry};
use serde_json::{Value, json};

use super::mirror::{Fault, Mirror};
use crate::stage::{Run, Stage, engine_tests};

/// An archive of advisories on `name`, each of another number, enough of them for a download that
/// takes several reads.
fn archive(ecosystem: &str, name: &str, numbers: std::ops::Range<u32>) -> Vec<u8> {
    let records: Vec<(String, String)> = numbers
        .map(|number| {
            let id = format!("{}-{number:04}", ecosystem.to_ascii_uppercase());
            let record = json!({
                "id": id,
                "modified": "2026-01-01T00:00:00Z",
                "affected": [{
                    "package": {"ecosystem": ecosystem, "name": name},
                    "ranges": [{"type": "ECOSYSTEM", "events":
                        [{"introduced": "0"}, {"fixed": "2.0"}]}],
                }],
            });
            (format!("{id}.json"), record.to_string())
        })
        .collect();
    let members: Vec<(&str, &[u8])> = records
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    zip(&members)
}

/// A site that keeps its index fresh, with a bill of materials to judge by it.
struct Site {
    stage: Stage,
    mirror: Mirror,
}

impl Site {
    fn new() -> Self {
        let stage = Stage::new();
        let bill = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "components": [
                {"type": "library", "name": "sails", "version": "1.0", "purl": "pkg:pypi/sails@1.0"},
                {"type": "library", "name": "ropes", "version": "1.0", "purl": "pkg:npm/ropes@1.0.0"},
            ],
        });
        stage.write("bill.json", bill.to_string().as_bytes());
        Self {
            stage,
            mirror: Mirror::start(),
        }
    }

    /// One with an index of three advisories.
    fn with_index() -> Self {
        let site = Self::new();
        site.mirror.put("PyPI", 1, &archive("PyPI", "sails", 0..3));
        site.update(&[]).expect(0);
        assert_eq!(site.judged(), 3);
        site.mirror.asked();
        site
    }

    fn call<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let call = ["db", "update", "--mirror", self.mirror.address()];
        let ecosystem: &[&str] = match more.contains(&"--ecosystem") {
            true => &[],
            false => &["--ecosystem", "PyPI"],
        };
        [&call, ecosystem, more].concat()
    }

    fn update(&self, more: &[&str]) -> Run {
        self.stage.run(&self.call(more))
    }

    /// How many vulnerabilities the bill of materials has by the index that every command looks
    /// for, which is whole.
    fn judged(&self) -> usize {
        self.stage.run(&["db", "status"]).expect(0);
        let call = ["inspect", "bill.json", "--format", "json"];
        let report = self.stage.run(&call).expect(0).json();
        assert!(report["advisories"]["snapshot"].is_string(), "{report:#}");
        report["vulnerabilities"].as_array().unwrap().len()
    }

    fn data(&self) -> PathBuf {
        self.stage.root().join("data")
    }
}

#[test]
fn only_what_has_changed_is_fetched() {
    let site = Site::new();
    site.mirror.put("PyPI", 1, &archive("PyPI", "sails", 0..3));
    site.mirror.put("npm", 1, &archive("npm", "ropes", 0..2));
    let both = ["--ecosystem", "PyPI", "--ecosystem", "npm"];
    let update = || -> Value {
        let call = [&both[..], &["--format", "json"]].concat();
        site.update(&call).expect(0).json()
    };
    let first = update();
    assert_eq!(first["fetched"][0]["ecosystem"], "PyPI");
    assert_eq!(first["fetched"][0]["mirror"], site.mirror.address());
    assert!(first["fetched"][0]["bytes"].as_u64().unwrap() > 100);
    assert_eq!(first["index"]["records"], 5);
    assert_eq!(site.judged(), 5);
    assert_eq!(site.mirror.asked(), ["PyPI 200", "npm 200"]);

    let again = update();
    assert_eq!(again["fetched"][1]["bytes"], json!(null));
    assert_eq!(again["index"], json!(null));
    assert_eq!(site.mirror.asked(), ["PyPI 304", "npm 304"]);
    let told = site.update(&both).expect(0).stdout;
    assert!(told.contains("unchanged"), "{told}");
    site.mirror.asked();

    site.mirror.put("npm", 2, &archive("npm", "ropes", 0..4));
    let changed = update();
    assert_eq!(changed["fetched"][0]["bytes"], json!(null));
    assert_eq!(changed["index"]["records"], 7);
    assert_eq!(site.mirror.asked(), ["PyPI 304", "npm 200"]);
    assert_eq!(site.judged(), 7);
}

#[test]
fn a_connection_that_breaks_is_taken_up_where_it_broke() {
    let site = Site::with_index();
    let whole = archive("PyPI", "sails", 0..400);
    site.mirror.put("PyPI", 2, &whole);
    site.mirror.once(&[
        Fault::CutAfter(5_000),
        Fault::HangUp,
        Fault::CutAfter(7_000),
    ]);
    site.update(&[]).expect(0);
    assert_eq!(
        site.mirror.asked(),
        [
            "PyPI 200",
            "PyPI bytes=5000- 206",
            "PyPI bytes=5000- 206",
            "PyPI bytes=12000- 206",
        ]
    );
    assert_eq!(site.judged(), 400);
}

#[test]
fn an_update_that_was_killed_is_taken_up_by_the_next_one() {
    let site = Site::with_index();
    site.mirror
        .put("PyPI", 2, &archive("PyPI", "sails", 0..400));
    site.mirror.once(&[Fault::HoldAfter(4_096)]);
    let mut killed = site.stage.command(&site.call(&[]));
    let mut killed = killed.stderr(Stdio::null()).spawn().unwrap();
    site.mirror.wait_until_held(1);
    // What has been sent is on disk sooner or later; the file is what there is to see of it.
    let part = site
        .data()
        .join("advisories.index.archives/PyPI.incoming.part");
    while part.metadata().map_or(0, |facts| facts.len()) < 4_096 {
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(site.judged(), 3);

    site.update(&[]).expect(0);
    assert_eq!(site.mirror.asked(), ["PyPI 200", "PyPI bytes=4096- 206"]);
    assert_eq!(site.judged(), 400);

    // What lies here of one version is no beginning of the next.
    site.mirror
        .put("PyPI", 3, &archive("PyPI", "sails", 0..500));
    site.mirror.once(&[Fault::HoldAfter(4_096)]);
    let mut killed = site.stage.command(&site.call(&[]));
    let mut killed = killed.stderr(Stdio::null()).spawn().unwrap();
    site.mirror.wait_until_held(2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    site.mirror
        .put("PyPI", 4, &archive("PyPI", "sails", 0..600));
    site.update(&[]).expect(0);
    assert_eq!(site.judged(), 600);
}

#[test]
fn a_mirror_that_lies_is_not_believed() {
    let site = Site::with_index();
    let whole = archive("PyPI", "sails", 0..9);
    site.mirror.put("PyPI", 2, &whole);
    site.mirror.always(Fault::WrongChecksum);
    let refused = site.update(&[]).expect(3);
    assert!(refused.stderr.contains("checksum"), "{}", refused.stderr);
    assert_eq!(site.judged(), 3);

    // Its checksums may be those of what it sends, which is no archive all the same.
    site.mirror.once(&[]);
    for damaged in [&whole[..whole.len() - 30], &whole[..1_000], &[], b"<html>"] {
        site.mirror.put("PyPI", 3, damaged);
        let refused = site.update(&[]).expect(3);
        assert!(
            refused.stderr.contains("no whole archive"),
            "{}",
            refused.stderr
        );
        assert_eq!(site.judged(), 3);
    }
    // A bit that turned around on the way into the archive is found by the archive's own sums.
    let mut flipped = whole.clone();
    flipped[60] ^= 0x10;
    site.mirror.put("PyPI", 3, &flipped);
    let run = site.update(&["--format", "json"]);
    assert!(
        run.code == 3 || run.json()["index"]["broken"] == 1,
        "{}",
        run.stdout
    );

    site.mirror.put("PyPI", 4, &whole);
    site.update(&[]).expect(0);
    assert_eq!(site.judged(), 9);
}

#[test]
fn the_next_mirror_is_taken_where_one_fails() {
    let site = Site::with_index();
    let second = Mirror::start();
    second.put("PyPI", 7, &archive("PyPI", "sails", 0..5));
    let more = ["--mirror", second.address(), "--format", "json"];
    for fault in [Fault::HangUp, Fault::WrongChecksum] {
        site.mirror.put("PyPI", 2, &archive("PyPI", "sails", 0..4));
        site.mirror.always(fault);
        let report = site.update(&more).expect(0).json();
        let fetched = &report["fetched"][0];
        assert_eq!(fetched["mirror"], second.address(), "{fault:?}");
        let passed_over = fetched["passed_over"][0].as_str().unwrap();
        assert!(passed_over.contains("127.0.0.1"), "{passed_over}");
        assert_eq!(site.judged(), 5);
    }
    second.always(Fault::WrongChecksum);
    second.put("PyPI", 8, &archive("PyPI", "sails", 0..6));
    let refused = site.update(&more).expect(3);
    assert!(refused.stderr.contains("no mirror"), "{}", refused.stderr);
    assert_eq!(site.judged(), 5);
}

#[test]
fn two_updates_at_once_make_one_whole_index() {
    let site = Site::with_index();
    site.mirror
        .put("PyPI", 2, &archive("PyPI", "sails", 0..300));
    // The second one begins while the first one is in the middle of its download.
    site.mirror.once(&[Fault::HoldAfter(2_000)]);
    let spawn = || {
        let mut command = site.stage.command(&site.call(&["--format", "json"]));
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut first = spawn();
    site.mirror.wait_until_held(1);
    let rest = [spawn(), spawn()];
    first.kill().unwrap();
    first.wait().unwrap();
    let made = rest.map(|child| {
        let run = Run::from(child.wait_with_output().unwrap()).expect(0);
        usize::from(!run.json()["index"].is_null())
    });
    assert_eq!(made.iter().sum::<usize>(), 1);
    assert_eq!(site.judged(), 300);
    let asked = site.mirror.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(asked[2], "PyPI 304");
}

#[test]
fn a_full_disk_leaves_the_old_index_and_no_ruins() {
    let site = Site::with_index();
    let files = || {
        let mut found: Vec<String> = Vec::new();
        let mut folders = vec![site.data()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push(path.file_name().unwrap().to_string_lossy().into_owned()),
                }
            }
        }
        found.sort();
        found
    };
    let before = files();
    // Files may not grow beyond so many blocks: the same as a disk that is full, for whoever
    // writes. The download, the index, and what says of what it was made.
    let mut codes = Vec::new();
    for blocks in ["0", "1", "8", "16"] {
        site.mirror.put("PyPI", 2, &archive("PyPI", "sails", 0..90));
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let full = site.stage.command(&site.call(&[]));
        let output = Command::new("sh")
            .args(["-c", &script, "sh"])
            .arg(full.get_program())
            .args(full.get_args())
            .current_dir(site.stage.project())
            .env_clear()
            .envs(
                full.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .output()
            .unwrap();
        let run = Run::from(output);
        codes.push(run.code);
        match run.code {
            0 => assert_eq!(site.judged(), 90),
            _ => {
                run.expect(3);
                assert_eq!(site.judged(), 3);
                let mut left = files();
                left.retain(|name| !name.contains(".part"));
                assert_eq!(left, before, "{blocks}");
            }
        }
    }
    assert!(codes.starts_with(&[3, 3]), "{codes:?}");
    site.update(&[]).expect(0);
    assert_eq!(site.judged(), 90);
}

#[test]
fn what_is_missing_or_stale_is_said_and_fails_a_gate_that_needs_it() {
    let site = Site::new();
    let call = ["inspect", "bill.json", "--format", "json"];
    let gate = [&call[..], &["--fail-on-vulnerability", "critical"]].concat();
    let said = |run: &Run| {
        let report = run.json();
        report["skipped"].to_string() + &report["verdict"].to_string()
    };
    let report = site.stage.run(&call).expect(0);
    assert!(said(&report).contains("no index of advisories"));
    let held = site.stage.run(&gate).expect(3);
    assert!(said(&held).contains("no index of advisories"));

    // A mirror that has nothing makes nothing, and the gate stays shut.
    site.update(&[]).expect(3);
    site.stage.run(&gate).expect(3);
    site.mirror.put("PyPI", 1, &archive("PyPI", "sails", 0..3));
    site.mirror.put("npm", 1, &archive("npm", "ropes", 0..1));
    let both = ["--ecosystem", "PyPI", "--ecosystem", "npm"];
    site.update(&both).expect(0);
    site.stage.run(&gate).expect(0);
    site.stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nfail-on = \"critical\"\nmax-age = \"1 day\"\n",
    );
    let stale = site.stage.run(&call).expect(3);
    assert!(said(&stale).contains("days old"), "{}", said(&stale));
    assert!(stale.json()["advisories"]["snapshot"].is_string());
}

/// Pushes an index, and fetches it where nothing else is reached.
fn carried_by(host: &str) -> (Site, Stage) {
    let site = Site::with_index();
    let name = format!("{host}/crew/advisories:today");
    let pushed = site.stage.run(&["db", "push", &name]).expect(0);
    assert!(pushed.stdout.contains("sha256:"), "{}", pushed.stdout);
    let away = Stage::new();
    away.run(&["db", "pull", &name]).expect(0);
    let status = |stage: &Stage| {
        let call = ["db", "status", "--format", "json"];
        stage.run(&call).expect(0).json()["snapshot"].clone()
    };
    assert_eq!(status(&away), status(&site.stage));
    let digest = pushed.stdout.split_whitespace().last().unwrap();
    let exactly = format!("{host}/crew/advisories@{digest}");
    let same = away.run(&["db", "pull", &exactly]).expect(0);
    assert!(!same.stderr.contains("older"), "{}", same.stderr);
    // Whoever fetches an older one is told so.
    let newer = r#"{"id":"PYSEC-2026-1","modified":"2026-01-03T00:00:00Z","affected":[{"package":
        {"ecosystem":"PyPI","name":"x"},"versions":["1"]}]}"#;
    away.write("newer/PYSEC-2026-1.json", newer.as_bytes());
    away.run(&["db", "build", "newer"]).expect(0);
    let older = away.run(&["db", "pull", &name]).expect(0);
    assert!(
        older.stderr.contains("is older than what it replaces"),
        "{}",
        older.stderr
    );
    (site, away)
}

#[test]
fn a_registry_carries_an_index() {
    let registry = Registry::start().unwrap();
    let (site, away) = carried_by(registry.host());
    let name = format!("{}/crew/advisories:today", registry.host());

    // A registry that fails or lies leaves the old index.
    std::fs::copy(
        site.stage.project().join("bill.json"),
        away.project().join("bill.json"),
    )
    .unwrap();
    let away = Site {
        stage: away,
        mirror: Mirror::start(),
    };
    for fault in [
        FaultKind::FlipByte(700),
        FaultKind::ReplaceBody(b"not it".to_vec()),
        FaultKind::Status(404),
    ] {
        registry.inject(RegistryFault::new(fault.clone()).path("/blobs/"));
        let run = away.stage.run(&["db", "pull", &name]);
        assert!(matches!(run.code, 2 | 3), "{fault:?}: {}", run.stderr);
        assert_eq!(away.judged(), 3);
        registry.clear_faults();
    }
    // One that breaks off is asked again.
    registry.inject(
        RegistryFault::new(FaultKind::HangUpHalfway)
            .path("/blobs/")
            .times(1),
    );
    away.stage.run(&["db", "pull", &name]).expect(0);
    assert_eq!(away.judged(), 3);

    // An image is no index.
    let image = ImageBuilder::seeded(1, 1, 3).build();
    image.into_registry(&registry, "crew/app", "1");
    let name = format!("{}/crew/app:1", registry.host());
    let refused = away.stage.run(&["db", "pull", &name]);
    assert!(matches!(refused.code, 2 | 3), "{}", refused.stderr);
    assert_eq!(away.judged(), 3);

    // Nor is what is damaged here sent to others.
    let path = away.data().join("advisories.index");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let name = format!("{}/crew/damaged:1", registry.host());
    away.stage.run(&["db", "push", &name]).expect(3);
    assert!(registry.manifests("crew/damaged").is_empty());
}

#[test]
fn the_registry_others_run_carries_an_index() {
    if !engine_tests("the_registry_others_run_carries_an_index") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let registry = Distribution::start(folder.path()).unwrap();
    carried_by(&registry.host());
}
