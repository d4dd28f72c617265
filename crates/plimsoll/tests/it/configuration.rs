//! `plimsoll.toml` from outside.

use crate::stage::Stage;

#[test]
fn a_wrong_key_is_named_with_its_line_and_the_right_one() {
    let stage = Stage::with(&[
        ("Dockerfile", "FROM scratch\n"),
        ("plimsoll.toml", "[check]\nignored = [\"root-user\"]\n"),
    ]);
    let run = stage.run(&["check"]).expect(2);
    assert!(
        run.stderr
            .contains("plimsoll.toml:2: unknown field `ignored`"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("did you mean `ignore`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_nearest_file_counts() {
    let stage = Stage::with(&[
        ("plimsoll.toml", "[check]\nselect = [\"mutable-tag\"]\n"),
        ("a/Dockerfile", "FROM debian:latest\n"),
        ("b/plimsoll.toml", "[check]\nselect = [\"root-user\"]\n"),
        ("b/Dockerfile", "FROM debian:latest\n"),
    ]);
    let report = stage
        .run(&["check", ".", "--format", "json"])
        .expect(1)
        .json();
    let found: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["file"].as_str().unwrap(),
                finding["rule"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("a/Dockerfile", "mutable-tag"),
            ("b/Dockerfile", "root-user")
        ]
    );
}

#[test]
fn what_is_excluded_is_said_and_can_still_be_named() {
    let stage = Stage::with(&[
        (
            "plimsoll.toml",
            "[check]\nexclude = [\"examples\", \"!examples/good\"]\n",
        ),
        ("examples/bad/Dockerfile", "FROM debian:latest\n"),
        ("examples/good/Dockerfile", "FROM scratch\n"),
    ]);
    let check = |path: &str| {
        let select = ["check", path, "--select", "mutable-tag", "--format", "json"];
        stage.run(&select)
    };
    let report = check(".").expect(0).json();
    assert_eq!(report["skipped"][0]["what"], "examples/bad/Dockerfile");
    check("examples/bad/Dockerfile").expect(1);
}

#[test]
fn the_schema_in_the_docs_is_the_one_the_program_reads() {
    let schema = Stage::new().run(&["schema"]).expect(0).stdout;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/schemas/plimsoll.schema.json");
    if std::env::var_os("PLIMSOLL_UPDATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let documented = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        documented == schema,
        "docs/schemas/plimsoll.schema.json is stale: run the tests with PLIMSOLL_UPDATE=1"
    );
}

#[test]
fn a_table_that_lacks_something_comes_with_an_example() {
    for (table, example) in [
        ("[[check.allow]]\n", "rules = ["),
        ("[[policy.waiver]]\nrule = \"root-user\"\n", "owner = "),
    ] {
        let stage = Stage::with(&[("Dockerfile", "FROM scratch\n"), ("plimsoll.toml", table)]);
        let run = stage.run(&["check"]).expect(2);
        assert!(run.stderr.contains(example), "{}", run.stderr);
    }
}
