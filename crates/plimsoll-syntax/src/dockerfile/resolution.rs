//! What a Dockerfile means, as data.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::{ImageConfig, Platform};

use super::{State, SyntaxError, Variable};

/// Looks up the configuration of a base image by its reference.
pub type BaseConfig<'a> = dyn Fn(&str) -> Option<ImageConfig> + 'a;

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
    pub base_config: Option<&'a BaseConfig<'a>>,
    /// Names of `--build-context`: a FROM or `--from` of that name is not an image.
    pub build_contexts: Vec<String>,
}

/// A resolved Dockerfile. Indices into `instructions` count `Dockerfile::instructions()`.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Stages in file order.
    pub stages: Vec<Stage>,
    /// Index of the stage that ships; `None` where the file has no usable FROM, or no stage of the
    /// wanted name.
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
    /// Its instructions in order, FROM left out. None where a `--build-context` of its name takes
    /// its place.
    pub steps: Vec<Step>,
    /// State behind FROM, in front of the first step.
    pub start: Arc<State>,
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
    /// Whether the instruction is an ONBUILD of the stage this one stands on: what it holds runs
    /// here.
    pub triggered: bool,
    /// Effective state in front of the instruction. Steps that change nothing share one.
    pub before: Arc<State>,
    /// `COPY --from` / `RUN --mount=from=` targets, expanded.
    pub from: Vec<Base>,
}
