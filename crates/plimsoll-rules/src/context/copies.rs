//! The COPY and ADD steps that take files from the build context.

use plimsoll_model::Span;
use plimsoll_syntax::dockerfile::InstructionKind;

use super::source;
use crate::project::{ProjectFile, StepView};

/// A COPY or ADD that takes files from the context.
pub(crate) struct ContextCopy<'a> {
    /// Its sources, variables replaced. One that is not known is not among them: it takes nothing
    /// for sure.
    sources: Vec<String>,
    excludes: Vec<String>,
    /// The instruction.
    pub(crate) place: Span,
    /// The step.
    pub(crate) view: StepView<'a>,
    /// Whether it stands in a stage that ships.
    pub(crate) ships: bool,
}

impl ContextCopy<'_> {
    /// Whether one of its sources is that very path, or lies in it: somebody wanted it.
    pub(crate) fn names(&self, path: &str) -> bool {
        self.sources.iter().any(|source| {
            let source = source.trim_start_matches("./").trim_start_matches('/');
            let source = source.trim_end_matches('/');
            source
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether it takes a path of the context.
    pub(crate) fn takes(&self, path: &str) -> bool {
        self.sources
            .iter()
            .any(|source| source::takes(source, path))
            && !self.excludes(path)
    }

    /// Whether it takes a folder of the context, or something that may be in it.
    pub(crate) fn reaches_into(&self, folder: &str) -> bool {
        self.sources
            .iter()
            .any(|source| source::reaches_into(source, folder))
            && !self.excludes(folder)
    }

    fn excludes(&self, path: &str) -> bool {
        self.excludes
            .iter()
            .any(|pattern| source::takes(pattern.trim_start_matches("**/"), path))
    }
}

/// The copies of every stage that is built. Those of the stages that ship come first: of a file
/// that both take, they are the worse.
pub(crate) fn of<'a>(file: &ProjectFile<'a>) -> Vec<ContextCopy<'a>> {
    let mut copies: Vec<ContextCopy<'a>> = file
        .built_steps()
        .filter_map(|view| {
            let (InstructionKind::Copy(words) | InstructionKind::Add(words)) =
                &view.instruction.kind
            else {
                return None;
            };
            if view.instruction.flag("from").is_some() {
                return None;
            }
            let (_, sources) = words.split_last()?;
            Some(ContextCopy {
                sources: sources
                    .iter()
                    .filter(|source| !source.value.starts_with("<<"))
                    .filter_map(|source| file.expand(&source.value, &view.step.before))
                    .collect(),
                excludes: view
                    .instruction
                    .flags
                    .iter()
                    .filter(|flag| flag.name == "exclude")
                    .filter_map(|flag| flag.value.as_ref())
                    .map(|value| value.value.clone())
                    .collect(),
                place: view.instruction.span,
                ships: file.ships(view.stage),
                view,
            })
        })
        .collect();
    copies.sort_by_key(|copy| !copy.ships);
    copies
}
