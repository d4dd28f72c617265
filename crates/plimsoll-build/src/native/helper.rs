//! The helper process: this program started again, alone in a user namespace, single-threaded. All
//! files of images are made and read here, never by the build itself.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plimsoll_model::hex;
use rustix::fs::{CWD, Mode};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::UnshareFlags;
use sha2::{Digest as _, Sha256};

use super::copy::{self, Changes};
use super::mode::ModeChange;
use super::paths::Root;
use super::sandbox::{self, Prepared, Source, Step};
use super::snapshot::{View, Workspace, remove};
use super::unpack::{Manner, apply};
use super::wire::{
    Answer, CopySource, CopySpec, Failure, MountKind, MountSpec, Reply, Request, RunSpec, Tree,
    receive, send,
};
use super::{accounts, differ};

/// `argv[0]` of the helper.
pub(super) const NAME: &str = "plimsoll-build-helper";

/// Becomes the helper process if that is what this program was started as; the program's `main`
/// calls it before anything else.
#[must_use = "a helper must end with this code"]
pub fn helper_main(args: Vec<OsString>) -> Option<ExitCode> {
    if args.first().is_none_or(|name| name != NAME) {
        return None;
    }
    Some(match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn serve() -> io::Result<()> {
    let socket = rustix::stdio::stdin();
    // SAFETY: this process has one thread and holds no descriptor that the flags would affect.
    let alone =
        unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) };
    let reply: Reply = match alone {
        Ok(()) => Ok(Answer::Done),
        Err(error) => Err(Failure::system("unshare", error)),
    };
    send(socket, &reply, &[])?;
    let mut workspace = None;
    while let Some((request, descriptors)) = receive::<Request>(socket)? {
        let reply = match (request, &mut workspace) {
            (Request::Hello { session }, _) => enter(&session).map(|entered| {
                workspace = Some(entered);
                Answer::Done
            }),
            (request, Some(workspace)) => handle(request, descriptors, workspace, socket),
            (_, None) => Err(Failure::environment("the helper was not greeted")),
        };
        send(socket, &reply, &[])?;
    }
    Ok(())
}

/// Becomes root of the namespace; the working directory is the state folder already.
fn enter(session: &str) -> Result<Workspace, Failure> {
    let failed = |what: &str| Failure::system(what, io::Error::last_os_error());
    // SAFETY: an empty list and numbers; this process has one thread.
    unsafe {
        if libc::setgroups(0, std::ptr::null()) != 0 {
            return Err(failed("groups"));
        }
        if libc::setresgid(0, 0, 0) != 0 {
            return Err(failed("group"));
        }
        if libc::setresuid(0, 0, 0) != 0 {
            return Err(failed("user"));
        }
        // The change of user made this process unreadable to itself through /proc.
        let _ = libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0);
    }
    rustix::process::umask(Mode::from_raw_mode(0o022));
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .map_err(|e| Failure::system("private mounts", e))?;
    // Every level of a tree that is read holds a descriptor.
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        rustix::process::Rlimit {
            current: files.maximum,
            maximum: files.maximum,
        },
    );
    Workspace::new(session)
}

fn take(descriptors: &mut Vec<OwnedFd>) -> Result<OwnedFd, Failure> {
    if descriptors.is_empty() {
        return Err(Failure::environment("a request without its descriptor"));
    }
    Ok(descriptors.remove(0))
}

