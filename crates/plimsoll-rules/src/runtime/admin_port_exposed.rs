use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image exposes the port of a remote login or of an engine's control socket: SSH,
    /// telnet, RDP, VNC, or the Docker API without TLS.
    ///
    /// ## Why it hurts in production
    /// A container is looked into with `exec`, logged into never. A login service inside it needs
    /// accounts, keys and patches of its own, and is a way in that the platform does not watch.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// EXPOSE 22
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// EXPOSE 8080
    /// ```
    ///
    /// ## Fix
    /// None: the service behind the port has to go too.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#expose>
    AdminPortExposed = "admin-port-exposed",
    summary: "A port for remote administration is exposed",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["DS-0004", "DS004", "CKV_DOCKER_1", "S6473"],
    audience: Default,
    edition: 2026,
}

/// All tools know SSH's.
const SSH: &[&str] = &["DS-0004", "DS004", "CKV_DOCKER_1", "S6473"];
const SSH_IN_RANGE: &[&str] = &["S6473"];
const OTHER: &[&str] = &["S6473"];

impl Rule for AdminPortExposed {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let InstructionKind::Expose(ports) = &unwrapped(view.instruction).kind else {
                    continue;
                };
                for word in ports {
                    let Some(text) = file.expand(&word.value, &view.step.before) else {
                        continue;
                    };
                    for port in text.split_whitespace() {
                        let Some((number, what)) = admin(port) else { continue };
                        let aliases = match (number, port) {
                            (22, "22" | "22/tcp" | "22/udp") => SSH,
                            (22, _) => SSH_IN_RANGE,
                            (2375, _) => &[],
                            _ => OTHER,
                        };
                        sink.report(
                            file.place(word.span),
                            format!("Port {number} is exposed, which is for {what}."),
                        )
                        .help("Leave the service out, and use `exec` of the platform to look into the container.")
                        .aliases(aliases)
                        .confidence(if file.ships(stage) && !port.ends_with("/udp") {
                            Confidence::High
                        } else {
                            Confidence::Low
                        });
                    }
                }
            }
        }
    }
}

/// The port for administration among those that `22`, `20-25/tcp` mean.
fn admin(port: &str) -> Option<(u16, &'static str)> {
    const PORTS: [(u16, &str); 6] = [
        (22, "SSH"),
        (23, "telnet"),
        (2375, "the Docker API without TLS"),
        (3389, "RDP"),
        (5800, "VNC"),
        (5900, "VNC"),
    ];
    let numbers = port.split('/').next()?;
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    // A range that wide is not about one service.
    (last.saturating_sub(first) < 1000)
        .then(|| PORTS.iter().find(|(port, _)| (first..=last).contains(port)))?
        .copied()
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "admin-port-exposed",
            &[
                ("SSH", "FROM a:1\nEXPOSE 80 22\n", &[2]),
                ("with a protocol", "FROM a:1\nEXPOSE 22/tcp\n", &[2]),
                ("in a range", "FROM a:1\nEXPOSE 20-25\n", &[2]),
                ("through a variable", "FROM a:1\nENV P=3389\nEXPOSE $P\n", &[3]),
                ("in a stage below", "FROM a:1 AS b\nEXPOSE 5900\nFROM b\n", &[2]),
            ],
        );
        silent(
            "admin-port-exposed",
            &[
                ("others", "FROM a:1\nEXPOSE 80 2222 8022/tcp 220\n"),
                ("nobody knows", "FROM a:1\nARG P\nEXPOSE $P\n"),
                ("everything", "FROM a:1\nEXPOSE 1-65535\n"),
            ],
        );
        unsure(
            "admin-port-exposed",
            &[("not what ships", "FROM a:1\nEXPOSE 22\nFROM b:1\n")],
        );
    }
}
