//! Where hadolint speaks of an install: people who select or allow its ids mean what it says.

use plimsoll_syntax::shell::ShellWord;

use super::call::{Call, CallOption, Manager};
use super::site::{self, Called};

/// Whether hadolint takes some package of a language manager's call for one without a version.
pub(super) fn speaks_of(called: &Called<'_, '_>) -> bool {
    let call = &called.call;
    match call.manager {
        _ if !site::seen_by_hadolint(called.command) => false,
        Manager::Pip => pip(called),
        Manager::Npm => {
            call.verb == "install" && call.packages.iter().any(|word| !npm_fixed(text(word)))
        }
        Manager::Gem => gem(called),
        Manager::Go => go(call),
        _ => false,
    }
}

fn text(word: &ShellWord) -> &str {
    match &word.literal {
        Some(literal) => literal,
        None => word.raw.trim_matches(['"', '\'']),
    }
}

/// Options behind which hadolint takes the next word for a value.
const PIP_VALUES: &[&str] = &[
    "--abi",
    "--build",
    "--editable",
    "--extra-index-url",
    "--find-links",
    "--index-url",
    "--implementation",
    "--no-binary",
    "--only-binary",
    "--platform",
    "--prefix",
    "--progress-bar",
    "--proxy",
    "--python",
    "--python-version",
    "--root",
    "--root-user-action",
    "--src",
    "--target",
    "--trusted-host",
    "--upgrade-strategy",
];

/// Whether hadolint sees an install by pip.
pub(super) fn knows_pip(called: &Called<'_, '_>) -> bool {
    let arguments = called.command.arguments();
    let text_of = |at: usize| arguments.get(at).map(text);
    let program = called.call.program;
    // Of Python it knows one way to call pip.
    program.starts_with("pip")
        || (program.starts_with("python")
            && (0..arguments.len()).any(|at| {
                text_of(at) == Some("-m")
                    && text_of(at + 1) == Some("pip")
                    && text_of(at + 2) == Some("install")
            }))
}

fn pip(called: &Called<'_, '_>) -> bool {
    let arguments = called.command.arguments();
    if !knows_pip(called) {
        return false;
    }
    let whole = arguments
        .iter()
        .any(|word| matches!(text(word), "-r" | "--requirement" | "."));
    if whole {
        return false;
    }
    let mut words = arguments
        .iter()
        .skip_while(|word| text(word) != "install")
        .skip(1);
    while let Some(word) = words.next() {
        let text = text(word);
        if text.starts_with('-') && text.len() > 1 {
            let takes = PIP_VALUES.contains(&text)
                || (!text.starts_with("--")
                    && !text.contains('=')
                    && text.contains(['b', 'e', 'f', 'i', 't']));
            if takes {
                words.next();
            }
            continue;
        }
        if !pip_fixed(text) {
            return true;
        }
    }
    false
}

fn pip_fixed(text: &str) -> bool {
    let vcs = ["git", "hg+", "svn", "bzr+"]
        .iter()
        .any(|name| text.starts_with(name));
    ["==", ">", "<", "!=", "~="]
        .iter()
        .any(|sign| text.contains(sign))
        || (vcs && text.contains('@'))
        || text.ends_with(".whl")
        || text.ends_with(".tar.gz")
        || (!vcs && text.contains('/'))
}

fn npm_fixed(text: &str) -> bool {
    if ["git://", "git+ssh://", "git+http://", "git+https://"]
        .iter()
        .any(|git| text.starts_with(git))
    {
        return text.contains('#');
    }
    [".tar", ".tar.gz", ".tgz"]
        .iter()
        .any(|end| text.ends_with(end))
        || ["/", "./", "../", "~/"]
            .iter()
            .any(|start| text.starts_with(start))
        || text.strip_prefix('@').unwrap_or(text).contains('@')
}

fn gem(called: &Called<'_, '_>) -> bool {
    let call = &called.call;
    let versioned = call.options.iter().any(|option: &CallOption<'_>| {
        option.word.raw == "-v" || option.word.raw.starts_with("--version")
    });
    if versioned {
        return false;
    }
    // The word behind any option counts as its value.
    let mut words = called.command.arguments().iter();
    while let Some(word) = words.next() {
        match text(word) {
            "--" => break,
            "install" | "i" => {}
            option if option.starts_with('-') => {
                words.next();
            }
            name if !name.contains(':') => return true,
            _ => {}
        }
    }
    false
}

fn go(call: &Call<'_>) -> bool {
    let count = if call.verb == "run" {
        1
    } else {
        call.packages.len()
    };
    call.packages.iter().take(count).any(|word| {
        let text = text(word);
        !text.starts_with(['.', '/'])
            && (!text.contains('@') || text.ends_with("@latest") || text.ends_with("@none"))
    })
}
