//! Files and folders that appear whole: a reader sees the old content or the new, never a part. What
//! is pending lies beside its place already and needs to be renamed only; where a file may be written and
//! not be replaced, it is overwritten.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use plimsoll_image::Target;
use rustix::fs::{FallocateFlags, OFlags};
use rustix::io::Errno;
use tempfile::{NamedTempFile, TempDir};

use crate::failure::Failure;

/// A file that is written and not yet in its place. Whoever drops it leaves the old one there.
#[derive(Debug)]
pub(crate) struct Pending {
    path: PathBuf,
    bytes: Vec<u8>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// It lies beside it.
    Beside(NamedTempFile),
    /// A file in a folder in which nothing can be made.
    Fixed(File),
    /// A device or a pipe, which stays what it is.
    Stream(File),
}

impl Pending {
    /// Writes it beside its place, where something can be made there.
    pub(crate) fn new(path: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let target = Target::of(path).map_err(|error| Failure::file(path, &error))?;
        let (path, place) = match target {
            Target::Stream(stream) => (path.to_path_buf(), Place::Stream(stream)),
            Target::File(path) => {
                let fail = |error: std::io::Error| Failure::file(&path, &error);
                let place = match way_to(&path)? {
                    Way::Replacing => Place::Beside(beside(&path, bytes).map_err(fail)?),
                    Way::Overwriting => Place::Fixed(open_as_it_lies(&path).map_err(fail)?),
                };
                (path, place)
            }
        };
        let bytes = bytes.to_vec();
        Ok(Self { path, bytes, place })
    }

    /// Puts it into its place.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Self { path, bytes, place } = self;
        let done = match place {
            Place::Beside(file) => file.persist(&path).map(drop).or_else(|refused| {
                let there = is_held(&refused.error).then(|| open_as_it_lies(&path).ok());
                let there = there.flatten();
                there.map_or(Err(refused.error), |file| overwrite(file, &bytes))
            }),
            Place::Fixed(file) => overwrite(file, &bytes),
            Place::Stream(mut stream) => stream.write_all(&bytes),
        };
        done.map_err(|error| Failure::file(&path, &error))
    }
}

/// Writes a file beside that of a path, whose mode it gets.
fn beside(path: &Path, bytes: &[u8]) -> std::io::Result<NamedTempFile> {
    let replaced = std::fs::metadata(path).ok();
    // What takes the place of a file is as it was, and nobody else's before; else the umask counts.
    let mode = if replaced.is_some() { 0o600 } else { 0o666 };
    // Unlike the error of an ordinary temporary file this one does not name it.
    let mut file =
        tempfile::Builder::new()
            .prefix(".plimsoll-")
            .make_in(folder_of(path), |path| {
                File::options()
                    .write(true)
                    .create_new(true)
                    .mode(mode)
                    .open(path)
            })?;
    file.write_all(bytes)?;
    if let Some(replaced) = replaced {
        file.as_file().set_permissions(replaced.permissions())?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// Whether a file keeps its place because it is mounted there, or belongs to somebody else.
fn is_held(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ResourceBusy | ErrorKind::CrossesDevices | ErrorKind::PermissionDenied
    )
}

/// Opens a file that is to be written over: no link or pipe that somebody has put into its place since.
fn open_as_it_lies(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options()
        .write(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(ErrorKind::PermissionDenied.into()),
    }
}

/// Writes over the content of a file.
fn overwrite(mut file: File, bytes: &[u8]) -> std::io::Result<()> {
    // Room for all of it is there before the old content goes, on file systems that can say so.
    let length = bytes.len() as u64;
    if length > 0
        && let Err(full @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) =
            rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, 0, length)
    {
        return Err(full.into());
    }
    file.write_all(bytes)?;
    file.set_len(length)?;
    file.sync_all()
}

/// Writes a file in one step. Devices and pipes are written to as they are.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Pending::new(path, bytes)?.finish()
}

/// A set of files that is to take the place of those in a folder in one step, and does not yet. What else
/// lies there stays.
#[derive(Debug)]
pub(crate) struct PendingFolder {
    folder: PathBuf,
    fresh: TempDir,
    /// What does not stay.
    replaced: Vec<String>,
}

