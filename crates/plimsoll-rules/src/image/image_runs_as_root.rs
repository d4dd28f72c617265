use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};
use crate::user::is_root;

declare_rule! {
    /// ## What it does
    /// Tells that the configuration of the image names no user, or root under any name or number.
    ///
    /// ## Why it hurts in production
    /// Whoever gets hold of the process owns everything in the container, may write to every
    /// volume, and is one kernel or runtime flaw away from the host. Clusters that enforce
    /// `runAsNonRoot` refuse to start the image at all.
    ///
    /// ## Example
    /// ```image
    /// user: root
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// user: 10001:10001
    /// ```
    ///
    /// ## Fix
    /// None: set `USER` in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#user>
    ImageRunsAsRoot = "image-runs-as-root",
    summary: "The image runs as root",
    severity: High,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: ["CIS-DI-0001"],
    audience: Default,
    edition: 2026,
}

impl Rule for ImageRunsAsRoot {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let Some(config) = image.config else {
            return;
        };
        if !image.runs_as_root() {
            return;
        }
        let user = config.judged.user.as_str();
        let shown = config.shown.user.as_str();
        let name = user.split(':').next().unwrap_or_default();
        let message = if name.is_empty() {
            "The image names no user, so it runs as root.".to_owned()
        } else if is_root(user) {
            format!("The image runs as `{}`.", shown.escape_debug())
        } else {
            format!(
                "The image runs as `{}`, which is another name of root.",
                shown.escape_debug()
            )
        };
        sink.report_at(origin::of_setting(image, "USER", user), message).help(
            "Create a user that owns only what it must write, and switch to it with a numeric \
             `USER` behind the last step that needs root.",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{ImageExample, judges};

    #[test]
    fn the_line_that_says_so_is_told() {
        for (image, line) in [
            ("dockerfile: FROM a | USER 0\nuser: 0\n", Some(2)),
            ("dockerfile: FROM a | USER root:app\nuser: root:app\n", Some(2)),
            ("dockerfile: FROM a | USER 10\nuser: 0\n", None),
            ("dockerfile: FROM a | USER x\ncmd: y\n", None),
        ] {
            let image = ImageExample::parse(image);
            let finding = image.check("image-runs-as-root").findings.remove(0);
            assert_eq!(finding.origin.source.map(|source| source.start.line), line);
        }
    }

    #[test]
    fn cases() {
        judges(
            "image-runs-as-root",
            &[
                ("no user", "cmd: serve\n", 1),
                ("by number", "user: 0\n", 1),
                ("by number, written oddly", "user: 000:5\n", 1),
                ("with a group", "user: root:app\n", 1),
                ("a name", "user: app\n", 0),
                ("a number", "user: 65532\n", 0),
            ],
        );
    }
}
