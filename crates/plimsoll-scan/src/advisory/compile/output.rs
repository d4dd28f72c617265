//! The file as it is written: sections one after another, then the header, then its name.

use std::fs::Permissions;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use plimsoll_image::Target;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use xxhash_rust::xxh3::Xxh3;

use super::super::index::format::{HEADER, Header, Place, SECTIONS, Section, VERSION};
use super::super::index::{Index, IndexError, Snapshot};

/// How the names of files under way begin.
const UNDER_WAY: &str = ".plimsoll-advisories-";

/// The mode of an index, but for what the umask takes: nobody but the owner writes one, or it could not
/// be mapped.
const MODE: u32 = 0o644;
/// Who may not write it.
const WRITERS: u32 = 0o022;

/// How old such a file must be before it is taken for one that a killed run left, in seconds.
const ABANDONED: u64 = 3600;

/// A file under way. Until [`Output::finish`] nothing of it is to be seen; dropped before, it is
/// gone.
pub(crate) struct Output {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    hasher: Sha256,
    sections: [Place; SECTIONS],
    offset: u64,
    /// The section that is being written, its checksum and its length.
    open: Option<(Section, Box<Xxh3>, u64)>,
}

impl Output {
    /// Begins a file beside `path`.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        sweep(folder(path));
        let file = tempfile::Builder::new()
            .prefix(UNDER_WAY)
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(folder(path))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&[0; HEADER])?;
        Ok(Self {
            path: path.to_owned(),
            file,
            hasher: Sha256::new(),
            sections: [Place::default(); SECTIONS],
            offset: HEADER as u64,
            open: None,
        })
    }

    /// Begins a section. Sections are written in their order, each once.
    pub(crate) fn begin(&mut self, section: Section) {
        self.end();
        self.open = Some((section, Box::default(), 0));
    }

    /// Appends to the section; gives how long it is then. Every place within one is four bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<u32> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        let Some((_, sum, length)) = &mut self.open else {
            return Ok(0);
        };
        sum.update(bytes);
        *length += bytes.len() as u64;
        u32::try_from(*length).map_err(|_| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the index would be larger than its form allows",
            )
        })
    }

    fn end(&mut self) {
        if let Some((section, sum, length)) = self.open.take() {
            self.sections[section as usize] = Place {
                offset: self.offset,
                length,
                sum: sum.digest() as u32,
            };
            self.offset += length;
        }
    }

    /// Puts the file in place, whole and on disk; gives its snapshot id and its length.
    pub(crate) fn finish(mut self, date: Option<i64>) -> io::Result<([u8; 32], u64)> {
        self.end();
        let snapshot: [u8; 32] = self.hasher.finalize().into();
        let header = Header {
            form: VERSION,
            length: self.offset,
            date,
            snapshot,
            sections: self.sections,
        };
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header.write())?;
        place(file, &self.path)?;
        Ok((snapshot, self.offset))
    }
}

/// Writes the index at `path` again as one that was checked at a time; gives its new name.
///
/// # Errors
/// It cannot be read or written; the old one stays.
pub(crate) fn recheck(
    path: &Path,
    checked: Option<i64>,
    asked: &[(String, i64)],
) -> Result<String, IndexError> {
    let index = Index::open(path)?;
    let mut snapshot = index.snapshot()?;
    snapshot.checked = checked;
    snapshot.tell_asked(asked);
    let write = || {
        let mut out = Output::create(path)?;
        for section in Section::ALL {
            out.begin(section);
            match section {
                Section::Snapshot => out.write(&snapshot.to_json()?)?,
                section => out.write(index.place(section))?,
            };
        }
        out.finish(snapshot.date)
    };
    let (id, _) = write().map_err(|source| IndexError::Io {
        path: path.to_owned(),
        source,
    })?;
    Ok(plimsoll_model::hex(&id))
}

/// An index that comes from elsewhere, on its way. Dropped before it was put in place, it is gone.
#[derive(Debug)]
pub struct IncomingIndex {
    path: PathBuf,
    file: NamedTempFile,
}

impl IncomingIndex {
    /// Begins a file of its own beside `path`, and removes what killed runs left there.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        sweep(folder(path));
        let file = tempfile::Builder::new()
            .prefix(UNDER_WAY)
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(folder(path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// What it is to be written to.
    pub fn file(&mut self) -> &mut std::fs::File {
        self.file.as_file_mut()
    }

    /// Verifies that what was written is an index and whole, and replaces with it the one that was
    /// there.
    ///
    /// # Errors
    /// It is none, or the disk.
    pub fn put(self) -> Result<Snapshot, IndexError> {
        let Self { path, file } = self;
        let fail = |source| IndexError::Io {
            path: path.clone(),
            source,
        };
        let index = Index::open(file.path())?;
        index.verify_whole()?;
        let snapshot = index.snapshot()?;
        drop(index);
        place(file, &path).map_err(fail)?;
        Ok(snapshot)
    }
}

/// Puts a whole file in its place, on disk. One that is replaced keeps its mode, but for who may write
/// it.
fn place(file: NamedTempFile, path: &Path) -> io::Result<()> {
    if let Ok(replaced) = std::fs::metadata(path) {
        let mode = replaced.permissions().mode() & !WRITERS;
        file.as_file()
            .set_permissions(Permissions::from_mode(mode))?;
    }
    file.as_file().sync_all()?;
    if let Target::Stream(_) = Target::of(path)? {
        let problem = "is no file, and an index must be one to be read";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    file.persist(path).map_err(|error| error.error)?;
    // The name, too, is to outlive a power cut; where folders cannot be synced, it does not.
    if let Ok(folder) = std::fs::File::open(folder(path)) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Removes what killed runs left. What can not be removed is left to the next one.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNDER_WAY.as_bytes());
        let old = || {
            entry
                .metadata()?
                .modified()?
                .elapsed()
                .map_err(io::Error::other)
        };
        if ours && old().is_ok_and(|age| age.as_secs() > ABANDONED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The folder that a file lies in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": "PyPI", "name": "pandas"}, "versions": ["1.0"]}]}"#;

    #[test]
    fn two_that_come_at_once_do_not_meet_and_what_is_none_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o660)).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let (record, made) = (
            elsewhere.path().join("a.json"),
            elsewhere.path().join("made"),
        );
        std::fs::write(&record, RECORD).unwrap();
        super::super::compile(super::super::Inputs::of(&[record]), &made, &|_| {}).unwrap();
        let whole = std::fs::read(made).unwrap();
        let mut one = IncomingIndex::create(&path).unwrap();
        let mut other = IncomingIndex::create(&path).unwrap();
        one.file().write_all(&whole).unwrap();
        other.file().write_all(&whole[..whole.len() - 1]).unwrap();
        assert!(other.put().is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        one.put().unwrap();
        assert!(std::fs::read(&path).unwrap() == whole);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_run_left_is_removed_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (".plimsoll-advisories-old", ".plimsoll-advisories-new");
        for name in [old, new, "other"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let hours_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
        for name in [old, "other"] {
            let file = std::fs::File::options()
                .write(true)
                .open(folder.path().join(name))
                .unwrap();
            file.set_modified(hours_ago).unwrap();
        }
        drop(Output::create(&folder.path().join("index")).unwrap());
        let exists = |name: &str| folder.path().join(name).exists();
        assert!(!exists(old) && exists(new) && exists("other"));
    }
}
