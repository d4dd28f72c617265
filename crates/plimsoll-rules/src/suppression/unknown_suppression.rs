use crate::declare::declare_rule;
use crate::rule::{Meta, Rule};

declare_rule! {
    /// ## What it does
    /// Tells that a `# plimsoll: allow(…)` comment names a rule that does not exist.
    ///
    /// ## Why it hurts in production
    /// A misspelt name suppresses nothing: the build is held back, or, where the finding has gone
    /// meanwhile, the comment claims an exception that was never made.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// # plimsoll: allow(root-usr) binds port 53 on the host network
    /// USER root
    /// CMD ["install-all"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// # plimsoll: allow(root-user) binds port 53 on the host network
    /// USER root
    /// CMD ["install-all"]
    /// ```
    ///
    /// ## Fix
    /// None: the closest name is suggested, but it need not be the one that was meant.
    ///
    /// ## References
    /// - `docs/rules/README.md`, "Suppressing a finding"
    UnknownSuppression = "unknown-suppression",
    summary: "A suppression names a rule that does not exist",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for UnknownSuppression {
    // Judged by the engine, which alone knows what each comment did (`suppression/mod.rs`).
    fn meta(&self) -> &'static Meta {
        &Self::META
    }
}