fn handle(
    request: Request,
    mut descriptors: Vec<OwnedFd>,
    workspace: &mut Workspace,
    socket: BorrowedFd<'_>,
) -> Reply {
    match request {
        Request::Hello { .. } => Err(Failure::environment("greeted twice")),
        Request::Probe => probe(workspace),
        Request::ApplyLayer { parents } => {
            let content = BufReader::with_capacity(256 << 10, File::from(take(&mut descriptors)?));
            let (work, view) = workspace.begin(&parents)?;
            apply(
                &view.root()?,
                Path::new("/"),
                content,
                Manner {
                    whiteouts: true,
                    ..Manner::default()
                },
            )?;
            Ok(Answer::Work(work))
        }
        Request::Stage => {
            let content = BufReader::with_capacity(256 << 10, File::from(take(&mut descriptors)?));
            let (work, files) = workspace.begin_plain()?;
            let root = Root::open(&files).map_err(|e| Failure::system("a staged tree", e))?;
            apply(&root, Path::new("/"), content, Manner::default())?;
            Ok(Answer::Work(work))
        }
        Request::Run { parents, spec } => {
            let (work, view) = workspace.begin(&parents)?;
            let exit = run(&spec, &view, workspace, descriptors, socket)?;
            Ok(Answer::Ran { work, exit })
        }
        Request::Copy { parents, spec } => {
            let (work, view) = workspace.begin(&parents)?;
            copy_all(&spec, &view.root()?, workspace)?;
            Ok(Answer::Work(work))
        }
        Request::MakeDirectory { parents, path } => {
            let (work, view) = workspace.begin(&parents)?;
            view.root()?
                .make_dirs(Path::new(&path), 0o755, None, |_| {})
                .map_err(|error| {
                    Failure::input(format!("the folder `{path}` cannot be made: {error}"))
                })?;
            Ok(Answer::Work(work))
        }
        Request::Diff { work, clamp } => {
            write_layer(workspace.open_files(work)?, clamp, take(&mut descriptors)?)
        }
        Request::DiffSnapshot { snapshot, clamp } => write_layer(
            Workspace::open_snapshot(&snapshot)?,
            clamp,
            take(&mut descriptors)?,
        ),
        Request::Commit { work, snapshot } => {
            workspace.commit(work, &snapshot)?;
            Ok(Answer::Done)
        }
        Request::Discard { work } => {
            workspace.discard(work)?;
            Ok(Answer::Done)
        }
        Request::DigestSources { sources } => {
            let mut hasher = Sha256::new();
            for source in &sources {
                let view = workspace.view(&source.tree)?;
                let root = view.root()?;
                for path in copy::select(&root, &source.path, source.wildcard)? {
                    copy::digest(&root, &path, &mut hasher)?;
                }
                hasher.update(b"\0next\0");
            }
            Ok(Answer::Digest(hex(&hasher.finalize())))
        }
        Request::Sweep { paths } => {
            for path in paths {
                let path = Path::new(&path);
                let below = ["s", "tmp"].iter().any(|top| {
                    path.strip_prefix(top)
                        .is_ok_and(|rest| rest.components().count() == 1 && rest != Path::new(".."))
                });
                if below {
                    remove(path)?;
                }
            }
            Ok(Answer::Done)
        }
    }
}

fn write_layer(files: OwnedFd, clamp: Option<i64>, out: OwnedFd) -> Reply {
    let mut out = BufWriter::with_capacity(256 << 10, File::from(out));
    let entries = differ::write_layer(files, clamp, &mut out)
        .map_err(|e| Failure::system("writing a layer", e))?;
    Ok(Answer::Written { entries })
}

/// Tries what a build needs: an overlay with a whiteout and a private `/proc`.
fn probe(workspace: &mut Workspace) -> Reply {
    let overlay = probe_overlay(workspace).err();
    let proc = probe_proc(workspace).err();
    Ok(Answer::Probed {
        overlay: overlay.map(|failure| failure.message),
        proc: proc.map(|failure| failure.message),
    })
}

fn probe_overlay(workspace: &mut Workspace) -> Result<(), Failure> {
    let system = |error: io::Error| Failure::system("writing through an overlay", error);
    let (lower, files) = workspace.begin_plain()?;
    std::fs::write(files.join("f"), "x").map_err(system)?;
    let view = workspace.throwaway(&Tree::Staged(lower))?;
    std::fs::remove_file(view.path().join("f")).map_err(system)?;
    Ok(())
}

/// A `/proc` can only be had in a process namespace of one's own.
fn probe_proc(workspace: &mut Workspace) -> Result<(), Failure> {
    let folder = workspace.scratch()?;
    let failed = || Failure::system("a process namespace", io::Error::last_os_error());
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::SIGCHLD;
    // SAFETY: no stack is given and no memory shared, so this is a fork; this process has one
    // thread.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if pid == 0 {
        let mounted = mount("proc", &folder, "proc", MountFlags::NOSUID, None);
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(mounted.is_err())) };
    }
    let pid = libc::pid_t::try_from(pid).map_err(|_| failed())?;
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    if pid < 0 || unsafe { libc::waitpid(pid, &raw mut status, 0) } < 0 {
        return Err(failed());
    }
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 {
        Ok(())
    } else {
        Err(Failure::environment("a new /proc is refused here"))
    }
}

fn copy_all(spec: &CopySpec, target: &Root, workspace: &mut Workspace) -> Result<(), Failure> {
    let owner = match &spec.owner {
        Some(text) => Some(accounts::owner(target, text)?),
        None => None,
    };
    let mode = match &spec.mode {
        Some(text) => Some(ModeChange::parse(text).ok_or_else(|| {
            Failure::input(format!(
                "`--chmod={text}` is neither octal (`0755`) nor symbolic (`u+x,go-w`)"
            ))
        })?),
        None => None,
    };
    let changes = Changes { owner, mode };
    for CopySource {
        tree,
        path,
        wildcard,
        unpack,
    } in &spec.sources
    {
        let view = workspace.view(tree)?;
        let source = view.root()?;
        for path in copy::select(&source, path, *wildcard)? {
            if *unpack && copy::unpack(&source, &path, target, &spec.destination, &changes)? {
                continue;
            }
            copy::copy(&source, &path, target, &spec.destination, &changes)?;
        }
    }
    Ok(())
}

