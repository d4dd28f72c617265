use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `rm -rf` of a path that is a folder of the system once every expansion in it is empty,
    /// such as `"$DIR"/*`. Where `ARG` or `ENV` give the variable a value here, or the folder is
    /// written out, only those who ask are told.
    ///
    /// ## Why it hurts in production
    /// A variable that is misspelt, or set in another stage, is empty: the build removes its own
    /// system, and what is left of it may still be shipped. In a script that runs with volumes it
    /// removes those.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN WORK=$(/find-work-folder) && rm -rf "$WORK"/*
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN WORK=$(/find-work-folder) && rm -rf "${WORK:?}"/*
    /// ```
    ///
    /// ## Fix
    /// None: write `${NAME:?}` where the variable must have a value.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2115>
    RemovalThatMayReachRoot = "removal-that-may-reach-root",
    summary: "An empty variable makes this removal a removal of the system",
    severity: Medium,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2115", "SC2114"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2114, 2115];

impl Rule for RemovalThatMayReachRoot {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let written = slip.written().escape_debug();
            let has_value = |name: &str| {
                let variable = slip.state.variables.get(name);
                variable
                    .and_then(|variable| variable.value.as_ref())
                    .is_some_and(|value| !value.is_empty())
            };
            let names = slip
                .written()
                .split('$')
                .skip(1)
                .map(|rest| {
                    let rest = rest.trim_start_matches('{');
                    let end = rest
                        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .unwrap_or(rest.len());
                    &rest[..end]
                })
                .filter(|name| !name.is_empty());
            let mut variables = 0;
            let mut known = 0;
            for name in names {
                variables += 1;
                known += usize::from(has_value(name));
            }
            let expands = slip.code() == 2115 && slip.written().contains(['$', '`']);
            let confidence = if expands && (variables == 0 || known < variables) {
                Confidence::Medium
            } else {
                Confidence::Low
            };
            let message = if expands {
                format!("`{written}` is a folder of the system where what it expands is empty.")
            } else {
                format!("`{written}` is a folder that the system needs.")
            };
            slip.report(sink, confidence, message)
                .help("Write `${NAME:?}`: the shell then stops where the value is missing.");
        }
    }
}
