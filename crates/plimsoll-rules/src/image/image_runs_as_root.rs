use plimsoll_model::Origin;

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
        if !image.runs_as_root() {
            return;
        }
        let user = image.config.user.as_str();
        let shown = image.shown.user.as_str();
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
        sink.report_at(Origin::default(), message).help(
            "Create a user that owns only what it must write, and switch to it with a numeric \
             `USER` behind the last step that needs root.",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

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
