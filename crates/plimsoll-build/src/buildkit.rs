//! The BuildKit engine: a thin client on generated protocol types.
//!
//! One gRPC channel carries everything: the BuildKit inside a Docker engine is reached through the
//! engine's own socket, a `buildkitd` through its. Asynchronous code stays in this module.

#![allow(
    clippy::result_large_err,
    reason = "a build fails once: its error may be as large as it is clear"
)]

mod connect;
mod credentials;
mod daemon;
mod endpoint;
mod failure;
mod filesync;
mod memory;
mod mode;
mod outgoing;
mod output;
mod patterns;
pub(crate) mod places;
mod progress;
mod record;
mod redact;
mod session;
mod solve;
mod support;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use plimsoll_image::{Access, Image};
use plimsoll_model::{Digest, ImageRef, Platform, SourceOrigin};
use plimsoll_syntax::dockerfile::{Dockerfile, Resolution, ResolveInput, parse, resolve};
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use crate::{BuildError, BuildPlan, BuildResult, Engine, Event, EventSink, NamedContext, Probe};
use connect::Host;
use daemon::{Daemon, PrivateName};
use endpoint::Endpoint;
use filesync::{FileSyncService, Folder, Ledger, lock};
use memory::ContextMemory;
use output::{LayerCache, Written, image_error};
use places::Places;
use progress::Progress;
use record::Bases;
use redact::Redactor;
use session::Offer;
use solve::{Failure, Order, Worker};
use support::Release;

/// Name the Dockerfile has on its way; what it is called at home stands in the plan.
const SENT_NAME: &str = "Dockerfile";

/// Builds with a BuildKit: the one inside a Docker engine, or a `buildkitd`.
pub struct BuildKitEngine {
    endpoint: Option<String>,
    access: Access,
    /// What a probe opened, for the build behind it.
    probed: Mutex<Option<Connection>>,
}

impl std::fmt::Debug for BuildKitEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BuildKitEngine")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl BuildKitEngine {
    /// An engine at `endpoint` (`unix:///path.sock` or `tcp://host:port`, as `DOCKER_HOST` and
    /// `BUILDKIT_HOST` have it; the Docker engine's usual socket where `None`). `access` is how
    /// images are reached that the engine is not given by name alone.
    pub fn new(endpoint: Option<String>, access: Access) -> Self {
        Self {
            endpoint,
            access,
            probed: Mutex::default(),
        }
    }

    fn connect(&self) -> Result<Connection, BuildError> {
        let endpoint = Endpoint::parse(self.endpoint.as_deref())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                BuildError::Environment(format!("no event loop can be started: {error}"))
            })?;
        let (channel, host) = runtime
            .block_on(connect::connect(&endpoint))
            .map_err(|error| {
                BuildError::Environment(format!("no BuildKit answers at {endpoint}: {error}"))
            })?;
        let worker =
            runtime
                .block_on(solve::worker(&channel))
                .map_err(|failure| match failure {
                    Failure::Refused(status) => BuildError::Environment(format!(
                        "what listens at {endpoint} is no BuildKit: {}",
                        status.message()
                    )),
                    Failure::Lost(reason) => BuildError::Environment(format!(
                        "no BuildKit answers at {endpoint}: {reason}"
                    )),
                })?;
        let daemon = match host {
            Host::Docker => Some(Daemon::new(&endpoint)?),
            Host::Standalone => None,
        };
        let docker = daemon.as_ref().map(Daemon::version).transpose()?;
        let told = worker.version.as_deref().and_then(Release::parse);
        let release = match (told, &docker) {
            (Some(release), _) => release,
            (None, Some(version)) => Release::of_docker(version),
            // A buildkitd that cannot tell its version is older than 0.11.
            (None, None) => Release(8),
        };
        let name = match (&docker, &worker.version) {
            (Some(version), _) => format!("buildkit (docker {version})"),
            (None, Some(version)) => format!("buildkit ({version})"),
            (None, None) => "buildkit".to_owned(),
        };
        Ok(Connection {
            runtime,
            channel,
            endpoint,
            daemon,
            worker,
            release,
            name,
        })
    }
}

/// An engine that answers.
struct Connection {
    runtime: Runtime,
    channel: Channel,
    endpoint: Endpoint,
    daemon: Option<Daemon>,
    worker: Worker,
    release: Release,
    name: String,
}

