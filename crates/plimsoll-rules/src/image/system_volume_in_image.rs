use plimsoll_model::{Origin, SourceFile, SourceOrigin};
use plimsoll_syntax::dockerfile::{self, InstructionKind, ResolveInput};

use crate::declare::declare_rule;
use crate::options::RuleSettings;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{ImageFacts, Meta, Rule, Sink};
use crate::runtime::system_folder;

declare_rule! {
    /// ## What it does
    /// Tells that the image's configuration declares a volume at the root or over a folder of the system:
    /// `/proc`, `/sys`, `/dev`, `/boot`, `/etc`, `/bin`, `/usr` and the like, whether its own Dockerfile or its
    /// base did. Where the Dockerfile is judged beside the image, as `plimsoll ship` does, and says so,
    /// `system-directory-taken` speaks of its line.
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
        let Some(config) = image.config else {
            return;
        };
        let taken = config.judged.volumes.iter().zip(&config.shown.volumes);
        let mut taken = taken
            .filter_map(|(path, shown)| Some((system_folder(path, true)?, shown)))
            .peekable();
        if taken.peek().is_none() {
            return;
        }
        let written = image.dockerfile.map_or_else(Vec::new, volumes);
        for (folder, shown) in taken {
            let mut lines = written.iter().rev();
            let line = lines.find(|(path, _)| system_folder(path, true) == Some(folder));
            if image.is_dockerfile_judged && line.is_some() {
                continue;
            }
            let folder = system_folder(shown, true).unwrap_or(shown);
            sink.report_at(
                Origin {
                    source: line.map(|(_, place)| place.clone()),
                    ..Origin::default()
                },
                format!(
                    "The image has a volume at `{}`, a folder of the system.",
                    folder.escape_debug()
                ),
            )
            .help("Take a folder of the program's own, such as one in `/srv` or `/var/lib`.");
        }
    }
}

/// The volumes that a Dockerfile declares for what it ships, each with its place.
fn volumes(file: &SourceFile) -> Vec<(String, SourceOrigin)> {
    let (tree, errors) = dockerfile::parse(file.clone());
    let resolution = dockerfile::resolve(&tree, &ResolveInput::default());
    let settings = RuleSettings::default();
    let file = ProjectFile::new(&tree, &errors, &resolution, None, &settings);
    let mut volumes = Vec::new();
    for view in file.shipped_steps() {
        if let InstructionKind::Volume(words) = &unwrapped(view.instruction).kind {
            volumes.extend(words.iter().filter_map(|word| {
                let path = file.expand(&word.value, &view.step.before)?;
                Some((path, file.place(word.span)))
            }));
        }
    }
    volumes
}

#[cfg(test)]
mod tests {
    use crate::testing::{ImageExample, judges};

    #[test]
    fn cases() {
        judges(
            "system-volume-in-image",
            &[
                ("several", "volume: /\nvolume: /proc/sys\nvolume: /usr/\n", 3),
                ("shared memory", "volume: /dev/shm\n", 0),
                ("below a folder of the system", "volume: /etc/app\n", 0),
                ("of a Dockerfile that nobody judges", "volume: /etc\ndockerfile: FROM a:1 | VOLUME /etc\n", 1),
                (
                    "of a Dockerfile that is judged too",
                    "volume: /etc\nvolume: /usr/\ndockerfile: FROM a:1 | ENV D=/etc | VOLUME $D/ /usr\njudged: yes\n",
                    0,
                ),
                (
                    "of the base, where the Dockerfile takes a folder in it",
                    "volume: /etc\ndockerfile: FROM a:1 | VOLUME /etc/app\njudged: yes\n",
                    1,
                ),
                (
                    "of the base, where a stage that does not ship takes it",
                    "volume: /etc\ndockerfile: FROM b:1 AS b | VOLUME /etc | FROM a:1\njudged: yes\n",
                    1,
                ),
            ],
        );
    }

    #[test]
    fn the_line_is_told_where_it_is_known() {
        let image = "volume: /etc\ndockerfile: FROM a:1 | VOLUME /etc/app | VOLUME /etc\n";
        let found = ImageExample::parse(image).check("system-volume-in-image");
        let source = found.findings[0].origin.source.as_ref();
        assert_eq!(source.map(|source| source.start.line), Some(3));
    }
}
