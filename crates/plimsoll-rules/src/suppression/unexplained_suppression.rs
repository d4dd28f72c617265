use crate::declare::declare_rule;
use crate::rule::{Meta, Rule};

declare_rule! {
    /// ## What it does
    /// Tells that a `# plimsoll: allow(…)` comment gives no reason, or cannot be read at all. With
    /// `require-reason` also that another tool's comment, or a `[[check.allow]]` of `plimsoll.toml`,
    /// gives none.
    ///
    /// ## Why it hurts in production
    /// Nobody dares to remove an exception that nobody can explain, so it stays forever and takes
    /// the next real finding with it. One that cannot be read suppresses nothing, though its author
    /// believes it does.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// # plimsoll: allow(root-user)
    /// USER root
    /// CMD ["install-all"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// # plimsoll: allow(root-user) binds port 53 on the host network until 2199-12-31
    /// USER root
    /// CMD ["install-all"]
    /// ```
    ///
    /// ## Fix
    /// None: only its author knows the reason.
    ///
    /// ## References
    /// - `docs/rules/README.md`, "Suppressing a finding"
    UnexplainedSuppression = "unexplained-suppression",
    summary: "A suppression gives no reason, or cannot be read",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for UnexplainedSuppression {
    // Judged by the engine, which alone knows what each comment did (`suppression/mod.rs`).
    fn meta(&self) -> &'static Meta {
        &Self::META
    }
}
