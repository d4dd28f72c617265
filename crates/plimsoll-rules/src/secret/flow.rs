//! Where a step puts what it holds: files that a command writes, and how they travel on.

use plimsoll_syntax::dockerfile::{Base, InstructionKind};
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use crate::project::{ProjectFile, StepView, unwrapped};

/// Whether a text speaks of a variable: `$NAME`, `${NAME}`, `${NAME:-x}`.
pub(crate) fn speaks_of(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = &text[..at];
        (before.ends_with('$') || before.ends_with("${"))
            && !text[at + name.len()..].starts_with(is_part)
    })
}

/// The files that a command keeps what it is handed in. `tainted` tells whether a word holds what
/// must not be kept; `piped` whether it comes through a pipe.
pub(crate) fn kept_in(
    command: &ShellCommand,
    tainted: &dyn Fn(&ShellWord) -> bool,
    piped: bool,
) -> Vec<String> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    let arguments = command.arguments();
    let held = || arguments.iter().any(tainted);
    let first = arguments
        .iter()
        .filter_map(|word| word.literal.as_deref())
        .find(|text| !text.starts_with('-'));
    let one = |path: &str| vec![path.to_owned()];
    match program {
        "echo" | "printf" | "cat" | "envsubst" | "base64" | "sed" | "tr" | "jq" | "head"
        | "tail" | "cut" | "awk" | "tee" | "grep"
            if piped || held() || command.writes.iter().any(tainted) =>
        {
            let mut paths: Vec<String> = command.writes.iter().map(path_of).collect();
            match program {
                "tee" if piped => paths.extend(
                    arguments
                        .iter()
                        .filter(|word| !word.raw.starts_with('-'))
                        .map(path_of),
                ),
                "sed"
                    if arguments
                        .iter()
                        .any(|word| word.raw.starts_with("-i") || word.raw == "--in-place") =>
                {
                    paths.extend(arguments.last().filter(|word| !tainted(word)).map(path_of));
                }
                _ => {}
            }
            paths.retain(|path| !path.starts_with("/dev/") && !path.starts_with('&'));
            paths
        }
        "cp" | "mv" | "install" | "ln"
            if arguments.len() > 1 && arguments[..arguments.len() - 1].iter().any(tainted) =>
        {
            // A link keeps the place, not what is there.
            if program == "ln" {
                return Vec::new();
            }
            arguments.last().map(path_of).into_iter().collect()
        }
        "docker" | "podman" | "buildah" | "skopeo"
            if first == Some("login") && (piped || held()) =>
        {
            one("~/.docker/config.json")
        }
        _ if !held() => Vec::new(),
        "git" => git(arguments, first, tainted),
        "npm" | "pnpm" if matches!(first, Some("config" | "set" | "c")) => one("~/.npmrc"),
        "yarn" if first == Some("config") => one("~/.yarnrc.yml"),
        "pip" | "pip3" if first == Some("config") => one("~/.config/pip/pip.conf"),
        "poetry" if first == Some("config") => one("~/.config/pypoetry/auth.toml"),
        "composer" if first == Some("config") => one("~/.composer/auth.json"),
        "bundle" if first == Some("config") => one("~/.bundle/config"),
        "aws" if first == Some("configure") => one("~/.aws/credentials"),
        "az" if first == Some("login") => one("~/.azure"),
        "gh" if first == Some("auth") => one("~/.config/gh/hosts.yml"),
        "gcloud" if first == Some("auth") => one("~/.config/gcloud"),
        "cargo" if first == Some("login") => one("~/.cargo/credentials.toml"),
        "huggingface-cli" | "hf" if matches!(first, Some("login" | "auth")) => {
            one("~/.cache/huggingface/token")
        }
        "dotnet" | "nuget" if matches!(first, Some("nuget" | "sources" | "add")) => {
            one("~/.nuget/NuGet/NuGet.Config")
        }
        "conda" | "mamba" if first == Some("config") => one("~/.condarc"),
        "kubectl" if first == Some("config") => one("~/.kube/config"),
        "helm" if matches!(first, Some("repo" | "registry")) => one("~/.config/helm"),
        _ => Vec::new(),
    }
}

fn git(
    arguments: &[ShellWord],
    first: Option<&str>,
    tainted: &dyn Fn(&ShellWord) -> bool,
) -> Vec<String> {
    let plain: Vec<&ShellWord> = arguments
        .iter()
        .filter(|word| !word.raw.starts_with('-'))
        .collect();
    match first {
        Some("config") if arguments.iter().any(|word| word.raw == "--system") => {
            vec!["/etc/gitconfig".to_owned()]
        }
        Some("config") if arguments.iter().any(|word| word.raw == "--global") => {
            vec!["~/.gitconfig".to_owned()]
        }
        Some("config" | "remote") => vec![".git/config".to_owned()],
        Some("clone") => {
            let Some(at) = plain.iter().position(|word| tainted(word)) else {
                return Vec::new();
            };
            let address = plain[at].raw.trim_matches(['"', '\'']);
            let folder = match plain.get(at + 1) {
                Some(word) => path_of(word),
                None => address
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches(".git")
                    .to_owned(),
            };
            vec![format!("{}/.git/config", folder.trim_end_matches('/'))]
        }
        _ => Vec::new(),
    }
}

