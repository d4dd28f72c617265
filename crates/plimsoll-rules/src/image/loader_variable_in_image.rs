use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the environment of the image sets `LD_PRELOAD`, or sets `LD_LIBRARY_PATH` with a part that is
    /// empty or not absolute, which means the folder a program is started in. It speaks where it is asked
    /// for.
    ///
    /// ## Why it hurts in production
    /// Every program in the container loads that code, also those that somebody runs to look into it; where
    /// the folder may be written to, the code is anybody's.
    ///
    /// ## Example
    /// ```image
    /// env: LD_PRELOAD=/usr/lib/libhook.so
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// env: LD_LIBRARY_PATH=/opt/app/lib
    /// ```
    ///
    /// ## Fix
    /// None: set the variable for the one program that needs it (`env LD_PRELOAD=… program`).
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man8/ld.so.8.html>
    LoaderVariableInImage = "loader-variable-in-image",
    summary: "The environment changes what every program loads",
    severity: Low,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: [],
    audience: Strict,
    edition: 2026,
}

impl Rule for LoaderVariableInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let Some(config) = image.config else {
            return;
        };
        for variable in &config.judged.env {
            let Some((name, value)) = variable.split_once('=') else {
                continue;
            };
            let message = match name {
                "LD_PRELOAD" if !value.is_empty() => {
                    "`LD_PRELOAD` makes every program load further code.".to_owned()
                }
                "LD_LIBRARY_PATH"
                    if !value.is_empty() && value.split(':').any(|one| !one.starts_with('/')) =>
                {
                    "`LD_LIBRARY_PATH` has a part that is empty or not absolute: libraries are taken \
                     from the folder a program is started in."
                        .to_owned()
                }
                _ => continue,
            };
            sink.report_at(origin::of_setting(image, "ENV", name), message)
                .help("Set it for the one program that needs it.")
                .about([name]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "loader-variable-in-image",
            &[
                ("an empty part", "env: LD_LIBRARY_PATH=/opt/lib:\n", 1),
                ("set to nothing", "env: LD_PRELOAD=\n", 0),
            ],
        );
    }
}
