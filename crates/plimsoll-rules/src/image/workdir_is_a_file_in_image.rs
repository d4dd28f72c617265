use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `WORKDIR` names what is a file in the image, or lies below one. It is silent where a volume
    /// is in that place, and of links that lead nowhere, of which some runtimes make a folder.
    ///
    /// ## Why it hurts in production
    /// No container of the image starts: what runs it makes the folder where it is missing, and cannot. It
    /// happens where a stage copies a program to the path that the base, or an earlier line, works in.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY app /srv/app
    /// workdir: /srv/app srv/app
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app /srv/app/
    /// workdir: /srv/app
    /// ```
    ///
    /// ## Fix
    /// None: name a folder, or copy the file into it.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#workdir>
    WorkdirIsAFileInImage = "workdir-is-a-file-in-image",
    summary: "The folder that the image works in is a file",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for WorkdirIsAFileInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let (Some(config), Some(file)) = (image.config, &image.inventory.workdir_blockage) else {
            return;
        };
        sink.report_at(
            origin::of_file(image, file.layer, &file.path),
            format!(
                "`WORKDIR` is `{}`, but `/{}` is a file: no container can start in it.",
                config.shown.working_dir.escape_debug(),
                file.path.escape_debug()
            ),
        )
        .help("Name a folder as `WORKDIR`, or copy the file into it: `COPY app /srv/app/`.")
        .about([file.path.clone()]);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "workdir-is-a-file-in-image",
            &[
                ("below a file", "layer: a\nworkdir: /srv/app/x srv/app\n", 1),
                ("a folder", "layer: a\nworkdir: /srv/app\n", 0),
            ],
        );
    }
}
