use plimsoll_model::{Applicability, Span};

use super::{mend, ports};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a protocol in `EXPOSE` is not in lower case.
    ///
    /// ## Why it hurts in production
    /// The image says `8080/tcp` and the file `8080/TCP`: who looks for one misses the other, and
    /// builders other than BuildKit keep it as written.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nginx:1.29
    /// EXPOSE 8080/TCP
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nginx:1.29
    /// EXPOSE 8080/tcp
    /// ```
    ///
    /// ## Fix
    /// Safe: the protocol is put into lower case.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/expose-proto-casing/>
    UppercasePortProtocol = "uppercase-port-protocol",
    summary: "A protocol in EXPOSE is not in lower case",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["ExposeProtoCasing"],
    audience: Default,
    edition: 2026,
}

impl Rule for UppercasePortProtocol {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                for port in ports::of(file, view) {
                    let Some(protocol) = port.parts().protocol else {
                        continue;
                    };
                    let lower = protocol.to_ascii_lowercase();
                    if lower == protocol || !matches!(lower.as_str(), "tcp" | "udp" | "sctp") {
                        continue;
                    }
                    let span = port.word.span;
                    let literal = mend::written(file, span).ends_with(protocol.as_bytes());
                    let place = if literal {
                        Span::new(span.end - protocol.len(), span.end)
                    } else {
                        span
                    };
                    let reported = sink
                        .report(
                            file.place(place),
                            format!("The protocol of `{}` is not in lower case.", port.text.escape_debug()),
                        )
                        .help(format!("Write `{lower}`."));
                    if literal {
                        reported.fix(mend::fix(
                            file,
                            format!("Write `{lower}`"),
                            Applicability::Safe,
                            [(place, lower)],
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

    const RULE: &str = "uppercase-port-protocol";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("each", "FROM a:1\nEXPOSE 80/TcP 81/TCP 82/udp\n", &[2, 2]),
                ("through a variable", "FROM a:1\nENV P=80/UDP\nEXPOSE $P\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("lower", "FROM a:1\nEXPOSE 80/tcp 81\n"),
                ("no protocol there is", "FROM a:1\nEXPOSE 80/HTTP\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM a:1\nEXPOSE 80/TCP 81/Udp\n", &[]),
            "FROM a:1\nEXPOSE 80/tcp 81/udp\n"
        );
    }
}
