//! An OCI registry in memory on a loopback port, as true to the distribution specification as
//! real clients need, and unfaithful on request.

mod api;
mod auth;
mod faults;
mod http;
mod state;

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plimsoll_model::Digest;

pub use auth::{Access, Credentials, TokenRequest, base64};
pub use faults::{Fault, FaultKind};
pub use state::StoredManifest;

use crate::sha256;
use http::{Body, Head, Response};
use state::{Repository, State};

/// The media type of an OCI image index.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// How long a connection may be idle, or hang on purpose.
const PATIENCE: Duration = Duration::from_secs(60);

/// A registry that lives as long as this value: dropping it ends all its connections and threads.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// A request as the registry saw it. Credentials are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// `GET`, `HEAD`, …
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// Whether there was an `Authorization` header.
    pub has_authorization: bool,
    /// The `Range` asked for.
    pub range: Option<String>,
    /// The `User-Agent`.
    pub user_agent: Option<String>,
    /// How many bytes the body had; 0 where a fault struck before it was read.
    pub body_length: usize,
    /// The status answered; `None` where a fault kept the registry from answering.
    pub status: Option<u16>,
}

#[derive(Debug)]
struct Shared {
    host: String,
    state: Mutex<State>,
    connections: Mutex<Connections>,
    closing: Condvar,
}

