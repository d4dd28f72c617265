use plimsoll_model::{Confidence, Origin};

use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an image exposes a port and has no health check. Where it exposes none, nothing
    /// says that it is a service, and the rule speaks only where it is selected by name.
    ///
    /// ## Why it hurts in production
    /// A process that hangs is still a process: without a check, Docker, Compose and Swarm keep
    /// sending it traffic and start what depends on it too early.
    ///
    /// ## Example
    /// ```image
    /// port: 8000/tcp
    /// cmd: serve
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// port: 8000/tcp
    /// healthcheck: CMD /healthcheck
    /// cmd: serve
    /// ```
    ///
    /// ## Fix
    /// None: what tells that the service is well is its author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#healthcheck>
    ImageWithoutHealthcheck = "image-without-healthcheck",
    summary: "A service has no health check",
    severity: Low,
    confidence: Medium,
    category: Operability,
    depth: Image,
    aliases: ["CIS-DI-0006"],
    audience: Default,
    edition: 2026,
}

impl Rule for ImageWithoutHealthcheck {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let Some(config) = image.config else {
            return;
        };
        // `NONE` says that none is wanted; an empty test is what an image without one has.
        let set = config
            .judged
            .healthcheck
            .as_ref()
            .is_some_and(|check| !check.test.is_empty());
        if set {
            return;
        }
        let mut ports = config.judged.exposed_ports.iter().zip(&config.shown.exposed_ports);
        let (origin, message, confidence) = match ports.next() {
            Some((port, shown)) => (
                origin::of_setting(image, "EXPOSE", port.split('/').next().unwrap_or_default()),
                format!(
                    "The image exposes port {} and has no health check.",
                    shown.escape_debug()
                ),
                Confidence::Medium,
            ),
            None => (
                Origin::default(),
                "The image has no health check; nothing tells whether it is a service.".to_owned(),
                Confidence::Low,
            ),
        };
        sink.report_at(origin, message)
            .help(
                "Add a `HEALTHCHECK` that asks the service itself, or `HEALTHCHECK NONE` where the \
                 orchestrator has its own probe.",
            )
            .confidence(confidence);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{ImageExample, judges};

    #[test]
    fn the_line_that_exposes_the_port_is_told() {
        for (image, line) in [
            ("dockerfile: FROM a | EXPOSE 80 81\nport: 80/tcp\nport: 81/tcp\n", Some(2)),
            ("dockerfile: FROM a | EXPOSE 8080\nport: 80/tcp\n", None),
            ("dockerfile: FROM a | EXPOSE 80\ncmd: job\n", None),
        ] {
            let image = ImageExample::parse(image);
            let finding = image.check("image-without-healthcheck").findings.remove(0);
            assert_eq!(finding.origin.source.map(|source| source.start.line), line);
        }
    }

    #[test]
    fn cases() {
        judges(
            "image-without-healthcheck",
            &[
                ("a service", "port: 80/tcp\n", 1),
                ("asked for by name, anything", "cmd: job\n", 1),
                (
                    "there is one",
                    "port: 80/tcp\nhealthcheck: CMD-SHELL true\n",
                    0,
                ),
                ("none is wanted", "port: 80/tcp\nhealthcheck: NONE\n", 0),
            ],
        );
    }
}
