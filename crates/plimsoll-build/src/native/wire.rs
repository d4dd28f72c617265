//! Requests and answers between the build and its helper process in the user namespace.
//!
//! One frame is a length, JSON, and the file descriptors that ride on the first byte. The helper
//! answers every request once; logs and layer tars go through pipes that the request carries.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Frames are instructions, not content: whoever sends more is broken.
const MAX_FRAME: usize = 16 << 20;
/// Descriptors on one frame; the kernel's own bound is 253.
const MAX_DESCRIPTORS: usize = 64;

/// Where a piece of work starts: snapshots by id, lowest first.
pub(crate) type Chain = Vec<String>;

/// What the helper is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// First frame, once the ids are mapped.
    Hello {
        /// Name of this session's scratch folder below `tmp`.
        session: String,
    },
    /// Really tries overlay and proc.
    Probe,
    /// Applies the tar on the attached pipe as a layer on top of `parents`.
    ApplyLayer { parents: Chain },
    /// Lays the tar on the attached pipe out as a plain tree to copy or mount from.
    Stage,
    /// Runs a command. Attached: standard output, standard error, then one per secret.
    Run { parents: Chain, spec: Box<RunSpec> },
    /// Copies into a tree.
    Copy { parents: Chain, spec: CopySpec },
    /// Makes a folder and those above it.
    MakeDirectory { parents: Chain, path: String },
    /// Writes the layer of a piece of work as a tar to the attached pipe.
    Diff { work: WorkId, clamp: Option<i64> },
    /// Writes the layer of a finished snapshot again, under another clamp.
    DiffSnapshot {
        snapshot: String,
        clamp: Option<i64>,
    },
    /// Makes a piece of work a snapshot that others build on.
    Commit { work: WorkId, snapshot: String },
    /// Forgets a piece of work.
    Discard { work: WorkId },
    /// Digests what `sources` select, for a cache key that depends on content only.
    DigestSources { sources: Vec<CopySource> },
    /// Deletes scratch folders and snapshots nobody needs.
    Sweep { paths: Vec<String> },
}

/// Names a piece of work of this session.
pub(crate) type WorkId = u64;

/// A tree that files are taken from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Tree {
    /// A stage or an image.
    Chain(Chain),
    /// Something staged in this session.
    Staged(WorkId),
}

/// One source of COPY or ADD.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CopySource {
    pub(crate) tree: Tree,
    /// Path or pattern inside the tree.
    pub(crate) path: String,
    /// Whether `path` may hold wildcards.
    pub(crate) wildcard: bool,
    /// Whether an archive is unpacked (ADD of a local file).
    pub(crate) unpack: bool,
}

/// A COPY or ADD.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CopySpec {
    pub(crate) sources: Vec<CopySource>,
    /// Absolute; a trailing slash means a folder.
    pub(crate) destination: String,
    /// `user[:group]`, names or numbers.
    pub(crate) owner: Option<String>,
    /// Octal or symbolic.
    pub(crate) mode: Option<String>,
}

/// A RUN.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunSpec {
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// Variables whose values ride on descriptors, counted behind the two of the logs.
    pub(crate) secret_env: Vec<(String, usize)>,
    pub(crate) workdir: String,
    pub(crate) user: String,
    /// Whether the host's network is seen.
    pub(crate) host_network: bool,
    pub(crate) mounts: Vec<MountSpec>,
    pub(crate) resolv_conf: String,
    pub(crate) hosts: String,
}

/// One `--mount`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MountSpec {
    /// Absolute.
    pub(crate) target: String,
    pub(crate) kind: MountKind,
}

/// What is mounted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum MountKind {
    Bind {
        tree: Tree,
        path: String,
        writable: bool,
    },
    /// A folder below `cache`.
    Cache {
        folder: String,
        from: Option<(Tree, String)>,
        mode: u32,
        uid: u32,
        gid: u32,
        readonly: bool,
    },
    Tmpfs {
        size: Option<u64>,
    },
    /// Content rides on a descriptor, counted behind the two of the logs.
    Secret {
        descriptor: usize,
        mode: u32,
        uid: u32,
        gid: u32,
    },
    /// A script of ours, shown as a file in a folder of its own (RUN heredoc with `#!`).
    Script {
        name: String,
        text: String,
    },
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

