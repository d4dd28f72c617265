//! Folders of our own: caches, staging, the index of advisories. Anything here may be deleted at any
//! moment; only the index is not made again by itself.

use std::fs::File;
use std::path::{Path, PathBuf};

use plimsoll_scan::Cache;

use crate::config::Config;
use crate::failure::Failure;

/// The folder for caches: `PLIMSOLL_CACHE`, else `/var/cache/plimsoll` for root, else
/// `XDG_CACHE_HOME` or `~/.cache`.
///
/// Root gets a folder outside its home because the native engine's user namespace must be able to
/// walk to it, and homes are closed.
pub(crate) fn cache_folder() -> Result<PathBuf, Failure> {
    let folder = cache_path()?;
    std::fs::create_dir_all(&folder).map_err(|error| {
        Failure::file(&folder, &error).hint("PLIMSOLL_CACHE names another folder for caches")
    })?;
    Ok(folder)
}

/// Where that folder is or would be.
pub(crate) fn cache_path() -> Result<PathBuf, Failure> {
    own_path(
        "PLIMSOLL_CACHE",
        "/var/cache/plimsoll",
        "XDG_CACHE_HOME",
        ".cache",
    )
}

/// Where the index of advisories is looked for unless one is named: in the folder for data, which
/// is `PLIMSOLL_DATA`, else `/var/lib/plimsoll` for root, else `plimsoll` in `XDG_DATA_HOME` or
/// `~/.local/share`.
pub(crate) fn advisory_index() -> Result<PathBuf, Failure> {
    let folder = own_path(
        "PLIMSOLL_DATA",
        "/var/lib/plimsoll",
        "XDG_DATA_HOME",
        ".local/share",
    )?;
    Ok(folder.join("advisories.index"))
}

/// A folder of our own: named by a variable, else root's, else below another variable's or below
/// the home.
fn own_path(own: &str, root: &str, base: &str, below_home: &str) -> Result<PathBuf, Failure> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = if let Some(folder) = variable(own) {
        folder
    } else if rustix::process::geteuid().is_root() {
        PathBuf::from(root)
    } else if let Some(folder) = variable(base) {
        folder.join("plimsoll")
    } else if let Some(home) = variable("HOME") {
        home.join(below_home).join("plimsoll")
    } else {
        return Err(
            Failure::usage("no folder to keep files in: HOME is not set")
                .hint(format!("set {own} to a folder")),
        );
    };
    std::path::absolute(&folder).map_err(|error| Failure::file(&folder, &error))
}

/// Where, below the cache folder, that is kept what was seen of layers.
pub(crate) const SCAN_FOLDER: &str = "scan";

/// How large that may grow unless the configuration says otherwise.
const SCAN_BOUND: u64 = 2_000_000_000;

/// What earlier runs saw of layers.
pub(crate) fn scan_cache(config: &Config) -> Result<Cache, Failure> {
    let bound = config.cache.max_size;
    let folder = cache_folder()?.join(SCAN_FOLDER);
    Ok(Cache::new(folder, bound.unwrap_or(SCAN_BOUND)))
}

/// A folder for one run's work, gone with it. What a killed run left is swept by the next one.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: tempfile::TempDir,
    // Held for as long as the folder is in use: the kernel lets go of it when we are killed.
    _lock: File,
}

impl Staging {
    /// Makes one below the cache folder.
    pub(crate) fn create(cache: &Path) -> Result<Self, Failure> {
        let root = cache.join("staging");
        std::fs::create_dir_all(&root).map_err(|error| Failure::file(&root, &error))?;
        sweep(&root);
        let folder = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(&root)
            .map_err(|error| Failure::file(&root, &error))?;
        // Nobody is to find it before it is held: who else makes a folder would take this one for abandoned.
        let (path, new) = (folder.path().join("lock"), folder.path().join("lock.new"));
        let lock = File::create(&new).map_err(|error| Failure::file(&new, &error))?;
        lock.lock().map_err(|error| Failure::file(&new, &error))?;
        std::fs::rename(&new, &path).map_err(|error| Failure::file(&path, &error))?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Where the image is built.
    pub(crate) fn layout(&self) -> PathBuf {
        self.folder.path().join("image")
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        empty(self.folder.path());
    }
}

/// Removes what a run's folder holds, its lock apart: whoever is killed here leaves a folder that the
/// next run knows to be abandoned.
fn empty(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name() != "lock") {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // What is left is swept next time.
        let _ = match is_folder {
            true => std::fs::remove_dir_all(entry.path()),
            false => std::fs::remove_file(entry.path()),
        };
    }
}

/// Removes the folders of runs that are no more: nobody holds their lock.
fn sweep(root: &Path) {
    let Ok(entries) = std::fs::read_dir(root) else {
        return;
    };
    for entry in entries.flatten() {
        // What somebody else put here is not ours to remove, least of all what a link leads to.
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        let abandoned = match open_lock(&path.join("lock")) {
            Ok(lock) => lock.try_lock().is_ok(),
            // Between its making and its lock a folder is a moment old; leave it for an hour.
            Err(_) => entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .is_ok_and(|made| made.elapsed().is_ok_and(|age| age.as_secs() > 3600)),
        };
        if abandoned {
            // Another run may be sweeping too; what is left is swept next time.
            empty(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

/// Opens a lock that somebody made. A pipe in its place would keep us waiting.
fn open_lock(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = flags.bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

/// Makes the project's `.plimsoll` folder, which git leaves alone.
pub(crate) fn own_folder(project: &Path) -> Result<PathBuf, Failure> {
    let folder = project.join(crate::plan::OWN_FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        std::fs::write(&ignore, "*\n").map_err(|error| Failure::file(&ignore, &error))?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abandoned_run_is_swept_and_a_live_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        let live = Staging::create(root.path()).unwrap();
        let dead = root.path().join("staging/run-dead");
        std::fs::create_dir_all(&dead).unwrap();
        std::fs::write(dead.join("lock"), "").unwrap();
        let other = Staging::create(root.path()).unwrap();
        assert!(!dead.exists());
        assert!(live.folder.path().exists() && other.folder.path().exists());
        let own = live.folder.path().to_owned();
        std::fs::create_dir_all(own.join("image/blobs")).unwrap();
        // Killed while it cleans up, a run has left its lock, and so can be swept.
        empty(&own);
        assert!(own.join("lock").exists() && !own.join("image").exists());
        drop(live);
        assert!(!own.exists());
    }

    #[test]
    fn what_a_link_leads_to_is_not_swept() {
        let root = tempfile::tempdir().unwrap();
        let victim = root.path().join("victim");
        std::fs::create_dir_all(victim.join("below")).unwrap();
        std::fs::write(victim.join("lock"), "").unwrap();
        let staging = root.path().join("cache/staging");
        std::fs::create_dir_all(&staging).unwrap();
        std::os::unix::fs::symlink(&victim, staging.join("run-x")).unwrap();
        std::fs::write(staging.join("run-y"), "").unwrap();
        let run = Staging::create(&root.path().join("cache")).unwrap();
        drop(run);
        assert!(victim.join("below").exists() && victim.join("lock").exists());
    }
}
