//! Whether a script stops at what fails.

use plimsoll_syntax::shell::{Joint, ShellCommand};

use crate::script::RunScript;

/// Whether a failing command ends the script by the time it comes to the command at `index`.
pub(crate) fn is_on(script: &RunScript<'_>, index: usize) -> bool {
    script.shell.errexit || script.script.commands.iter().take(index).any(switches_on)
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

/// The first command of the outermost list that does work, whose failure nothing tells: something
/// stands behind it that runs all the same.
pub(crate) fn first_masked<'s>(
    script: &'s RunScript<'_>,
    source: &[u8],
) -> Option<&'s ShellCommand> {
    let commands = &script.script.commands;
    for (at, command) in commands.iter().enumerate() {
        if command.depth > 0 || command.substituted || !does_work(command) || is_on(script, at) {
            continue;
        }
        let between = |from: &ShellCommand, to: &ShellCommand| {
            script.span(from.range().1, to.range().0).of(source)
        };
        // `! x` is meant to fail, a function's name is no call.
        let start = script.span(command.range().0, command.range().0).start;
        if source[..start].trim_ascii_end().ends_with(b"!") {
            continue;
        }
        // To the end of its own chain, where another may take its failure.
        let mut last = at;
        let mut caught = command.joint == Joint::Pipe;
        let mut open = true;
        while open {
            let next = (last + 1..commands.len()).find(|next| !commands[*next].substituted);
            match next.map(|next| (next, &commands[next])) {
                Some((next, follower)) if follower.depth == 0 => match follower.joint {
                    Joint::And => last = next,
                    Joint::Or | Joint::Pipe => {
                        caught = true;
                        last = next;
                    }
                    Joint::First | Joint::Then => open = false,
                },
                _ => open = false,
            }
        }
        let next = commands[last + 1..].iter().find(|next| !next.substituted);
        let Some(next) = next.filter(|_| !caught) else {
            continue;
        };
        let gap = between(&commands[last], next);
        let text = gap.split(|byte| *byte == b'#').next().unwrap_or(gap);
        let has = |mark: &[u8]| text.windows(mark.len()).any(|window| window == mark);
        let runs_on = if next.depth == 0 {
            next.joint == Joint::Then
        } else {
            // A group, a loop, a condition: whether it is joined is told by what stands between.
            text.contains(&b';')
        };
        if runs_on && !has(b"&") && !has(b"|") && !has(b")") && !has(b"}") {
            return Some(command);
        }
    }
    None
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
