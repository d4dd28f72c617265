use plimsoll_model::{Applicability, Confidence, Edit, Fix};
use plimsoll_syntax::shell::ShellWord;

use crate::declare::declare_rule;
use crate::package::call::{Action, Manager};
use crate::package::site;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the packages of one install, three or more of the system's, stand in no
    /// alphabetical order. A house rule, and off unless it is asked for.
    ///
    /// ## Why it hurts in production
    /// It does not, directly. In a long list without an order a package stands twice, a change is
    /// hard to review, and two branches that add one meet in a conflict.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM alpine:3.22
    /// RUN apk add --no-cache tini curl bash
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM alpine:3.22
    /// RUN apk add --no-cache bash curl tini
    /// ```
    ///
    /// ## Fix
    /// Safe: the words change places. None where a comment stands among them, for it belongs to one
    /// of them.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#sort-multi-line-arguments>
    UnsortedPackages = "unsorted-packages",
    summary: "The packages of an install stand in no order",
    severity: Info,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["tally/sort-packages"],
    audience: Strict,
    edition: 2026,
}

impl Rule for UnsortedPackages {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (site, called) in site::all_calls(file) {
            let call = &called.call;
            let words = &call.packages;
            if call.action != Action::Install
                || !call.manager.is_system()
                || call.manager == Manager::Zypper && call.verb != "install" && call.verb != "in"
                || words.len() < 3
                || words.iter().any(|word| word.literal.is_none())
                || words.is_sorted_by_key(|word| key(word))
            {
                continue;
            }
            let first = words
                .windows(2)
                .find(|pair| key(pair[0]) > key(pair[1]))
                .map_or(words[0], |pair| pair[1]);
            let reported = sink
                .report(
                    file.place(called.script.word_span(first)),
                    format!("{} stands behind a package that it comes before in the alphabet.", site::shown(first)),
                )
                .help("Sort the list.")
                .confidence(site.where_built(Confidence::High));
            if !site.view.instruction.comments.is_empty()
                || called.script.end_of(first).is_none()
            {
                continue;
            }
            let mut sorted = words.clone();
            sorted.sort_by_key(|word| key(word));
            let edits = words
                .iter()
                .zip(&sorted)
                .filter(|(there, here)| there.raw != here.raw)
                .map(|(there, here)| Edit {
                    file: file.dockerfile.source.path().to_owned(),
                    span: called.script.word_span(there),
                    text: here.raw.clone(),
                })
                .collect();
            reported.fix(Fix {
                title: "Sort the packages".to_owned(),
                applicability: Applicability::Safe,
                edits,
            });
        }
    }
}

/// What a word is sorted by: its letters, capitals or not.
fn key(word: &ShellWord) -> String {
    word.literal.as_deref().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "unsorted-packages";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[(
                "the one that is out of order",
                "FROM debian:12\nRUN apt-get install -y \\\n  a \\\n  c \\\n  b\n",
                &[5],
            )],
        );
        silent(
            RULE,
            &[
                ("in order", "FROM debian:12\nRUN apt-get install -y a b=1 C\n"),
                ("two are no list", "FROM debian:12\nRUN apt-get install -y b a\n"),
                ("not known", "FROM debian:12\nRUN apt-get install -y c $B a\n"),
                ("removed", "FROM debian:12\nRUN apt-get purge -y c b a\n"),
            ],
        );
    }

    #[test]
    fn words_change_places_and_lines_stay() {
        assert_eq!(
            fixed(
                RULE,
                "FROM debian:12\nRUN apt-get install -y \\\n  'c' \\\n  b=1 -q \\\n  a && ls\n",
                &[]
            ),
            "FROM debian:12\nRUN apt-get install -y \\\n  a \\\n  b=1 -q \\\n  'c' && ls\n"
        );
        let commented = "FROM debian:12\nRUN apt-get install -y \\\n  # for x\n  c b a\n";
        assert_eq!(fixed(RULE, commented, &[]), commented);
    }
}
