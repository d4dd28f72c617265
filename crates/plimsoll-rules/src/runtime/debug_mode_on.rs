use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships switches on a mode that is there for developers: `ENV
    /// FLASK_ENV=development`, `NODE_ENV=dev`, `APP_DEBUG=true`, `XDEBUG_MODE=debug`.
    ///
    /// ## Why it hurts in production
    /// Such a mode shows stack traces, source and settings to whoever asks, keeps a console open in
    /// some frameworks, and is slow. Nobody remembers to switch it off where the image runs.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// ENV FLASK_DEBUG=1
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// ENV FLASK_DEBUG=0
    /// ```
    ///
    /// ## Fix
    /// None: whether the image is for production is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/489.html>
    DebugModeOn = "debug-mode-on",
    summary: "A mode for developers is on in the image",
    severity: Medium,
    confidence: Medium,
    category: Security,
    depth: Dockerfile,
    aliases: ["S4507"],
    audience: Default,
    edition: 2026,
}

impl Rule for DebugModeOn {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        for view in file.shipped_steps() {
            let InstructionKind::Env(pairs) = &view.instruction.kind else {
                continue;
            };
            for pair in pairs {
                let name = pair.name.value.as_str();
                if !is_switch(name) {
                    continue;
                }
                let Some(value) = pair
                    .value
                    .as_ref()
                    .and_then(|word| file.expand(&word.value, &view.step.before))
                else {
                    continue;
                };
                // Only what holds in the end.
                let last = target.end.variables.get(name).and_then(|variable| variable.span);
                if !is_on(name, &value) || last != Some(pair.span) {
                    continue;
                }
                // The last stage of many files is the one developers run.
                let for_developers = target
                    .name
                    .as_deref()
                    .is_some_and(|name| name.contains("dev") || name.contains("debug") || name.contains("test"));
                sink.report(
                    file.place(pair.span),
                    format!("`ENV {name}` switches a mode for developers on in the image that ships."),
                )
                .help("Leave it out here, and set it where developers start the image.")
                .confidence(if for_developers {
                    Confidence::Low
                } else {
                    Confidence::Medium
                });
            }
        }
    }
}

fn ends_with(name: &str, end: &str) -> bool {
    name.len()
        .checked_sub(end.len())
        .and_then(|at| name.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

fn is_switch(name: &str) -> bool {
    ["ENV", "ENVIRONMENT", "DEBUG", "XDEBUG_MODE"]
        .iter()
        .any(|end| ends_with(name, end))
}

fn is_on(name: &str, value: &str) -> bool {
    let is = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if ends_with(name, "XDEBUG_MODE") {
        !value.is_empty() && !is(&["off"])
    } else if ends_with(name, "DEBUG") {
        is(&["true", "yes", "on", "1"])
    } else {
        is(&["dev", "devel", "develop", "development"])
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "debug-mode-on",
            &[
                ("a switch", "FROM a:1\nENV APP_DEBUG=true\n", &[2]),
                ("an environment", "FROM a:1\nENV A=1 NODE_ENV=development\n", &[2]),
                ("through a variable", "FROM a:1\nARG E=dev\nENV APP_ENV=$E\n", &[3]),
                ("a profiler", "FROM a:1\nENV XDEBUG_MODE=debug,develop\n", &[2]),
            ],
        );
        silent(
            "debug-mode-on",
            &[
                ("off", "FROM a:1\nENV APP_DEBUG=false NODE_ENV=production XDEBUG_MODE=off\n"),
                ("taken back", "FROM a:1\nENV DEBUG=1\nRUN x\nENV DEBUG=0\n"),
                ("not what ships", "FROM a:1\nENV DEBUG=1\nFROM b:1\n"),
                ("a filter", "FROM a:1\nENV DEBUG=app:*\n"),
            ],
        );
        unsure(
            "debug-mode-on",
            &[("for developers", "FROM a:1 AS dev\nENV DEBUG=1\n")],
        );
    }
}