/// What kind of failure an answer speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FailureKind {
    /// The Dockerfile asks for something that is not there.
    Input,
    /// A layer breaks the rules.
    Hostile,
    /// The machine cannot.
    Environment,
    /// The BuildKit engine could.
    Unsupported,
}

/// Why a request failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Input,
            message: message.into(),
        }
    }

    pub(crate) fn hostile(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Hostile,
            message: message.into(),
        }
    }

    pub(crate) fn environment(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Environment,
            message: message.into(),
        }
    }

    /// Says what was done when the system refused.
    pub(crate) fn system(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Self {
        Self::environment(format!("{what}: {error}"))
    }
}

/// What the helper answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Done,
    Work(WorkId),
    Ran {
        work: WorkId,
        exit: Exit,
    },
    /// What did not work; `None` where it did.
    Probed {
        overlay: Option<String>,
        proc: Option<String>,
    },
    Digest(String),
    Written {
        entries: u64,
    },
}

/// An answer or why there is none.
pub(crate) type Reply = Result<Answer, Failure>;

/// Sends one frame.
pub(crate) fn send<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let body = serde_json::to_vec(message).map_err(io::Error::other)?;
    if descriptors.len() > MAX_DESCRIPTORS || body.len() > MAX_FRAME {
        return Err(io::Error::other("the request is too large for the helper"));
    }
    let mut frame = u32::try_from(body.len())
        .map_err(io::Error::other)?
        .to_le_bytes()
        .to_vec();
    frame.extend_from_slice(&body);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("too many descriptors for one frame"));
    }
    let mut sent = rustix::net::sendmsg(
        &socket,
        &[IoSlice::new(&frame)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    while sent < frame.len() {
        sent += rustix::net::send(&socket, &frame[sent..], SendFlags::NOSIGNAL)?;
    }
    Ok(())
}

/// Receives one frame; `None` where the other side is gone.
pub(crate) fn receive<T: DeserializeOwned>(
    socket: impl AsFd,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut descriptors = Vec::new();
    let mut length = [0_u8; 4];
    if !fill(&socket, &mut length, &mut descriptors)? {
        return Ok(None);
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        return Err(io::Error::other("a frame of the helper is too large"));
    }
    let mut body = vec![0; length];
    if !fill(&socket, &mut body, &mut descriptors)? {
        return Ok(None);
    }
    let message = serde_json::from_slice(&body).map_err(io::Error::other)?;
    Ok(Some((message, descriptors)))
}

/// Fills `buffer`, keeping descriptors that ride along; `false` at the end of the stream.
fn fill(socket: &impl AsFd, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<bool> {
    let mut have = 0;
    while have < buffer.len() {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got = match rustix::net::recvmsg(
            socket,
            &mut [IoSliceMut::new(&mut buffer[have..])],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        ) {
            Ok(got) => got.bytes,
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                descriptors.extend(rights);
            }
        }
        if got == 0 {
            return Ok(false);
        }
        have += got;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[test]
    fn frames_carry_descriptors() {
        let (a, b) = std::os::unix::net::UnixStream::pair().unwrap();
        let (mut read, write) = io::pipe().unwrap();
        send(&a, &Request::Stage, &[write.as_fd()]).unwrap();
        drop(write);
        let (request, mut descriptors) = receive::<Request>(&b).unwrap().unwrap();
        assert!(matches!(request, Request::Stage));
        let mut file = std::fs::File::from(descriptors.pop().unwrap());
        file.write_all(b"hi").unwrap();
        drop(file);
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hi");
        drop(a);
        assert!(receive::<Request>(&b).unwrap().is_none());
    }
}
