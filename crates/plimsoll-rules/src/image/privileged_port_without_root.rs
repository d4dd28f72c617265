use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image exposes a port below 1024 and runs as another user than root. It speaks where it is
    /// asked for: Docker lets every user listen there since 20.10, other runtimes need to be told.
    ///
    /// ## Why it hurts in production
    /// On hosts and clusters that keep low ports for root the service ends with `permission denied`.
    ///
    /// ## Example
    /// ```image
    /// user: 10001
    /// port: 80/tcp
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// user: 10001
    /// port: 8080/tcp
    /// ```
    ///
    /// ## Fix
    /// None: listen on a port from 1024 on, and map it from outside.
    ///
    /// ## References
    /// - <https://docs.docker.com/engine/release-notes/20.10/>
    PrivilegedPortWithoutRoot = "privileged-port-without-root",
    summary: "A user that is not root is to listen on a low port",
    severity: Low,
    confidence: Medium,
    category: Operability,
    depth: Image,
    aliases: [],
    audience: Strict,
    edition: 2026,
}

impl Rule for PrivilegedPortWithoutRoot {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let Some(config) = image.config else {
            return;
        };
        if image.runs_as_root() {
            return;
        }
        let ports = config.judged.exposed_ports.iter();
        for (exposed, shown) in ports.zip(&config.shown.exposed_ports) {
            let number = exposed.split('/').next().unwrap_or_default();
            if number.parse::<u16>().is_ok_and(|port| (1..1024).contains(&port)) {
                sink.report_at(
                    origin::of_setting(image, "EXPOSE", number),
                    format!(
                        "Port {} is kept for root on some hosts, and the image runs as `{}`.",
                        shown.escape_debug(),
                        config.shown.user.escape_debug()
                    ),
                )
                .help("Listen on a port from 1024 on.")
                .about([shown.as_str()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "privileged-port-without-root",
            &[
                ("root", "port: 80/tcp\n", 0),
                ("each port", "user: app\nport: 80/tcp\nport: 443/tcp\nport: 8443/tcp\n", 2),
            ],
        );
    }
}