impl Engine for BuildKitEngine {
    fn name(&self) -> &'static str {
        "buildkit"
    }

    fn probe(&self) -> Probe {
        match self.connect() {
            Ok(connection) => {
                // A 64-bit machine runs the 32-bit programs of its own family.
                let host = Platform::host().architecture;
                let own: &[&str] = match host.as_str() {
                    "amd64" => &["linux/amd64", "linux/386"],
                    "arm64" => &["linux/arm64", "linux/arm"],
                    _ => &[],
                };
                let foreign = connection.worker.platforms.iter().any(|platform| {
                    !own.contains(&platform.as_str()) && *platform != format!("linux/{host}")
                });
                let probe = Probe {
                    usable: true,
                    detail: format!("{} at {}", connection.name, connection.endpoint),
                    capabilities: connection
                        .release
                        .capabilities(connection.daemon.is_none(), foreign),
                };
                *lock(&self.probed) = Some(connection);
                probe
            }
            Err(error) => Probe {
                usable: false,
                detail: error.to_string(),
                capabilities: Vec::new(),
            },
        }
    }

    fn build(&self, plan: &BuildPlan, events: &dyn EventSink) -> Result<BuildResult, BuildError> {
        let (file, errors) = parse(plan.dockerfile.clone());
        let custom = outgoing::foreign_frontend(&file).is_some();
        if let Some(error) = errors
            .iter()
            .find(|error| error.refused_by_parser && !custom)
        {
            return Err(BuildError::Input {
                place: Some(SourceOrigin::new(&plan.dockerfile, error.span)),
                message: error.message.clone(),
            });
        }
        let probed = lock(&self.probed).take();
        let connection = match probed {
            Some(connection) => connection,
            None => self.connect()?,
        };
        if !plan.secrets.is_empty() && !connection.endpoint.is_local() {
            return Err(BuildError::Input {
                place: None,
                message: format!(
                    "secrets would go to {} in clear text: forward its port over ssh and name \
                     the near end",
                    connection.endpoint
                ),
            });
        }
        support::check(plan, &file, connection.release, &connection.name)?;
        let resolution = resolve(
            &file,
            &ResolveInput {
                build_args: plan.build_args.clone(),
                target_platform: plan.platform.clone(),
                target: plan.target.clone(),
                base_config: None,
                build_contexts: plan.named_contexts.keys().cloned().collect(),
            },
        );
        Build {
            access: self.access(plan, &connection.endpoint),
            plan,
            events,
            file: &file,
            resolution: &resolution,
            connection: &connection,
        }
        .run()
    }
}

impl BuildKitEngine {
    /// The same access, for the plan's platform and this engine.
    fn access(&self, plan: &BuildPlan, endpoint: &Endpoint) -> Access {
        let mut access = self.access.clone();
        if plan.platform.is_some() {
            access.platform.clone_from(&plan.platform);
        }
        access.docker_host = Some(endpoint.to_string());
        access
    }
}

/// One build under way.
struct Build<'a> {
    plan: &'a BuildPlan,
    events: &'a dyn EventSink,
    file: &'a Dockerfile,
    resolution: &'a Resolution,
    connection: &'a Connection,
    access: Access,
}

/// What grows while it runs.
struct Run<'r, 'p> {
    cache: &'r LayerCache,
    places: &'r Places,
    progress: &'r mut Progress<'p>,
    ledger: &'r Arc<Ledger>,
    bases: &'r Bases,
    redactor: &'r Arc<Redactor>,
}

