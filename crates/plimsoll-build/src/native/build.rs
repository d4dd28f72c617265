//! One build: the state folder, the helper, and trees of layers on top of each other.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use plimsoll_image::{Access, Image, ImageError, LayerLimits};
use plimsoll_model::{BuildInput, Digest, ImageName, ImageRef, Span, hex};
use sha2::{Digest as _, Sha256};

use super::context::{Context, part};
use super::idmap::IdMap;
use super::layer::{Sealed, seal};
use super::store::{KeyLock, Record, Store, StoredLayer, fresh_name};
use super::wire::{Answer, Chain, Failure, Request, WorkId};
use super::worker::{Worker, work_of};
use crate::time::rfc3339;
use crate::{BuildPlan, CacheStats, Event, EventSink, NamedContext, Vertex};

/// Changes when the meaning of a key changes.
const KEY_VERSION: &[u8] = b"plimsoll step 1";

/// One build under way.
pub(crate) struct Build<'a> {
    pub(crate) plan: &'a BuildPlan,
    pub(crate) access: &'a Access,
    pub(crate) events: &'a dyn EventSink,
    pub(crate) store: Store,
    worker: OnceCell<Worker>,
    session: String,
    _session_lock: KeyLock,
    contexts: RefCell<HashMap<String, Arc<Context>>>,
    images: RefCell<HashMap<String, Rc<BaseImage>>>,
    staged: RefCell<HashMap<String, WorkId>>,
    pub(crate) downloads: RefCell<Vec<BuildInput>>,
    stats: Cell<CacheStats>,
    vertices: Cell<usize>,
}

/// An opened base image.
pub(crate) struct BaseImage {
    pub(crate) image: Image,
    pub(crate) reference: String,
}

/// One layer of a tree.
pub(crate) struct Layer {
    pub(super) from: Source,
    /// The instruction, as history records it.
    pub(crate) created_by: String,
    /// Where in the Dockerfile.
    pub(crate) span: Option<Span>,
}

pub(super) enum Source {
    /// A layer of a base image.
    Base { image: Rc<BaseImage>, index: usize },
    /// A step of ours.
    Step {
        snapshot: String,
        stored: StoredLayer,
    },
}

/// Layers on top of each other.
#[derive(Clone, Default)]
pub(crate) struct Tree {
    /// Names what is in it, whatever times its files have.
    pub(crate) identity: String,
    pub(crate) layers: Vec<Rc<Layer>>,
}

/// Collects what a step's result depends on.
pub(crate) struct Key(Sha256);

impl Key {
    pub(crate) fn new(kind: &str) -> Self {
        let mut hasher = Sha256::new();
        part(&mut hasher, KEY_VERSION);
        part(&mut hasher, kind.as_bytes());
        Self(hasher)
    }

    pub(crate) fn add(&mut self, value: impl AsRef<[u8]>) -> &mut Self {
        part(&mut self.0, value.as_ref());
        self
    }

    pub(crate) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

impl Tree {
    /// Nothing.
    pub(crate) fn scratch() -> Self {
        Self {
            identity: Key::new("scratch").finish(),
            layers: Vec::new(),
        }
    }

    /// All layers of an image.
    pub(crate) fn of_image(image: &Rc<BaseImage>) -> Self {
        let mut tree = Self::scratch();
        let mut history = image
            .image
            .config
            .history
            .iter()
            .filter(|entry| !entry.empty_layer);
        for (index, diff_id) in image.image.diff_ids.iter().enumerate() {
            let created_by = history.next().and_then(|entry| entry.created_by.clone());
            tree.identity = base_key(&tree.identity, diff_id);
            tree.layers.push(Rc::new(Layer {
                from: Source::Base {
                    image: Rc::clone(image),
                    index,
                },
                created_by: created_by.unwrap_or_default(),
                span: None,
            }));
        }
        tree
    }
}

fn base_key(parent: &str, diff_id: &Digest) -> String {
    let mut key = Key::new("base");
    key.add(parent).add(diff_id.as_str());
    key.finish()
}

impl<'a> Build<'a> {
    pub(crate) fn new(
        plan: &'a BuildPlan,
        access: &'a Access,
        events: &'a dyn EventSink,
    ) -> Result<Self, Failure> {
        let map = IdMap::choose().map_err(Failure::environment)?;
        let store = Store::open(&plan.state, map)?;
        let session = fresh_name()?;
        let lock = store.lock_session(&session)?;
        Ok(Self {
            plan,
            access,
            events,
            store,
            worker: OnceCell::new(),
            session,
            _session_lock: lock,
            contexts: RefCell::default(),
            images: RefCell::default(),
            staged: RefCell::default(),
            downloads: RefCell::default(),
            stats: Cell::default(),
            vertices: Cell::new(0),
        })
    }

