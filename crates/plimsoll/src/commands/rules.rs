//! `plimsoll rules`: every rule there is.

use std::fmt::Write;

use plimsoll_rules::Audience;

use crate::args::{ListFormat, RulesArgs};
use crate::failure::{Failure, Outcome};
use crate::terminal::print;

/// Prints them as a table or as JSON.
pub(crate) fn run(arguments: &RulesArgs) -> Result<Outcome, Failure> {
    let text = match arguments.format {
        ListFormat::Human => table(),
        ListFormat::Json => json(),
    };
    print(&text)?;
    Ok(Outcome::Holds)
}

fn table() -> String {
    let rules = plimsoll_rules::all();
    let width = rules
        .iter()
        .map(|rule| rule.meta().name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for rule in rules {
        let meta = rule.meta();
        let off = match meta.audience {
            Audience::Default => "",
            Audience::Strict => " (strict: off by default)",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:width$}  {:8}  {}{off}",
            meta.name,
            meta.severity.as_str(),
            meta.summary
        );
    }
    text.push_str("\nplimsoll explain RULE tells more.\n");
    text
}

fn json() -> String {
    let rules: Vec<_> = plimsoll_rules::all()
        .iter()
        .map(|rule| {
            let meta = rule.meta();
            serde_json::json!({
                "name": meta.name,
                "summary": meta.summary,
                "severity": meta.severity.as_str(),
                "confidence": meta.confidence.as_str(),
                "category": meta.category.as_str(),
                "aliases": meta.aliases,
                "audience": meta.audience.as_str(),
                "edition": meta.edition,
            })
        })
        .collect();
    let mut text = serde_json::json!({ "version": 1, "rules": rules }).to_string();
    text.push('\n');
    text
}
