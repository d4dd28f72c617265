//! `plimsoll debug dockerfile-ast`.

use crate::stage::Stage;

#[test]
fn one_line_a_file_tree_or_error() {
    let stage = Stage::with(&[
        (
            "good",
            "FROM a AS b\nENV k v\nRUN --mount=type=cache,target=/x make \\\n  all\n",
        ),
        ("bad", "# nothing but this\n"),
    ]);
    let run = stage
        .run(&["debug", "dockerfile-ast", "good", "bad"])
        .expect(0);
    let lines: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["file"], "good");
    assert_eq!(
        lines[0]["ast"],
        "(from \"a\" \"AS\" \"b\")\n(env \"k\" \"v\" \"\")\n(run [\"--mount=type=cache,target=/x\"] \"make   all\")\n"
    );
    assert_eq!(lines[1]["file"], "bad");
    assert!(
        lines[1]["error"]
            .as_str()
            .unwrap()
            .contains("no instructions")
    );
}
