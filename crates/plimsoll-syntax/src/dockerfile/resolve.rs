//! What a Dockerfile means: stages, their inheritance, and the state every instruction runs in.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::{ImageConfig, Platform, Span};

use super::{Dockerfile, SyntaxError};

/// What a resolution may know from outside the file.
#[derive(Clone, Default)]
pub struct ResolveInput<'a> {
    /// `--build-arg NAME=value`.
    pub build_args: BTreeMap<String, String>,
    /// Platform the image is for; the host's where `None`.
    pub target_platform: Option<Platform>,
    /// Stage to build: a name or an index; the last where `None`.
    pub target: Option<String>,
    /// Looks up the configuration of a base image by its expanded reference, where it is at hand.
    pub base_config: Option<&'a dyn Fn(&str) -> Option<ImageConfig>>,
    /// Names of `--build-context`: a FROM or `--from` of that name is not an image.
    pub build_contexts: Vec<String>,
}

/// A resolved Dockerfile. Indices into `instructions` count `Dockerfile::instructions()`.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Stages in file order.
    pub stages: Vec<Stage>,
    /// Index of the stage that ships; `None` where the file has no usable FROM.
    pub target: Option<usize>,
    /// ARGs in front of the first FROM with their effective values.
    pub global_args: BTreeMap<String, Variable>,
    /// What could not be resolved: unknown target, cycles, unset variables in FROM…
    pub errors: Vec<SyntaxError>,
}

/// What a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// `FROM scratch`.
    Scratch,
    /// An earlier stage.
    Stage(usize),
    /// An image reference, expanded.
    Image(String),
    /// A `--build-context` of that name.
    Context(String),
    /// The reference needs a variable that has no value: as written.
    Unresolved(String),
}

/// One build stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Position in the file.
    pub index: usize,
    /// Name, lower case as BuildKit compares it; `None` where it has none.
    pub name: Option<String>,
    /// Index of its FROM instruction.
    pub from: usize,
    /// What it starts from.
    pub base: Base,
    /// `--platform`, expanded.
    pub platform: Option<String>,
    /// Its instructions in order, FROM left out.
    pub steps: Vec<Step>,
    /// State behind the last instruction: what a stage on top of it inherits.
    pub end: Arc<State>,
    /// Stages it needs: its base and every `COPY --from` and `RUN --mount=from=` that names one.
    pub needs: Vec<usize>,
    /// Whether the target needs it (or is it).
    pub reaches_target: bool,
}

/// One instruction of a stage and the state it runs in.
#[derive(Clone, Debug)]
pub struct Step {
    /// Index of the instruction.
    pub instruction: usize,
    /// Effective state in front of the instruction. Steps that change nothing share one.
    pub before: Arc<State>,
    /// `COPY --from` / `ADD` / `RUN --mount=from=` targets, expanded.
    pub from: Vec<Base>,
}

/// A variable and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Expanded value; `None` for a declared ARG without one, or one that cannot be known.
    pub value: Option<String>,
    /// The `NAME=value` that set it; `None` where the base image or the builder did.
    pub span: Option<Span>,
    /// Whether it is an ARG (not part of the image).
    pub is_arg: bool,
}

/// Everything that an instruction inherits from those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Environment and build arguments in scope; ENV wins over ARG.
    pub variables: BTreeMap<String, Variable>,
    /// Effective user; `None` where only the base image knows.
    pub user: Option<String>,
    /// Index of the USER instruction that set it, in the file.
    pub user_set_by: Option<usize>,
    /// Effective working directory, absolute; `None` where only the base image knows.
    pub workdir: Option<String>,
    /// SHELL as set in the file or known from the base; `None` means the default `/bin/sh -c`.
    pub shell: Option<Vec<String>>,
    /// Whether base and everything above it is known, so that an absent variable is really unset.
    pub base_known: bool,
}

/// Reads the meaning of `file`. Never fails: what cannot be known is said so in the result.
pub fn resolve(file: &Dockerfile, input: &ResolveInput<'_>) -> Resolution {
    let _ = (file, input);
    Resolution {
        stages: Vec::new(),
        target: None,
        global_args: BTreeMap::new(),
        errors: Vec::new(),
    }
}
