//! Runs one command in namespaces of its own on a root the caller has mounted.
//!
//! The helper is single-threaded, so a plain `clone` without a new stack is a `fork`, and the child
//! may use the heap.

mod mounts;

use std::ffi::CString;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit};

use self::mounts::{make_targets, mounts};
use super::accounts::{self, Account};
use super::paths::Root;
use super::seccomp;
use super::wire::{Exit, Failure, RunSpec};

/// Docker's default capabilities (moby `oci/caps/defaults.go`), by number.
const CAPABILITIES: [u32; 14] = [
    0,  // CHOWN
    1,  // DAC_OVERRIDE
    3,  // FOWNER
    4,  // FSETID
    5,  // KILL
    6,  // SETGID
    7,  // SETUID
    8,  // SETPCAP
    10, // NET_BIND_SERVICE
    13, // NET_RAW
    18, // SYS_CHROOT
    27, // MKNOD
    29, // AUDIT_WRITE
    31, // SETFCAP
];
/// Highest capability the kernel may know.
const LAST_CAPABILITY: u32 = 63;
/// The host name a step sees, as under BuildKit.
const HOSTNAME: &[u8] = b"buildkitsandbox";
/// A mount whose source is ready on the host side.
pub(crate) struct Prepared {
    /// Where in the image.
    pub(crate) target: PathBuf,
    /// What.
    pub(crate) source: Source,
}

/// Where a mount's content is.
pub(crate) enum Source {
    /// A file or folder, opened by the helper.
    Bind {
        path: PathBuf,
        inside: PathBuf,
        readonly: bool,
    },
    /// Memory.
    Tmpfs { size: Option<u64> },
    /// A file of ours in memory.
    File {
        content: Vec<u8>,
        mode: u32,
        owner: (u32, u32),
    },
    /// A folder of ours in memory with one script.
    Script { name: String, text: String },
}

/// What `run` needs.
pub(crate) struct Step<'a> {
    /// Mount point of the image's root.
    pub(crate) root: &'a Path,
    /// An empty folder for mounts that only the step sees.
    pub(crate) scratch: &'a Path,
    pub(crate) spec: &'a RunSpec,
    pub(crate) mounts: Vec<Prepared>,
    pub(crate) secret_env: Vec<(String, Vec<u8>)>,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    /// Closed when the build is gone.
    pub(crate) supervisor: BorrowedFd<'a>,
}

/// Runs the step's command to its end.
pub(crate) fn run(step: Step<'_>) -> Result<Exit, Failure> {
    let root = Root::open(step.root).map_err(|e| Failure::system("the root", e))?;
    let account = accounts::account(&root, &step.spec.user)?;
    let filter = seccomp::program().map_err(Failure::environment)?;
    let stubs = make_targets(&root, &step)?;
    let (mut problem, report) = io::pipe().map_err(|e| Failure::system("a pipe", e))?;
    let mut flags =
        libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    if !step.spec.host_network {
        flags |= libc::CLONE_NEWNET;
    }
    // SAFETY: no stack is given and no memory shared, so this is a fork into new namespaces; this
    // process has one thread, so the child's heap is consistent.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0) };
    if pid < 0 {
        return Err(Failure::system(
            "namespaces for the step",
            io::Error::last_os_error(),
        ));
    }
    if pid == 0 {
        drop(problem);
        child(step, &account, &filter, report);
    }
    drop(report);
    let supervisor = step.supervisor;
    drop((step.stdout, step.stderr));
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| Failure::environment("the kernel gave no process id"))?;
    let exit = wait(pid, supervisor)?;
    let mut text = String::new();
    let _ = problem.read_to_string(&mut text);
    for stub in stubs {
        if let Ok((parent, name)) = root.parent(&stub) {
            let _ = rustix::fs::unlinkat(&parent, &name, AtFlags::empty());
        }
    }
    if text.is_empty() {
        Ok(exit)
    } else {
        Err(Failure::environment(text))
    }
}