impl PendingFolder {
    /// Writes the files beside the folder; those that are `gone` will no longer be there.
    pub(crate) fn new(
        folder: &Path,
        files: &[(&str, Vec<u8>)],
        gone: &[&str],
    ) -> Result<Self, Failure> {
        let fail = |error: std::io::Error| Failure::file(folder, &error);
        is_folder_writable(folder)?;
        // What links to it still does.
        let folder = &leads_to(folder)?;
        let parent = folder_of(folder);
        std::fs::create_dir_all(parent).map_err(fail)?;
        let replaced = std::fs::metadata(folder).ok();
        // The umask counts, but for what is replaced.
        let mode = if replaced.is_some() { 0o700 } else { 0o777 };
        let fresh = tempfile::Builder::new()
            .prefix(".evidence-")
            .permissions(Permissions::from_mode(mode))
            .tempdir_in(parent)
            // Its text has the temporary name, which tells nobody anything.
            .map_err(|error| fail(error.kind().into()))?;
        for (name, bytes) in files {
            let file = fresh.path().join(name);
            std::fs::write(&file, bytes).map_err(fail)?;
            let there = std::fs::symlink_metadata(folder.join(name));
            if let Some(there) = there.ok().filter(std::fs::Metadata::is_file) {
                std::fs::set_permissions(&file, there.permissions()).map_err(fail)?;
            }
        }
        if let Some(replaced) = replaced {
            std::fs::set_permissions(fresh.path(), replaced.permissions()).map_err(fail)?;
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            fresh,
            replaced: (files.iter().map(|(name, _)| *name))
                .chain(gone.iter().copied())
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Puts them into their place in one step.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Self {
            folder,
            fresh,
            replaced,
        } = self;
        let fail = |error: std::io::Error| Failure::file(&folder, &error);
        match rustix::fs::renameat_with(
            rustix::fs::CWD,
            fresh.path(),
            rustix::fs::CWD,
            &folder,
            rustix::fs::RenameFlags::EXCHANGE,
        ) {
            // The temporary name now holds the old folder and takes along what was replaced.
            Ok(()) => carry_over(fresh.path(), &folder, &replaced).map_err(|error| {
                let left = fresh.keep();
                fail(error).hint(format!("what else was in it lies in {}", left.display()))
            }),
            Err(Errno::NOENT) => std::fs::rename(fresh.keep(), &folder).map_err(fail),
            Err(error) => Err(fail(error.into())),
        }
    }
}

/// Moves what lies in one folder to another on the same file system, but for what was `replaced`.
fn carry_over(from: &Path, to: &Path, replaced: &[String]) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        if !replaced.iter().any(|replaced| name == **replaced) {
            std::fs::rename(from.join(&name), to.join(&name))?;
        }
    }
    Ok(())
}

/// The file that a path leads to, by whatever way; none where it is a device or a pipe, which takes
/// more than one form.
pub(crate) fn file_at(path: &Path) -> Option<PathBuf> {
    match Target::is_stream(path) {
        Ok(false) => leads_to(path).ok(),
        _ => None,
    }
}

/// Where a path leads, through links and back; what is not there yet has none.
pub(crate) fn leads_to(path: &Path) -> Result<PathBuf, Failure> {
    let whole = std::path::absolute(path).map_err(|error| Failure::file(path, &error))?;
    let mut above = whole.ancestors();
    let there = above.find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, mut place)) = there else {
        return Ok(whole);
    };
    let rest = whole.strip_prefix(above).unwrap_or(Path::new(""));
    for component in rest.components() {
        match component {
            Component::ParentDir => drop(place.pop()),
            component => place.push(component),
        }
    }
    Ok(place)
}

/// Whether a file may be written, as far as can be told without writing anything: long work whose
/// result has no place is lost.
pub(crate) fn is_writable(path: &Path) -> Result<(), Failure> {
    way_to(path).map(drop)
}

/// How a file gets its content.
enum Way {
    /// Another takes its place.
    Replacing,
    /// It is written over.
    Overwriting,
}

