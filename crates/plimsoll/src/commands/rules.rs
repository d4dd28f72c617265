//! `plimsoll rules`: every rule there is, by what it is about.

use std::fmt::Write;

use anstyle::Style;
use plimsoll_report::paint;
use plimsoll_rules::{Audience, Meta, Rule};

use crate::args::{ListFormat, RulesArgs};
use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, print, say};

/// Prints them as a table or as JSON.
pub(crate) fn run(arguments: &RulesArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let folders = plimsoll_rules::folders();
    if let Some(about) = &arguments.about
        && !folders.iter().any(|(name, _)| name == about)
    {
        let known: Vec<&str> = folders.iter().map(|(name, _)| *name).collect();
        return Err(Failure::usage(format!(
            "--about: no rules are about `{}`",
            about.escape_debug()
        ))
        .hint(format!("they are about {}", known.join(", "))));
    }
    let chosen: Vec<(&str, Vec<&Meta>)> = folders
        .iter()
        .filter(|(folder, _)| {
            arguments
                .about
                .as_deref()
                .is_none_or(|about| about == *folder)
        })
        .map(|(folder, rules)| {
            let rules = rules.iter().map(|rule: &&'static dyn Rule| rule.meta());
            (
                *folder,
                rules.filter(|meta| fits(arguments, meta)).collect(),
            )
        })
        .filter(|(_, rules): &(_, Vec<_>)| !rules.is_empty())
        .collect();
    let text = match arguments.format {
        ListFormat::Human => table(&chosen, terminal),
        ListFormat::Json => json(&chosen),
    };
    print(&text)?;
    if let Some(word) = arguments.word.as_deref().filter(|_| chosen.is_empty()) {
        let known = plimsoll_rules::validate_names(&[word.to_owned()]);
        let meant = known.err().and_then(|error| error.suggestion);
        let meant = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        say(&format!("no such rule has `{word}` in it{meant}"));
    }
    Ok(Outcome::Holds)
}

fn fits(arguments: &RulesArgs, meta: &Meta) -> bool {
    let word = arguments
        .word
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let has = |text: &str| text.to_ascii_lowercase().contains(&word);
    (has(meta.name) || has(meta.summary) || meta.aliases.iter().any(|alias| has(alias)))
        && arguments
            .severity
            .is_none_or(|severity| severity == meta.severity)
        && (!arguments.strict || meta.audience == Audience::Strict)
}

fn table(chosen: &[(&str, Vec<&Meta>)], terminal: Terminal) -> String {
    let rules = || chosen.iter().flat_map(|(_, rules)| rules.iter());
    let width = rules().map(|meta| meta.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    // Writing to a String cannot fail.
    for (folder, rules) in chosen {
        let heading = paint(folder, Style::new().bold(), terminal.color);
        let _ = writeln!(text, "{heading}");
        for meta in rules {
            let strict = if meta.audience == Audience::Strict {
                " (strict)"
            } else {
                ""
            };
            // What does not fit stands below.
            let indent = width + 14;
            let room = terminal.width.saturating_sub(indent).max(30);
            let lines = wrapped(&format!("{}{strict}", meta.summary), room);
            let _ = writeln!(
                text,
                "  {:width$}  {:8}  {}",
                meta.name,
                meta.severity.as_str(),
                lines.join(&format!("\n{:indent$}", ""))
            );
        }
        text.push('\n');
    }
    let number = rules().count();
    let _ = writeln!(
        text,
        "{number} {}. `plimsoll explain RULE` tells more of one; (strict) speaks with --strict only.",
        if number == 1 { "rule" } else { "rules" }
    );
    text
}

/// Lines of at most `width` characters, broken between words.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn json(chosen: &[(&str, Vec<&Meta>)]) -> String {
    let rules: Vec<_> = chosen
        .iter()
        .flat_map(|(folder, rules)| rules.iter().map(move |meta| (folder, meta)))
        .map(|(folder, meta)| {
            serde_json::json!({
                "name": meta.name,
                "about": folder,
                "summary": meta.summary,
                "severity": meta.severity.as_str(),
                "confidence": meta.confidence.as_str(),
                "category": meta.category.as_str(),
                "depth": meta.depth.as_str(),
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