/// Waits for the command; if the build dies first, so does the command.
fn wait(pid: Pid, supervisor: BorrowedFd<'_>) -> Result<Exit, Failure> {
    let failed = |error: rustix::io::Errno| Failure::system("waiting for the step", error);
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(failed)?;
    loop {
        let mut watched = [
            PollFd::new(&pidfd, PollFlags::IN),
            PollFd::from_borrowed_fd(supervisor, PollFlags::RDHUP),
        ];
        match poll(&mut watched, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(failed(error)),
        }
        if !watched[0].revents().is_empty() {
            break;
        }
        if !watched[1].revents().is_empty() {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            std::process::exit(1);
        }
    }
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    let waited = unsafe { libc::waitpid(pid.as_raw_nonzero().get(), &raw mut status, 0) };
    if waited < 0 {
        return Err(Failure::system(
            "waiting for the step",
            io::Error::last_os_error(),
        ));
    }
    Ok(if libc::WIFSIGNALED(status) {
        Exit::Signal(libc::WTERMSIG(status))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    })
}

/// The child: builds its world and becomes the command. Never returns.
fn child(
    step: Step<'_>,
    account: &Account,
    filter: &seccomp::Program,
    mut report: io::PipeWriter,
) -> ! {
    match become_command(step, account, filter) {
        Ok(never) => match never {},
        Err(Trouble::Setup(message)) => {
            let _ = report.write_all(message.as_bytes());
            exit_now(125)
        }
        Err(Trouble::Command(message, code)) => {
            let _ = io::stderr().write_all(message.as_bytes());
            exit_now(code)
        }
    }
}

/// Leaves without running what the parent registered to run at exit.
fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}

enum Trouble {
    /// The sandbox could not be built.
    Setup(String),
    /// The command could not be run: its own fault, with a shell's exit code.
    Command(String, i32),
}

enum Never {}

fn setup(what: impl std::fmt::Display) -> impl FnOnce(rustix::io::Errno) -> Trouble {
    move |error| Trouble::Setup(format!("sandbox: {what}: {error}"))
}

fn setup_io(what: impl std::fmt::Display) -> impl FnOnce(io::Error) -> Trouble {
    move |error| Trouble::Setup(format!("sandbox: {what}: {error}"))
}

fn become_command(
    step: Step<'_>,
    account: &Account,
    filter: &seccomp::Program,
) -> Result<Never, Trouble> {
    let _ = rustix::process::setsid();
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(setup("death signal"))?;
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(setup("/dev/null"))?;
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .map_err(setup("private mounts"))?;
    let root = Root::open(step.root).map_err(setup_io("the root"))?;
    mounts(&root, &step)?;
    rustix::system::sethostname(HOSTNAME).map_err(setup("host name"))?;
    if !step.spec.host_network {
        loopback_up();
    }
    rustix::process::chdir(step.root).map_err(setup("the root"))?;
    rustix::process::pivot_root(".", ".").map_err(setup("pivot_root"))?;
    unmount(".", UnmountFlags::DETACH).map_err(setup("leaving the old root"))?;
    rustix::process::chdir("/").map_err(setup("the root"))?;
    drop(root);

    rustix::stdio::dup2_stdin(&null).map_err(setup("standard input"))?;
    rustix::stdio::dup2_stdout(&step.stdout).map_err(setup("standard output"))?;
    rustix::stdio::dup2_stderr(&step.stderr).map_err(setup("standard error"))?;
    limits();
    rustix::process::umask(Mode::from_raw_mode(0o022));
    seccomp::install(filter).map_err(setup_io("seccomp filter"))?;
    rustix::process::chdir(step.spec.workdir.as_str()).map_err(|error| {
        Trouble::Command(
            format!(
                "the working directory `{}` cannot be entered: {error}\n",
                step.spec.workdir.escape_debug()
            ),
            126,
        )
    })?;
    drop_privileges(account)?;
    execute(&step, account)
}

/// Brings the loopback device of a network namespace up; a step can live without.
fn loopback_up() {
    let Ok(socket) = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    ) else {
        return;
    };
    // SAFETY: all zero is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l'.cast_signed() as libc::c_char;
    request.ifr_name[1] = b'o'.cast_signed() as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: `request` outlives the call; SIOCSIFFLAGS reads name and flags.
    let _ = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
}

/// No core files, and never more files open than Docker allows: programs that close every
/// possible descriptor would take minutes.
fn limits() {
    const FILES: u64 = 1 << 20;
    let _ = rustix::process::setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    let files = rustix::process::getrlimit(Resource::Nofile);
    let maximum = files.maximum.unwrap_or(FILES).min(FILES);
    let _ = rustix::process::setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(maximum.min(65_536)),
            maximum: Some(maximum),
        },
    );
}