impl Build<'_> {
    fn run(&self) -> Result<BuildResult, BuildError> {
        let cache = LayerCache::open(&self.plan.state)?;
        let mut bases = Bases::default();
        self.named_images(&mut bases)?;
        self.pinned_bases(&mut bases)?;
        let redactor = Arc::new(Redactor::default());
        let target = self
            .connection
            .daemon
            .as_ref()
            .map(|daemon| PrivateName::new(daemon, "build"));
        if let Some(name) = &target {
            let shown = self.plan.tags.first().map_or("the image", String::as_str);
            bases.aliases.insert(name.to_string(), shown.to_owned());
        }
        let ledger = Arc::new(Ledger::default());
        let places = Places::new(self.file, self.resolution);
        let mut progress = Progress::new(self.events, &redactor, &bases.aliases);
        self.warn_of_time();
        let mut run = Run {
            cache: &cache,
            places: &places,
            progress: &mut progress,
            ledger: &ledger,
            bases: &bases,
            redactor: &redactor,
        };
        let written = match (&self.connection.daemon, target) {
            (Some(daemon), Some(name)) => self.stored(&mut run, daemon, &name)?,
            _ => self.exported(&mut run)?,
        };
        let inputs = record::inputs(
            self.plan,
            self.file,
            self.resolution,
            &ledger,
            &bases.resolved(
                self.connection.daemon.as_ref(),
                &self.access,
                progress.names(),
            )?,
            self.events,
        )?;
        if cache.sweep()
            && let Some(daemon) = &self.connection.daemon
        {
            daemon.sweep();
        }
        Ok(BuildResult {
            digest: written.digest,
            engine: self.connection.name.clone(),
            inputs,
            steps: places.layers(&written.config.history, written.layers),
            cache: progress.cache(),
        })
    }

    /// The way of a Docker engine: into its image store, and out of there.
    fn stored(
        &self,
        run: &mut Run<'_, '_>,
        daemon: &Daemon,
        name: &PrivateName,
    ) -> Result<Written, BuildError> {
        let exporter = HashMap::from([("name".to_owned(), name.to_string())]);
        let response = self.solve(run, "moby", exporter, None)?;
        let id = ["containerimage.config.digest", "containerimage.digest"]
            .iter()
            .find_map(|key| Digest::parse(response.get(*key)?).ok());
        if let Some(config) = id.and_then(|id| run.cache.recall(&id)) {
            return output::write_cached(self.plan, run.cache, &config);
        }
        let mut archive = run.cache.scratch()?;
        daemon.save(&name.to_string(), archive.as_file_mut())?;
        let image = self.open(&ImageRef::Archive {
            path: archive.path().display().to_string(),
            reference: None,
        })?;
        output::write_saved(self.plan, run.cache, &image)
    }

    /// The way of a buildkitd: it writes the image itself.
    fn exported(&self, run: &mut Run<'_, '_>) -> Result<Written, BuildError> {
        let archive = run.cache.scratch()?;
        let file = archive.as_file().try_clone().map_err(|error| {
            BuildError::Environment(format!("{}: {error}", archive.path().display()))
        })?;
        let mut exporter = HashMap::new();
        if self.plan.source_date_epoch.is_some() && self.connection.release.rewrite_timestamp() {
            exporter.insert("rewrite-timestamp".to_owned(), "true".to_owned());
        }
        self.solve(run, "oci", exporter, Some(file))?;
        let image = self.open(&ImageRef::Layout {
            path: archive.path().display().to_string(),
            reference: None,
        })?;
        output::write_exported(self.plan, &image)
    }

    fn open(&self, place: &ImageRef) -> Result<Image, BuildError> {
        plimsoll_image::open(place, &self.access).map_err(image_error)
    }

    fn solve(
        &self,
        run: &mut Run<'_, '_>,
        exporter: &'static str,
        exporter_attributes: HashMap<String, String>,
        export: Option<std::fs::File>,
    ) -> Result<HashMap<String, String>, BuildError> {
        let offer = self.offer(run, export);
        let memory = ContextMemory::recall(
            &self.plan.state,
            &self.plan.context.root,
            &offer.files.folders,
        );
        let order = Order {
            exporter,
            exporter_attributes,
            attributes: self.attributes(run.bases),
            entitlements: vec!["network.host".to_owned()],
            shared_key: memory.key(),
        };
        let connection = self.connection;
        let solved = connection.runtime.block_on(solve::solve(
            &connection.channel,
            order,
            offer,
            run.progress,
        ));
        memory.remember(run.ledger);
        // What went wrong here is the cause of whatever the engine says.
        if let Some(problem) = lock(&run.ledger.problem).take() {
            return Err(match problem {
                walk::WalkError::Name(_) => BuildError::Unsupported {
                    engine: "buildkit",
                    what: format!("the context: {problem}"),
                    instead: "the native engine takes any name (`--engine native`)".to_owned(),
                    place: None,
                },
                other => BuildError::Environment(format!("reading the context: {other}")),
            });
        }
        solved.map_err(|failure| {
            failure::explain(
                self.plan,
                run.places,
                run.progress,
                failure,
                &connection.name,
            )
        })
    }

    /// What the Dockerfile frontend is told.
    fn attributes(&self, bases: &Bases) -> HashMap<String, String> {
        let plan = self.plan;
        let mut attributes = HashMap::from([
            ("filename".to_owned(), SENT_NAME.to_owned()),
            // The network namespace of the engine's own: RUN sees what the machine sees.
            ("force-network-mode".to_owned(), "host".to_owned()),
        ]);
        let mut set = |key: String, value: String| {
            attributes.insert(key, value);
        };
        if let Some(target) = &plan.target {
            set("target".to_owned(), target.clone());
        }
        if let Some(platform) = &plan.platform {
            set("platform".to_owned(), platform.to_string());
        }
        if plan.no_cache {
            set("no-cache".to_owned(), String::new());
        }
        // Private names are in the engine only: asking elsewhere for them would fail.
        if plan.pull && bases.private.is_empty() {
            set("image-resolve-mode".to_owned(), "pull".to_owned());
        }
        for (name, context) in &plan.named_contexts {
            if matches!(context, NamedContext::Directory(_)) {
                set(format!("context:{name}"), format!("local:{name}"));
            }
        }
        if let Some(epoch) = plan.source_date_epoch
            && self.connection.release.epoch()
        {
            set("build-arg:SOURCE_DATE_EPOCH".to_owned(), epoch.to_string());
        }
        for (name, value) in &plan.build_args {
            set(format!("build-arg:{name}"), value.clone());
        }
        for (name, value) in &plan.labels {
            set(format!("label:{name}"), value.clone());
        }
        attributes
    }

    fn offer(&self, run: &Run<'_, '_>, export: Option<std::fs::File>) -> Offer {
        let plan = self.plan;
        let sent = outgoing::rewrite(self.file, self.resolution, &run.bases.names);
        // Without an ignore file of its own the frontend would take `.dockerignore`.
        let ignore = plan
            .context
            .ignore
            .clone()
            .unwrap_or_else(|| b"#\n".to_vec());
        let mut folders = BTreeMap::from([
            (
                "context".to_owned(),
                Folder::Disk(plan.context.root.clone()),
            ),
            (
                "dockerfile".to_owned(),
                Folder::Memory(BTreeMap::from([
                    (SENT_NAME.to_owned(), sent),
                    (format!("{SENT_NAME}.dockerignore"), ignore),
                ])),
            ),
        ]);
        for (name, context) in &plan.named_contexts {
            if let NamedContext::Directory(root) = context {
                folders.insert(name.clone(), Folder::Disk(root.clone()));
            }
        }
        Offer {
            files: FileSyncService {
                folders: Arc::new(folders),
                ledger: Arc::clone(run.ledger),
            },
            secrets: Arc::new(plan.secrets.clone()),
            redactor: Arc::clone(run.redactor),
            credentials: self.credentials(),
            export: Arc::new(Mutex::new(export)),
        }
    }

    /// Registry credentials, for an engine that they do not reach over a network.
    fn credentials(&self) -> Arc<session::Credentials> {
        if !self.connection.endpoint.is_local() {
            return Arc::new(|_| Default::default());
        }
        let folder = self.access.docker_config.clone();
        Arc::new(move |host| credentials::look_up(folder.as_deref(), host))
    }

    /// Makes the named images known to the engine, and remembers what to call them there.
    fn named_images(&self, bases: &mut Bases) -> Result<(), BuildError> {
        let used = record::used_contexts(self.resolution);
        for (name, context) in &self.plan.named_contexts {
            let NamedContext::Image(place) = context else {
                continue;
            };
            if !used.contains(name.as_str()) {
                continue;
            }
            match (place, &self.connection.daemon) {
                (ImageRef::Registry(image), _) => {
                    bases.by_name(name, &image.to_string());
                }
                (ImageRef::Daemon(image), Some(daemon)) => {
                    let Some(stored) = daemon.image(image)? else {
                        return Err(BuildError::Input {
                            place: None,
                            message: format!(
                                "the named context `{name}` is `{image}`, which the engine at {} \
                                 does not have; see `docker images`",
                                self.connection.endpoint
                            ),
                        });
                    };
                    // An id alone is no reference that a Dockerfile may hold.
                    bases.by_name(name, image);
                    bases.know(name, stored.digest_or_id());
                }
                (_, Some(daemon)) => {
                    let image = self.open(place)?;
                    let kept = daemon.keep(&image, &self.access)?;
                    bases.by_name(name, &kept);
                    bases.know(name, Some(image.digest().clone()));
                    bases.private.insert(kept);
                }
                (_, None) => {
                    return Err(BuildError::Unsupported {
                        engine: "buildkit",
                        what: format!("the named context `{name}` from `{place}` on a buildkitd"),
                        instead: "the native engine can (`--engine native`), or push the image \
                                  to a registry first"
                            .to_owned(),
                        place: None,
                    });
                }
            }
        }
        Ok(())
    }

    /// With `--pull` and private names side by side the engine cannot be told to ask for newer
    /// images, so we ask and hand it digests.
    fn pinned_bases(&self, bases: &mut Bases) -> Result<(), BuildError> {
        if !self.plan.pull || bases.private.is_empty() {
            return Ok(());
        }
        for reference in record::used_images(self.resolution) {
            let Ok(mut name) = plimsoll_model::ImageName::parse(&reference) else {
                continue;
            };
            let image = self.open(&ImageRef::Registry(name.clone()))?;
            name.tag = None;
            name.digest = Some(image.digest().clone());
            bases.names.insert(reference.clone(), name.to_string());
            bases.know(&reference, name.digest);
        }
        Ok(())
    }

    fn warn_of_time(&self) {
        let rewrites =
            self.connection.daemon.is_none() && self.connection.release.rewrite_timestamp();
        if self.plan.source_date_epoch.is_some() && !rewrites {
            self.events.event(Event::Warning {
                message: format!(
                    "{} keeps the time of the build in the image: two builds of the same inputs \
                     differ; the native engine builds reproducibly (`--engine native`)",
                    self.connection.name
                ),
            });
        }
    }
}
