//! The declaration of a rule.

/// Declares a rule: a unit struct and its [`Meta`](crate::Meta). The doc comment IS the rule's
/// documentation: the generated page, `plimsoll explain` and the help text of machine formats all
/// print it, and its examples run as tests (`contract.rs`).
macro_rules! declare_rule {
    (
        $(#[doc = $doc:literal])+
        $rule:ident = $name:literal,
        summary: $summary:literal,
        severity: $severity:ident,
        confidence: $confidence:ident,
        category: $category:ident,
        depth: $depth:ident,
        aliases: [$($alias:literal),* $(,)?],
        audience: $audience:ident,
        edition: $edition:literal $(,)?
    ) => {
        $(#[doc = $doc])+
        pub(crate) struct $rule;

        impl $rule {
            pub(crate) const META: $crate::Meta = $crate::Meta {
                name: $name,
                summary: $summary,
                docs: concat!($($doc, "\n"),+),
                severity: plimsoll_model::Severity::$severity,
                confidence: plimsoll_model::Confidence::$confidence,
                category: $crate::Category::$category,
                depth: $crate::Depth::$depth,
                aliases: &[$($alias),*],
                audience: $crate::Audience::$audience,
                edition: $edition,
            };
        }
    };
}

/// Lists the rules of a folder, one line each: the module and the rule it declares.
macro_rules! rules {
    ($($module:ident::$rule:ident),* $(,)?) => {
        $(mod $module;)*

        /// The rules of this folder.
        pub(crate) static RULES: &[&dyn $crate::Rule] = &[$(&$module::$rule),*];
    };
}

pub(crate) use {declare_rule, rules};
