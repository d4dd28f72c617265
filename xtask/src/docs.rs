//! `cargo xtask docs [--check]`: the pages under `docs/rules/` and `docs/coverage.md`, written from
//! the rules themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use plimsoll_rules::Meta;

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: cargo xtask docs [--check]"),
    };
    let root = root();
    let folder = root.join("docs/rules");
    let pages = pages();
    let mut stale: Vec<String> = Vec::new();
    for (name, text) in &pages {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue;
        }
        stale.push(format!("docs/rules/{name}"));
        if !check {
            fs::create_dir_all(&folder)?;
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    let coverage = crate::coverage::coverage(&sorted_metas())?;
    let path = root.join("docs/coverage.md");
    if !fs::read_to_string(&path).is_ok_and(|old| old == coverage.page) {
        stale.push("docs/coverage.md".to_owned());
        if !check {
            fs::write(&path, &coverage.page)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    for orphan in orphans(&folder, &pages)? {
        stale.push(format!("{} (no rule has it)", orphan.display()));
        if !check {
            fs::remove_file(&orphan)?;
        }
    }
    let mut wrong = Vec::new();
    if !stale.is_empty() {
        let list = stale.join("\n  ");
        wrong.push(format!(
            "these pages are stale, run `cargo xtask docs`:\n  {list}"
        ));
    }
    let mut faults = String::new();
    if !coverage.faults.is_empty() {
        faults = format!(
            "xtask/src/anchors.toml and the rules' aliases do not fit:\n  {}",
            coverage.faults.join("\n  ")
        );
        wrong.push(faults.clone());
    }
    if check && !wrong.is_empty() {
        bail!(wrong.join("\n"));
    }
    for page in &stale {
        println!("{page}");
    }
    // Pages are written all the same: while rules are being added, some ids have none yet.
    if !faults.is_empty() {
        println!("{faults}");
    }
    Ok(())
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

fn orphans(folder: &Path, pages: &BTreeMap<String, String>) -> anyhow::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut orphans = Vec::new();
    for entry in entries {
        let entry = entry?;
        if !pages.contains_key(entry.file_name().to_string_lossy().as_ref()) {
            orphans.push(entry.path());
        }
    }
    orphans.sort();
    Ok(orphans)
}

/// Every page by file name.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let metas = sorted_metas();
    for meta in &metas {
        pages.insert(format!("{}.md", meta.name), page(meta));
    }
    pages.insert("README.md".to_owned(), overview(&metas));
    pages
}

fn sorted_metas() -> Vec<&'static Meta> {
    let mut metas: Vec<&Meta> = plimsoll_rules::all()
        .iter()
        .map(|rule| rule.meta())
        .collect();
    metas.sort_by_key(|meta| meta.name);
    metas
}

fn page(meta: &Meta) -> String {
    let mut page = format!(
        "<!-- Written by `cargo xtask docs` from the rule's doc comment. -->\n\n# {}\n\n{}.\n\n",
        meta.name, meta.summary
    );
    let _ = writeln!(
        page,
        "| severity | confidence | about | looks at | audience | also called |\n|---|---|---|---|---|---|\n| {} | {} | {} | {} | {} | {} |\n",
        meta.severity.as_str(),
        meta.confidence.as_str(),
        meta.category.as_str(),
        meta.depth.as_str(),
        meta.audience.as_str(),
        aliases(meta),
    );
    for line in meta.docs.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let _ = writeln!(page, "{line}");
    }
    page
}

fn aliases(meta: &Meta) -> String {
    let names: Vec<String> = meta
        .aliases
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    if names.is_empty() {
        "–".to_owned()
    } else {
        names.join(", ")
    }
}

fn overview(metas: &[&Meta]) -> String {
    let mut page = "\
<!-- Written by `cargo xtask docs` from the rules' declarations. -->

# Rules

`plimsoll check` judges Dockerfiles and their build context, `plimsoll inspect` and `plimsoll ship`
judge the built image. Names and the names other tools use are interchangeable everywhere: in
`--select`, in `--ignore`, in `plimsoll.toml` and in comments. An alias that two rules share means
both.

A finding of low confidence is shown only where its rule is selected by name (or by `ALL`): what
runs by default speaks when it is sure.

| rule | severity | looks at | also called | what it finds |
|---|---|---|---|---|
"
    .to_owned();
    for meta in metas {
        let _ = writeln!(
            page,
            "| [{name}]({name}.md) | {} | {} | {} | {} |",
            meta.severity.as_str(),
            meta.depth.as_str(),
            aliases(meta),
            meta.summary,
            name = meta.name,
        );
    }
    page.push_str(
        "
## Suppressing a finding

```dockerfile
# plimsoll: allow(root-user) binds port 53 on the host network until 2027-03-31
USER root
```

`# plimsoll: allow(rule[, rule]) reason [until YYYY-MM-DD]` above an instruction, or between its
continuation lines, speaks of that instruction. Above the first instruction of the file it speaks of
the whole file, and of the image built from it. `allow-stage(…)` speaks of the stage that its
instruction opens or stands in, `allow-file(…)` of the file wherever it stands. The last day counts; from the next day on the
comment suppresses nothing and is a finding itself. So is one without a reason, one that names no
rule, and one that allows what is not there.

Comments of the tools people come from are honoured with the reach that tool gives them:

| comment | reach |
|---|---|
| `# hadolint ignore=DL3002 # why` | the next line; several on top of each other add up |
| `# hadolint global ignore=DL3002` | the file |
| `# hadolint stage ignore=DL3002` above FROM | the stage, FROM left out |
| `# check=skip=JSONArgsRecommended` | the file at its top, else the next instruction |
| `# trivy:ignore:DS-0002` (also `:exp:YYYY-MM-DD`) | the next instruction, or the one it stands behind; above a FROM also what is missing |
| `# checkov:skip=CKV_DOCKER_3:reason` | the file, wherever it stands |
| `# tally ignore=hadolint/DL3002;reason=why` | the next instruction |
| `# tally global ignore=DL3002` | the file |
| `# hadolint shell=bash` | names the shell of what follows, or above the first FROM of every stage |
| `# NOSONAR`, `# NOSONAR(S6471)` | the line it stands in, or the one below |

An id of another tool means what that tool would say: where a rule of ours sees more, the rest of
its findings stays. For whole folders there is `[[check.allow]]` in `plimsoll.toml`.

They may name what Plimsoll does not check, so they are never reported as unknown or unused.
",
    );
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_page_and_a_line() {
        let pages = pages();
        for rule in plimsoll_rules::all() {
            let name = rule.meta().name;
            assert!(
                pages[&format!("{name}.md")].contains("## What it does"),
                "{name}"
            );
            assert!(
                pages["README.md"].contains(&format!("[{name}]({name}.md)")),
                "{name}"
            );
        }
    }
}
