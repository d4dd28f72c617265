use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the environment sets `TZ` to a zone other than UTC of which no file is under
    /// `/usr/share/zoneinfo`. It speaks of what the C library does; runtimes with zones of their own (Java, Node) are left out where
    /// the image starts one.
    ///
    /// ## Why it hurts in production
    /// The time is silently that of UTC: logs, schedules and dates are hours off.
    ///
    /// ## Example
    /// ```image
    /// env: TZ=Europe/Vienna
    /// missing-time-zone: Europe/Vienna
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// env: TZ=Europe/Vienna
    /// ```
    ///
    /// ## Fix
    /// None: install `tzdata`.
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man3/tzset.3.html>
    TimezoneDataMissingInImage = "timezone-data-missing-in-image",
    summary: "TZ names a zone that the image has no data of",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for TimezoneDataMissingInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let Some(zone) = &image.inventory.missing_time_zone else {
            return;
        };
        let knows_itself = |word: &str| {
            let name = word.rsplit('/').next().unwrap_or_default();
            matches!(name, "java" | "node" | "nodejs" | "npm" | "yarn")
        };
        if image.inventory.startup.iter().any(|file| knows_itself(&file.word)) {
            return;
        }
        sink.report_at(
            origin::of_setting(image, "ENV", "TZ"),
            format!(
                "`TZ` is `{}`, of which the image has no data: it counts as UTC.",
                zone.escape_debug()
            ),
        )
        .help("Install `tzdata`.");
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "timezone-data-missing-in-image",
            &[
                ("a runtime with zones of its own", "layer: a\nmissing-time-zone: Europe/Vienna\nstartup: cmd node usr/bin/node\n", 0),
            ],
        );
    }
}