    /// The helper; started when the first step is not in the cache.
    pub(crate) fn worker(&self) -> Result<&Worker, Failure> {
        if let Some(worker) = self.worker.get() {
            return Ok(worker);
        }
        let worker = Worker::start(self.store.map(), self.store.files(), &self.session)?;
        let mut paths = self.store.dead_sessions();
        paths.retain(|path| *path != format!("tmp/{}", self.session));
        paths.extend(self.store.orphans());
        if !paths.is_empty() {
            // What cannot be swept now is swept another time.
            let _ = worker.call(&Request::Sweep { paths }, &[]);
        }
        Ok(self.worker.get_or_init(|| worker))
    }

    /// What the cache did.
    pub(crate) fn stats(&self) -> CacheStats {
        self.stats.get()
    }

    /// Opens a step for people to see.
    pub(crate) fn vertex(&self, name: &str) -> Vertex {
        let number = self.vertices.get();
        self.vertices.set(number + 1);
        Vertex {
            id: format!("native-{number}"),
            name: name.to_owned(),
            started: true,
            completed: false,
            cached: false,
            error: None,
        }
    }

    pub(crate) fn tell(&self, vertex: &Vertex) {
        self.events.event(Event::Vertex(vertex.clone()));
    }

    /// The context `name`; the main one where empty.
    pub(crate) fn context(&self, name: &str) -> Result<Arc<Context>, Failure> {
        if let Some(context) = self.contexts.borrow().get(name) {
            return Ok(Arc::clone(context));
        }
        let (root, ignore) = if name.is_empty() {
            (&self.plan.context.root, self.plan.context.ignore.as_deref())
        } else {
            match self.plan.named_contexts.get(name) {
                Some(NamedContext::Directory(root)) => (root, None),
                _ => {
                    return Err(Failure::input(format!(
                        "`{name}` is no context that is a folder"
                    )));
                }
            }
        };
        let known = self.hashes_of(root);
        let context = Arc::new(Context::new(root, ignore, &known));
        self.contexts
            .borrow_mut()
            .insert(name.to_owned(), Arc::clone(&context));
        Ok(context)
    }

    fn hashes_of(&self, root: &std::path::Path) -> PathBuf {
        let mut key = Key::new("hashes");
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        key.add(root.as_os_str().as_encoded_bytes());
        self.store.hashes(&key.finish())
    }

    /// What entered from folders, and the digests kept for the next build.
    pub(crate) fn context_inputs(&self) -> Result<Vec<BuildInput>, Failure> {
        let mut inputs = Vec::new();
        for (name, context) in &*self.contexts.borrow() {
            let listing = context.listing()?;
            if !listing.is_empty() {
                inputs.push(BuildInput::Context {
                    name: if name.is_empty() {
                        "context".to_owned()
                    } else {
                        name.clone()
                    },
                    files: listing.len(),
                    digest: crate::inputs::listing_digest(listing),
                });
            }
            let root = match self.plan.named_contexts.get(name) {
                Some(NamedContext::Directory(root)) => root,
                _ => &self.plan.context.root,
            };
            context.save(&self.hashes_of(root));
        }
        Ok(inputs)
    }

    /// Opens the image that a FROM or `--from` names.
    pub(crate) fn image(&self, name: &str) -> Result<Rc<BaseImage>, Failure> {
        if let Some(image) = self.images.borrow().get(name) {
            return Ok(Rc::clone(image));
        }
        let failed = |error: &ImageError| Failure::environment(error.to_string());
        let image = match self.plan.named_contexts.get(name) {
            Some(NamedContext::Image(place)) => {
                plimsoll_image::open(place, self.access).map_err(|e| failed(&e))?
            }
            _ => {
                let parsed = ImageName::parse(name).map_err(|e| Failure::input(e.to_string()))?;
                match plimsoll_image::open(&ImageRef::Registry(parsed), self.access) {
                    Ok(image) => image,
                    // An image that was built or loaded here is in no registry.
                    Err(error) => {
                        plimsoll_image::open(&ImageRef::Daemon(name.to_owned()), self.access)
                            .map_err(|_| failed(&error))?
                    }
                }
            }
        };
        let image = Rc::new(BaseImage {
            image,
            reference: name.to_owned(),
        });
        self.images
            .borrow_mut()
            .insert(name.to_owned(), Rc::clone(&image));
        Ok(image)
    }

