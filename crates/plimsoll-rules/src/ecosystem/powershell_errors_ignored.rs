use plimsoll_model::Confidence;

use super::powershell::{is_preset, mentions, text};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` of PowerShell has several statements and goes on behind one that fails:
    /// `$ErrorActionPreference` is not `Stop`.
    ///
    /// ## Why it hurts in production
    /// To PowerShell most errors are a red line and no reason to stop. The download fails, the
    /// installer behind it is not there, the cleanup works: the build is green, the image is not.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM mcr.microsoft.com/powershell:7.4-ubuntu-22.04
    /// SHELL ["pwsh", "-Command"]
    /// RUN Invoke-WebRequest https://example.com/x.zip -OutFile x.zip; Remove-Item y
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM mcr.microsoft.com/powershell:7.4-ubuntu-22.04
    /// SHELL ["pwsh", "-Command", "$ErrorActionPreference = 'Stop';"]
    /// RUN Invoke-WebRequest https://example.com/x.zip -OutFile x.zip; Remove-Item y
    /// ```
    ///
    /// ## Fix
    /// None: programs that are no cmdlets need `$PSNativeCommandUseErrorActionPreference`, too, from
    /// PowerShell 7.3 on.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_preference_variables>
    PowershellErrorsIgnored = "powershell-errors-ignored",
    summary: "PowerShell goes on behind a statement that fails",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/powershell/error-action-preference"],
    audience: Default,
    edition: 2026,
}

impl Rule for PowershellErrorsIgnored {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            let Some(text) = text(file, run) else { continue };
            let body = text.value.trim_end_matches([';', ' ', '"', '\'']);
            // One statement needs nothing: it is the last.
            if !body.contains(';')
                || mentions(body, "ErrorActionPreference")
                || mentions(body, "-ErrorAction Stop")
                || mentions(body, "-EA Stop")
                || mentions(body, "$?")
                || mentions(body, "LASTEXITCODE")
                || is_preset(run, "ErrorActionPreference")
            {
                continue;
            }
            sink.report(
                file.place(run.instruction.keyword.span),
                "A statement that fails here does not stop the step.",
            )
            .help("Start the text of `SHELL` or of this `RUN` with `$ErrorActionPreference = 'Stop';`.")
            .confidence(run.confidence(Confidence::High));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "powershell-errors-ignored";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "called by name",
                    "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN powershell -Command \"a; b\"\n",
                    &[2],
                ),
                (
                    "several lines",
                    "FROM a:1\nSHELL [\"powershell\", \"-Command\"]\nRUN a; \\\n  b\n",
                    &[3],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "one statement",
                    "FROM a:1\nSHELL [\"pwsh\", \"-c\"]\nRUN a;\n",
                ),
                (
                    "set in the RUN",
                    "FROM a:1\nSHELL [\"pwsh\", \"-c\"]\nRUN $ErrorActionPreference = 'Stop'; a; b\n",
                ),
                (
                    "looked at",
                    "FROM a:1\nSHELL [\"pwsh\", \"-c\"]\nRUN a; if ($LASTEXITCODE) { exit 1 }; b\n",
                ),
                (
                    "a script",
                    "FROM a:1\nRUN pwsh -File /x.ps1; ls\n",
                ),
                ("another shell", "FROM a:1\nRUN a; b\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM a:1 AS t\nRUN pwsh -c a; b\nFROM scratch\n",
            )],
        );
    }
}
