//! `docs/cli.md` is the help text, word for word.

use crate::stage::Stage;

#[test]
fn the_reference_is_the_help() {
    let stage = Stage::new();
    let mut page = String::from(
        "# Command line\n\nWhat `plimsoll help` prints; a test holds this page to it.\n",
    );
    let mut commands = vec![Vec::new()];
    let mut at = 0;
    while let Some(command) = commands.get(at).cloned() {
        at += 1;
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let title = [&["plimsoll"], &words[..]].concat().join(" ");
        let help = stage
            .run(&[&words[..], &["--help"]].concat())
            .expect(0)
            .stdout;
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let listed = help.iter().skip_while(|line| **line != "Commands:");
        for line in listed.skip(1).take_while(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().unwrap();
            // A description that does not fit goes on below, further in.
            if name != "help" && !line.starts_with("   ") {
                commands.push([&command[..], &[name.to_owned()]].concat());
            }
        }
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