    /// The bases that were opened, by digest.
    pub(crate) fn base_inputs(&self) -> Vec<BuildInput> {
        self.images
            .borrow()
            .values()
            .map(|base| BuildInput::Base {
                reference: base.reference.clone(),
                digest: base.image.digest().clone(),
            })
            .collect()
    }

    /// Snapshots of the tree's layers, made where they are missing.
    pub(crate) fn chain(&self, tree: &Tree) -> Result<Chain, Failure> {
        let mut chain = Chain::new();
        let mut identity = Tree::scratch().identity;
        for layer in &tree.layers {
            match &layer.from {
                Source::Step { snapshot, .. } => chain.push(snapshot.clone()),
                Source::Base { image, index } => {
                    let diff_id = image.image.diff_ids.get(*index).ok_or_else(|| {
                        Failure::hostile(format!("{}: lists too few diff ids", image.reference))
                    })?;
                    identity = base_key(&identity, diff_id);
                    let snapshot = self.unpacked(&identity, image, *index, &chain)?;
                    chain.push(snapshot);
                }
            }
        }
        Ok(chain)
    }

    /// The snapshot of a base's layer.
    fn unpacked(
        &self,
        key: &str,
        image: &Rc<BaseImage>,
        index: usize,
        parents: &Chain,
    ) -> Result<String, Failure> {
        let known = || {
            let snapshot = self.store.record(key)?.snapshot?;
            self.store.has_snapshot(&snapshot).then_some(snapshot)
        };
        if let Some(snapshot) = known() {
            return Ok(snapshot);
        }
        let _lock = self.store.lock(key)?;
        if let Some(snapshot) = known() {
            return Ok(snapshot);
        }
        let vertex = self.vertex(&format!(
            "[internal] unpack {} layer {index}",
            image.reference
        ));
        self.tell(&vertex);
        let worker = self.worker()?;
        let content = self.stored_image(image, index)?;
        let content = content
            .layer(index, LayerLimits::default())
            .map_err(|e| Failure::environment(e.to_string()))?;
        let place = format!("{}: layer {index}", image.reference);
        let request = Request::ApplyLayer {
            parents: parents.clone(),
        };
        let work = feed(worker, &request, |out| {
            let mut content = content;
            io::copy(&mut content, &mut { out })
                .map(|_| ())
                .map_err(|e| Failure::hostile(format!("{place}: {e}")))
        })
        .map_err(|failure| Failure {
            message: if failure.message.starts_with(&place) {
                failure.message
            } else {
                format!("{place}: {}", failure.message)
            },
            ..failure
        })?;
        let snapshot = self.commit(work)?;
        let mut record = self.store.record(key).unwrap_or_default();
        record.snapshot = Some(snapshot.clone());
        self.store.remember(key, &record)?;
        self.tell(&Vertex {
            completed: true,
            ..vertex
        });
        Ok(snapshot)
    }

    /// Hands a tar to the helper as a tree to take files from; the same content once a build.
    pub(crate) fn stage(
        &self,
        digest: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Failure> + Send,
    ) -> Result<WorkId, Failure> {
        if let Some(work) = self.staged.borrow().get(digest) {
            return Ok(*work);
        }
        let work = feed(self.worker()?, &Request::Stage, |mut out| {
            let mut buffered = io::BufWriter::with_capacity(256 << 10, &mut out);
            write(&mut buffered)?;
            buffered
                .flush()
                .map_err(|e| Failure::system("sending files to the helper", e))
        })?;
        self.staged.borrow_mut().insert(digest.to_owned(), work);
        Ok(work)
    }