fn way_to(path: &Path) -> Result<Way, Failure> {
    let fail = |error: std::io::Error| Failure::file(path, &error);
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => {
            return Err(fail(ErrorKind::IsADirectory.into()));
        }
        // A device or a pipe: who reads it may only come later.
        Ok(there) if !there.is_file() => return Ok(Way::Overwriting),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail(error)),
        _ => {}
    }
    let folder = folder_of(path);
    match std::fs::metadata(folder) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Failure::usage(format!(
                "{}: the folder {} does not exist",
                path.display(),
                folder.display()
            )));
        }
        Err(error) => return Err(fail(error)),
    }
    let needs = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    match rustix::fs::access(folder, needs) {
        Ok(()) => Ok(Way::Replacing),
        Err(_) if rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok() => {
            Ok(Way::Overwriting)
        }
        Err(error) => Err(fail(error.into())),
    }
}

/// Whether a folder may be replaced or made, with those above it, as far as can be told so.
pub(crate) fn is_folder_writable(folder: &Path) -> Result<(), Failure> {
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::usage(format!(
            "{}: there is something that is no folder",
            folder.display()
        )));
    }
    let place = leads_to(folder)?;
    let mut above = folder_of(&place);
    while !above.exists() && above != folder_of(above) {
        above = folder_of(above);
    }
    let needs = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    rustix::fs::access(above, needs).map_err(|error| Failure::file(above, &error.into()))
}

