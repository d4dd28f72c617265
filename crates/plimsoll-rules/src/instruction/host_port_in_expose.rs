use plimsoll_model::{Applicability, Span};

use super::{mend, ports};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `EXPOSE` names an address or a port of the host: `EXPOSE 8080:80`.
    ///
    /// ## Why it hurts in production
    /// An image cannot choose where it is published: the part in front of the colon is dropped, and
    /// whoever relied on it waits for a port that nobody opened. BuildKit says that it will refuse
    /// the form.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nginx:1.29
    /// EXPOSE 8080:80
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nginx:1.29
    /// EXPOSE 80
    /// ```
    ///
    /// ## Fix
    /// Safe: only the container's port stays, which is all that was read.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/expose-invalid-format/>
    HostPortInExpose = "host-port-in-expose",
    summary: "EXPOSE names a port or address of the host",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["ExposeInvalidFormat"],
    audience: Default,
    edition: 2026,
}

impl Rule for HostPortInExpose {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                for port in ports::of(file, view) {
                    let parts = port.parts();
                    // `:80` names nothing.
                    if parts.host.trim_end_matches(':').is_empty() {
                        continue;
                    }
                    let reported = sink
                        .report(
                            file.place(port.word.span),
                            format!(
                                "`{}` is dropped from `EXPOSE {}`: an image does not choose where it is published.",
                                parts.host.trim_end_matches(':').escape_debug(),
                                port.text.escape_debug()
                            ),
                        )
                        .help("Expose the container's port only, and publish it with `docker run -p` or `ports:`.");
                    let span = port.word.span;
                    if mend::written(file, span) == port.text.as_bytes() {
                        reported.fix(mend::fix(
                            file,
                            "Keep the container's port only",
                            Applicability::Safe,
                            [(
                                Span::new(span.start, span.start + parts.host.len()),
                                String::new(),
                            )],
                        ));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "host-port-in-expose";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a port", "FROM a:1\nEXPOSE 8080:80\n", &[2]),
                ("an address", "FROM a:1\nEXPOSE 127.0.0.1:80:80/tcp\n", &[2]),
                ("version 6", "FROM a:1\nEXPOSE [::1]:8080:80\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("a port", "FROM a:1\nEXPOSE 80/tcp\n"),
                ("not known", "FROM a:1\nEXPOSE $P\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM a:1\nEXPOSE 127.0.0.1:81:80/tcp 90\n", &[]),
            "FROM a:1\nEXPOSE 80/tcp 90\n"
        );
    }
}
