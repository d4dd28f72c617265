//! `docs/coverage.md`: what other tools look at, which rules of ours do, and why some is left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use plimsoll_rules::Meta;
use toml::Table;

use crate::disagreements::Disagreements;

/// Every id in our words, and the reasons for those that no rule carries.
const ANCHORS: &str = include_str!("anchors.toml");

/// The tools by their key in the list, in the order of the page.
const TOOLS: [(&str, &str); 8] = [
    ("hadolint", "hadolint"),
    ("buildkit", "BuildKit's checks"),
    ("trivy", "Trivy's Dockerfile checks"),
    ("checkov", "Checkov's Dockerfile checks"),
    ("dockle", "dockle"),
    ("sonar", "Sonar"),
    ("tally", "tally"),
    ("shellcheck", "ShellCheck"),
];

/// The page, and what is wrong with the list it is made of.
pub(crate) struct Coverage {
    pub(crate) page: String,
    pub(crate) faults: Vec<String>,
}

/// Joins the list with what rules carry.
pub(crate) fn coverage(metas: &[&Meta]) -> anyhow::Result<Coverage> {
    join(ANCHORS, metas, &Disagreements::read()?)
}

fn join(anchors: &str, metas: &[&Meta], list: &Disagreements) -> anyhow::Result<Coverage> {
    let anchors: Table = toml::from_str(anchors)?;
    let empty = Table::new();
    let table = |name: &str| anchors.get(name).and_then(|value| value.as_table());
    let reasons = table("none").unwrap_or(&empty);
    let mut faults = Vec::new();
    let mut carriers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for meta in metas {
        for alias in meta.aliases {
            let rules = carriers.entry(canonical(alias)).or_default();
            if !rules.contains(&meta.name) {
                rules.push(meta.name);
            }
        }
    }

    let mut tables = String::new();
    let (mut known, mut carried) = (Vec::new(), 0);
    for (key, tool) in TOOLS {
        let ids = table(key).with_context(|| format!("no table {key}"))?;
        let _ = write!(
            tables,
            "\n## {tool}\n\n| id | what it looks at | rule |\n|---|---|---|\n"
        );
        for (id, concern) in ids {
            let concern = concern.as_str().context("a concern is a text")?;
            known.push(canonical(id));
            let rules = carriers.get(&canonical(id));
            let reason = reasons.get(id).and_then(|reason| reason.as_str());
            let cell = match (rules, reason) {
                (Some(rules), None) => {
                    carried += 1;
                    links(rules)
                }
                (None, Some(reason)) => format!("none: {reason}"),
                (None, None) => {
                    faults.push(format!("{id}: no rule carries it and no reason is given"));
                    "**missing**".to_owned()
                }
                (Some(rules), Some(_)) => {
                    faults.push(format!("{id}: carried, and a reason why not"));
                    links(rules)
                }
            };
            let _ = writeln!(
                tables,
                "| `{id}` | {} | {} |",
                cellular(concern),
                cellular(&cell)
            );
        }
        if key == "shellcheck" {
            more_shell_codes(&mut tables, &mut known, &carriers);
        }
    }
    for id in reasons.keys().filter(|id| !known.contains(&canonical(id))) {
        faults.push(format!("{id}: a reason for what is in no list"));
    }
    for (id, rules) in carriers.iter().filter(|(id, _)| !known.contains(id)) {
        faults.push(format!(
            "{id}: carried by {} and in no list",
            rules.join(", ")
        ));
    }

    let mut page = format!(
        "<!-- Written by `cargo xtask docs` from the rules' aliases and xtask/src/anchors.toml. -->\n\n\
         # Coverage\n\n\
         What other tools look at in a Dockerfile, in our words, and the rules of Plimsoll that do: \
         {carried} of {} ids. Each id is an alias: it may stand in `--select`, in `--ignore`, in \
         `plimsoll.toml` and in comments. Where no rule carries an id, the table says why.\n",
        known.len(),
    );
    page.push_str(&tables);
    page.push_str(&differences(list));
    Ok(Coverage { page, faults })
}

