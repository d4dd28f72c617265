//! Trees that steps work on: kernel overlays over finished snapshots, seen only in the helper's
//! mount namespace, so that they vanish with it.
//!
//! The helper's working directory is the state folder, and every path here is relative to it:
//! folders above may be closed to the user namespace, and short names let 127 layers fit into the
//! one page that mount options have.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, unmount};

use super::paths::{Root, remove_tree};
use super::wire::{Chain, Failure, Tree, WorkId};

/// Layers of one image, as in Docker.
pub(crate) const MAX_LAYERS: usize = 127;

/// The helper's scratch folder and what lies in it.
pub(crate) struct Workspace {
    /// `tmp/SESSION`
    folder: PathBuf,
    next: u64,
    works: HashMap<WorkId, Work>,
}

/// A tree that is being made.
struct Work {
    folder: PathBuf,
}

/// A mounted tree; unmounted when dropped.
pub(crate) struct View {
    path: PathBuf,
    mounted: bool,
}

impl View {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opened for look-ups bounded to it.
    pub(crate) fn root(&self) -> Result<Root, Failure> {
        Root::open(&self.path).map_err(|e| Failure::system("opening a tree", e))
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if self.mounted {
            let _ = unmount(&self.path, UnmountFlags::DETACH);
        }
    }
}

/// Folder of a finished snapshot's files.
fn files_of(snapshot: &str) -> Result<PathBuf, Failure> {
    let plain = !snapshot.is_empty() && snapshot.bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain {
        return Err(Failure::environment("a snapshot with an impossible name"));
    }
    Ok(Path::new("s").join(snapshot).join("f"))
}

impl Workspace {
    /// Makes the scratch folder.
    pub(crate) fn new(session: &str) -> Result<Self, Failure> {
        let folder = Path::new("tmp").join(session);
        for path in [
            Path::new("s"),
            Path::new("cache"),
            Path::new("tmp"),
            &folder,
        ] {
            match std::fs::create_dir(path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Failure::system(path.display(), error)),
            }
        }
        Ok(Self {
            folder,
            next: 0,
            works: HashMap::new(),
        })
    }

    fn fresh(&mut self) -> (u64, PathBuf) {
        self.next += 1;
        (self.next, self.folder.join(self.next.to_string()))
    }

    /// A new empty folder in the scratch folder.
    pub(crate) fn scratch(&mut self) -> Result<PathBuf, Failure> {
        let (_, folder) = self.fresh();
        make(&folder)?;
        Ok(folder)
    }

    /// Begins a tree on top of `parents` and mounts it.
    pub(crate) fn begin(&mut self, parents: &Chain) -> Result<(WorkId, View), Failure> {
        let (id, folder) = self.fresh();
        make(&folder)?;
        for name in ["f", "w", "m"] {
            make(&folder.join(name))?;
        }
        let view = overlay(parents, Some(&folder), &folder.join("m"))?;
        self.works.insert(id, Work { folder });
        Ok((id, view))
    }

    /// Begins a plain tree that nothing lies under.
    pub(crate) fn begin_plain(&mut self) -> Result<(WorkId, PathBuf), Failure> {
        let (id, folder) = self.fresh();
        make(&folder)?;
        let files = folder.join("f");
        make(&files)?;
        self.works.insert(id, Work { folder });
        Ok((id, files))
    }

    /// A tree to read from.
    pub(crate) fn view(&mut self, tree: &Tree) -> Result<View, Failure> {
        match tree {
            Tree::Staged(id) => Ok(View {
                path: self.files(*id)?,
                mounted: false,
            }),
            Tree::Chain(chain) => match chain.as_slice() {
                [] => Ok(View {
                    path: self.scratch()?,
                    mounted: false,
                }),
                [only] => Ok(View {
                    path: files_of(only)?,
                    mounted: false,
                }),
                _ => {
                    let at = self.scratch()?;
                    overlay(chain, None, &at)
                }
            },
        }
    }

    /// A tree to read from and write to; what is written is forgotten.
    pub(crate) fn throwaway(&mut self, tree: &Tree) -> Result<View, Failure> {
        let folder = self.scratch()?;
        for name in ["f", "w", "m"] {
            make(&folder.join(name))?;
        }
        match tree {
            Tree::Chain(chain) => overlay(chain, Some(&folder), &folder.join("m")),
            Tree::Staged(id) => {
                let lower = self.files(*id)?;
                overlay_on(
                    &lower.display().to_string(),
                    Some(&folder),
                    &folder.join("m"),
                )
            }
        }
    }

    /// Folder of the files a piece of work has written.
    pub(crate) fn files(&self, id: WorkId) -> Result<PathBuf, Failure> {
        self.works
            .get(&id)
            .map(|work| work.folder.join("f"))
            .ok_or_else(|| Failure::environment("a piece of work that was never begun"))
    }

    /// Opens those files.
    pub(crate) fn open_files(&self, id: WorkId) -> Result<rustix::fd::OwnedFd, Failure> {
        open_folder(&self.files(id)?)
    }

    /// Opens the files of a finished snapshot.
    pub(crate) fn open_snapshot(snapshot: &str) -> Result<rustix::fd::OwnedFd, Failure> {
        open_folder(&files_of(snapshot)?)
    }

    /// Makes a piece of work the snapshot of that name, in one step.
    pub(crate) fn commit(&mut self, id: WorkId, snapshot: &str) -> Result<(), Failure> {
        let target = files_of(snapshot)?;
        let target = target.parent().unwrap_or(&target).to_owned();
        let work = self
            .works
            .remove(&id)
            .ok_or_else(|| Failure::environment("a piece of work that was never begun"))?;
        for name in ["w", "m"] {
            remove(&work.folder.join(name))?;
        }
        std::fs::rename(&work.folder, &target)
            .map_err(|e| Failure::system("keeping a finished step", e))
    }

    /// Deletes a piece of work.
    pub(crate) fn discard(&mut self, id: WorkId) -> Result<(), Failure> {
        match self.works.remove(&id) {
            Some(work) => remove(&work.folder),
            None => Ok(()),
        }
    }
}

