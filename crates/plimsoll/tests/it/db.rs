//! The index of advisories: made of what is at hand, told about, and never half there.

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
    assert!(told.contains(built["snapshot"].as_str().unwrap()), "{told}");
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
