use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::user::is_root;

declare_rule! {
    /// ## What it does
    /// Tells that the image exposes a port below 1024 and runs as an ordinary user, and no step
    /// gives the program the capability to open it.
    ///
    /// ## Why it hurts in production
    /// Docker lets everyone open such ports since 20.10. Other runtimes and clusters need not: there
    /// the container ends with `permission denied`, and somebody makes it run as root again.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nginx:1.29
    /// EXPOSE 80
    /// USER 101
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nginxinc/nginx-unprivileged:1.29
    /// EXPOSE 8080
    /// USER 101
    /// ```
    ///
    /// ## Fix
    /// None: the program must be told too.
    ///
    /// ## References
    /// - <https://docs.kernel.org/networking/ip-sysctl.html> (`ip_unprivileged_port_start`)
    PrivilegedPort = "privileged-port",
    summary: "An ordinary user is to open a port below 1024",
    severity: Low,
    confidence: Medium,
    category: Operability,
    depth: Dockerfile,
    aliases: [],
    audience: Strict,
    edition: 2026,
}

impl Rule for PrivilegedPort {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let Some(user) = target.end.user.as_deref() else {
            return;
        };
        if user.is_empty() || is_root(user) || given_capability(file) {
            return;
        }
        let set_by = target
            .end
            .user_set_by
            .map(|index| file.place(file.instruction(index).span));
        for view in file.shipped_steps() {
            let InstructionKind::Expose(words) = &view.instruction.kind else {
                continue;
            };
            for word in words {
                let Some(text) = file.expand(&word.value, &view.step.before) else {
                    continue;
                };
                let port = text.split(['/', '-']).next().unwrap_or_default();
                let Some(port) = port.parse::<u16>().ok().filter(|port| (1..1024).contains(port))
                else {
                    continue;
                };
                let reported = sink
                    .report(
                        file.place(word.span),
                        format!(
                            "`{}` may not open port {port} on every runtime.",
                            user.escape_debug()
                        ),
                    )
                    .help("Listen on a port from 1024 on; who publishes it may still call it by the other.")
                    .confidence(Confidence::Medium);
                if let Some(place) = &set_by {
                    reported.related(place.clone(), "From here on it runs as an ordinary user.");
                }
            }
        }
    }
}

fn given_capability(file: &ProjectFile<'_>) -> bool {
    file.shipped_steps().any(|view| {
        file.commands(view)
            .any(|(_, command)| command.program() == Some("setcap"))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "privileged-port";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("by number", "FROM a:1\nEXPOSE 443/tcp 8080\nUSER 1000\n", &[2]),
                ("by a variable", "FROM a:1\nENV P=80\nEXPOSE $P\nUSER app\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("root may", "FROM a:1\nEXPOSE 80\n"),
                ("root by name", "FROM a:1\nEXPOSE 80\nUSER root\n"),
                ("a high port", "FROM a:1\nEXPOSE 8080\nUSER app\n"),
                ("a capability", "FROM a:1\nRUN setcap cap_net_bind_service=+ep /x\nEXPOSE 80\nUSER app\n"),
            ],
        );
    }
}
