use super::{mend, ports};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `EXPOSE` names what cannot be a port: a number over 65535, a range that runs
    /// backwards, a word, or a protocol other than tcp, udp and sctp. Silent where a variable
    /// decides whose value is not known.
    ///
    /// ## Why it hurts in production
    /// The build refuses the file.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nginx:1.29
    /// EXPOSE 80800
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nginx:1.29
    /// EXPOSE 8080
    /// ```
    ///
    /// ## Fix
    /// None: which port was meant is a guess.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#expose>
    ImpossiblePort = "impossible-port",
    summary: "EXPOSE names what cannot be a port",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3011", "DS-0008", "DS008"],
    audience: Default,
    edition: 2026,
}

impl Rule for ImpossiblePort {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                for port in ports::of(file, view) {
                    let parts = port.parts();
                    let (start, end) = parts
                        .container
                        .split_once('-')
                        .unwrap_or((parts.container, parts.container));
                    let (start, end) = (number(start), number(end));
                    let protocol = parts.protocol.unwrap_or_default();
                    let known = ["", "tcp", "udp", "sctp"]
                        .iter()
                        .any(|known| protocol.eq_ignore_ascii_case(known));
                    let shown = port.text.escape_debug();
                    let (message, aliases): (String, &[&str]) = match (start, end) {
                        (Some(start), Some(end)) if start > 65535 || end > 65535 => (
                            format!("`{shown}` is beyond the highest port, 65535."),
                            if parts.container.contains('-') {
                                &["DL3011"]
                            } else {
                                &["DL3011", "DS-0008", "DS008"]
                            },
                        ),
                        (Some(start), Some(end)) if start > end => {
                            (format!("The range of `{shown}` runs backwards."), &[])
                        }
                        (Some(_), Some(_)) if !known => (
                            format!("`{shown}` names a protocol that containers do not have."),
                            &[],
                        ),
                        (Some(_), Some(_)) => continue,
                        _ => (format!("`{shown}` is not a port."), &[]),
                    };
                    sink.report(file.place(port.word.span), message)
                        .help("Write a port from 0 to 65535, and `/tcp`, `/udp` or `/sctp` behind it where needed.")
                        .aliases(aliases)
                        .confidence(mend::in_stage(stage));
                }
            }
        }
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // What has more digits than that is beyond any port.
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "impossible-port",
            &[
                ("too high", "FROM a:1\nEXPOSE 65536\n", &[2]),
                ("among others", "FROM a:1\nEXPOSE 80 \\\n  99999/udp\n", &[3]),
                ("a range", "FROM a:1\nEXPOSE 40000-80000/tcp\n", &[2]),
                ("backwards", "FROM a:1\nEXPOSE 90-80\n", &[2]),
                ("a word", "FROM a:1\nEXPOSE http\n", &[2]),
                ("a protocol", "FROM a:1\nEXPOSE 80/http\n", &[2]),
                ("through a variable", "FROM a:1\nENV P=70000\nEXPOSE $P\n", &[3]),
                ("no number can hold it", "FROM a:1\nEXPOSE 99999999999999999999\n", &[2]),
            ],
        );
        silent(
            "impossible-port",
            &[
                ("the highest", "FROM a:1\nEXPOSE 65535\n"),
                ("a range", "FROM a:1\nEXPOSE 40000-60000/UDP\n"),
                ("not known", "FROM a:1\nEXPOSE ${PORT}\n"),
                ("a mapping", "FROM a:1\nEXPOSE 127.0.0.1:80:80\n"),
                ("several in one variable", "FROM a:1\nENV P=\"80 81\"\nEXPOSE $P\n"),
            ],
        );
    }
}
