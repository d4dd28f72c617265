use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the first line of the script a container starts with ends in a carriage return, as
    /// editors on Windows write it.
    ///
    /// ## Why it hurts in production
    /// The kernel looks for a program whose name ends in that character. The container ends at once
    /// with `no such file or directory`, though the file is plainly there.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// COPY entrypoint.sh /
    /// ENTRYPOINT ["/entrypoint.sh"]
    /// ```
    /// ```crlf:entrypoint.sh
    /// #!/bin/sh
    /// exec server
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// COPY entrypoint.sh /
    /// ENTRYPOINT ["/entrypoint.sh"]
    /// ```
    /// ```sh:entrypoint.sh
    /// #!/bin/sh
    /// exec server
    /// ```
    ///
    /// ## Fix
    /// None: the file's line ends are the version control's to keep (`*.sh text eol=lf` in
    /// `.gitattributes`).
    ///
    /// ## References
    /// - <https://git-scm.com/docs/gitattributes#_eol>
    CrlfScript = "crlf-script",
    summary: "The entry script has the line ends of Windows",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Context,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for CrlfScript {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(script) = file.entry_script() else {
            return;
        };
        let Some(end) = script.text.find('\n') else {
            return;
        };
        let line = &script.text[..end];
        // A heredoc's lines are the Dockerfile's, which the builder reads either way.
        let own_file = script.source.path() != file.dockerfile.source.path();
        if own_file && line.starts_with("#!") && line.ends_with('\r') && !mended(file) {
            sink.report(
                script.place(0, end.saturating_sub(1)),
                "The interpreter's name ends in a carriage return, and no such program exists.",
            )
            .help("Save it with the line ends of Unix, and put `*.sh text eol=lf` into `.gitattributes`.")
            .related(
                file.place(file.instruction(script.started_by).span),
                "The container starts with this script.",
            );
        }
    }
}

/// Whether some step takes the carriage returns out.
fn mended(file: &ProjectFile<'_>) -> bool {
    file.built_steps().any(|view| {
        file.commands(view).any(|(_, command)| match command.program() {
            Some("dos2unix") => true,
            Some("sed" | "tr" | "perl") => command
                .arguments()
                .iter()
                .any(|word| word.raw.contains("\\r")),
            _ => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const RULE: &str = "crlf-script";

    #[test]
    fn cases() {
        let plain = "FROM debian:12\nCOPY run.sh /\nENTRYPOINT [\"/run.sh\"]\n";
        let mended = "FROM debian:12\nCOPY run.sh /\nRUN sed -i 's/\\r$//' /run.sh\nENTRYPOINT [\"/run.sh\"]\n";
        for (dockerfile, script, count) in [
            (plain, "#!/bin/sh\r\nexec x\r\n", 1),
            (plain, "#!/bin/sh\nexec x\r\n", 0),
            (mended, "#!/bin/sh\r\nexec x\r\n", 0),
        ] {
            let found = run(RULE, dockerfile, &[("run.sh", script)]).findings;
            assert_eq!(found.len(), count, "{dockerfile}{script}");
        }
    }
}