/// From root of the user namespace to the step's user with Docker's capabilities.
fn drop_privileges(account: &Account) -> Result<(), Trouble> {
    for capability in 0..=LAST_CAPABILITY {
        if !CAPABILITIES.contains(&capability) {
            // SAFETY: takes two numbers. Numbers the kernel does not know give EINVAL.
            let _ = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
    }
    let denied = |what: &str| {
        Trouble::Setup(format!(
            "sandbox: {what}: {} (an id outside the range this user may use? see /etc/subuid)",
            io::Error::last_os_error()
        ))
    };
    // glibc and musl apply these to all threads by signals; this process has one.
    // SAFETY: `groups` outlives the call and its length is given.
    if unsafe { libc::setgroups(account.groups.len(), account.groups.as_ptr()) } != 0 {
        return Err(denied("groups"));
    }
    // SAFETY: takes numbers.
    if unsafe { libc::setresgid(account.gid, account.gid, account.gid) } != 0 {
        return Err(denied("group"));
    }
    // SAFETY: takes numbers.
    if unsafe { libc::setresuid(account.uid, account.uid, account.uid) } != 0 {
        return Err(denied("user"));
    }
    if account.uid == 0 {
        let set = CAPABILITIES
            .iter()
            .fold(0_u64, |set, number| set | 1 << number);
        let set = rustix::thread::CapabilitySet::from_bits_retain(set);
        rustix::thread::set_capabilities(
            None,
            rustix::thread::CapabilitySets {
                effective: set,
                permitted: set,
                inheritable: rustix::thread::CapabilitySet::empty(),
            },
        )
        .map_err(setup("capabilities"))?;
    }
    // A change of ids clears the death signal.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    Ok(())
}

/// Looks the program up on the step's `PATH` and becomes it.
fn execute(step: &Step<'_>, account: &Account) -> Result<Never, Trouble> {
    let missing = |text: &str| Trouble::Command(format!("{text}\n"), 127);
    let mut environment: Vec<(String, Vec<u8>)> = step
        .spec
        .env
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect();
    environment.extend(step.secret_env.iter().cloned());
    if !environment.iter().any(|(name, _)| name == "HOME") {
        environment.push(("HOME".to_owned(), account.home.clone().into_bytes()));
    }
    let path = environment
        .iter()
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        .unwrap_or_default();
    let zero = |_| missing("an argument or variable holds a zero byte");
    let environment = environment
        .into_iter()
        .map(|(name, value)| CString::new([name.as_bytes(), b"=", &value].concat()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(zero)?;
    let args = step
        .spec
        .args
        .iter()
        .map(|arg| CString::new(arg.as_str()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(zero)?;
    let program = step
        .spec
        .args
        .first()
        .filter(|program| !program.is_empty())
        .ok_or_else(|| missing("the step has no command"))?;
    let candidates: Vec<String> = if program.contains('/') {
        vec![program.clone()]
    } else {
        path.split(':')
            .map(|folder| {
                let folder = if folder.is_empty() { "." } else { folder };
                format!("{folder}/{program}")
            })
            .collect()
    };
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        list.iter()
            .map(|text| text.as_ptr())
            .chain([std::ptr::null()])
            .collect()
    };
    let (argv, envp) = (pointers(&args), pointers(&environment));
    // Nothing of ours is meant to be open here; this makes sure.
    // SAFETY: takes numbers; 4 is CLOSE_RANGE_CLOEXEC.
    let _ = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 4) };
    let mut last = None;
    for candidate in candidates {
        let file = CString::new(candidate).map_err(zero)?;
        // SAFETY: both lists are zero-terminated and point at strings that outlive the call.
        unsafe { libc::execve(file.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::NotFound || last.is_none() {
            last = Some((file, error));
        }
    }
    Err(match last {
        Some((file, error)) if error.kind() != io::ErrorKind::NotFound => Trouble::Command(
            format!(
                "`{}` cannot be run: {error}\n",
                file.to_string_lossy().escape_debug()
            ),
            126,
        ),
        _ => missing(&format!(
            "`{}` is not in the image{}",
            program.escape_debug(),
            if program.contains('/') {
                " (or the interpreter or loader it asks for is not)"
            } else {
                " on its PATH"
            }
        )),
    })
}

fn c_string(text: &str) -> Result<CString, Trouble> {
    CString::new(text).map_err(|_| Trouble::Setup("sandbox: a zero byte in an option".to_owned()))
}

/// Reads a secret that came as a descriptor.
pub(crate) fn read_all(fd: OwnedFd) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::from(fd).read_to_end(&mut bytes)?;
    Ok(bytes)
}
