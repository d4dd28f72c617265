use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that curl, wget or git of a distribution is in the image, and certificates of authorities are at
    /// none of the places where they look. Variables that name another place silence it.
    ///
    /// ## Why it hurts in production
    /// Every HTTPS request fails with `unable to get local issuer certificate`, or somebody switches the
    /// check off.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN apt-get install -y --no-install-recommends curl
    /// without-certificates: usr/bin/curl 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN apt-get install -y --no-install-recommends ca-certificates curl
    /// ```
    ///
    /// ## Fix
    /// None: install `ca-certificates`.
    ///
    /// ## References
    /// - <https://curl.se/docs/sslcerts.html>
    CertificatesMissingInImage = "certificates-missing-in-image",
    summary: "A client has no certificates to check against",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for CertificatesMissingInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for file in &image.inventory.without_certificates {
            sink.report_at(
                origin::of_file(image, file.layer, &file.path),
                format!(
                    "`/{}` checks certificates, and the image has none of any authority.",
                    file.path.escape_debug()
                ),
            )
            .help("Install `ca-certificates`.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "certificates-missing-in-image",
            &[
                ("each of them", "layer: a\nwithout-certificates: usr/bin/curl 0\nwithout-certificates: usr/bin/git 0\n", 2),
                ("none", "layer: a\n", 0),
            ],
        );
    }
}
