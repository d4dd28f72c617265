use crate::declare::declare_rule;
use crate::rule::{Meta, Rule};

declare_rule! {
    /// ## What it does
    /// Tells that the end date of a `# plimsoll: allow(…)` comment, or of a `[[check.allow]]` of
    /// `plimsoll.toml`, has passed. It no longer suppresses anything.
    ///
    /// ## Why it hurts in production
    /// An exception was made for a time, and that time is over: what was tolerated then ships
    /// today without anyone having decided so.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// # plimsoll: allow(root-user) the installer needs it until 2020-06-30
    /// USER root
    /// CMD ["install-all"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// USER 10001
    /// CMD ["install-all"]
    /// ```
    ///
    /// ## Fix
    /// None: whether the reason still holds is for people to say.
    ///
    /// ## References
    /// - `docs/rules/README.md`, "Suppressing a finding"
    ExpiredSuppression = "expired-suppression",
    summary: "A suppression is past its end date",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for ExpiredSuppression {
    // Judged by the engine, which alone knows what each comment did (`suppression/mod.rs`).
    fn meta(&self) -> &'static Meta {
        &Self::META
    }
}
