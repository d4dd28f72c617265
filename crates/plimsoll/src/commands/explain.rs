//! `plimsoll explain RULE`: what a rule says, why, and how to mend it.

use crate::args::ExplainArgs;
use crate::failure::{Failure, Outcome};
use crate::terminal::print;

/// Prints the docs of every rule of that name or alias.
pub(crate) fn run(arguments: &ExplainArgs) -> Result<Outcome, Failure> {
    plimsoll_rules::validate_names(std::slice::from_ref(&arguments.rule)).map_err(|error| {
        Failure::usage(error.to_string()).hint("`plimsoll rules` lists every rule")
    })?;
    let mut text = String::new();
    for rule in plimsoll_rules::find(&arguments.rule) {
        let meta = rule.meta();
        text.push_str(&format!(
            "# {}\n\n{}\n\nSeverity: {}. Confidence: {}. Also known as: {}.\n\n{}\n\n",
            meta.name,
            meta.summary,
            meta.severity.as_str(),
            meta.confidence.as_str(),
            if meta.aliases.is_empty() {
                "nothing else".to_owned()
            } else {
                meta.aliases.join(", ")
            },
            meta.docs.trim()
        ));
    }
    print(&text)?;
    Ok(Outcome::Holds)
}