/// Rows for the shell codes that rules carry beyond the ones of the list.
fn more_shell_codes(
    tables: &mut String,
    known: &mut Vec<String>,
    carriers: &BTreeMap<String, Vec<&str>>,
) {
    let more: Vec<&String> = carriers
        .keys()
        .filter(|id| id.starts_with("SC") && !known.contains(id))
        .collect();
    for id in more {
        let _ = writeln!(tables, "| `{id}` | | {} |", links(&carriers[id]));
        known.push(id.clone());
    }
}

/// The published differences.
fn differences(list: &Disagreements) -> String {
    let mut text = "\n## Where Plimsoll says something else\n\n\
        Measured with `cargo xtask parity` on the other tools' own test cases and on real files. \
        The list is `docs/disagreements.toml`.\n\n\
        | id | input | right | why | cases | places |\n|---|---|---|---|---:|---:|\n"
        .to_owned();
    for entry in list.entries() {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} |",
            entry.id,
            cellular(&entry.input),
            entry.right.as_str(),
            cellular(&entry.why),
            entry.cases.len(),
            entry.places.len(),
        );
    }
    text
}

fn links(rules: &[&str]) -> String {
    let links: Vec<String> = rules
        .iter()
        .map(|rule| format!("[{rule}](rules/{rule}.md)"))
        .collect();
    links.join(", ")
}

/// Text that fits a cell of a table.
fn cellular(text: &str) -> String {
    text.trim().replace('|', "\\|").replace('\n', " ")
}

/// One spelling an id: Trivy's checks have had three.
fn canonical(id: &str) -> String {
    let digits = id
        .strip_prefix("DS")
        .map(|rest| rest.trim_start_matches('-'))
        .and_then(|digits| digits.parse::<u32>().ok());
    match digits {
        Some(number) => format!("DS-{number:04}"),
        None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(none: &str) -> Coverage {
        let mut anchors = String::new();
        for (key, _) in TOOLS {
            anchors.push_str(&format!("[{key}]\n"));
            if key == "hadolint" {
                anchors.push_str("DL3020 = 'ADD | COPY'\nDL0001 = 'x'\n");
            }
        }
        anchors.push_str("[none]\n");
        anchors.push_str(none);
        let metas: Vec<&Meta> = plimsoll_rules::find("add-instead-of-copy")
            .iter()
            .map(|rule| rule.meta())
            .collect();
        join(&anchors, &metas, &Disagreements::none()).unwrap()
    }

    #[test]
    fn an_id_has_a_rule_or_a_reason() {
        let faults = joined("").faults;
        assert!(
            faults
                .iter()
                .any(|fault| fault.starts_with("DL0001: no rule"))
        );
        let good = joined("DL0001 = 'because'\n");
        assert!(
            !good.faults.iter().any(|fault| fault.starts_with("DL")),
            "{:?}",
            good.faults
        );
        assert!(
            good.page.contains("| `DL0001` | x | none: because |"),
            "{}",
            good.page
        );
        let row =
            "| `DL3020` | ADD \\| COPY | [add-instead-of-copy](rules/add-instead-of-copy.md) |";
        assert!(good.page.contains(row), "{}", good.page);
    }

    #[test]
    fn a_reason_for_what_is_carried_or_unknown_is_a_fault() {
        let faults = joined("DL0001 = 'x'\nDL3020 = 'x'\nDL9999 = 'x'\n").faults;
        assert!(
            faults
                .iter()
                .any(|fault| fault.starts_with("DL3020: carried"))
        );
        assert!(
            faults
                .iter()
                .any(|fault| fault.starts_with("DL9999: a reason"))
        );
    }

    #[test]
    fn every_rule_there_is_can_be_joined() {
        let metas: Vec<&Meta> = plimsoll_rules::all()
            .iter()
            .map(|rule| rule.meta())
            .collect();
        let coverage = coverage(&metas).unwrap();
        for (_, tool) in TOOLS {
            assert!(coverage.page.contains(&format!("\n## {tool}\n")));
        }
    }

    #[test]
    fn trivy_s_ids_have_one_spelling() {
        assert_eq!(canonical("DS002"), canonical("DS-0002"));
        assert_ne!(canonical("DS002"), canonical("DS-0020"));
    }
}
