//! PowerShell text of RUN.

use plimsoll_syntax::dockerfile::{CommandForm, InstructionKind, Text};

use crate::project::ProjectFile;
use crate::shell::kind::ShellKind;
use crate::shell::run::Run;

/// The text of a RUN that PowerShell reads, by SHELL or because it calls it.
pub(crate) fn text<'a>(file: &ProjectFile<'a>, run: Run<'a>) -> Option<&'a Text> {
    let InstructionKind::Run(command) = &run.instruction.kind else {
        return None;
    };
    let CommandForm::Shell(text) = &command.form else {
        return None;
    };
    let by_shell = file.shell(run.view).kind == ShellKind::PowerShell;
    let program = || {
        let first = text.value.split_whitespace().next()?;
        Some(first.trim_start_matches('@'))
    };
    let by_call = || {
        program().is_some_and(|program| {
            ShellKind::of_program(program) == ShellKind::PowerShell
                // A script file handles its errors itself.
                && !mentions(&text.value, "-File")
        })
    };
    (run.instruction.heredocs.is_empty() && (by_shell || by_call())).then_some(text)
}

/// Whether `text` holds `word`, in whatever case.
pub(crate) fn mentions(text: &str, word: &str) -> bool {
    text.as_bytes()
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether SHELL or a variable in force holds `word`.
pub(crate) fn is_preset(run: Run<'_>, word: &str) -> bool {
    let state = &run.view.step.before;
    state
        .shell
        .iter()
        .flatten()
        .any(|part| mentions(part, word))
}
