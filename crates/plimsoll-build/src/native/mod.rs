//! The native engine: no daemon, no root.
//!
//! The build itself evaluates the Dockerfile, reads the context, talks to the network and keeps the
//! cache. Everything inside an image is done by a helper, this same program started again, alone in
//! a user namespace: hostile files meet a process that owns nothing on the host, and RUN is never
//! host root.

mod accounts;
mod build;
mod context;
mod copies;
mod copy;
mod differ;
mod download;
mod golang;
mod helper;
mod idmap;
mod layer;
mod logs;
mod mode;
mod paths;
mod sandbox;
mod seccomp;
mod ship;
mod snapshot;
mod stage;
mod steps;
mod store;
mod unpack;
mod wire;
mod worker;

pub use helper::helper_main;

use plimsoll_image::{Access, ImageError, Layout, config_json, manifest_json, media_type};
use plimsoll_model::{BuildInput, Digest, ImageName, SourceOrigin};
use plimsoll_syntax::dockerfile::{Dockerfile, Item, parse};
use sha2::{Digest as _, Sha256};

use self::build::Build;
use self::idmap::IdMap;
use self::stage::{Built, evaluate, place_failure, set_label, unsupported};
use self::store::Store;
use self::wire::{Answer, Failure, Request};
use self::worker::Worker;
use crate::{BuildError, BuildPlan, BuildResult, Capability, Engine, EventSink, Probe, StepRecord};

/// Builds without a daemon, in user namespaces.
#[derive(Clone, Debug)]
pub struct NativeEngine {
    access: Access,
}

impl NativeEngine {
    /// An engine that reaches base images through `access`.
    pub fn new(access: Access) -> Self {
        Self { access }
    }
}

impl Engine for NativeEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    fn probe(&self) -> Probe {
        match try_out() {
            Ok(detail) => Probe {
                usable: true,
                detail,
                capabilities: vec![Capability::Reproducible],
            },
            Err(failure) => Probe {
                usable: false,
                detail: failure.message,
                capabilities: Vec::new(),
            },
        }
    }

    fn build(&self, plan: &BuildPlan, events: &dyn EventSink) -> Result<BuildResult, BuildError> {
        let (file, errors) = parse(plan.dockerfile.clone());
        if let Some(error) = errors.first() {
            return Err(BuildError::Input {
                place: Some(SourceOrigin::new(&plan.dockerfile, error.span)),
                message: error.message.clone(),
            });
        }
        refuse_frontend(&file)?;
        let lost = |failure| place_failure(&plan.dockerfile, None, failure);
        let build = Build::new(plan, &self.access, events).map_err(lost)?;
        let mut built = evaluate(&build, &file)?;
        for (name, value) in &plan.labels {
            set_label(&mut built.config, name.clone(), value.clone());
        }
        let mut vertex = build.vertex("exporting to an OCI layout");
        build.tell(&vertex);
        let (digest, steps) = export(&build, &built).map_err(lost)?;
        vertex.completed = true;
        build.tell(&vertex);
        let mut inputs = build.base_inputs();
        inputs.extend(build.context_inputs().map_err(lost)?);
        inputs.extend(build.downloads.borrow().iter().cloned());
        inputs.push(BuildInput::Dockerfile {
            name: plan.dockerfile.path().to_owned(),
            digest: Digest::from_sha256(Sha256::digest(plan.dockerfile.bytes()).into()),
        });
        inputs.sort();
        inputs.dedup();
        Ok(BuildResult {
            digest,
            engine: "native (user namespace)".to_owned(),
            inputs,
            steps,
            cache: build.stats(),
        })
    }
}

/// `# syntax=docker/dockerfile…` is the language spoken here; another frontend is a program.
fn refuse_frontend(file: &Dockerfile) -> Result<(), BuildError> {
    for item in &file.items {
        let Item::Directive(directive) = item else {
            continue;
        };
        let image = directive
            .value
            .value
            .split_whitespace()
            .next()
            .unwrap_or("");
        if directive.name != "syntax" || image.is_empty() {
            continue;
        }
        let ours = ImageName::parse(image).is_ok_and(|name| {
            name.registry == "docker.io" && name.repository.starts_with("docker/dockerfile")
        });
        if !ours {
            return Err(place_failure(
                &file.source,
                Some(directive.span),
                unsupported(format!("the frontend `{image}`")),
            ));
        }
    }
    Ok(())
}

/// Really makes a user namespace, an overlay in it and a `/proc`.
fn try_out() -> Result<String, Failure> {
    let map = IdMap::choose().map_err(Failure::environment)?;
    let folder = tempfile::tempdir().map_err(|e| Failure::system("a temporary folder", e))?;
    let store = Store::open(folder.path(), map)?;
    let worker = Worker::start(store.map(), store.files(), "probe")?;
    let answer = worker.call(&Request::Probe, &[])?;
    // Its files belong to the namespace: only the helper can be sure to remove them.
    let _ = worker.call(
        &Request::Sweep {
            paths: vec!["tmp/probe".to_owned()],
        },
        &[],
    );
    match answer {
        Answer::Probed {
            overlay: Some(problem),
            ..
        } => Err(Failure::environment(problem)),
        Answer::Probed { proc, .. } => Ok(match proc {
            None => "user namespace, overlay".to_owned(),
            Some(_) => "user namespace, overlay, the host's /proc".to_owned(),
        }),
        _ => Err(Failure::environment("the build helper answered oddly")),
    }
}

/// Writes the image into the output layout; it shows there in one step.
fn export(build: &Build<'_>, built: &Built) -> Result<(Digest, Vec<StepRecord>), Failure> {
    let failed = |error: ImageError| Failure::environment(error.to_string());
    let mut writer = Layout::writer(&build.plan.output).map_err(failed)?;
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    let mut steps = Vec::new();
    for (index, layer) in built.tree.layers.iter().enumerate() {
        let shipped = build.ship(layer)?;
        layers.push(
            writer
                .adopt(shipped.media_type, &shipped.file, &shipped.digest)
                .map_err(failed)?,
        );
        diff_ids.push(shipped.diff_id);
        steps.push(StepRecord {
            layer: index,
            span: layer.span,
            created_by: layer.created_by.clone(),
        });
    }
    let config = config_json(&built.config, &diff_ids);
    let config = writer
        .blob(media_type::OCI_CONFIG, &mut config.as_slice())
        .map_err(failed)?;
    let manifest = manifest_json(&config, &layers, None, None, &[]);
    let manifest = writer
        .blob(media_type::OCI_MANIFEST, &mut manifest.as_slice())
        .map_err(failed)?;
    let digest = manifest.digest.clone();
    let names: Vec<Option<String>> = if build.plan.tags.is_empty() {
        vec![None]
    } else {
        build.plan.tags.iter().cloned().map(Some).collect()
    };
    writer
        .commit(
            names
                .into_iter()
                .map(|name| (manifest.clone(), name))
                .collect(),
        )
        .map_err(failed)?;
    Ok((digest, steps))
}
