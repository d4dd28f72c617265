//! Whether a script stops at what fails.

use plimsoll_syntax::shell::{Joint, ShellCommand};

use crate::script::RunScript;

/// The first command of the outermost list that does work, whose failure nothing tells: something
/// stands behind it that runs all the same.
pub(crate) fn first_masked<'s>(
    script: &'s RunScript<'_>,
    source: &[u8],
) -> Option<&'s ShellCommand> {
    if script.shell.errexit {
        return None;
    }
    let commands = &script.script.commands;
    let next_of = |at: usize| (at + 1..commands.len()).find(|next| !commands[*next].substituted);
    let mut start = 0;
    while let Some(first) = commands.get(start) {
        if first.depth > 0 || first.substituted {
            start += 1;
            continue;
        }
        if switches_on(first) {
            return None;
        }
        // The chain that starts here, and where in it the last command stands whose failure
        // another one takes.
        let mut last = start;
        let mut open_from = start;
        let mut follower = next_of(last);
        while let Some(next) = follower.filter(|next| commands[*next].depth == 0) {
            match commands[next].joint {
                Joint::And => {}
                Joint::Or => open_from = next,
                Joint::Pipe => open_from = next + 1,
                Joint::First | Joint::Then => break,
            }
            last = next;
            if switches_on(&commands[next]) {
                return None;
            }
            follower = next_of(last);
        }
        if let Some(next) = follower
            && let Some(command) = (open_from..=last)
                .map(|at| &commands[at])
                .find(|command| command.depth == 0 && !command.substituted && does_work(command))
            && !is_negated(script, command, source)
            && runs_on(script, &commands[last], &commands[next], source)
        {
            return Some(command);
        }
        start = last + 1;
    }
    None
}

fn switches_on(command: &ShellCommand) -> bool {
    if command.program() != Some("set") {
        return false;
    }
    command.arguments().iter().any(|word| {
        let text = word.raw.as_str();
        text == "errexit"
            || text
                .strip_prefix('-')
                .is_some_and(|letters| !letters.starts_with('-') && letters.contains('e'))
    })
}

/// `! x` is meant to fail.
fn is_negated(script: &RunScript<'_>, command: &ShellCommand, source: &[u8]) -> bool {
    let at = command.range().0;
    let start = script.span(at, at).start;
    source
        .get(..start)
        .is_some_and(|before| before.trim_ascii_end().ends_with(b"!"))
}

/// Whether what stands behind a chain runs whatever came of it.
fn runs_on(
    script: &RunScript<'_>,
    last: &ShellCommand,
    next: &ShellCommand,
    source: &[u8],
) -> bool {
    let gap = script.span(last.range().1, next.range().0).of(source);
    let text = gap.split(|byte| *byte == b'#').next().unwrap_or(gap);
    let listed = if next.depth == 0 {
        next.joint == Joint::Then
    } else {
        // A group, a loop, a condition: whether it is joined is told by what stands between.
        text.contains(&b';') || text.contains(&b'\n')
    };
    listed
        && !text
            .iter()
            .any(|byte| matches!(byte, b'&' | b'|' | b')' | b'}'))
}

/// Whether a failure of a command leaves something out that the image needs.
fn does_work(command: &ShellCommand) -> bool {
    matches!(
        command.program(),
        Some(
            "apt-get"
                | "apt"
                | "apk"
                | "yum"
                | "dnf"
                | "microdnf"
                | "zypper"
                | "pacman"
                | "dpkg"
                | "rpm"
                | "curl"
                | "wget"
                | "git"
                | "tar"
                | "unzip"
                | "make"
                | "cmake"
                | "ninja"
                | "gcc"
                | "g++"
                | "clang"
                | "configure"
                | "pip"
                | "pip3"
                | "uv"
                | "poetry"
                | "conda"
                | "mamba"
                | "npm"
                | "npx"
                | "yarn"
                | "pnpm"
                | "go"
                | "cargo"
                | "rustup"
                | "mvn"
                | "mvnw"
                | "gradle"
                | "gradlew"
                | "dotnet"
                | "composer"
                | "bundle"
                | "gem"
                | "python"
                | "python3"
                | "patch"
                | "gpg"
                | "sha256sum"
                | "sha512sum"
        )
    )
}
