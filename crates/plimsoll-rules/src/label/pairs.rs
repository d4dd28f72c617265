//! The labels of a file.

use plimsoll_syntax::dockerfile::{InstructionKind, KeyValue, Stage};

use crate::project::{ProjectFile, StepView, unwrapped};

/// A key without its quotes.
pub(crate) fn key_of(pair: &KeyValue) -> &str {
    pair.name.value.trim_matches(['"', '\''])
}

/// The labels a step sets, through ONBUILD. None for one that runs an ONBUILD of the stage below:
/// it was seen where it stands.
pub(crate) fn of<'a>(view: &StepView<'a>) -> &'a [KeyValue] {
    match &unwrapped(view.instruction).kind {
        InstructionKind::Label(pairs) if !view.step.triggered => pairs,
        _ => &[],
    }
}

/// Hands over every label of the file with the stage it stands in.
pub(crate) fn labels<'a>(file: &ProjectFile<'a>, mut see: impl FnMut(&'a Stage, &'a KeyValue)) {
    for stage in &file.resolution.stages {
        for view in file.steps(stage) {
            for pair in of(&view) {
                see(stage, pair);
            }
        }
    }
}

/// The value a label is given, its variables replaced; `None` where it is not known.
pub(crate) fn value_of(
    file: &ProjectFile<'_>,
    view: &StepView<'_>,
    pair: &KeyValue,
) -> Option<String> {
    match &pair.value {
        Some(word) => file.expand(&word.value, &view.step.before),
        None => Some(String::new()),
    }
}
