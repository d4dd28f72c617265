use plimsoll_model::Confidence;

use super::powershell::{is_preset, mentions, text};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` downloads with `Invoke-WebRequest` while PowerShell draws its progress bar.
    ///
    /// ## Why it hurts in production
    /// Drawing takes longer than fetching: in Windows PowerShell a download with the bar takes many
    /// times as long as without, and a build has nobody to look at it.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM mcr.microsoft.com/windows/servercore:ltsc2022
    /// SHELL ["powershell", "-Command"]
    /// RUN Invoke-WebRequest https://example.com/x.zip -OutFile x.zip
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM mcr.microsoft.com/windows/servercore:ltsc2022
    /// SHELL ["powershell", "-Command", "$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue';"]
    /// RUN Invoke-WebRequest https://example.com/x.zip -OutFile x.zip
    /// ```
    ///
    /// ## Fix
    /// None: `SHELL` is the better place where there are several.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_preference_variables>
    PowershellProgressBar = "powershell-progress-bar",
    summary: "Invoke-WebRequest downloads slowly, drawing its progress",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["tally/powershell/progress-preference"],
    audience: Default,
    edition: 2026,
}

impl Rule for PowershellProgressBar {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            let Some(text) = text(file, run) else { continue };
            let name = ["Invoke-WebRequest", "iwr "]
                .into_iter()
                .find(|name| mentions(&text.value, name));
            let Some(name) = name else { continue };
            if mentions(&text.value, "ProgressPreference") || is_preset(run, "ProgressPreference") {
                continue;
            }
            let at = text
                .value
                .as_bytes()
                .windows(name.len())
                .position(|window| window.eq_ignore_ascii_case(name.as_bytes()))
                .unwrap_or_default();
            sink.report(
                file.place(text.source_span(at, at + name.trim_end().len())),
                "Its progress bar makes this download many times slower.",
            )
            .help("Set `$ProgressPreference = 'SilentlyContinue';` in `SHELL` or in front.")
            .confidence(run.confidence(Confidence::High));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "powershell-progress-bar";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "called by name",
                    "FROM a:1\nRUN pwsh -c iwr https://e.com -OutFile x\n",
                    &[2],
                ),
                (
                    "on its line",
                    "FROM a:1\nSHELL [\"powershell\", \"-Command\"]\nRUN a; \\\n  invoke-webrequest -Uri https://e.com\n",
                    &[4],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "switched off",
                    "FROM a:1\nSHELL [\"pwsh\", \"-c\"]\nRUN $ProgressPreference='SilentlyContinue'; iwr https://e.com\n",
                ),
                ("another shell", "FROM a:1\nRUN echo Invoke-WebRequest\n"),
                (
                    "no download",
                    "FROM a:1\nSHELL [\"pwsh\", \"-c\"]\nRUN Get-Item x\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM a:1 AS t\nRUN pwsh -c iwr https://e.com\nFROM scratch\n",
            )],
        );
    }
}
