use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::shell::ShellCommand;

use super::fetch::{self, Fetch, Output, names_content, unquoted, verifies};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::script::RunScript;
use crate::shell::run::{piped_between, runs};

declare_rule! {
    /// ## What it does
    /// Follows what `curl` and `wget` fetch through the stage, and tells where it is unpacked,
    /// installed or made executable and nothing compared it with a checksum or a signature.
    ///
    /// ## Why it hurts in production
    /// Whoever controls the server, a mirror or the name, today or in a year, puts a program into
    /// the image, and the build is green. A moved tag or a half download does the same by accident.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLo /tmp/app.tgz https://example.com/app.tgz \
    ///     && tar -xzf /tmp/app.tgz -C /opt
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// ARG APP_SHA256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    /// RUN curl -fsSLo /tmp/app.tgz https://example.com/app.tgz \
    ///     && echo "$APP_SHA256  /tmp/app.tgz" | sha256sum -c - \
    ///     && tar -xzf /tmp/app.tgz -C /opt
    /// ```
    ///
    /// ## Fix
    /// None: the checksum has to come from who publishes the file.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#add---checksum>
    /// - <https://slsa.dev/spec/v1.0/threats>
    UnverifiedDownload = "unverified-download",
    summary: "A download is unpacked, installed or run without a checksum or signature",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

/// More files than anybody fetches and does not use: what is behind them is not followed.
const PENDING_LIMIT: usize = 64;

/// A file that was fetched and not used yet.
struct Pending {
    name: String,
    place: Span,
    built: bool,
}

impl Rule for UnverifiedDownload {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut stage = None;
        let mut pending: Vec<Pending> = Vec::new();
        for run in runs(file) {
            if stage != Some(run.view.stage.index) {
                stage = Some(run.view.stage.index);
                pending.clear();
            }
            for script in file.scripts(run.view) {
                let commands = &script.script.commands;
                // A check anywhere in the step is taken as one of all that it fetches: which file a
                // list of checksums names is not seen here.
                if commands.iter().any(verifies) {
                    pending.clear();
                    continue;
                }
                for (at, command) in commands.iter().enumerate() {
                    if let Some(fetch) = fetch::fetch(command) {
                        if fetch.urls.is_empty()
                            || fetch.urls.iter().all(|url| names_content(&url.raw))
                        {
                            continue;
                        }
                        let place = script.command_span(command);
                        if let Some(by) = unpacked_from_pipe(script, at, &fetch) {
                            tell(file, sink, place, run.built, by, None);
                        } else if pending.len() < PENDING_LIMIT
                            && let Some(name) = written(command, &fetch)
                        {
                            pending.push(Pending {
                                name,
                                place,
                                built: run.built,
                            });
                        }
                        continue;
                    }
                    let Some(how) = uses(command) else { continue };
                    let mut at = 0;
                    while at < pending.len() {
                        if names(command, &pending[at].name) {
                            let fetched = pending.remove(at);
                            let used = script.command_span(command);
                            tell(file, sink, fetched.place, fetched.built, how, Some(used));
                        } else {
                            at += 1;
                        }
                    }
                }
            }
        }
    }
}

fn tell(
    file: &ProjectFile<'_>,
    sink: &mut Sink<'_>,
    place: Span,
    built: bool,
    how: &str,
    used: Option<Span>,
) {
    let reported = sink
        .report(
            file.place(place),
            format!("What this fetches is {how}, and nothing checked what it is."),
        )
        .help("Compare it with a checksum that stands in this file (`sha256sum -c`), check its signature, or take `ADD --checksum=sha256:…`.")
        .confidence(if built {
            Confidence::High
        } else {
            Confidence::Low
        });
    if let Some(used) = used {
        reported.related(file.place(used), format!("{how} here"));
    }
}

/// The name of the file that a fetch writes; nothing where it cannot be known.
fn written(command: &ShellCommand, fetch: &Fetch<'_>) -> Option<String> {
    let name = match (fetch.output, command.writes.first()) {
        (Output::Stdout, Some(target)) => {
            let path = unquoted(&target.raw);
            path.rsplit('/').next().unwrap_or(path)
        }
        _ => fetch.file_name(),
    };
    // What is only read is no program: lists of packages, keys, configuration.
    let data = [".asc", ".gpg", ".key", ".pub", ".list", ".repo", ".sources", ".pem", ".crt"];
    (!name.is_empty() && !data.iter().any(|end| name.ends_with(end))).then(|| name.to_owned())
}

/// What the command behind the pipe does, where it unpacks what comes.
fn unpacked_from_pipe(script: &RunScript<'_>, at: usize, fetch: &Fetch<'_>) -> Option<&'static str> {
    if fetch.output != Output::Stdout {
        return None;
    }
    let commands = &script.script.commands;
    let end = commands[at].range().1;
    let next = commands.get(at + 1)?;
    let piped = piped_between(script, end, next.range().0);
    // Through what only unpacks one file, or looks on.
    let behind = match next.program()? {
        "gunzip" | "zcat" | "xz" | "unxz" | "bunzip2" | "bzip2" | "gzip" | "zstd" | "pv" | "tee" => {
            commands.get(at + 2).and_then(ShellCommand::program)
        }
        program => Some(program),
    };
    (piped && matches!(behind, Some("tar" | "bsdtar" | "cpio" | "rpm2cpio" | "dpkg")))
        .then_some("unpacked")
}

