//! Which manifest of the context an install step reads: the files that earlier steps brought.

use plimsoll_syntax::context::ContextEntry;
use plimsoll_syntax::dockerfile::{Base, Stage};

use super::SharedContext;
use super::copies::{self, ContextCopy};
use crate::mounts;
use crate::project::{ProjectFile, StepView};

/// What earlier steps of a file took from its context.
pub(crate) struct Brought<'a> {
    context: &'a SharedContext,
    copies: Vec<ContextCopy<'a>>,
}

impl<'a> Brought<'a> {
    /// `None` where the context is not known, or not all of it.
    pub(crate) fn new(file: &ProjectFile<'a>) -> Option<Self> {
        let context = file.context.filter(|context| context.is_listed_whole())?;
        Some(Self {
            context,
            copies: copies::of(file),
        })
    }

    /// The context.
    pub(crate) fn context(&self) -> &'a SharedContext {
        self.context
    }

    /// Whether a step sees a path of the context: copied before it in its stage or one below, or
    /// mounted.
    pub(crate) fn sees(&self, file: &ProjectFile<'_>, view: StepView<'_>, path: &str) -> bool {
        let mounted =
            mounts::of(view.instruction).any(|mount| mount.kind == "bind" && mount.takes(path));
        mounted
            || self.copies.iter().any(|copy| {
                copy.view.step.instruction < view.step.instruction
                    && stands_on(file, view.stage, copy.view.stage)
                    && copy.takes(path)
            })
    }

    /// The shallowest file of this name that the step sees.
    pub(crate) fn nearest(
        &self,
        file: &ProjectFile<'_>,
        view: StepView<'_>,
        name: &str,
    ) -> Option<&'a ContextEntry> {
        self.context
            .named(name)
            .filter(|entry| !entry.path.contains("node_modules/"))
            .filter(|entry| self.sees(file, view, &entry.path))
            .min_by_key(|entry| entry.path.matches('/').count())
    }
}

/// Whether `stage` is `below`, or stands on it.
fn stands_on(file: &ProjectFile<'_>, stage: &Stage, below: &Stage) -> bool {
    let mut at = stage;
    loop {
        if at.index == below.index {
            return true;
        }
        match at.base {
            Base::Stage(next) if next < at.index => at = &file.resolution.stages[next],
            _ => return false,
        }
    }
}

/// A path in the same folder as another.
pub(crate) fn beside(path: &str, name: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    }
}
