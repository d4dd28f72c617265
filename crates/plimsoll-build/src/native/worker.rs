//! The build's end of the helper: starts it, maps its ids, asks it to work.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use super::helper::NAME;
use super::idmap::IdMap;
use super::wire::{Answer, Failure, Reply, Request, receive, send};

/// A running helper. Dropped, the helper ends and its mounts are gone.
pub(crate) struct Worker {
    /// `None` once it is closed.
    socket: Mutex<Option<UnixStream>>,
    child: Mutex<Child>,
}

impl Worker {
    /// Starts a helper whose working directory is `files`, owned by root of the namespace.
    pub(crate) fn start(map: &IdMap, files: &Path, session: &str) -> Result<Self, Failure> {
        let (ours, theirs) = UnixStream::pair().map_err(|e| Failure::system("a socket", e))?;
        let child = Command::new("/proc/self/exe")
            .arg0(NAME)
            .env_clear()
            // Before its namespaces are made: the folder must lie in a mount of its own, and the
            // folders above may be closed to it later.
            .current_dir(files)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| Failure::system("starting the build helper", e))?;
        let pid = child.id();
        let worker = Self {
            socket: Mutex::new(Some(ours)),
            child: Mutex::new(child),
        };
        worker.answer().map_err(|failure| {
            Failure::environment(format!(
                "user namespaces cannot be made here ({}): allow them \
                 (`sysctl kernel.unprivileged_userns_clone=1`, \
                 `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, \
                 `sysctl user.max_user_namespaces=10000`)",
                failure.message
            ))
        })?;
        map.write(pid).map_err(Failure::environment)?;
        worker.call(
            &Request::Hello {
                session: session.to_owned(),
            },
            &[],
        )?;
        Ok(worker)
    }

    /// Asks, and waits for the answer.
    pub(crate) fn call(&self, request: &Request, descriptors: &[BorrowedFd<'_>]) -> Reply {
        self.ask(request, descriptors)?;
        self.answer()
    }

    /// Asks without waiting: the caller feeds or drains a pipe first.
    pub(crate) fn ask(
        &self,
        request: &Request,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), Failure> {
        let socket = self.socket()?;
        send(&socket, request, descriptors).map_err(|e| Failure::system("the build helper", e))
    }

    /// Waits for the answer to the last question.
    pub(crate) fn answer(&self) -> Reply {
        let socket = self.socket()?;
        match receive::<Reply>(&socket) {
            Ok(Some((reply, _))) => reply,
            Ok(None) => Err(Failure::environment(
                "the build helper ended unexpectedly (killed, or out of memory)",
            )),
            Err(error) => Err(Failure::system("the build helper", error)),
        }
    }

    fn socket(&self) -> Result<UnixStream, Failure> {
        self.socket
            .lock()
            .ok()
            .and_then(|socket| socket.as_ref().and_then(|socket| socket.try_clone().ok()))
            .ok_or_else(|| Failure::environment("the build helper is gone"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Ok(mut socket) = self.socket.lock() {
            // The helper ends, and kills its step, when it sees this.
            *socket = None;
        }
        if let Ok(mut child) = self.child.lock() {
            let _ = child.wait();
        }
    }
}

/// The answer a request must have; another one is a fault of ours.
pub(crate) fn work_of(answer: Answer) -> Result<super::wire::WorkId, Failure> {
    match answer {
        Answer::Work(work) => Ok(work),
        _ => Err(Failure::environment("the build helper answered oddly")),
    }
}
