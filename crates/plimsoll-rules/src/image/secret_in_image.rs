use plimsoll_model::{Origin, SecretSighting};

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::origin;

declare_rule! {
    /// ## What it does
    /// Tells each place of the image where a credential was seen: environment, labels, history, and
    /// the files of every layer, also of those that a later layer deletes. Values are never shown;
    /// the fingerprint tells two sightings of one credential from two credentials.
    ///
    /// ## Why it hurts in production
    /// Everyone who can pull the image has it.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY . /srv
    /// layer: RUN rm /srv/id_rsa
    /// secret: private-key srv/id_rsa layer 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY src /srv
    /// ```
    ///
    /// ## Fix
    /// None: a credential that was shipped must be revoked, not only removed.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/secrets/>
    SecretInImage = "secret-in-image",
    summary: "A credential ships in the image",
    severity: Critical,
    confidence: Medium,
    category: Security,
    depth: Image,
    aliases: ["CIS-DI-0010"],
    audience: Default,
    edition: 2026,
}

impl Rule for SecretInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for secret in &image.inventory.secrets {
            let origin = match secret.layer {
                Some(layer) => origin::of_file(image, layer, &secret.place),
                None => Origin {
                    source: secret.source.clone(),
                    ..Origin::default()
                },
            };
            sink.report_at(origin, message(secret))
                .help(help(&secret.kind))
                .severity(secret.severity)
                .about([format!("{} {}", secret.kind, secret.fingerprint)]);
        }
    }
}

fn help(kind: &str) -> &'static str {
    match kind {
        // Nobody can hand over at run time what the build draws.
        "nextjs-preview-key" => {
            "It opens Next.js's draft mode, which shows what is not published yet. Each build draws a \
             new one: build again where somebody had the image who may not see that."
        }
        "nextjs-action-key" => {
            "It opens what Next.js's server actions seal into pages. Each build draws a new one: build again \
             where somebody had the image who may not read that."
        }
        _ => {
            "Revoke it, then hand it over at run time, or to the one build step that needs it with \
             `RUN --mount=type=secret`."
        }
    }
}

fn message(secret: &SecretSighting) -> String {
    let line = secret
        .line
        .map(|line| format!(" line {line}"))
        .unwrap_or_default();
    let deleted = if secret.deleted_in.is_some() {
        "; a later layer deletes the file or writes over it, and the one that brought it still ships"
    } else {
        ""
    };
    format!(
        "A credential ({}) is in `{}`{line}, fingerprint {}{deleted}.",
        secret.kind,
        secret.shown_place().escape_debug(),
        secret.fingerprint
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{ImageExample, judges};

    #[test]
    fn cases() {
        judges(
            "secret-in-image",
            &[
                (
                    "in the environment",
                    "secret: aws-access-key env AWS_ACCESS_KEY_ID\n",
                    1,
                ),
                ("in history", "secret: aws-access-key history step 3\n", 1),
                (
                    "each of them",
                    "layer: COPY . /\nsecret: private-key a layer 0\nsecret: private-key b layer 0\n",
                    2,
                ),
                ("none", "env: PATH=/bin\n", 0),
            ],
        );
    }

    #[test]
    fn what_each_build_draws_is_not_to_be_revoked() {
        let help = |kind: &str| {
            let image = ImageExample::parse(&format!("secret: {kind} env A\n"));
            let finding = image.check("secret-in-image").findings.remove(0);
            finding.help.unwrap()
        };
        assert!(help("private-key").starts_with("Revoke"));
        assert!(help("nextjs-preview-key").contains("build again"));
    }

    #[test]
    fn a_variable_is_traced_to_its_line() {
        let image = ImageExample::parse(
            "dockerfile: FROM scratch | ENV A=b\nsecret: aws-access-key env A\nsecret-line: 2\n",
        );
        let finding = image.check("secret-in-image").findings.remove(0);
        assert_eq!(finding.origin.source.unwrap().start.line, 2);
    }

    #[test]
    fn a_file_is_traced_to_its_layer() {
        let image = ImageExample::parse(
            "layer: FROM\nlayer: COPY . /srv\nsecret: private-key srv/k layer 1\n",
        );
        let finding = image.check("secret-in-image").findings.remove(0);
        let layer = finding.origin.layer.unwrap();
        assert_eq!(
            (layer.index, layer.instruction.as_deref()),
            (1, Some("COPY . /srv"))
        );
        assert_eq!(finding.origin.path.as_deref(), Some("srv/k"));
        assert!(finding.message.contains("`/srv/k`"), "{}", finding.message);
    }
}
