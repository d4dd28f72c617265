use crate::declare::declare_rule;
use crate::rule::{Meta, Rule};

declare_rule! {
    /// ## What it does
    /// Tells that a `# plimsoll: allow(…)` comment, or a `[[check.allow]]` of `plimsoll.toml` whose
    /// whole folder was checked, names a rule that finds nothing where it reaches. Comments of other tools are left alone: they may be meant for rules that only those
    /// tools have.
    ///
    /// ## Why it hurts in production
    /// An exception that is no longer needed will one day cover something that nobody looked at.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// # plimsoll: allow(root-user) binds port 53 on the host network
    /// USER 10001
    /// CMD ["serve"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// USER 10001
    /// CMD ["serve"]
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the comment is removed where everything in it is unused. Not above the first
    /// instruction: there, what follows it could become a parser directive.
    ///
    /// ## References
    /// - `docs/rules/README.md`, "Suppressing a finding"
    UnusedSuppression = "unused-suppression",
    summary: "A suppression allows something that is not there",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for UnusedSuppression {
    // Judged by the engine, which alone knows what each comment did (`suppression/mod.rs`).
    fn meta(&self) -> &'static Meta {
        &Self::META
    }
}
