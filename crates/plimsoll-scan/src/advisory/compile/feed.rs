//! What is to be compiled, found as it is asked for: the members of archives, the files of folders.

use std::borrow::Cow;
use std::fs::{DirEntry, File, ReadDir};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{Archive, Member, is_record_name};
use super::unused::Unused;
use super::{CompileError, Inputs, TOLD, list};
use crate::advisory::PocketName;

/// How many records a worker takes at once.
pub(super) const BATCH: usize = 256;

/// What one worker does next.
#[derive(Debug)]
pub(crate) enum Batch {
    Members(Arc<Archive>, Vec<Member>),
    Files(Vec<PathBuf>),
    List(ListFile),
}

/// A file that may be a list.
#[derive(Clone, Debug)]
pub(crate) struct ListFile {
    pub(crate) path: PathBuf,
    /// The pocket that it was said to hold.
    pub(crate) pocket: Option<PocketName>,
    /// Whether somebody named it: it must be one then.
    pub(crate) is_named: bool,
}

/// What is still to be done.
#[derive(Debug)]
pub(crate) struct Feed {
    /// In the order in which they are taken from the end.
    inputs: Vec<PathBuf>,
    /// Folders that are being listed, the innermost last.
    folders: Vec<(PathBuf, ReadDir)>,
    /// The archive that is being listed, and how far.
    archive: Option<(Arc<Archive>, usize)>,
    /// Files that were found and not given yet.
    files: Vec<PathBuf>,
    /// Lists that were found and not given yet.
    lists: Vec<ListFile>,
    /// What is passed over and why, the first ones.
    pub(super) passed_over: Vec<(PathBuf, Cow<'static, str>)>,
    /// What is none of what is read.
    pub(super) unused: Unused,
}

impl Feed {
    pub(crate) fn new(inputs: Inputs<'_>) -> Self {
        let named = inputs.pockets.iter().map(|(pocket, path)| ListFile {
            path: path.clone(),
            pocket: Some(pocket.clone()),
            is_named: true,
        });
        Self {
            lists: named.collect(),
            inputs: inputs.paths.iter().rev().cloned().collect(),
            folders: Vec::new(),
            archive: None,
            files: Vec::new(),
            passed_over: Vec::new(),
            unused: Unused::default(),
        }
    }

    /// The next records; nothing when all were given.
    ///
    /// # Errors
    /// An input cannot be read, is neither folder nor archive nor record, or is damaged.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, CompileError> {
        loop {
            // They take longest.
            if let Some(list) = self.lists.pop() {
                return Ok(Some(Batch::List(list)));
            } else if let Some((archive, from)) = &mut self.archive {
                if let Some((members, behind)) = archive.members(*from, BATCH) {
                    *from = behind;
                    return Ok(Some(Batch::Members(Arc::clone(archive), members)));
                }
                self.archive = None;
            } else if self.files.len() >= BATCH {
                return Ok(Some(Batch::Files(std::mem::take(&mut self.files))));
            } else if let Some((folder, entries)) = self.folders.last_mut() {
                match entries.next() {
                    Some(Ok(entry)) => self.entry(&entry)?,
                    Some(Err(source)) => {
                        let path = folder.clone();
                        return Err(CompileError::Io { path, source });
                    }
                    None => {
                        self.folders.pop();
                    }
                }
            } else if let Some(input) = self.inputs.pop() {
                self.begin(input)?;
            } else if self.files.is_empty() {
                return Ok(None);
            } else {
                return Ok(Some(Batch::Files(std::mem::take(&mut self.files))));
            }
        }
    }

    /// Takes something that lies in a folder.
    fn entry(&mut self, entry: &DirEntry) -> Result<(), CompileError> {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        // Version control keeps what it needs in hidden folders.
        if name.starts_with(b".") {
            return Ok(());
        }
        let kind = entry.file_type().map_err(|source| CompileError::Io {
            path: path.clone(),
            source,
        })?;
        // A link to a folder may lead back up, and would be followed without end.
        if kind.is_dir() {
            return self.list(path);
        }
        let is_zip = name.ends_with(b".zip");
        let is_of_use = is_record_name(name) || is_zip || list::is_list_name(name);
        if !kind.is_file() {
            let target = kind.is_symlink().then(|| std::fs::metadata(&path));
            let why = match target {
                Some(Ok(target)) if target.is_file() => None,
                Some(Ok(target)) if target.is_dir() => Some(Cow::Borrowed(
                    "it is a link to a folder, which is not followed; name the folder itself",
                )),
                Some(Err(error)) if is_of_use => Some(Cow::Owned(format!(
                    "it is a link that cannot be followed: {error}"
                ))),
                _ if is_of_use => Some(Cow::Borrowed("it is no file, nor a link to one")),
                _ => return Ok(()),
            };
            if let Some(why) = why {
                if self.passed_over.len() < TOLD {
                    self.passed_over.push((path, why));
                }
                return Ok(());
            }
        }
        if is_record_name(name) {
            self.files.push(path);
        } else if is_zip {
            self.open(&path)?;
        } else if is_of_use {
            self.lists.push(ListFile {
                path,
                pocket: None,
                is_named: false,
            });
        } else {
            self.unused.add(name);
        }
        Ok(())
    }

    /// Begins with something that was named.
    fn begin(&mut self, path: PathBuf) -> Result<(), CompileError> {
        let metadata = std::fs::metadata(&path).map_err(|source| CompileError::Io {
            path: path.clone(),
            source,
        })?;
        if metadata.is_dir() {
            self.list(path)
        } else if metadata.is_file() && is_record_name(path.as_os_str().as_encoded_bytes()) {
            self.files.push(path);
            Ok(())
        } else if metadata.is_file() {
            self.open(&path)
        } else {
            Err(CompileError::Neither(path))
        }
    }

    fn list(&mut self, path: PathBuf) -> Result<(), CompileError> {
        match std::fs::read_dir(&path) {
            Ok(entries) => {
                self.folders.push((path, entries));
                Ok(())
            }
            Err(source) => Err(CompileError::Io { path, source }),
        }
    }

    /// Opens an archive; what is named and is none may be a list.
    fn open(&mut self, path: &Path) -> Result<(), CompileError> {
        let fail = |source| CompileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(fail)?;
        let mut start = [0; 2];
        let read = file.read(&mut start).map_err(fail)?;
        if start.get(..read) != Some(b"PK") {
            self.lists.push(ListFile {
                path: path.to_owned(),
                pocket: None,
                is_named: true,
            });
            return Ok(());
        }
        self.archive = Some((Arc::new(Archive::open(path, file)?), 0));
        Ok(())
    }
}