fn run(
    spec: &RunSpec,
    view: &View,
    workspace: &mut Workspace,
    mut descriptors: Vec<OwnedFd>,
    socket: BorrowedFd<'_>,
) -> Result<super::wire::Exit, Failure> {
    let stdout = take(&mut descriptors)?;
    let stderr = take(&mut descriptors)?;
    let mut secrets = Vec::new();
    for descriptor in descriptors {
        secrets.push(
            sandbox::read_all(descriptor).map_err(|e| Failure::system("reading a secret", e))?,
        );
    }
    let secret = |at: usize| {
        secrets
            .get(at)
            .cloned()
            .ok_or_else(|| Failure::environment("a secret that did not come along"))
    };
    // Views must live until the command has ended.
    let mut views = Vec::new();
    let mut mounts = Vec::new();
    for mount in &spec.mounts {
        mounts.push(prepare(mount, workspace, &mut views, &secret)?);
    }
    let secret_env = spec
        .secret_env
        .iter()
        .map(|(name, at)| Ok((name.clone(), secret(*at)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let scratch = workspace.scratch()?;
    sandbox::run(Step {
        root: view.path(),
        scratch: &scratch,
        spec,
        mounts,
        secret_env,
        stdout,
        stderr,
        supervisor: socket.as_fd(),
    })
}

fn prepare(
    mount: &MountSpec,
    workspace: &mut Workspace,
    views: &mut Vec<View>,
    secret: &dyn Fn(usize) -> Result<Vec<u8>, Failure>,
) -> Result<Prepared, Failure> {
    let target = PathBuf::from(&mount.target);
    let source = match &mount.kind {
        MountKind::Bind {
            tree,
            path,
            writable,
        } => {
            let view = if *writable {
                workspace.throwaway(tree)?
            } else {
                workspace.view(tree)?
            };
            let source = Source::Bind {
                path: view.path().to_owned(),
                inside: PathBuf::from(path),
                readonly: !*writable,
            };
            views.push(view);
            source
        }
        MountKind::Cache {
            folder,
            from,
            mode,
            uid,
            gid,
            readonly,
        } => Source::Bind {
            path: cache_folder(folder, from.as_ref(), *mode, (*uid, *gid), workspace)?,
            inside: PathBuf::from("/"),
            readonly: *readonly,
        },
        MountKind::Tmpfs { size } => Source::Tmpfs { size: *size },
        MountKind::Secret {
            descriptor,
            mode,
            uid,
            gid,
        } => Source::File {
            content: secret(*descriptor)?,
            mode: *mode,
            owner: (*uid, *gid),
        },
        MountKind::Script { name, text } => Source::Script {
            name: name.clone(),
            text: text.clone(),
        },
    };
    Ok(Prepared { target, source })
}

/// The folder of a cache mount; filled from its source when it is new.
fn cache_folder(
    folder: &str,
    from: Option<&(Tree, String)>,
    mode: u32,
    (uid, gid): (u32, u32),
    workspace: &mut Workspace,
) -> Result<PathBuf, Failure> {
    if folder.is_empty() || !folder.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Failure::environment(
            "a cache mount with an impossible name",
        ));
    }
    let path = Path::new("cache").join(folder);
    if path.is_dir() {
        return Ok(path);
    }
    let fail = |error: io::Error| Failure::system("a cache mount", error);
    // Filled beside and renamed: half a cache never shows.
    let new = workspace.scratch()?.join("new");
    std::fs::create_dir(&new).map_err(fail)?;
    if let Some((tree, inside)) = from {
        let view = workspace.view(tree)?;
        let target = Root::open(&new).map_err(fail)?;
        let changes = Changes {
            owner: None,
            mode: None,
        };
        copy::copy(&view.root()?, Path::new(inside), &target, "/", &changes)?;
    }
    super::paths::own(CWD, new.as_os_str(), uid, gid).map_err(fail)?;
    rustix::fs::chmod(&new, Mode::from_raw_mode(mode)).map_err(|e| fail(e.into()))?;
    match std::fs::rename(&new, &path) {
        Ok(()) => Ok(path),
        Err(_) if path.is_dir() => Ok(path),
        Err(error) => Err(fail(error)),
    }
}
