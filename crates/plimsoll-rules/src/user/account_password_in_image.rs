use plimsoll_model::{Confidence, Severity};
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::user::accounts;

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
                    let Some((what, aliases)) = accounts::password(command) else {
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