fn make(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir(path).map_err(|e| Failure::system(path.display(), e))?;
    // The umask must not decide the mode of an image's root folder.
    rustix::fs::chmod(path, Mode::from_raw_mode(0o755))
        .map_err(|e| Failure::system(path.display(), e))
}

/// Deletes a path of the state folder.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    remove_tree(CWD, path.as_os_str()).map_err(|e| Failure::system(path.display(), e))
}

fn open_folder(path: &Path) -> Result<rustix::fd::OwnedFd, Failure> {
    rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(|e| Failure::system(path.display(), e))
}

/// Mounts the chain at `at`; writes go to `upper/f`.
fn overlay(chain: &Chain, upper: Option<&Path>, at: &Path) -> Result<View, Failure> {
    if chain.len() > MAX_LAYERS {
        return Err(Failure::input(format!(
            "the image would have more than {MAX_LAYERS} layers, which no engine runs: join steps"
        )));
    }
    if chain.is_empty()
        && let Some(upper) = upper
    {
        // Nothing lies below: what is written is the tree.
        mount_bind(upper.join("f"), at).map_err(|e| Failure::system("mounting a tree", e))?;
        return Ok(View {
            path: at.to_owned(),
            mounted: true,
        });
    }
    let mut lower = Vec::new();
    for snapshot in chain.iter().rev() {
        let files = files_of(snapshot)?;
        lower.push(files.display().to_string());
    }
    overlay_on(&lower.join(":"), upper, at)
}

fn overlay_on(lower: &str, upper: Option<&Path>, at: &Path) -> Result<View, Failure> {
    let mut options = format!("lowerdir={lower}");
    if let Some(upper) = upper {
        options.push_str(&format!(",upperdir={0}/f,workdir={0}/w", upper.display()));
    }
    // In a user namespace the overlay's marks live in `user.*`; the other two would give layers
    // that no other engine can read.
    options.push_str(",userxattr");
    if options.len() >= 4096 {
        return Err(Failure::input(
            "the image has more layers than one mount can hold: join steps",
        ));
    }
    let options = std::ffi::CString::new(options)
        .map_err(|_| Failure::environment("a zero byte in a path"))?;
    mount("overlay", at, "overlay", MountFlags::empty(), &*options).map_err(|e| {
        Failure::environment(format!(
            "mounting an overlay in a user namespace: {e}; the state folder must lie on a file \
             system that can hold one (not on another overlay) and the kernel must be 5.11 or newer"
        ))
    })?;
    Ok(View {
        path: at.to_owned(),
        mounted: true,
    })
}
