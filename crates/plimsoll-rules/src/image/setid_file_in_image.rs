use plimsoll_model::{NotableFile, NotableKind, Severity};

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::origin;

declare_rule! {
    /// ## What it does
    /// Tells that the image holds programs that run as their owner, whoever starts them (setuid or
    /// setgid): once a layer, with their names. Those that every distribution has are worth a
    /// word, others are worth a look.
    ///
    /// ## Why it hurts in production
    /// They are the ladder from the user you so carefully set back to root.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN install -m 4755 helper /usr/local/bin/
    /// file: set-id usr/local/bin/helper 40000 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN install -m 0755 helper /usr/local/bin/
    /// ```
    ///
    /// ## Fix
    /// None: `chmod a-s` in the step that brings them, or start the container with
    /// `no-new-privileges`.
    ///
    /// ## References
    /// - <https://docs.docker.com/engine/security/>
    SetidFileInImage = "setid-file-in-image",
    summary: "Programs in the image run as their owner",
    severity: Low,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: ["CIS-DI-0008"],
    audience: Default,
    edition: 2026,
}

/// Programs of this kind that a minimal system of a distribution brings.
const USUAL: &[&str] = &[
    "bbsuid",
    "chage",
    "chfn",
    "chsh",
    "crontab",
    "dbus-daemon-launch-helper",
    "expiry",
    "fusermount",
    "fusermount3",
    "gpasswd",
    "mount",
    "newgidmap",
    "newgrp",
    "newuidmap",
    "pam_timestamp_check",
    "passwd",
    "ping",
    "polkit-agent-helper-1",
    "ssh-agent",
    "ssh-keysign",
    "su",
    "sudo",
    "umount",
    "unix_chkpwd",
    "wall",
    "write",
    "utempter",
];

impl Rule for SetidFileInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let mut files: Vec<(usize, bool, &NotableFile)> = image
            .inventory
            .notable
            .iter()
            .filter(|file| file.kind == NotableKind::SetId)
            .map(|file| {
                let name = file.path.rsplit('/').next().unwrap_or_default();
                (file.layer, USUAL.contains(&name), file)
            })
            .collect();
        files.sort_by_key(|(layer, usual, file)| (*layer, *usual, file.path.as_str()));
        for group in files.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((layer, usual, first)) = group.first() else {
                continue;
            };
            let files: Vec<&NotableFile> = group.iter().map(|(_, _, file)| *file).collect();
            let verb = if group.len() == 1 {
                "runs as its"
            } else {
                "run as their"
            };
            let reported = sink
                .report_at(
                    origin::of_file(image, *layer, &first.path),
                    format!("{} {verb} owner, whoever starts it.", origin::named(&files)),
                )
                .help("Take the bit away (`chmod a-s`), or start the container with `no-new-privileges`.")
                .about(origin::paths(&files));
            if *usual {
                reported.severity(Severity::Info);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Severity;

    use crate::testing::{ImageExample, judges};

    #[test]
    fn cases() {
        judges(
            "setid-file-in-image",
            &[
                (
                    "the usual ones together",
                    "layer: a\nfile: set-id usr/bin/su 1 0\nfile: set-id usr/bin/mount 1 0\n",
                    1,
                ),
                (
                    "others apart",
                    "layer: a\nfile: set-id usr/bin/su 1 0\nfile: set-id usr/bin/own 1 0\n",
                    2,
                ),
                ("another kind", "layer: a\nfile: shell bin/sh 1 0\n", 0),
            ],
        );
        let image = ImageExample::parse("layer: a\nfile: set-id usr/bin/su 1 0\n");
        assert_eq!(
            image.check("setid-file-in-image").findings[0].severity,
            Severity::Info
        );
    }
}
