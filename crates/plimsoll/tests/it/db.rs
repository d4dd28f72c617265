//! The index of advisories: made of what is at hand, told about, and never half there.

mod mirror;
mod transfer;

use crate::stage::Stage;

const GO: &str = r#"{"id":"GO-2024-0001","modified":"2024-05-01T00:00:00Z","affected":[{"package":
{"name":"example.test/x","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},
{"fixed":"1.2.3"}]}]}]}"#;
const WITHDRAWN: &str = r#"{"id":"GO-2024-0002","withdrawn":"2024-05-02T00:00:00Z"}"#;

#[test]
fn an_index_is_made_where_every_command_looks_for_it() {
    let stage = Stage::with(&[
        ("osv/Go/a.json", GO),
        ("osv/Go/b.json", WITHDRAWN),
        ("osv/package.json", "{\"name\": \"no advisory\"}"),
    ]);
    let missing = stage.run(&["db", "status"]).expect(3);
    assert!(
        missing.stderr.contains("plimsoll db build"),
        "{}",
        missing.stderr
    );

    let built = stage
        .run(&["db", "build", "osv", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(built["read"], 3);
    assert_eq!(built["records"], 1);
    assert_eq!(built["broken"], 1);
    assert_eq!(built["broken_records"][0]["place"], "osv/package.json");
    assert_eq!(built["unusable"][0]["reason"], "withdrawn");
    assert_eq!(built["date"], "2024-05-01T00:00:00Z");

    let status = stage
        .run(&["db", "status", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(status["snapshot"], built["snapshot"]);
    assert_eq!(status["ecosystems"], built["ecosystems"]);
    assert_eq!(status["ecosystems"][0]["name"], "Go");
    assert!(status["age_days"].as_i64().unwrap() > 900);

    let told = stage.run(&["db", "status"]).expect(0).stdout;
    assert!(told.contains("1 records about 1 packages"), "{told}");
    // What could not be read is missing, and whoever uses the index later is told, too.
    assert_eq!(status["broken"], 1);
    assert!(told.contains("1 more records could not be read"), "{told}");
    assert!(told.contains(built["snapshot"].as_str().unwrap()), "{told}");
}

#[test]
fn what_could_not_be_read_for_the_index_is_in_reports() {
    let bill = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library",
        "name":"x","version":"1.0.0","purl":"pkg:golang/example.test/x@v1.0.0"}]}"#;
    let stage = Stage::with(&[
        ("osv/a.json", GO),
        ("osv/b.json", "{\"cut\": "),
        ("bill.json", bill),
    ]);
    stage.run(&["db", "build", "osv"]).expect(0);
    let report = stage
        .run(&["inspect", "bill.json", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(report["advisories"]["broken"], 1);
    for format in ["human", "markdown"] {
        let told = stage.run(&["inspect", "bill.json", "--format", format]);
        let told = told.expect(0).stdout;
        assert!(told.contains("1 more advisory could not be read"), "{told}");
    }
}

#[test]
fn what_is_no_index_is_neither_read_nor_replaced() {
    let stage = Stage::with(&[("a.json", GO), ("notes.txt", "mine"), ("empty/x", "")]);
    let build = |input: &str, out: &str| stage.run(&["db", "build", input, "--out", out]);
    build("a.json", "notes.txt").expect(2);
    build("a.json", "empty").expect(2);
    build("missing.json", "new").expect(2);
    build("empty", "new").expect(2);
    build("notes.txt", "new").expect(2);
    stage.run(&["db", "status", "--db", "notes.txt"]).expect(2);
    assert_eq!(
        std::fs::read(stage.project().join("notes.txt")).unwrap(),
        b"mine"
    );
    assert!(!stage.project().join("new").exists());

    build("a.json", "new").expect(0);
    build("a.json", "new").expect(0);
    let path = stage.project().join("new");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let damaged = stage.run(&["db", "status", "--db", "new"]).expect(3);
    assert!(damaged.stderr.contains("damaged"), "{}", damaged.stderr);
    // A damaged one may be made anew in its place.
    build("a.json", "new").expect(0);
    stage.run(&["db", "status", "--db", "new"]).expect(0);
}

/// A folder of so many records.
fn records(stage: &Stage, folder: &str, count: usize) {
    for number in 0..count {
        let record = GO.replace("GO-2024-0001", &format!("GO-2024-{number}"));
        let record = record.replace("example.test/x", &format!("example.test/{folder}/{number}"));
        stage.write(&format!("{folder}/{number}.json"), record.as_bytes());
    }
}

fn snapshot(stage: &Stage) -> String {
    let status = stage.run(&["db", "status", "--format", "json"]);
    status.expect(0).json()["snapshot"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_killed_run_leaves_the_old_index_or_the_new_one() {
    let stage = Stage::new();
    records(&stage, "old", 10);
    records(&stage, "new", 600);
    stage.run(&["db", "build", "new"]).expect(0);
    let new = snapshot(&stage);
    for moment in 0..12 {
        stage.run(&["db", "build", "old"]).expect(0);
        let old = snapshot(&stage);
        let mut child = stage.command(&["db", "build", "new"]).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(moment * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = snapshot(&stage);
        assert!(now == old || now == new, "{now}");
    }
}

#[test]
fn a_full_disk_leaves_the_old_index() {
    let stage = Stage::new();
    records(&stage, "old", 10);
    records(&stage, "new", 20);
    stage.run(&["db", "build", "old"]).expect(0);
    let old = snapshot(&stage);
    // Files may not grow: the same as a disk that is full, for whoever writes.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let full = stage.command(&["db", "build", "new"]);
    let output = std::process::Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(full.get_program())
        .args(full.get_args())
        .current_dir(stage.project())
        .env("PLIMSOLL_DATA", stage.root().join("data"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(snapshot(&stage), old);
    let left = std::fs::read_dir(stage.root().join("data"))
        .unwrap()
        .count();
    assert_eq!(left, 1);
}

#[test]
fn two_runs_at_once_leave_one_whole_index() {
    let stage = Stage::new();
    records(&stage, "a", 200);
    records(&stage, "b", 200);
    let mut children = ["a", "b", "a", "b"].map(|folder| {
        let mut command = stage.command(&["db", "build", folder]);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let left = snapshot(&stage);
    let either = ["a", "b"].map(|folder| {
        stage.run(&["db", "build", folder]).expect(0);
        snapshot(&stage)
    });
    assert!(either.contains(&left));
}

/// A slip of case is not the mirror's fault, and is told before anybody is asked.
#[test]
fn an_ecosystem_is_named_as_it_is_written() {
    let stage = Stage::new();
    for (name, meant) in [("pypi", "PyPI"), ("Npm", "npm"), ("debian", "Debian")] {
        let run = stage
            .run(&["db", "update", "--ecosystem", name, "--offline"])
            .expect(2);
        let says = format!("did you mean `{meant}`?");
        assert!(run.stderr.contains(&says), "{}", run.stderr);
    }
}

/// Where nothing was of use a person needs to know what and why most.
#[test]
fn records_of_no_use_are_told() {
    let stage = Stage::new();
    stage.write("osv/cut.json", &GO.as_bytes()[..40]);
    let withdrawn = GO.replacen('{', "{\"withdrawn\":\"2026-01-01T00:00:00Z\",", 1);
    stage.write("osv/withdrawn.json", withdrawn.as_bytes());
    let run = stage.run(&["db", "build", "osv", "--out", "new"]).expect(2);
    assert!(run.stderr.contains("osv/cut.json: "), "{}", run.stderr);
    assert!(run.stderr.contains("withdrawn"), "{}", run.stderr);
}
