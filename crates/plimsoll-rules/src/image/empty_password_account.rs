use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an account of the image has an empty password: an empty field in `/etc/passwd` or
    /// `/etc/shadow`. A locked one (`*`, `!`) is not empty.
    ///
    /// ## Why it hurts in production
    /// Whoever runs anything in the container becomes that user with `su`, and root where it is root's.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN passwd -d root
    /// accounts: complete
    /// account: root 0 0 empty
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN passwd -l root
    /// accounts: complete
    /// account: root 0 0
    /// ```
    ///
    /// ## Fix
    /// None: lock the account (`passwd -l`, or `usermod -p '*'`).
    ///
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2019-5021>
    EmptyPasswordAccount = "empty-password-account",
    summary: "An account needs no password",
    severity: High,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: ["DKL-LI-0001"],
    audience: Default,
    edition: 2026,
}

impl Rule for EmptyPasswordAccount {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let accounts = &image.inventory.accounts;
        for user in accounts.users.iter().filter(|user| user.empty_password) {
            let (layer, path) = match accounts.shadow_layer {
                Some(layer) => (Some(layer), "etc/shadow"),
                None => (accounts.users_layer, "etc/passwd"),
            };
            let origin = match layer {
                Some(layer) => origin::of_file(image, layer, path),
                None => Default::default(),
            };
            sink.report_at(
                origin,
                format!("Account `{}` has an empty password.", user.name.escape_debug()),
            )
            .help("Lock it (`passwd -l`).")
            .about([user.name.as_str()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "empty-password-account",
            &[
                ("two of them", "account: a 1 1 empty\naccount: b 2 2 empty\n", 2),
                ("a locked one", "account: a 1 1\n", 0),
            ],
        );
    }
}
