use plimsoll_model::Span;
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::wrapper::{self, Purpose};

use crate::base::family::{self, BaseUser};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::user::accounts::{self, Change};
use crate::user::root_user::{drops_privileges, is_root};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships creates a user, gives it nothing, and runs as root all the
    /// same: no `USER` names it, nothing belongs to it, and the container does not start by changing
    /// to it.
    ///
    /// ## Why it hurts in production
    /// Somebody meant to give root up and forgot the last line. Everyone who reads the file takes the
    /// image for one that does not run as root.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --system app
    /// CMD ["/srv/app"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --system --uid 10001 app
    /// USER 10001
    /// CMD ["/srv/app"]
    /// ```
    ///
    /// ## Fix
    /// None: whether everything the program needs is readable for that user is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#user>
    UserCreatedNeverUsed = "user-created-never-used",
    summary: "A user is created and the image runs as root",
    severity: Medium,
    confidence: Medium,
    category: Security,
    depth: Dockerfile,
    aliases: ["tally/user-created-but-never-used"],
    audience: Default,
    edition: 2026,
}

impl Rule for UserCreatedNeverUsed {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let runs_as_root = match target.end.user.as_deref() {
            Some(user) => user.is_empty() || is_root(user),
            None => {
                target.end.user_set_by.is_none()
                    && family::user(&file.bottom(target).base) == BaseUser::Root
            }
        };
        if !runs_as_root || drops_privileges(file) {
            return;
        }
        let mut created: Vec<(String, Option<String>, Span)> = Vec::new();
        for view in file.shipped_steps() {
            if matches!(view.instruction.kind, InstructionKind::Run(_)) {
                for (script, command) in file.commands(view) {
                    if let Some(Change::User(user)) = accounts::change(command) {
                        let id = user.id.and_then(accounts::id_of).map(str::to_owned);
                        created.push((user.name.to_owned(), id, script.word_span(user.word)));
                    }
                }
            }
        }
        // Several are for services that change to them by themselves.
        let [(name, id, span)] = created.as_slice() else {
            return;
        };
        if starts_services(file)
            // The engine's own, for its user namespaces.
            || name == "dockremap"
            || name.starts_with('_')
            || is_named_elsewhere(file, name)
            || id.as_deref().is_some_and(|id| is_named_elsewhere(file, id))
        {
            return;
        }
        sink.report(
            file.place(*span),
            format!("The user `{name}` is created, and the image runs as root."),
        )
        .help("Switch to it with `USER` and its number, or leave it out.");
    }
}

/// Whether the container starts what gives root up by itself: a login service, an init, a
/// supervisor, a daemon that has a user of its own in its settings.
fn starts_services(file: &ProjectFile<'_>) -> bool {
    file.shipped_steps().any(|view| {
        matches!(
            view.instruction.kind,
            InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_)
        ) && file.commands(view).any(|(_, command)| {
            let runs_init = command.words.iter().any(|word| {
                let wrapper = word.literal.as_deref().and_then(wrapper::of);
                wrapper.is_some_and(|it| it.purpose() == Purpose::Init)
            });
            let is_service = matches!(
                command.program(),
                Some(
                    "sshd"
                        | "init"
                        | "systemd"
                        | "supervisord"
                        | "nginx"
                        | "httpd"
                        | "apache2"
                        | "named"
                        | "dockerd"
                        | "crond"
                        | "cron"
                        | "runsvdir"
                        | "s6-svscan"
                )
            );
            runs_init || is_service
        })
    })
}

/// Whether anything but its creation speaks of a user: what it owns, what starts as it, a file that
/// is edited for it.
fn is_named_elsewhere(file: &ProjectFile<'_>, name: &str) -> bool {
    file.shipped_steps().any(|view| {
        let instruction = view.instruction;
        let in_flag = instruction
            .flag("chown")
            .is_some_and(|word| mentions(&word.value, name));
        in_flag
            || match &instruction.kind {
                // `USER root` behind `USER app`: it was used on the way.
                InstructionKind::User(word) => mentions(&word.value, name),
                InstructionKind::Run(_)
                | InstructionKind::Cmd(_)
                | InstructionKind::Entrypoint(_) => {
                    file.commands(view).any(|(_, command)| {
                        !matches!(
                            command.program(),
                            Some(
                                "useradd" | "adduser" | "groupadd" | "addgroup" | "usermod"
                                    | "gpasswd" | "echo" | "mkdir" | "id"
                            )
                        ) && command.words.iter().any(|word| {
                            // `s/www-data/app/` is no path.
                            mentions(&word.raw, name)
                                || command.program() == Some("sed") && word.raw.contains(name)
                        })
                    })
                }
                _ => false,
            }
    })
}

/// Whether a word holds a name as a whole word, not as a part of a path.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "user-created-never-used",
            &[
                ("forgotten", "FROM debian:12\nRUN x && \\\n useradd app\nCMD [\"x\"]\n", &[3]),
                ("taken back", "FROM debian:12\nRUN adduser -D app\nUSER root\n", &[2]),
                ("in a stage below", "FROM debian:12 AS a\nRUN useradd app\nFROM a\n", &[2]),
            ],
        );
        silent(
            "user-created-never-used",
            &[
                ("used", "FROM debian:12\nRUN useradd app\nUSER app\n"),
                (
                    "services change user by themselves",
                    "FROM debian:12\nRUN useradd a && useradd b\n",
                ),
                (
                    "so does this one",
                    "FROM debian:12\nRUN useradd app\nCMD [\"/usr/sbin/sshd\", \"-D\"]\n",
                ),
                ("by its number", "FROM debian:12\nRUN useradd -u 7 app\nUSER 7\n"),
                ("it owns files", "FROM debian:12\nRUN useradd app && chown -R app:app /srv\n"),
                ("a file is edited for it", "FROM debian:12\nRUN useradd app && sed -i s/x/app/ /etc/y\n"),
                ("it owns copies", "FROM debian:12\nRUN useradd app\nCOPY --chown=app x /\n"),
                ("a program is told", "FROM debian:12\nRUN useradd app\nCMD [\"x\", \"--user=app\"]\n"),
                ("changed to", "FROM debian:12\nRUN useradd app\nENTRYPOINT [\"gosu\", \"app\", \"x\"]\n"),
                ("not what ships", "FROM debian:12 AS b\nRUN useradd app\nFROM debian:12\n"),
                ("who the base runs as is not known", "FROM x/y:1\nRUN useradd app\n"),
            ],
        );
    }
}
