//! `docs/cli.md` is the help text, word for word.

use crate::stage::Stage;

#[test]
fn the_reference_is_the_help() {
    let stage = Stage::new();
    let mut page = String::from(
        "# Command line\n\nWhat `plimsoll help` prints; a test holds this page to it.\n",
    );
    let commands: [&[&str]; 13] = [
        &[],
        &["ship"],
        &["check"],
        &["build"],
        &["inspect"],
        &["push"],
        &["rules"],
        &["explain"],
        &["migrate"],
        &["engines"],
        &["schema"],
        &["debug"],
        &["debug", "dockerfile-ast"],
    ];
    for command in commands {
        let title = [&["plimsoll"], command].concat().join(" ");
        let help = stage.run(&[command, &["--help"]].concat()).expect(0).stdout;
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        page.push_str(&format!(
            "\n## {title}\n\n```text\n{}\n```\n",
            help.join("\n").trim_end()
        ));
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    if std::env::var_os("PLIMSOLL_UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let documented = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        documented == page,
        "docs/cli.md is stale: run the tests with PLIMSOLL_UPDATE=1"
    );
}
