//! What a step sees mounted on its root.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::mount::{MountFlags, mount, mount_bind, mount_bind_recursive};

use super::super::paths::{Root, absent};
use super::super::wire::Failure;
use super::{Prepared, Source, Step, Trouble, c_string, setup, setup_io};

/// Devices a step sees.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Places of `/proc` and `/sys` that say too much about the host, or steer it.
const MASKED: [&str; 10] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
];
const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];
const MOUNT_ATTR_RDONLY: u64 = 1;
const MOUNT_ATTR_NOEXEC: u64 = 8;

/// Makes the places that mounts go to. Folders stay, as they do under Docker; files that only carry
/// a mount are returned to be removed.
pub(super) fn make_targets(root: &Root, step: &Step<'_>) -> Result<Vec<PathBuf>, Failure> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| Failure::input(format!("mount target `{path}`: {error}"))
    };
    let mut stubs = Vec::new();
    let folder = |path: &Path| {
        root.make_dirs(path, 0o755, None, |_| {})
            .map_err(failed(path))
    };
    for path in ["/proc", "/dev", "/sys"] {
        folder(Path::new(path))?;
    }
    let mut file = |path: &Path| -> Result<(), Failure> {
        let at = root.resolve(path).map_err(failed(path))?;
        match root.lstat(&at) {
            Ok(_) => return Ok(()),
            Err(error) if absent(&error) => {}
            Err(error) => return Err(failed(path)(error)),
        }
        folder(at.parent().unwrap_or(Path::new("/")))?;
        root.open_at(
            &at,
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
            Mode::from_raw_mode(0o644),
        )
        .map_err(failed(path))?;
        stubs.push(at);
        Ok(())
    };
    file(Path::new("/etc/resolv.conf"))?;
    file(Path::new("/etc/hosts"))?;
    for mount in &step.mounts {
        if is_below_dev(&mount.target) {
            continue;
        }
        match &mount.source {
            Source::File { .. } => file(&mount.target)?,
            Source::Tmpfs { .. } | Source::Script { .. } => folder(&mount.target)?,
            Source::Bind { path, inside, .. } => {
                let source = Root::open(path).map_err(failed(&mount.target))?;
                let is_folder = match source.stat(inside) {
                    Ok(Some(stat)) => FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
                    Ok(None) => {
                        return Err(Failure::input(format!(
                            "`{}`, the source of the mount on `{}`, does not exist",
                            inside.display(),
                            mount.target.display()
                        )));
                    }
                    Err(error) => return Err(failed(&mount.target)(error)),
                };
                if is_folder {
                    folder(&mount.target)?;
                } else {
                    file(&mount.target)?;
                }
            }
        }
    }
    folder(Path::new(&step.spec.workdir))?;
    Ok(stubs)
}

/// `/dev` is memory of the step's own: what is mounted below it leaves no trace in the image.
fn is_below_dev(target: &Path) -> bool {
    super::super::paths::clean(target).starts_with("/dev")
}

