//! `plimsoll migrate`: one `plimsoll.toml` from what other tools are configured with.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::args::MigrateArgs;
use crate::config::{Allow, Config, FILE_NAME};
use crate::failure::{Failure, Outcome};
use crate::foreign::{Foreign, Lists};
use crate::project::shown;
use crate::terminal::{print, printable};
use crate::write::write_atomically;

/// Reads the other tools' files, writes ours, and says what was taken over and what was not.
pub(crate) fn run(arguments: &MigrateArgs) -> Result<Outcome, Failure> {
    let target = arguments.dir.join(FILE_NAME);
    if !arguments.dir.is_dir() {
        return Err(Failure::usage(format!(
            "{}: no such folder",
            arguments.dir.display()
        )));
    }
    if target.symlink_metadata().is_ok() && !arguments.force {
        return Err(
            Failure::usage(format!("{}: is there already", target.display()))
                .hint("--force writes over it"),
        );
    }
    let foreign = Foreign::load(&arguments.dir)?;
    let lists = Lists::nearest(&arguments.dir)?;
    if foreign.files.is_empty() && lists.files.is_empty() {
        return Err(Failure::usage(format!(
            "{}: no .hadolint.yaml, .tally.toml, .trivyignore or .grype.yaml to take over",
            arguments.dir.display()
        )));
    }
    let mut text = written(&foreign, &arguments.dir);
    // A waiver of ours has an owner and an end, which nobody here can make up: the lists go on
    // counting as they are.
    let named: Vec<String> = lists
        .files
        .iter()
        .filter(|path| lists.accept_by(path))
        .filter_map(|path| relative(path, &arguments.dir))
        .collect();
    if !named.is_empty() {
        let _ = writeln!(
            text,
            "\n[policy.vulnerabilities]\nignore-files = {}",
            list(&named)
        );
    }
    // What is written must be what can be read.
    Config::read(&text, &target)?;
    write_atomically(&target, text.as_bytes())?;

    let mut report = String::new();
    let mut files: Vec<String> = foreign.files.iter().map(|path| shown(path)).collect();
    for path in &lists.files {
        let name = shown(path);
        if !files.contains(&name) {
            files.push(name);
        }
    }
    // Writing to a String cannot fail.
    let _ = writeln!(
        report,
        "{} written from {}:\n",
        shown(&target),
        files.join(", ")
    );
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let _ = writeln!(report, "  {line}");
    }
    // What is no exception for checks may be one for vulnerabilities, by `ignore-files`.
    for (of, dropped) in [
        ("exceptions for checks", &foreign.dropped),
        ("exceptions for vulnerabilities", &lists.dropped),
    ] {
        if !dropped.is_empty() {
            let _ = writeln!(report, "\nNot taken over as {of}:");
        }
        for dropped in dropped {
            let _ = writeln!(report, "  {}: {}", dropped.what, dropped.why);
        }
    }
    let _ = writeln!(
        report,
        "\nFiles that {FILE_NAME} does not name are no longer read: remove them when nothing else \
         needs them."
    );
    let printable: Vec<String> = report.lines().map(printable).collect();
    print(&format!("{}\n", printable.join("\n")))?;
    Ok(Outcome::Holds)
}

fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| string(item)).collect();
    let line = format!("[{}]", items.join(", "));
    if line.len() <= 80 {
        return line;
    }
    format!("[\n    {},\n]", items.join(",\n    "))
}

/// The file.
fn written(foreign: &Foreign, dir: &Path) -> String {
    let check = &foreign.check;
    let mut out = String::from("[check]\n");
    let mut line = |key: &str, value: String| {
        let _ = writeln!(out, "{key} = {value}");
    };
    line("edition", string("2026"));
    for (key, names) in [
        ("extend-select", &check.extend_select),
        ("ignore", &check.ignore),
        ("trusted-registries", &check.trusted_registries),
    ] {
        if !names.is_empty() {
            line(key, list(names));
        }
    }
    if let Some(least) = check.fail_on {
        line("fail-on", string(least.word()));
    }
    for (key, on) in [
        ("strict-labels", check.strict_labels),
        ("require-reason", check.require_reason),
        ("ignore-comments", foreign.ignore_comments),
    ] {
        if on {
            line(key, "true".to_owned());
        }
    }
    if !check.severity.is_empty() {
        out.push_str("\n[check.severity]\n");
        for (name, severity) in &check.severity {
            let _ = writeln!(out, "{} = {}", string(name), string(severity.0.as_str()));
        }
    }
    if !check.labels.is_empty() {
        out.push_str("\n[check.labels]\n");
        for (name, form) in &check.labels {
            let _ = writeln!(out, "{} = {}", string(name), string(form.0.as_str()));
        }
    }
    for (allow, folder) in &foreign.allow {
        exception(&mut out, allow, &below(folder, dir));
    }
    out
}

fn exception(out: &mut String, allow: &Allow, folder: &str) {
    let _ = writeln!(out, "\n[[check.allow]]\nrules = {}", list(&allow.rules));
    if !allow.paths.is_empty() {
        let paths: Vec<String> = allow
            .paths
            .iter()
            .map(|path| format!("{folder}{path}"))
            .collect();
        let _ = writeln!(out, "paths = {}", list(&paths));
    }
    if let Some(reason) = &allow.reason {
        let _ = writeln!(out, "reason = {}", string(reason));
    }
    if let Some(until) = allow.until {
        let _ = writeln!(out, "until = \"{until}\"");
    }
}

/// A file as a configuration in `dir` names it.
fn relative(path: &Path, dir: &Path) -> Option<String> {
    let (path, dir) = (path.canonicalize().ok()?, dir.canonicalize().ok()?);
    let mut up = PathBuf::new();
    for above in dir.ancestors() {
        if let Ok(rest) = path.strip_prefix(above) {
            return Some(up.join(rest).display().to_string());
        }
        up.push("..");
    }
    None
}

/// What must stand in front of a pattern below `folder` so that it means the same below `dir`.
fn below(folder: &Path, dir: &Path) -> String {
    let absolute =
        |path: &Path| -> PathBuf { path.canonicalize().unwrap_or_else(|_| path.to_path_buf()) };
    let (folder, dir) = (absolute(folder), absolute(dir));
    match folder.strip_prefix(&dir) {
        Ok(rest) if !rest.as_os_str().is_empty() => format!("{}/", rest.display()),
        _ => String::new(),
    }
}