/// A path as written, quotes read; the home by one name.
pub(crate) fn path_of(word: &ShellWord) -> String {
    let text = word
        .literal
        .as_deref()
        .unwrap_or_else(|| word.raw.trim_matches(['"', '\'']));
    let text = text.strip_prefix("./").unwrap_or(text);
    for home in ["$HOME/", "${HOME}/", "/root/"] {
        if let Some(rest) = text.strip_prefix(home) {
            return format!("~/{rest}");
        }
    }
    text.to_owned()
}

/// Whether a command takes a file away, or the folder it lies in.
pub(crate) fn removes(command: &ShellCommand, path: &str) -> bool {
    let arguments = command.arguments();
    match command.program() {
        Some("rm" | "shred" | "unlink") => arguments.iter().any(|word| {
            let gone = path_of(word);
            let gone = gone.trim_end_matches('/');
            !gone.is_empty()
                && !gone.starts_with('-')
                && (lies_in(path, gone) || ends_as(path, gone))
        }),
        // What a program keeps it can forget too.
        Some(
            "docker" | "npm" | "git" | "pip" | "pip3" | "yarn" | "composer" | "gh" | "az"
            | "gcloud",
        ) => {
            path.starts_with("~/")
                && arguments.iter().any(|word| {
                    matches!(
                        word.raw.as_str(),
                        "logout"
                            | "delete"
                            | "unset"
                            | "--unset"
                            | "--unset-all"
                            | "revoke"
                            | "--remove-section"
                    )
                })
        }
        _ => false,
    }
}

/// Whether `path` is `folder` or lies in it.
pub(crate) fn lies_in(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether one of two paths is the other's end: what `cd` does in between is not followed.
fn ends_as(path: &str, gone: &str) -> bool {
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|rest| rest.ends_with('/'))
    };
    ends(path, gone)
        || ends(gone, path)
        || path.split('/').next() == Some(gone) && !gone.starts_with('/')
}

/// A path as it is in the image, where it can be told.
pub(crate) fn absolute(path: &str, view: &StepView<'_>) -> Option<String> {
    if path.contains('$') {
        return None;
    }
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    if let Some(rest) = path.strip_prefix('~') {
        return Some(format!("/root{rest}"));
    }
    let folder = view.step.before.workdir.as_deref()?;
    Some(format!("{}/{path}", folder.trim_end_matches('/')))
}

/// The COPY that takes a file of a stage into the image that ships, straight or through others.
pub(crate) fn carried<'a>(
    file: &ProjectFile<'a>,
    stage: usize,
    path: String,
) -> Option<StepView<'a>> {
    let mut open = vec![(stage, path)];
    let mut seen = 0;
    while let Some((from, path)) = open.pop() {
        seen += 1;
        if seen > 64 {
            return None;
        }
        for view in file.built_steps() {
            let InstructionKind::Copy(words) = &unwrapped(view.instruction).kind else {
                continue;
            };
            let Some((target, sources)) = words.split_last() else {
                continue;
            };
            if !view.step.from.contains(&Base::Stage(from)) {
                continue;
            }
            let source = sources.iter().find_map(|word| {
                let source = file.expand(&word.value, &view.step.before)?;
                let source = format!("/{}", source.trim_matches('/').trim_start_matches("./"));
                let source = if source == "/." { "/" } else { &source };
                lies_in(&path, source.trim_end_matches('/')).then(|| source.to_owned())
            });
            let Some(source) = source else { continue };
            if file.ships(view.stage) {
                return Some(view);
            }
            let rest = path
                .get(source.trim_end_matches('/').len()..)
                .unwrap_or_default();
            if let Some(target) = file.expand(&target.value, &view.step.before) {
                let name = if rest.is_empty() {
                    path.rsplit('/').next().unwrap_or_default()
                } else {
                    rest.trim_start_matches('/')
                };
                let full = if rest.is_empty() && !target.ends_with('/') {
                    target
                } else {
                    format!("{}/{name}", target.trim_end_matches('/'))
                };
                open.push((view.stage.index, full));
            }
        }
        // What stands on the stage holds its files too.
        for above in &file.resolution.stages {
            if above.base == Base::Stage(from) && above.reaches_target {
                open.push((above.index, path.clone()));
            }
        }
    }
    None
}
