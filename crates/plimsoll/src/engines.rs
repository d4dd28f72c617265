//! Chooses an engine by really trying, and says in one line which and why.

use plimsoll_build::buildkit::BuildKitEngine;
use plimsoll_build::native::NativeEngine;
use plimsoll_build::{BuildError, BuildPlan, BuildResult, Engine, EventSink};
use plimsoll_image::Access;

use crate::args::EngineChoice;
use crate::failure::Failure;
use crate::terminal::say;

/// Every engine there is, in the order `auto` tries them: BuildKit understands every Dockerfile
/// there is, so it goes first until the native engine has earned that place.
pub(crate) fn all(access: &Access) -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(BuildKitEngine::new(
            // A broken context is told of by whoever needs the engine.
            (access.docker_host.clone())
                .or_else(|| plimsoll_image::context_endpoint(access).ok().flatten()),
            access.clone(),
        )),
        Box::new(NativeEngine::new(access.clone())),
    ]
}

/// Builds `plan` with the engine chosen. `auto` falls through to the next engine where one is not
/// usable here or lacks what the Dockerfile asks for; a Dockerfile that fails to build does not.
pub(crate) fn build(
    choice: EngineChoice,
    plan: &BuildPlan,
    access: &Access,
    events: &dyn EventSink,
) -> Result<BuildResult, Failure> {
    let wanted = |name: &str| match choice {
        EngineChoice::Auto => true,
        EngineChoice::Native => name == "native",
        EngineChoice::Buildkit => name == "buildkit",
    };
    let mut refusals = Vec::new();
    let mut unsupported = None;
    for engine in all(access)
        .into_iter()
        .filter(|engine| wanted(engine.name()))
    {
        let probe = engine.probe();
        if !probe.usable {
            refusals.push(format!("{}: {}", engine.name(), probe.detail));
            continue;
        }
        say(&format!("engine: {}: {}", engine.name(), probe.detail));
        match engine.build(plan, events) {
            Err(error @ BuildError::Unsupported { .. }) if choice == EngineChoice::Auto => {
                say(&format!("engine: {error}"));
                unsupported = Some(error);
            }
            other => return other.map_err(Failure::from),
        }
    }
    match unsupported {
        Some(error) => Err(error.into()),
        None => {
            let mut failure = Failure::environment("no build engine works here");
            for refusal in refusals {
                failure = failure.hint(refusal);
            }
            Err(failure)
        }
    }
}
