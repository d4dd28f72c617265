//! The configurations of base images that are at hand, for rules that would have to guess.
//!
//! Named contexts first, as a build would; then the Docker engine, where there is one; a registry
//! only when asked to. Each place is opened at most once, each reference looked up at most once, and
//! nothing is asked before the first Dockerfile wants to know.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use plimsoll_build::NamedContext;
use plimsoll_image::{Access, DaemonImages, ImageError};
use plimsoll_model::{ImageConfig, ImageName, ImageRef, Skipped, Topic};
use plimsoll_rules::CheckOptions;

/// An engine that is slower than this is busy with more important things.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where configurations of bases come from.
pub(crate) struct Bases {
    contexts: BTreeMap<String, NamedContext>,
    access: Access,
    /// Whether registries are asked.
    online: bool,
    daemon: OnceLock<Option<DaemonImages>>,
    known: Mutex<HashMap<String, Arc<OnceLock<Option<ImageConfig>>>>>,
    problems: Mutex<Vec<Skipped>>,
}

impl Bases {
    pub(crate) fn new(
        contexts: BTreeMap<String, NamedContext>,
        access: Access,
        online: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            contexts,
            access,
            online,
            daemon: OnceLock::new(),
            known: Mutex::default(),
            problems: Mutex::default(),
        })
    }

    /// Lets rules ask.
    pub(crate) fn offer(self: &Arc<Self>, options: &mut CheckOptions) {
        options.build_contexts = self.contexts.keys().cloned().collect();
        let bases = Arc::clone(self);
        options.base_config = Some(Arc::new(move |reference: &str| bases.config(reference)));
    }

    /// What was asked for and could not be looked at.
    pub(crate) fn problems(&self) -> Vec<Skipped> {
        self.problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn config(&self, reference: &str) -> Option<ImageConfig> {
        let cell = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            match known.get(reference) {
                Some(cell) => Arc::clone(cell),
                None => Arc::clone(known.entry(reference.to_owned()).or_default()),
            }
        };
        // Outside of the lock: one slow registry keeps nobody waiting who asks for something else.
        cell.get_or_init(|| self.look_up(reference)).clone()
    }

    fn look_up(&self, reference: &str) -> Option<ImageConfig> {
        if let Some(context) = self.contexts.get(reference) {
            return match context {
                NamedContext::Directory(_) => None,
                NamedContext::Image(ImageRef::Daemon(name)) => self.in_daemon(name),
                NamedContext::Image(ImageRef::Registry(name)) => self
                    .in_daemon(&name.to_string())
                    .or_else(|| self.in_registry(name)),
                NamedContext::Image(place) => self.opened(reference, place),
            };
        }
        let name = ImageName::parse(reference).ok()?;
        self.in_daemon(reference)
            .or_else(|| self.in_registry(&name))
    }

    fn in_daemon(&self, name: &str) -> Option<ImageConfig> {
        let name = ImageName::parse(name).ok()?;
        let daemon = self
            .daemon
            // An engine that is not there or does not answer is the common case: no problem.
            .get_or_init(|| DaemonImages::ask(&self.access, PATIENCE).ok())
            .as_ref()?;
        daemon.config(&name).ok().flatten()
    }

    fn in_registry(&self, name: &ImageName) -> Option<ImageConfig> {
        if !self.online {
            return None;
        }
        self.opened(&name.to_string(), &ImageRef::Registry(name.clone()))
    }

    fn opened(&self, reference: &str, place: &ImageRef) -> Option<ImageConfig> {
        match plimsoll_image::open(place, &self.access) {
            Ok(image) => Some(image.config),
            Err(error) => {
                self.tell(reference, &error);
                None
            }
        }
    }

    fn tell(&self, reference: &str, error: &ImageError) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.push(Skipped::new(
            Topic::Rules,
            format!("the base image {reference}"),
            error.to_string(),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nowhere() -> Access {
        Access {
            docker_host: Some("unix:///nonexistent/engine.sock".to_owned()),
            ..Access::default()
        }
    }

    #[test]
    fn a_layout_is_asked_by_the_name_of_its_context() {
        let folder = tempfile::tempdir().unwrap();
        plimsoll_testkit::image::ImageBuilder::new()
            .user("app")
            .build()
            .write_layout(folder.path(), "v1")
            .unwrap();
        let place = ImageRef::Layout {
            path: folder.path().display().to_string(),
            reference: None,
        };
        let contexts = BTreeMap::from([("base".to_owned(), NamedContext::Image(place))]);
        let bases = Bases::new(contexts, nowhere(), false);
        let config = bases.config("base").unwrap();
        assert_eq!(config.user, "app");
        assert!(bases.config("debian:12").is_none());
        assert!(bases.problems().is_empty());
    }

    #[test]
    fn a_registry_is_asked_only_online_and_once() {
        let registry = plimsoll_testkit::registry::Registry::start().unwrap();
        plimsoll_testkit::image::ImageBuilder::new()
            .user("app")
            .build()
            .into_registry(&registry, "team/base", "1");
        let name = registry.reference("team/base", "1");
        let bases = Bases::new(BTreeMap::new(), nowhere(), false);
        assert!(bases.config(&name).is_none());
        assert_eq!(registry.count("GET", "/manifests/"), 0);

        let bases = Bases::new(BTreeMap::new(), nowhere(), true);
        for _ in 0..3 {
            assert_eq!(bases.config(&name).unwrap().user, "app");
        }
        assert_eq!(registry.count("GET", "/manifests/"), 1);
        let missing = registry.reference("team/none", "1");
        assert!(bases.config(&missing).is_none());
        assert_eq!(bases.problems().len(), 1);
    }
}
