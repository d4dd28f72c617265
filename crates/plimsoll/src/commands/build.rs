//! `plimsoll build`: a Dockerfile to an image in an OCI layout, or wherever `--to` says.

use plimsoll_build::BuildResult;
use plimsoll_image::{Access, Image};
use plimsoll_model::ImageRef;

use crate::args::{BuildArgs, EngineChoice, PlanArgs};
use crate::build_view::BuildView;
use crate::config::Config;
use crate::credentials::Values;
use crate::failure::{Failure, Outcome};
use crate::plan::Voyage;
use crate::storage::{self, Staging};
use crate::terminal::{Terminal, print};

/// Builds and copies the image to its place.
pub(crate) fn run(arguments: &BuildArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let voyage = Voyage::read(&arguments.plan, Config::load)?;
    // Everything that was typed wrong is said before the long work begins.
    let target = voyage.destination(arguments.to.as_deref())?;
    voyage.inputs().spare_from(&target)?;
    let tags = voyage.tags(&arguments.plan, false)?;
    plimsoll_image::called_at(&target, &tags, &voyage.title())?;
    let built = Built::make(&voyage, &arguments.plan, terminal)?;
    let outcome = plimsoll_image::push(&built.image, &[], &target, &tags, &built.access, &|_| {})?;
    print(&format!(
        "{}\n",
        crate::output::sent_line(&target, &outcome)
    ))?;
    Ok(Outcome::Holds)
}

/// An image fresh from an engine, in a staging layout that goes when this goes.
pub(crate) struct Built {
    /// The image.
    pub(crate) image: Image,
    /// What it was made of.
    pub(crate) result: BuildResult,
    /// Everything the engine said.
    pub(crate) log: Vec<u8>,
    /// How images are reached.
    pub(crate) access: Access,
    /// Labels and arguments as planned.
    pub(crate) plan: plimsoll_build::BuildPlan,
    /// What was not to be said of it.
    pub(crate) credentials: Values,
    _staging: Staging,
}

impl Built {
    /// Builds what `voyage` holds.
    pub(crate) fn make(
        voyage: &Voyage,
        arguments: &PlanArgs,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let cache = storage::cache_folder()?;
        let staging = Staging::create(&cache)?;
        let plan = voyage.plan(arguments, staging.layout(), cache)?;
        let access = crate::plan::access(&arguments.access, plan.platform.clone());
        let choice = arguments
            .engine
            .or(voyage.config.build.engine)
            .unwrap_or(EngineChoice::Auto);
        let credentials = Values::of_build(&voyage.dockerfile, &plan.build_args);
        let view = BuildView::new(terminal, arguments.progress, credentials.clone());
        let result = crate::engines::build(choice, &plan, &access, &view);
        let (log, warnings) = view.finish();
        let result = result.map_err(|failure| failure.without(&credentials))?;
        for warning in warnings {
            crate::terminal::say(&format!("warning: {warning}"));
        }
        let place = ImageRef::Layout {
            path: plan.output.display().to_string(),
            reference: Some(result.digest.to_string()),
        };
        let image = plimsoll_image::open(&place, &access)?;
        Ok(Self {
            image,
            result,
            log,
            access,
            plan,
            credentials,
            _staging: staging,
        })
    }
}
