use plimsoll_model::{NotableKind, Severity};

use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image holds an SSH server, or a private host key of one.
    ///
    /// ## Why it hurts in production
    /// A container is entered through its engine (`exec`), which asks who is allowed; a server of its own is
    /// one more door, with accounts, passwords and keys of its own. A host key in the image is the same in
    /// every container, and everybody who pulls it can pose as each of them.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN apt-get install -y openssh-server
    /// file: login-server usr/sbin/sshd 900000 0
    /// file: host-key etc/ssh/ssh_host_rsa_key 2602 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app /app
    /// ```
    ///
    /// ## Fix
    /// None: take the server out, or make its keys when the container starts.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/cli/docker/container/exec/>
    LoginServerInImage = "login-server-in-image",
    summary: "An SSH server ships in the image",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for LoginServerInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for group in origin::by_layer(image, NotableKind::LoginServer) {
            sink.report_at(group.origin, format!("The image ships an SSH server, {}.", group.named))
                .help("Enter containers through their engine, and take the server out.")
                .about(group.paths);
        }
        for group in origin::by_layer(image, NotableKind::HostKey) {
            sink.report_at(
                group.origin,
                format!(
                    "The image ships private host keys, which every container of it shares: {}.",
                    group.named
                ),
            )
            .severity(Severity::High)
            .about(group.paths)
            .help("Delete them in the step that makes them, and make them when the container starts.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "login-server-in-image",
            &[
                ("each by itself", "layer: a\nfile: login-server usr/sbin/sshd 1 0\nfile: host-key etc/ssh/ssh_host_rsa_key 1 0\n", 2),
                ("another kind", "layer: a\nfile: shell bin/sh 1 0\n", 0),
            ],
        );
    }
}