/// How a command uses files as programs.
fn uses(command: &ShellCommand) -> Option<&'static str> {
    let has = |wanted: &[&str]| {
        command
            .arguments()
            .iter()
            .any(|word| wanted.contains(&word.raw.as_str()))
    };
    // `./installer`, `/tmp/setup.sh`.
    if command.words.first().is_some_and(|word| {
        let raw = unquoted(&word.raw);
        raw.starts_with("./") || raw.starts_with("/tmp/") || raw.starts_with("/root/")
    }) {
        return Some("run");
    }
    Some(match command.program()? {
        "tar" | "bsdtar" | "unzip" | "7z" | "cpio" | "jar" | "gunzip" | "unxz" | "bunzip2" => {
            "unpacked"
        }
        "dpkg" | "gdebi" | "rpm" | "alien" => "installed",
        "apt-get" | "apt" | "yum" | "dnf" | "apk" | "zypper" | "pip" | "pip3" | "gem"
            if has(&["install", "add", "localinstall", "in"]) =>
        {
            "installed"
        }
        "installer" => "installed",
        "chmod" if command.arguments().iter().any(|word| makes_executable(&word.raw)) => {
            "made executable"
        }
        "install" => "installed",
        "sh" | "bash" | "dash" | "ash" | "zsh" | "python" | "python3" | "perl" | "ruby" | "node"
        | "php" | "source" | "." | "java" => "run",
        _ => return None,
    })
}

fn makes_executable(mode: &str) -> bool {
    let octal = mode.len() >= 3
        && mode.bytes().all(|b| b.is_ascii_digit())
        && mode.bytes().any(|b| b % 2 == 1);
    octal || (mode.contains('+') && mode.contains('x') && mode.len() < 8)
}

/// Whether a command names a file, by its name or by a pattern that ends alike.
fn names(command: &ShellCommand, file: &str) -> bool {
    command.words.iter().any(|word| {
        let text = unquoted(&word.raw);
        // `--file=x`, `-fx`
        let name = text.rsplit(['/', '=']).next().unwrap_or(text);
        if name == file {
            return true;
        }
        match name.split_once('*') {
            Some((start, end)) if start.len() + end.len() >= 3 && !end.contains('*') => {
                file.starts_with(start) && file.ends_with(end)
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "unverified-download";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "unpacked from a pipe",
                    "FROM debian:12\nRUN true; \\\n curl -fsSL https://e.com/x.tgz | tar -xz\n",
                    &[3],
                ),
                (
                    "unpacked through another",
                    "FROM debian:12\nRUN wget -O- https://e.com/x.txz | unxz | tar -x\n",
                    &[2],
                ),
                (
                    "a package",
                    "FROM debian:12\nRUN wget https://e.com/a_1.deb && dpkg -i a_*.deb\n",
                    &[2],
                ),
                (
                    "a program",
                    "FROM debian:12\nRUN curl -Lo /usr/bin/x https://e.com/x && chmod +x /usr/bin/x\n",
                    &[2],
                ),
                (
                    "a program by mode",
                    "FROM debian:12\nRUN curl https://e.com/x > /usr/bin/x && chmod 0755 /usr/bin/x\n",
                    &[2],
                ),
                (
                    "in a later step",
                    "FROM debian:12\nRUN curl -fO https://e.com/setup.sh\nRUN sh setup.sh\n",
                    &[2],
                ),
                (
                    "the address is a variable",
                    "FROM debian:12\nRUN wget -O a.zip \"$URL\" && unzip a.zip\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "compared",
                    "FROM debian:12\nRUN curl -fO https://e.com/a.tgz && echo \"$SUM a.tgz\" | sha256sum -c && tar xf a.tgz\n",
                ),
                (
                    "signed",
                    "FROM debian:12\nRUN wget https://e.com/a.tgz{,.asc} && gpg --batch --verify a.tgz.asc a.tgz && tar xf a.tgz\n",
                ),
                (
                    "compared in a step of its own",
                    "FROM debian:12\nRUN wget https://e.com/a.tgz\nRUN sha512sum -c /sums\nRUN tar xf a.tgz\n",
                ),
                (
                    "the address names a commit",
                    "FROM debian:12\nRUN curl -fO https://e.com/0123456789abcdef0123456789abcdef01234567/x.sh && sh x.sh\n",
                ),
                (
                    "data",
                    "FROM debian:12\nRUN curl -fo /etc/x.conf https://e.com/x.conf\n",
                ),
                (
                    "another file is unpacked",
                    "FROM debian:12\nRUN curl -fO https://e.com/words.txt && tar xf /src/a.tgz\n",
                ),
                (
                    "piped into a program that reads",
                    "FROM debian:12\nRUN curl -f https://e.com/v | grep tag\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN curl https://e.com/x | tar x\nFROM scratch\n",
            )],
        );
    }
}
