//! Shell codes, against the real ShellCheck, fed as hadolint feeds it: the first word of SHELL
//! behind `#!`, an `export` for each variable of the stage and of the proxies, the text of RUN.
//!
//! Unlike hadolint's, the SHELL and the variables are those that really are in force, and a heredoc
//! that is no script of its own comes with its body.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use plimsoll_model::SourceFile;
use plimsoll_rules::Project;
use plimsoll_syntax::dockerfile::{
    self, Base, CommandForm, Dockerfile, Instruction, InstructionKind, Item, ResolveInput, State,
};
use rayon::prelude::*;
use serde_json::Value;

use super::corpus::{self, Said};
use super::judge::{self, Hit};
use super::{Request, open};

const PROXIES: [&str; 8] = [
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
/// What hadolint leaves out: it cannot be mended in a Dockerfile.
const LEFT_OUT: &str = "SC1090,SC1091,SC2187";
/// Scripts that one process reads.
const BATCH: usize = 40;

/// The codes of each script by its text.
type Codes = BTreeMap<String, Vec<u64>>;

/// Runs the measure. What ShellCheck says is kept in `kept`, where that is named.
pub(super) fn run(request: &Request, folder: &Path, kept: Option<&Path>) -> anyhow::Result<()> {
    let files = crate::corpus::read_folder(folder)?;
    let files: BTreeMap<String, SourceFile> = files
        .into_iter()
        .map(|(name, file)| {
            let open = without_pragmas(file.bytes());
            (name.clone(), SourceFile::new(name, open))
        })
        .collect();
    let fed: BTreeMap<&String, BTreeMap<usize, String>> = files
        .iter()
        .map(|(name, file)| (name, feed(file)))
        .collect();
    let scripts: BTreeSet<&String> = fed.values().flat_map(BTreeMap::values).collect();
    let codes = codes(&scripts, kept)?;

    let carried = judge::carried(|id| id.starts_with("SC") && request.wants(id));
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    let mut without_rule: BTreeMap<String, usize> = BTreeMap::new();
    for (name, lines) in &fed {
        let one = said.entry((*name).clone()).or_default();
        for (line, script) in lines {
            for code in codes[script].iter().collect::<BTreeSet<_>>() {
                let id = format!("SC{code}");
                if carried.contains(id.as_str()) {
                    one.hits.insert((id, *line));
                } else if request.wants(&id) {
                    *without_rule.entry(id).or_default() += 1;
                }
            }
        }
    }
    println!(
        "{} files, {} scripts in RUN, {} of them different",
        files.len(),
        fed.values().map(BTreeMap::len).sum::<usize>(),
        scripts.len()
    );
    let options = judge::selecting(carried.iter().copied());
    let checked: Vec<(&String, Vec<Hit>)> = files
        .par_iter()
        .map(|(name, file)| {
            let project = Project {
                file: file.clone(),
                context: None,
            };
            let mut hits = judge::hits(&project, &options);
            // What was not fed to ShellCheck has no judge.
            hits.retain(|hit| fed[name].contains_key(&hit.first));
            (name, hits)
        })
        .collect();
    corpus::report(request, &files, &checked, &said, |id| carried.contains(id))?;
    let mut without_rule: Vec<(String, usize)> = without_rule.into_iter().collect();
    without_rule.sort_by_key(|(_, hits)| std::cmp::Reverse(*hits));
    let listed: Vec<String> = without_rule
        .iter()
        .map(|(id, hits)| format!("{id} {hits}"))
        .collect();
    println!("no rule carries: {}", listed.join(", "));
    Ok(())
}

/// The file with hadolint's ignore comments made void, all else where it was: ShellCheck does not
/// see them either.
fn without_pragmas(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for line in bytes.split_mut(|byte| *byte == b'\n') {
        if !line.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        if let Some(at) = line.windows(7).position(|window| window == b"ignore=") {
            line[at] = b'I';
        }
    }
    bytes
}

/// What of a file is fed: the script of each RUN by the line it starts on.
fn feed(file: &SourceFile) -> BTreeMap<usize, String> {
    let (tree, _) = dockerfile::parse(file.clone());
    let resolution = dockerfile::resolve(&tree, &ResolveInput::default());
    let instructions: Vec<&Instruction> = tree.instructions().collect();
    let mut fed = BTreeMap::new();
    for stage in &resolution.stages {
        for step in &stage.steps {
            let instruction = instructions[step.instruction];
            let shell = match pragma(&tree, instruction) {
                Some(shell) => shell,
                None => match step.before.shell.as_deref() {
                    Some([program, ..]) => program.clone(),
                    _ if is_windows(&tree, &stage.base) => continue,
                    _ => "/bin/sh".to_owned(),
                },
            };
            if ["pwsh", "powershell", "cmd"]
                .iter()
                .any(|other| shell.contains(other))
            {
                continue;
            }
            if let Some(text) = script(instruction) {
                let line = file.position(instruction.span.start).line;
                fed.insert(line, with_head(&shell, &step.before, &text));
            }
        }
    }
    fed
}

/// hadolint's `shell=` comment in force, which reaches from its line to the next FROM, or to all of
/// the file where it stands above the first.
fn pragma(tree: &Dockerfile, until: &Instruction) -> Option<String> {
    let (mut global, mut local, mut in_stage) = (None, None, false);
    for item in &tree.items {
        match item {
            Item::Comment(comment) => {
                let text = comment.text.trim_start_matches(['#', ' ', '\t']);
                let shell = text
                    .strip_prefix("hadolint")
                    .and_then(|rest| rest.trim_start().strip_prefix("shell"))
                    .and_then(|rest| rest.trim_start().strip_prefix('='));
                if let Some(shell) = shell {
                    let place = if in_stage { &mut local } else { &mut global };
                    *place = Some(shell.trim().to_owned());
                }
            }
            Item::Instruction(instruction) => {
                if instruction.span == until.span {
                    break;
                }
                if matches!(instruction.kind, InstructionKind::From(_)) {
                    in_stage = true;
                    local = None;
                }
            }
            _ => {}
        }
    }
    local.or(global)
}

/// Whether the default shell of a base image is not of the Bourne family, as far as names tell.
fn is_windows(tree: &Dockerfile, base: &Base) -> bool {
    let name = format!("{base:?}").to_ascii_lowercase();
    tree.escape == b'`'
        || ["windows", "nanoserver", "servercore"]
            .iter()
            .any(|word| name.contains(word))
}

fn script(instruction: &Instruction) -> Option<String> {
    let instruction = match &instruction.kind {
        InstructionKind::Onbuild(inner) => inner,
        _ => instruction,
    };
    let InstructionKind::Run(command) = &instruction.kind else {
        return None;
    };
    let CommandForm::Shell(text) = &command.form else {
        return None;
    };
    let Some(first) = instruction.heredocs.first() else {
        return Some(text.value.clone());
    };
    if text.value.trim_start().starts_with("<<") {
        let body = &first.body.value;
        let known = ["sh", "bash", "ksh"].iter().any(|shell| {
            body.starts_with(&format!("#!/bin/{shell}"))
                || body.starts_with(&format!("#!/usr/bin/env {shell}"))
        });
        return (known || !body.starts_with("#!")).then(|| body.trim().to_owned());
    }
    let mut whole = text.value.clone();
    for heredoc in &instruction.heredocs {
        whole.push('\n');
        whole.push_str(&heredoc.body.value);
        whole.push_str(&heredoc.name);
    }
    Some(whole)
}

fn with_head(shell: &str, state: &State, text: &str) -> String {
    let first = shell.split_whitespace().next().unwrap_or_default();
    let names: BTreeSet<&str> = state
        .variables
        .iter()
        // What the base image or the builder sets is not written in the file.
        .filter(|(_, variable)| variable.span.is_some())
        .map(|(name, _)| name.as_str())
        .chain(PROXIES)
        .collect();
    let mut script = format!("#!{first}\n");
    for name in names {
        script.push_str(&format!("export {name}=1\n"));
    }
    script.push_str(text);
    script
}

/// Asks ShellCheck about every script, but for those whose codes are kept.
fn codes(scripts: &BTreeSet<&String>, kept: Option<&Path>) -> anyhow::Result<Codes> {
    let mut codes: Codes = match kept {
        Some(path) if path.is_file() => serde_json::from_reader(open(path)?)?,
        _ => Codes::new(),
    };
    let unknown: Vec<&String> = scripts
        .iter()
        .filter(|script| !codes.contains_key(**script))
        .copied()
        .collect();
    if unknown.is_empty() {
        return Ok(codes);
    }
    let program = std::env::var_os("SHELLCHECK").map_or_else(|| "shellcheck".into(), PathBuf::from);
    let folder = tempfile::tempdir()?;
    let found: Vec<Codes> = unknown
        .par_chunks(BATCH)
        .enumerate()
        .map(|(batch, scripts)| ask(&program, folder.path(), batch, scripts))
        .collect::<anyhow::Result<_>>()?;
    codes.extend(found.into_iter().flatten());
    if let Some(path) = kept {
        std::fs::write(path, serde_json::to_vec(&codes)?)?;
    }
    Ok(codes)
}

fn ask(program: &Path, folder: &Path, batch: usize, scripts: &[&String]) -> anyhow::Result<Codes> {
    let mut command = Command::new(program);
    command.args(["--norc", "--format", "json1", "--exclude", LEFT_OUT]);
    let mut paths = Vec::new();
    for (at, script) in scripts.iter().enumerate() {
        let path = folder.join(format!("{batch}-{at}"));
        std::fs::write(&path, script.as_bytes())?;
        command.arg(&path);
        paths.push(path);
    }
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("shellcheck: {}", String::from_utf8_lossy(&output.stderr));
    }
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let mut by_path: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for comment in said["comments"].as_array().into_iter().flatten() {
        let file = comment["file"].as_str().context("a comment of no file")?;
        let code = comment["code"].as_u64().context("a comment of no code")?;
        by_path.entry(file).or_default().push(code);
    }
    Ok(scripts
        .iter()
        .zip(&paths)
        .map(|(script, path)| {
            let found = by_path.get(&*path.to_string_lossy()).cloned();
            ((*script).clone(), found.unwrap_or_default())
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(text: &str) -> Vec<(usize, String)> {
        let file = SourceFile::new("Dockerfile", text.as_bytes());
        let without_head = |script: String| {
            let lines = script.lines().filter(|line| !line.starts_with("export "));
            lines.collect::<Vec<_>>().join("|")
        };
        feed(&file)
            .into_iter()
            .map(|(line, script)| (line, without_head(script)))
            .collect()
    }

    #[test]
    fn the_shell_in_force_reads_what_run_holds() {
        for (text, expected) in [
            ("FROM a\nRUN x \\\n  y\n", "#!/bin/sh|x   y"),
            (
                "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nENV B=c\nONBUILD RUN x\n",
                "#!/bin/bash|x",
            ),
            (
                "FROM a AS b\nSHELL [\"/bin/bash\"]\nFROM b\nRUN x\n",
                "#!/bin/bash|x",
            ),
            ("# hadolint shell=bash\nFROM a\nRUN x\n", "#!bash|x"),
            ("FROM a\nRUN <<EOF\nx\ny\nEOF\n", "#!/bin/sh|x|y"),
            (
                "FROM a\nRUN cat <<EOF > b\nx\nEOF\n",
                "#!/bin/sh|cat <<EOF > b|x|EOF",
            ),
        ] {
            let fed = fed(text);
            assert_eq!(fed.len(), 1, "{text}");
            assert_eq!(fed[0].1, expected, "{text}");
        }
    }

    #[test]
    fn what_no_such_shell_reads_is_not_fed() {
        for text in [
            "FROM a\nRUN [\"x\"]\n",
            "FROM a\nSHELL [\"pwsh\", \"-c\"]\nRUN x\n",
            "FROM mcr.microsoft.com/windows/nanoserver\nRUN x\n",
            "FROM a\nRUN <<EOF\n#!/usr/bin/python3\nx\nEOF\n",
            "FROM a\nCMD x\n",
        ] {
            assert!(fed(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn variables_of_the_stage_are_known() {
        let file = SourceFile::new("Dockerfile", "FROM a\nENV B=c\nARG D\nRUN x\n".as_bytes());
        let script = &feed(&file)[&4];
        assert!(script.contains("\nexport B=1\nexport D=1\n"), "{script}");
        assert!(script.contains("\nexport no_proxy=1\n"), "{script}");
        assert!(!script.contains("PATH="), "{script}");
    }
}
