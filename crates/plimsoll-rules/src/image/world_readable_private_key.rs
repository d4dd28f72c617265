use plimsoll_model::{NotableFile, NotableKind};

use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a file with a private key lets every user of the container read it. That the key is there at
    /// all is told by `secret-in-image`; keys that a package publishes and those among tests are left out.
    ///
    /// ## Why it hurts in production
    /// A process that was taken over, whatever user it runs as, reads the key and is whom it stands for.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY tls.key /etc/app/
    /// file: readable-key etc/app/tls.key 1700 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app /app
    /// ```
    ///
    /// ## Fix
    /// None: mount the key when the container starts, with mode 0400.
    ///
    /// ## References
    /// - <https://docs.docker.com/engine/swarm/secrets/>
    WorldReadablePrivateKey = "world-readable-private-key",
    summary: "Everybody may read a private key",
    severity: High,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for WorldReadablePrivateKey {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for file in &image.inventory.notable {
            if file.kind == NotableKind::ReadableKey {
                sink.report_at(
                    origin::of_file(image, file.layer, &file.path),
                    format!(
                        "Everybody may read the private key in `/{}`.",
                        file.path.escape_debug()
                    ),
                )
                .help("Mount it when the container starts, with mode 0400.")
                .about(keys_in(image, file));
            }
        }
    }
}

/// The keys that the file holds, as `secret-in-image` names them: wherever it lies, they are the same.
fn keys_in(image: &ImageFacts<'_>, file: &NotableFile) -> Vec<String> {
    let secrets = image.inventory.secrets.iter();
    secrets
        .filter(|secret| secret.layer == Some(file.layer) && secret.place == file.path)
        .map(|secret| format!("{} {}", secret.kind, secret.fingerprint))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "world-readable-private-key",
            &[
                ("another kind", "layer: a\nfile: shell bin/sh 1 0\n", 0),
            ],
        );
    }
}