#[derive(Debug, Default)]
struct Connections {
    closed: bool,
    next: u64,
    open: BTreeMap<u64, TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

impl Registry {
    /// Starts an empty registry on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port can be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            host: address.to_string(),
            state: Mutex::default(),
            connections: Mutex::default(),
            closing: Condvar::new(),
        });
        let acceptor = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("testkit-registry".to_owned())
                .spawn(move || accept(&listener, &shared))?
        };
        Ok(Self {
            address,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The host part of image names: `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.shared.host
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.host())
    }

    /// The name of an image here: `127.0.0.1:PORT/repository:tag`.
    pub fn reference(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.host())
    }

    /// Decides who is served from now on.
    pub fn set_access(&self, access: Access) {
        self.state().access = access;
    }

    /// Sends clients elsewhere for their tokens: the realm of the Bearer challenge.
    pub fn set_token_realm(&self, url: &str) {
        self.state().tokens.realm = Some(url.to_owned());
    }

    /// Makes every token given so far worthless, as if it had run out.
    pub fn revoke_tokens(&self) {
        self.state().tokens.revoke();
    }

    /// Switches the referrers API. Without it clients must use the fallback tag
    /// (`sha256-<digest>`).
    pub fn set_referrers_api(&self, on: bool) {
        self.state().without_referrers = !on;
    }

    /// Switches mounting of blobs across repositories; without it a mount becomes an upload.
    pub fn set_mount(&self, on: bool) {
        self.state().without_mount = !on;
    }

    /// Whether `Location` names the host too. Both forms are found in the wild.
    pub fn set_absolute_locations(&self, on: bool) {
        self.state().absolute_locations = on;
    }

    /// Misbehaves from now on. Faults strike in the order in which they were injected.
    pub fn inject(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Behaves again. A request that already hangs goes on hanging.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Stores a blob.
    pub fn put_blob(&self, repository: &str, bytes: impl Into<Vec<u8>>) -> Digest {
        let bytes = bytes.into();
        let digest = sha256(&bytes);
        self.put_blob_as(repository, &digest, bytes);
        digest
    }

    /// Stores bytes under a digest that need not be theirs.
    pub fn put_blob_as(&self, repository: &str, digest: &Digest, bytes: impl Into<Vec<u8>>) {
        let mut state = self.state();
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        repository.blobs.insert(digest.clone(), bytes.into().into());
    }

    /// Forgets a blob; `false` if there was none.
    pub fn remove_blob(&self, repository: &str, digest: &Digest) -> bool {
        let mut state = self.state();
        let repository = state.repositories.get_mut(repository);
        repository.is_some_and(|repository| repository.blobs.remove(digest).is_some())
    }

    /// Stores a manifest, under a tag too if there is one, without any check of what it says.
    pub fn put_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> Digest {
        let bytes = bytes.into();
        let digest = sha256(&bytes);
        let manifest = StoredManifest {
            digest: digest.clone(),
            media_type: media_type.to_owned(),
            bytes,
        };
        let mut state = self.state();
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        repository.store_manifest(tag, manifest);
        digest
    }

    /// The repositories that hold anything, sorted.
    pub fn repositories(&self) -> Vec<String> {
        let state = self.state();
        let holds = |repository: &Repository| {
            !repository.blobs.is_empty() || !repository.manifests.is_empty()
        };
        let full = state.repositories.iter().filter(|(_, it)| holds(it));
        full.map(|(name, _)| name.clone()).collect()
    }

    /// The tags of a repository and what they name.
    pub fn tags(&self, repository: &str) -> BTreeMap<String, Digest> {
        self.with(repository, |repository| repository.tags.clone())
    }

    /// The digests of the blobs of a repository, sorted.
    pub fn blobs(&self, repository: &str) -> Vec<Digest> {
        self.with(repository, |repository| {
            repository.blobs.keys().cloned().collect()
        })
    }

    /// The bytes stored as a blob.
    pub fn blob(&self, repository: &str, digest: &Digest) -> Option<Vec<u8>> {
        self.with(repository, |repository| {
            repository.blobs.get(digest).map(|bytes| bytes.to_vec())
        })
    }

    /// The manifests of a repository, with and without a tag.
    pub fn manifests(&self, repository: &str) -> Vec<StoredManifest> {
        self.with(repository, |repository| {
            repository.manifests.values().cloned().collect()
        })
    }

    /// The manifest that a tag or a digest names.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<StoredManifest> {
        self.with(repository, |repository| {
            repository.manifest(reference).cloned()
        })
    }

    /// How many uploads were begun and not finished.
    pub fn unfinished_uploads(&self) -> usize {
        self.state().uploads.len()
    }

    /// Every request so far, `/token` included, in the order of arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().requests.clone()
    }

    /// How many requests with this method had this text in path or query.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let state = self.state();
        let matching =
            |request: &&RecordedRequest| request.method == method && request.path.contains(path);
        state.requests.iter().filter(matching).count()
    }

    /// Every request for a token so far.
    pub fn token_requests(&self) -> Vec<TokenRequest> {
        self.state().tokens.requests.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        let mut state = self.state();
        state.forgotten_requests += state.requests.len();
        state.requests.clear();
        state.tokens.requests.clear();
    }

    fn with<T: Default>(&self, repository: &str, read: impl FnOnce(&Repository) -> T) -> T {
        self.state()
            .repositories
            .get(repository)
            .map(read)
            .unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let mut connections = lock(&self.shared.connections);
        connections.closed = true;
        for stream in connections.open.values() {
            // An error means that the peer was faster.
            let _ = stream.shutdown(Shutdown::Both);
        }
        let threads = std::mem::take(&mut connections.threads);
        drop(connections);
        self.shared.closing.notify_all();
        // The acceptor sits in `accept` until someone comes.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let Some(acceptor) = self.acceptor.take().filter(|_| woken) {
            let _ = acceptor.join();
        }
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// A poisoned lock is taken all the same: the test that panicked has already failed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        let accepted = listener.accept();
        let mut connections = lock(&shared.connections);
        if connections.closed {
            return;
        }
        let Ok((stream, _)) = accepted else {
            continue;
        };
        let Ok(handle) = stream.try_clone() else {
            continue;
        };
        connections.threads.retain(|thread| !thread.is_finished());
        let id = connections.next;
        connections.next += 1;
        connections.open.insert(id, handle);
        let serving = Arc::clone(shared);
        let spawned = thread::Builder::new()
            .name(format!("testkit-registry-{id}"))
            .spawn(move || {
                // Errors are the client's doing (it went away); there is nobody to tell.
                let _ = serve(&stream, &serving);
                let _ = stream.shutdown(Shutdown::Both);
                lock(&serving.connections).open.remove(&id);
            });
        match spawned {
            Ok(thread) => connections.threads.push(thread),
            Err(_) => {
                connections.open.remove(&id);
            }
        }
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = BufWriter::new(stream);
    while let Some(head) = Head::read(&mut reader)? {
        let (fault, entry) = {
            let mut state = lock(&shared.state);
            state.requests.push(RecordedRequest {
                method: head.method.clone(),
                path: head.target.clone(),
                has_authorization: head.header("authorization").is_some(),
                range: head.header("range").map(str::to_owned),
                user_agent: head.header("user-agent").map(str::to_owned),
                body_length: 0,
                status: None,
            });
            let entry = state.forgotten_requests + state.requests.len() - 1;
            (faults::strike(&mut state.faults, &head), entry)
        };
        match fault {
            Some(FaultKind::Close) => return Ok(()),
            Some(FaultKind::Hang) => {
                hang(shared);
                return Ok(());
            }
            _ => {}
        }
        if head.expects_continue() {
            Response::write_continue(&mut writer)?;
        }
        let body = head.read_body(&mut reader)?;
        let length = body.len();
        let response = {
            let mut state = lock(&shared.state);
            let instead = fault.as_ref().and_then(|fault| fault.instead(&head));
            let response = instead.unwrap_or_else(|| {
                let mut response = api::answer(&mut state, &shared.host, &head, body);
                if let Some(fault) = &fault {
                    fault.spoil(&mut response);
                }
                response
            });
            // The list may have been cleared since; then nobody asks for this entry.
            let entry = entry.checked_sub(state.forgotten_requests);
            if let Some(entry) = entry.and_then(|entry| state.requests.get_mut(entry)) {
                entry.body_length = length;
                entry.status = Some(response.status);
            }
            response
        };
        let reusable = response.write(&mut writer, head.method == "HEAD")?;
        if matches!(fault, Some(FaultKind::StallHalfway)) {
            hang(shared);
            return Ok(());
        }
        if let (Some(FaultKind::TrickleHalfway), Body::Half(bytes)) = (&fault, &response.body) {
            for byte in &bytes[bytes.len() / 2..] {
                writer.write_all(&[*byte])?;
                writer.flush()?;
                thread::sleep(Duration::from_millis(50));
            }
        }
        if !reusable || head.closes() {
            return Ok(());
        }
    }
    Ok(())
}

/// Sleeps until the registry is dropped, or for as long as is decent.
fn hang(shared: &Shared) {
    let end = Instant::now() + PATIENCE;
    let mut connections = lock(&shared.connections);
    while !connections.closed {
        let Some(left) = end.checked_duration_since(Instant::now()) else {
            return;
        };
        connections = match shared.closing.wait_timeout(connections, left) {
            Ok((guard, _)) => guard,
            Err(poisoned) => poisoned.into_inner().0,
        };
    }
}

#[cfg(test)]
mod tests;