/// The folder that something lies in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) => Path::new("."),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_links_to_a_file_and_what_is_none_stays() {
        use std::io::Read as _;
        let root = tempfile::tempdir().unwrap();
        let (file, link, pipe) = (
            root.path().join("file"),
            root.path().join("link"),
            root.path().join("pipe"),
        );
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        // Nobody reads it yet, and nobody is waited for.
        is_writable(&pipe).unwrap();
        assert_eq!(file_at(&pipe), None);
        std::thread::scope(|scope| {
            scope.spawn(|| write_atomically(&pipe, b"through").unwrap());
            let mut text = String::new();
            let mut reader = File::open(&pipe).unwrap();
            reader.read_to_string(&mut text).unwrap();
            assert_eq!(text, "through");
        });
        let kind = std::fs::symlink_metadata(&pipe).unwrap().file_type();
        assert!(std::os::unix::fs::FileTypeExt::is_fifo(&kind));
    }

    #[test]
    fn what_is_pending_changes_nothing_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let (file, folder) = (root.path().join("file"), root.path().join("evidence"));
        std::fs::write(&file, "old").unwrap();
        let pending = Pending::new(&file, b"new").unwrap();
        let set = PendingFolder::new(&folder, &[("a", b"1".to_vec())], &[]).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"old");
        assert!(!folder.exists());
        drop((pending, set));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
        Pending::new(&file, b"new").unwrap().finish().unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn what_cannot_be_replaced_is_written_over() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, "older and longer").unwrap();
        let kept = File::open(&file).unwrap();
        overwrite(open_as_it_lies(&file).unwrap(), b"new").unwrap();
        assert_eq!(std::io::read_to_string(kept).unwrap(), "new");
        // What somebody puts into its place meanwhile is not written to.
        let (link, pipe) = (root.path().join("link"), root.path().join("pipe"));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        assert!(open_as_it_lies(&link).is_err() && open_as_it_lies(&pipe).is_err());
        // Root makes files wherever it wants.
        std::fs::set_permissions(root.path(), Permissions::from_mode(0o555)).unwrap();
        let written = write_atomically(&file, b"newer");
        let refused = Pending::new(&root.path().join("other"), b"").is_err();
        std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        written.unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"newer");
        assert_eq!(refused, !rustix::process::geteuid().is_root());
    }

    #[test]
    fn errors_name_the_place_and_no_temporary_file() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("round", root.path().join("round")).unwrap();
        for (name, says) in [
            ("gone/x.json", "/gone does not exist"),
            ("file/x.json", "Not a directory"),
            ("round/x.json", "symbolic links"),
            ("", "is a directory"),
        ] {
            let path = root.path().join(name);
            for failure in [
                is_writable(&path).unwrap_err(),
                Pending::new(&path, b"").unwrap_err(),
            ] {
                assert!(failure.message.contains(says), "{failure}");
                assert!(!failure.message.contains(".plimsoll-"), "{failure}");
                assert_eq!(failure.kind, crate::failure::FailureKind::Usage);
            }
        }
        for folder in ["file", "file/evidence"] {
            let folder = root.path().join(folder);
            assert!(is_folder_writable(&folder).is_err());
            let failure = PendingFolder::new(&folder, &[], &[]).unwrap_err();
            assert!(!failure.message.contains(".evidence-"), "{failure}");
        }
        is_folder_writable(&root.path().join("new/below/evidence")).unwrap();
        is_folder_writable(Path::new("evidence")).unwrap();
    }

    /// The mode of what lies at a path.
    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_replaced_keeps_its_mode_and_the_umask_counts_else() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        // As anybody else would make them here.
        std::fs::write(at("usual"), "").unwrap();
        std::fs::create_dir(at("usual-folder")).unwrap();
        write_atomically(&at("new"), b"").unwrap();
        assert_eq!(mode(&at("new")), mode(&at("usual")));
        let folder = at("evidence");
        let replace = || {
            let files = [("a", b"1".to_vec()), ("b", b"2".to_vec())];
            PendingFolder::new(&folder, &files, &[])
                .unwrap()
                .finish()
                .unwrap();
        };
        replace();
        assert_eq!(mode(&folder), mode(&at("usual-folder")));
        assert_eq!(mode(&folder.join("a")), mode(&at("usual")));
        for (path, bits) in [
            (at("new"), 0o640),
            (folder.join("a"), 0o600),
            (folder.clone(), 0o750),
        ] {
            std::fs::set_permissions(path, Permissions::from_mode(bits)).unwrap();
        }
        write_atomically(&at("new"), b"").unwrap();
        replace();
        assert_eq!(mode(&at("new")), 0o640);
        assert_eq!(mode(&folder), 0o750);
        assert_eq!(mode(&folder.join("a")), 0o600);
        assert_eq!(mode(&folder.join("b")), mode(&at("usual")));
    }

    #[test]
    fn one_file_has_one_name_whatever_leads_to_it() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir(at("folder")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        assert_eq!(file_at(&at("link")), file_at(&at("folder/../file")));
        assert_eq!(file_at(&at("new")), file_at(&at("folder/.././new")));
        assert_eq!(file_at(&at("gone/x")), file_at(&at("gone/../gone/x")));
        assert_ne!(file_at(&at("new")), file_at(&at("file")));
        assert_eq!(file_at(Path::new("/dev/null")), None);
    }

    #[test]
    fn a_folder_is_replaced_in_one_step_and_what_else_is_in_it_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("evidence");
        let replace = |files: &[(&str, Vec<u8>)]| {
            PendingFolder::new(&folder, files, &["b"])
                .unwrap()
                .finish()
                .unwrap();
        };
        replace(&[("a", b"1".to_vec()), ("b", b"2".to_vec())]);
        std::fs::create_dir_all(folder.join("sub/deep")).unwrap();
        std::fs::write(folder.join("sub/deep/notes"), "n").unwrap();
        std::fs::write(folder.join("notes"), "n").unwrap();
        replace(&[("a", b"3".to_vec())]);
        for kept in ["notes", "sub/deep/notes"] {
            assert_eq!(std::fs::read(folder.join(kept)).unwrap(), b"n");
        }
        assert_eq!(std::fs::read(folder.join("a")).unwrap(), b"3");
        assert!(!folder.join("b").exists());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
        // What links to it still does.
        let link = root.path().join("link");
        std::os::unix::fs::symlink("evidence", &link).unwrap();
        let files = [("c", b"4".to_vec())];
        PendingFolder::new(&link, &files, &["a"])
            .unwrap()
            .finish()
            .unwrap();
        assert!(link.is_symlink() && !folder.is_symlink());
        assert_eq!(std::fs::read(folder.join("c")).unwrap(), b"4");
        assert!(!folder.join("a").exists());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
    }
}