    /// Takes the layer that `key` names from the cache or has `make` make it; gives the tree on
    /// top and when the layer was made.
    pub(crate) fn layer(
        &self,
        tree: &mut Tree,
        key: &str,
        created_by: &str,
        span: Option<Span>,
        vertex: &mut Vertex,
        make: impl FnOnce() -> Result<WorkId, StepFailure>,
    ) -> Result<String, StepFailure> {
        let clamp = self.plan.source_date_epoch;
        let slot = clamp.map_or_else(|| "none".to_owned(), |epoch| epoch.to_string());
        let _lock = self.store.lock(key)?;
        let mut record = match self.store.record(key) {
            Some(record) if !self.plan.no_cache => record,
            _ => Record::default(),
        };
        record.layers.retain(|_, stored| {
            stored
                .digest()
                .is_some_and(|digest| self.store.has_blob(&digest, stored.size))
        });
        let snapshot = record
            .snapshot
            .clone()
            .filter(|snapshot| self.store.has_snapshot(snapshot));
        let mut stats = self.stats.get();
        let (snapshot, stored) = match (snapshot, record.layers.get(&slot).cloned()) {
            (Some(snapshot), Some(stored)) => {
                stats.hits += 1;
                vertex.cached = true;
                (snapshot, stored)
            }
            // Only the times differ: the layer is written again, the step does not run again.
            (Some(snapshot), None) => {
                stats.hits += 1;
                vertex.cached = true;
                let request = Request::DiffSnapshot {
                    snapshot: snapshot.clone(),
                    clamp,
                };
                let stored = self.stored(self.diff(&request)?);
                record.layers.insert(slot, stored.clone());
                self.store.remember(key, &record)?;
                (snapshot, stored)
            }
            (None, _) => {
                stats.misses += 1;
                let work = make()?;
                let stored = self.stored(self.diff(&Request::Diff { work, clamp })?);
                let snapshot = self.commit(work)?;
                let mut record = Record {
                    snapshot: Some(snapshot.clone()),
                    ..Record::default()
                };
                record.layers.insert(slot, stored.clone());
                self.store.remember(key, &record)?;
                (snapshot, stored)
            }
        };
        self.stats.set(stats);
        let created = stored.created.clone();
        tree.identity = key.to_owned();
        tree.layers.push(Rc::new(Layer {
            from: Source::Step { snapshot, stored },
            created_by: created_by.to_owned(),
            span,
        }));
        Ok(created)
    }

    fn stored(&self, sealed: Sealed) -> StoredLayer {
        StoredLayer::new(
            &sealed.diff_id,
            &sealed.digest,
            sealed.size,
            rfc3339(self.plan.source_date_epoch),
        )
    }

    /// Whether a step is known, without making it.
    pub(crate) fn knows(&self, key: &str) -> bool {
        !self.plan.no_cache && self.store.record(key).is_some()
    }

    fn diff(&self, request: &Request) -> Result<Sealed, Failure> {
        let worker = self.worker()?;
        let (read, write) = io::pipe().map_err(|e| Failure::system("a pipe", e))?;
        worker.ask(request, &[write.as_fd()])?;
        drop(write);
        let sealed = seal(read, &self.store);
        worker.answer()?;
        sealed
    }

    fn commit(&self, work: WorkId) -> Result<String, Failure> {
        let snapshot = fresh_name()?;
        self.worker()?.call(
            &Request::Commit {
                work,
                snapshot: snapshot.clone(),
            },
            &[],
        )?;
        Ok(snapshot)
    }
}

impl Drop for Build<'_> {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.get() {
            let paths = vec![format!("tmp/{}", self.session)];
            let _ = worker.call(&Request::Sweep { paths }, &[]);
        }
        self.store.end_session(&self.session);
    }
}

/// Why a step gave no layer.
pub(crate) enum StepFailure {
    /// Something is wrong around it.
    Failure(Failure),
    /// Its command failed.
    Command { message: String, tail: Vec<String> },
}

impl From<Failure> for StepFailure {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Sends a request and feeds the pipe that rides on it. Of two failures the cause is told: a pipe
/// that broke says nothing about why.
fn feed(
    worker: &Worker,
    request: &Request,
    write: impl FnOnce(File) -> Result<(), Failure> + Send,
) -> Result<WorkId, Failure> {
    let (read, pipe) = io::pipe().map_err(|e| Failure::system("a pipe", e))?;
    let pipe = File::from(std::os::fd::OwnedFd::from(pipe));
    thread::scope(|scope| {
        let feeder = scope.spawn(move || write(pipe));
        worker.ask(request, &[read.as_fd()])?;
        drop(read);
        let answer = worker.answer();
        let fed = feeder
            .join()
            .map_err(|_| Failure::environment("a thread stopped"))?;
        match (answer, fed) {
            (Ok(answer), Ok(())) => work_of(answer),
            (Err(failure), Ok(())) => Err(failure),
            (Ok(_), Err(failure)) => Err(failure),
            (Err(answered), Err(fed)) => {
                let broken = fed.message.contains("Broken pipe");
                Err(if broken { answered } else { fed })
            }
        }
    })
}

/// The text digest in an answer.
pub(crate) fn digest_of(answer: Answer) -> Result<String, Failure> {
    match answer {
        Answer::Digest(digest) => Ok(digest),
        _ => Err(Failure::environment("the build helper answered oddly")),
    }
}
