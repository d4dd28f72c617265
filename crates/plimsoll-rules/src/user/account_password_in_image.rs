use plimsoll_model::{Confidence, Severity};
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::user::accounts::{self, Change};

declare_rule! {
    /// ## What it does
    /// Tells that a step gives an account a password, or an empty one: `chpasswd`, `passwd`, `useradd
    /// --password`.
    ///
    /// ## Why it hurts in production
    /// The password, or its hash, is in the layer and the command in the history; it is the same in
    /// every container of the image. With an empty one, anybody may become that user.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN echo 'app:hunter2' | chpasswd
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --uid 10001 app
    /// USER 10001
    /// ```
    ///
    /// ## Fix
    /// None: what the password is for has to go another way.
    ///
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/798.html>
    AccountPasswordInImage = "account-password-in-image",
    summary: "An account gets its password in the image",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["CKV2_DOCKER_17", "DKL-LI-0001"],
    audience: Default,
    edition: 2026,
}

const SET: &[&str] = &["CKV2_DOCKER_17"];
const EMPTY: &[&str] = &["DKL-LI-0001"];

impl Rule for AccountPasswordInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                if !matches!(unwrapped(view.instruction).kind, InstructionKind::Run(_)) {
                    continue;
                }
                for (script, command) in file.commands(view) {
                    let Some((what, aliases)) = password(command) else {
                        continue;
                    };
                    let ships = file.ships(stage);
                    sink.report(file.place(script.command_span(command)), what)
                        .help("Leave the account without a password, locked, and let the container run as its number.")
                        .aliases(aliases)
                        .severity(if ships { Severity::High } else { Severity::Medium })
                        .confidence(if ships { Confidence::High } else { Confidence::Low });
                }
            }
        }
    }
}

fn password(command: &ShellCommand) -> Option<(&'static str, &'static [&'static str])> {
    let program = command.program()?;
    let has = |flags: &[&str]| {
        command
            .arguments()
            .iter()
            .filter_map(|word| word.literal.as_deref())
            .any(|text| flags.contains(&text))
    };
    match program {
        "chpasswd" => Some((
            "`chpasswd` sets a password that every container of the image has.",
            SET,
        )),
        "passwd" if has(&["-d", "--delete"]) => {
            Some(("`passwd` leaves an account with an empty password.", EMPTY))
        }
        "passwd" if has(&["--stdin"]) => Some((
            "`passwd` sets a password that every container of the image has.",
            SET,
        )),
        "useradd" => {
            let Some(Change::User(user)) = accounts::change(command) else {
                return None;
            };
            let password = user.password?;
            match password.literal.as_deref() {
                Some("" | "--password=") => {
                    Some(("`useradd` creates an account with an empty password.", EMPTY))
                }
                // No password has this hash: the account is locked.
                Some(hash) if hash.starts_with(['!', '*', 'x']) => None,
                _ => Some((
                    "`useradd` sets a password that every container of the image has.",
                    SET,
                )),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "account-password-in-image",
            &[
                ("through a pipe", "FROM a:1\nRUN x && \\\n  echo root:x | chpasswd\n", &[3]),
                ("a hash", "FROM a:1\nRUN useradd -p $(openssl passwd x) app\n", &[2]),
                ("none at all", "FROM a:1\nRUN passwd -d root\n", &[2]),
                ("an empty one", "FROM a:1\nRUN useradd -p '' app\n", &[2]),
            ],
        );
        silent(
            "account-password-in-image",
            &[
                ("no password", "FROM a:1\nRUN useradd -m app && adduser --disabled-password b\n"),
                ("locked", "FROM a:1\nRUN useradd -p '!' app && passwd -l root\n"),
                ("not the account's", "FROM a:1\nRUN openssl passwd x && apt-get install passwd\n"),
            ],
        );
    }
}