/// Mounts everything the step sees, lowest first.
pub(super) fn mounts(root: &Root, step: &Step<'_>) -> Result<(), Trouble> {
    let guarded = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let memory = |at: &Path, options: &str, flags: MountFlags| -> Result<(), Trouble> {
        let (_fd, target) = target(root, at)?;
        mount("tmpfs", &target, "tmpfs", flags, &*c_string(options)?)
            .map_err(setup(format_args!("tmpfs on {}", at.display())))
    };
    // A masked /proc (we are in a container ourselves) forbids a new one: show the one there is.
    let (_fd, proc_target) = target(root, Path::new("/proc"))?;
    if mount("proc", &proc_target, "proc", guarded, None).is_err() {
        mount_bind_recursive("/proc", &proc_target).map_err(setup("/proc"))?;
    }
    memory(
        Path::new("/dev"),
        "mode=755,size=65536k",
        MountFlags::NOSUID,
    )?;
    for device in DEVICES {
        let inside = PathBuf::from(format!("/dev/{device}"));
        let outside = inside.clone();
        root.open_at(
            &inside,
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
            Mode::from_raw_mode(0o666),
        )
        .map_err(setup_io(inside.display()))?;
        let (_fd, at) = target(root, &inside)?;
        mount_bind(&outside, &at).map_err(setup(inside.display()))?;
    }
    for (name, to) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        let dev = root.open_dir(Path::new("/dev")).map_err(setup_io("/dev"))?;
        rustix::fs::symlinkat(to, &dev, name).map_err(setup(name))?;
    }
    for name in ["pts", "shm", "mqueue"] {
        root.make_dirs(&Path::new("/dev").join(name), 0o755, None, |_| {})
            .map_err(setup_io(name))?;
    }
    let (_fd, pts) = target(root, Path::new("/dev/pts"))?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    if mount(
        "devpts",
        &pts,
        "devpts",
        flags,
        c"newinstance,ptmxmode=0666,mode=0620,gid=5",
    )
    .is_err()
    {
        // Group 5 may lie outside the mapped ids.
        let _ = mount(
            "devpts",
            &pts,
            "devpts",
            flags,
            c"newinstance,ptmxmode=0666,mode=0620",
        );
    }
    memory(Path::new("/dev/shm"), "mode=1777,size=65536k", guarded)?;
    let (_fd, queue) = target(root, Path::new("/dev/mqueue"))?;
    let _ = mount("mqueue", &queue, "mqueue", guarded, None);
    let (_fd, sys) = target(root, Path::new("/sys"))?;
    if mount("sysfs", &sys, "sysfs", guarded | MountFlags::RDONLY, None).is_err() {
        mount_bind_recursive("/sys", &sys).map_err(setup("/sys"))?;
        let (fd, _) = target(root, Path::new("/sys"))?;
        let _ = read_only(fd.as_fd(), true);
    }
    // Files of ours live in memory that only this mount namespace has.
    mount(
        "tmpfs",
        step.scratch,
        "tmpfs",
        guarded,
        c"mode=700,size=64m",
    )
    .map_err(setup("memory for secrets"))?;
    let mut files = 0;
    let mut place = |content: &[u8], mode: u32, owner: (u32, u32)| -> Result<PathBuf, Trouble> {
        files += 1;
        let path = step.scratch.join(format!("f{files}"));
        std::fs::write(&path, content).map_err(setup_io("a file of the sandbox"))?;
        super::super::paths::own(CWD, path.as_os_str(), owner.0, owner.1)
            .map_err(setup_io("the owner of a mounted file"))?;
        rustix::fs::chmod(&path, Mode::from_raw_mode(mode)).map_err(setup("a mode"))?;
        Ok(path)
    };
    for (at, content) in [
        ("/etc/resolv.conf", &step.spec.resolv_conf),
        ("/etc/hosts", &step.spec.hosts),
    ] {
        let file = place(content.as_bytes(), 0o644, (0, 0))?;
        bind(root, &file, Path::new(at), true)?;
    }
    for mount in &step.mounts {
        if is_below_dev(&mount.target) {
            make_below_dev(root, mount).map_err(setup_io(mount.target.display()))?;
        }
        match &mount.source {
            Source::Tmpfs { size } => {
                let size = size.map_or(String::new(), |size| format!(",size={size}"));
                memory(
                    &mount.target,
                    &format!("mode=1777{size}"),
                    MountFlags::NOSUID,
                )?;
            }
            Source::File {
                content,
                mode,
                owner,
            } => {
                let file = place(content, *mode, *owner)?;
                bind(root, &file, &mount.target, true)?;
            }
            Source::Script { name, text } => {
                let file = place(text.as_bytes(), 0o755, (0, 0))?;
                let folder = file.with_extension("d");
                std::fs::create_dir(&folder).map_err(setup_io("a folder of the sandbox"))?;
                std::fs::rename(&file, folder.join(name)).map_err(setup_io("the script"))?;
                let _ = rustix::fs::chmod(&folder, Mode::from_raw_mode(0o755));
                // The memory is mounted noexec for secrets; a script is for running.
                let (fd, _) = bind(root, &folder, &mount.target, true)?;
                let _ = attributes(fd.as_fd(), 0, MOUNT_ATTR_NOEXEC, false);
            }
            Source::Bind {
                path,
                inside,
                readonly,
            } => {
                let source = Root::open(path).map_err(setup_io("the source of a mount"))?;
                let opened = source
                    .open_at(inside, OFlags::PATH, Mode::empty())
                    .map_err(setup_io("the source of a mount"))?;
                let through = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
                bind(root, &through, &mount.target, *readonly)?;
            }
        }
    }
    for path in MASKED {
        hide(root, Path::new(path));
    }
    for path in READ_ONLY {
        if let Ok((_fd, at)) = target(root, Path::new(path))
            && mount_bind_recursive(&at, &at).is_ok()
            && let Ok((fd, _)) = target(root, Path::new(path))
        {
            let _ = read_only(fd.as_fd(), true);
        }
    }
    Ok(())
}

