use plimsoll_syntax::dockerfile::{Base, CommandForm, InstructionKind};

use crate::base::family;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::runtime::signal;

declare_rule! {
    /// ## What it does
    /// Tells that the program the image starts stops in order on another signal than the one it is
    /// sent: nginx and OpenResty on `SIGQUIT`, systemd on `SIGRTMIN+3`. It looks only where that
    /// program itself is what the container starts, and knows that the official nginx images set the
    /// signal.
    ///
    /// ## Why it hurts in production
    /// nginx drops open connections on `SIGTERM`, so every deployment cuts requests off. systemd does
    /// not stop on it at all: the runtime waits, then kills everything.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// CMD ["nginx", "-g", "daemon off;"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// STOPSIGNAL SIGQUIT
    /// CMD ["nginx", "-g", "daemon off;"]
    /// ```
    ///
    /// ## Fix
    /// None: whether stopping quickly is wanted is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#stopsignal>
    /// - <https://nginx.org/en/docs/control.html>
    /// - <https://www.freedesktop.org/software/systemd/man/latest/systemd.html#Signals>
    StopSignalOfProgram = "stop-signal-of-program",
    summary: "The program stops in order on another signal",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["tally/prefer-nginx-sigquit", "tally/prefer-systemd-sigrtmin-plus-3"],
    audience: Default,
    edition: 2026,
}

const NGINX: &[&str] = &["tally/prefer-nginx-sigquit"];
const SYSTEMD: &[&str] = &["tally/prefer-systemd-sigrtmin-plus-3"];

impl Rule for StopSignalOfProgram {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let (mut entrypoint, mut command, mut stop) = (None, None, None);
        for view in file.shipped_steps() {
            match &view.instruction.kind {
                InstructionKind::Entrypoint(start) => {
                    entrypoint = Some((start, view));
                    command = None;
                }
                InstructionKind::Cmd(start) => command = Some((start, view)),
                InstructionKind::Stopsignal(word) => stop = Some((word, view)),
                _ => {}
            }
        }
        let Some((start, at)) = entrypoint.or(command) else {
            return;
        };
        let CommandForm::Exec(words) = &start.form else {
            return;
        };
        let Some(program) = words.first() else { return };
        let (wanted, what, aliases) = match program.value.as_str() {
            "/sbin/init" | "/usr/sbin/init" | "/lib/systemd/systemd" | "/usr/lib/systemd/systemd"
            | "systemd" => ("SIGRTMIN+3", "systemd", SYSTEMD),
            path => match path.rsplit('/').next() {
                Some("nginx" | "openresty") => ("SIGQUIT", "nginx", NGINX),
                _ => return,
            },
        };
        let base = file.base_config(target);
        let bottom = &file.bottom(target).base;
        let (sent, place) = match stop {
            Some((word, view)) => {
                let Some(sent) = file
                    .expand(&word.value, &view.step.before)
                    .and_then(|value| signal::canonical(&value))
                else {
                    return;
                };
                (sent, word.span)
            }
            None => {
                let inherited = base.as_ref().and_then(|config| config.stop_signal.clone());
                // The official images name it themselves.
                let names_it = base.is_none()
                    && matches!(bottom, Base::Image(name) if name.contains("nginx") || name.contains("openresty"));
                if names_it && wanted == "SIGQUIT" {
                    return;
                }
                let sent = inherited.as_deref().and_then(signal::canonical);
                (sent.unwrap_or_else(|| "SIGTERM".to_owned()), at.instruction.span)
            }
        };
        if sent == wanted || matches!(sent.as_str(), "SIGKILL" | "SIGSTOP") || family::is_windows(bottom) {
            return;
        }
        sink.report(
            file.place(place),
            format!("{what} is sent {sent}, and stops in order on {wanted}."),
        )
        .help(format!("Write `STOPSIGNAL {wanted}`."))
        .aliases(aliases);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "stop-signal-of-program",
            &[
                ("none set", "FROM debian:12\nCMD [\"/usr/sbin/nginx\", \"-g\", \"daemon off;\"]\n", &[2]),
                ("another", "FROM nginx:1\nSTOPSIGNAL SIGTERM\nCMD [\"nginx\"]\n", &[2]),
                ("systemd", "FROM fedora:40\nENTRYPOINT [\"/sbin/init\"]\n", &[2]),
            ],
        );
        silent(
            "stop-signal-of-program",
            &[
                ("the right one", "FROM debian:12\nSTOPSIGNAL 3\nCMD [\"nginx\"]\n"),
                ("the base sets it", "FROM nginx:1\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n"),
                ("a shell is sent it", "FROM debian:12\nCMD nginx -g 'daemon off;'\n"),
                ("a script is started", "FROM debian:12\nENTRYPOINT [\"/start.sh\"]\nCMD [\"nginx\"]\n"),
                ("not what ships", "FROM debian:12\nCMD [\"nginx\"]\nFROM a:1\n"),
            ],
        );
    }
}
