//! Every check and fix on sources and on images. No I/O, no clock.
//!
//! A rule is one file: doc comment (what it says, why, a bad and a good example, its fix),
//! declaration, check, cases. See `CONTRIBUTING.md`.
//!
//! Invariant: a rule sees data and says findings. It opens no file, asks no network and knows no
//! other rule; what it may know is in [`ProjectFile`] and [`ImageFacts`].

mod base;
mod check;
mod context;
mod declare;
mod download;
mod ecosystem;
mod image;
mod instruction;
mod label;
mod mounts;
mod options;
mod package;
mod placement;
mod project;
mod recipe;
mod registry;
mod rule;
mod runtime;
mod script;
mod secret;
mod shell;
mod stage;
mod start_script;
mod suppression;
mod user;

pub mod fix;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod testing;

pub use check::{CheckOutcome, check_image, check_project};
pub use context::SharedContext;
pub use context::files::{Wanted, wanted};
pub use options::{
    BaseLookup, CheckOptions, CredentialLookup, LabelFormat, RuleSettings, UnknownRule, is_known,
    validate_names,
};
pub use project::{Project, ProjectFile, StepView};
pub use recipe::{Install, InstallWord, Maker, Recipe};
pub use registry::{all, find, folders, goes_by};
pub use rule::{Audience, Category, Configuration, Depth, ImageFacts, Meta, Reported, Rule, Sink};
pub use script::RunScript;
pub use secret::hidden::{hidden_in, may_be_credential};
pub use shell::kind::{Shell, ShellKind};
pub use start_script::ContextScript;