fn make_below_dev(root: &Root, mount: &Prepared) -> io::Result<()> {
    let is_folder = match &mount.source {
        Source::File { .. } => false,
        Source::Tmpfs { .. } | Source::Script { .. } => true,
        Source::Bind { path, inside, .. } => Root::open(path)?
            .stat(inside)?
            .is_some_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory),
    };
    let made = if is_folder {
        &mount.target
    } else {
        mount.target.parent().unwrap_or(Path::new("/"))
    };
    root.make_dirs(made, 0o755, None, |_| {})?;
    if !is_folder {
        root.open_at(
            &mount.target,
            OFlags::WRONLY | OFlags::CREATE,
            Mode::from_raw_mode(0o644),
        )?;
    }
    Ok(())
}

/// Opens a place in the root to mount on; the path is valid while the descriptor lives.
fn target(root: &Root, path: &Path) -> Result<(OwnedFd, PathBuf), Trouble> {
    let fd = root
        .open_at(path, OFlags::PATH, Mode::empty())
        .map_err(setup_io(path.display()))?;
    let through = PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()));
    Ok((fd, through))
}

fn bind(
    root: &Root,
    source: &Path,
    at: &Path,
    readonly: bool,
) -> Result<(OwnedFd, PathBuf), Trouble> {
    {
        let (_fd, through) = target(root, at)?;
        mount_bind(source, &through).map_err(setup(format_args!("mount on {}", at.display())))?;
    }
    let mounted = target(root, at)?;
    if readonly {
        read_only(mounted.0.as_fd(), false).map_err(setup_io(format_args!(
            "read-only mount on {}",
            at.display()
        )))?;
    }
    Ok(mounted)
}

/// Covers a place with nothing.
fn hide(root: &Root, path: &Path) {
    let Ok((fd, at)) = target(root, path) else {
        return;
    };
    let Ok(stat) = rustix::fs::fstat(&fd) else {
        return;
    };
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        let _ = mount(
            "tmpfs",
            &at,
            "tmpfs",
            MountFlags::RDONLY,
            c"mode=755,size=0",
        );
    } else {
        let _ = mount_bind("/dev/null", &at);
    }
}

/// `mount_setattr(2)`: changes single attributes, where a remount would have to know all of them.
fn attributes(mounted: BorrowedFd<'_>, set: u64, clear: u64, recursive: bool) -> io::Result<()> {
    let values = [set, clear, 0, 0];
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: `values` is the kernel's `struct mount_attr`, four words, and outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mounted.as_raw_fd(),
            c"".as_ptr(),
            flags,
            values.as_ptr(),
            size_of_val(&values),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn read_only(mounted: BorrowedFd<'_>, recursive: bool) -> io::Result<()> {
    attributes(mounted, MOUNT_ATTR_RDONLY, 0, recursive)
}
