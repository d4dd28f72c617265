use plimsoll_model::Origin;
use plimsoll_syntax::dockerfile;

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};
use crate::runtime::system_folder;

declare_rule! {
    /// ## What it does
    /// Tells that the image's configuration declares a volume at the root or over a folder of the system:
    /// `/proc`, `/sys`, `/dev`, `/boot`, `/etc`, `/bin`, `/usr` and the like, whether its own Dockerfile or its
    /// base did. Where a known Dockerfile says so, `system-directory-taken` speaks of its line.
    ///
    /// ## Why it hurts in production
    /// A volume over `/etc` or `/usr` keeps yesterday's configuration and programs for ever, however new the
    /// image is, and one over `/dev` or `/proc` lets the process at the host's.
    ///
    /// ## Example
    /// ```image
    /// volume: /etc
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// volume: /var/lib/app
    /// ```
    ///
    /// ## Fix
    /// None: what is there already has to move.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#volume>
    SystemVolumeInImage = "system-volume-in-image",
    summary: "A volume of the image lies over a folder of the system",
    severity: High,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: ["DKL-DI-0002"],
    audience: Default,
    edition: 2026,
}

impl Rule for SystemVolumeInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let written = image.dockerfile.map(|file| dockerfile::parse(file.clone()).0);
        let is_written = |path: &str| {
            let mut instructions = written.iter().flat_map(|tree| tree.instructions());
            instructions.any(|one| {
                one.keyword.value.eq_ignore_ascii_case("VOLUME") && one.text.value.contains(path)
            })
        };
        for (path, shown) in image.config.volumes.iter().zip(&image.shown.volumes) {
            if system_folder(path, true).is_none() || is_written(path) {
                continue;
            }
            let folder = system_folder(shown, true).unwrap_or(shown);
            sink.report_at(
                Origin::default(),
                format!(
                    "The image has a volume at `{}`, a folder of the system.",
                    folder.escape_debug()
                ),
            )
            .help("Take a folder of the program's own, such as one in `/srv` or `/var/lib`.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "system-volume-in-image",
            &[
                ("several", "volume: /\nvolume: /proc/sys\nvolume: /usr/\n", 3),
                ("shared memory", "volume: /dev/shm\n", 0),
                ("below a folder of the system", "volume: /etc/app\n", 0),
            ],
        );
    }
}
