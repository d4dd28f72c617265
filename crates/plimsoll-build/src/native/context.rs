//! A build context on disk: what of it may enter, what a COPY selects, and how it is handed to the
//! helper. Read by the build itself, since the user namespace may not be allowed to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use plimsoll_model::{SourceFile, hex};
use plimsoll_syntax::dockerignore::{FolderState, IgnoreFile};
use plimsoll_syntax::glob;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::copy;
use super::store::write_atomically;
use super::wire::Failure;
use crate::inputs::ListedFile;

/// A file this young may change again without its time stamp showing it.
const SETTLED: Duration = Duration::from_secs(2);
/// Links followed before a path counts as a loop.
const MAX_LINKS: usize = 40;
/// Entries of a context before we give up.
const MAX_ENTRIES: usize = 5_000_000;

/// One thing in a context.
#[derive(Clone, Debug)]
struct Item {
    kind: Kind,
    mode: u32,
    size: u64,
    mtime: i64,
    mtime_nsec: i64,
    ctime: i64,
    ctime_nsec: i64,
    device: u64,
    inode: u64,
    names: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Link(PathBuf),
}

/// A context folder.
pub(crate) struct Context {
    root: PathBuf,
    ignore: IgnoreFile,
    /// Paths below the root without a leading slash; the root itself is the empty path.
    items: OnceLock<BTreeMap<PathBuf, Item>>,
    hashes: Mutex<Hashes>,
    /// Everything that entered a step.
    entered: Mutex<BTreeSet<PathBuf>>,
}

/// What a COPY takes from a context.
pub(crate) struct Selection {
    /// Everything that is needed, links on the way included.
    needed: BTreeSet<PathBuf>,
    /// Digest over names, modes and content, times left out.
    pub(crate) digest: String,
}

/// Digests of files by identity and time stamps, kept from build to build.
#[derive(Default, Serialize, Deserialize)]
struct Hashes {
    files: HashMap<String, Hashed>,
    #[serde(skip)]
    changed: bool,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Hashed {
    stamp: (u64, u64, u64, i64, i64, i64, i64),
    digest: String,
}

impl Context {
    /// The folder `root` under `ignore`; `known` is the file with the digests of earlier builds.
    pub(crate) fn new(root: &Path, ignore: Option<&[u8]>, known: &Path) -> Self {
        let ignore = ignore
            .map(|bytes| IgnoreFile::parse(&SourceFile::new(".dockerignore", bytes)).0)
            .unwrap_or_default();
        let hashes = fs::read(known)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self {
            root: root.to_owned(),
            ignore,
            items: OnceLock::new(),
            hashes: Mutex::new(hashes),
            entered: Mutex::new(BTreeSet::new()),
        }
    }

    /// Keeps the digests for the next build.
    pub(crate) fn save(&self, known: &Path) {
        if let Ok(hashes) = self.hashes.lock()
            && hashes.changed
            && let Ok(bytes) = serde_json::to_vec(&*hashes)
        {
            // A lost cache costs time only.
            let _ = write_atomically(known, &bytes);
        }
    }

    fn items(&self) -> Result<&BTreeMap<PathBuf, Item>, Failure> {
        if let Some(items) = self.items.get() {
            return Ok(items);
        }
        let items = self.walk()?;
        Ok(self.items.get_or_init(|| items))
    }

    fn walk(&self) -> Result<BTreeMap<PathBuf, Item>, Failure> {
        let fail = |path: &Path, error: io::Error| {
            Failure::input(format!("the build context: {}: {error}", path.display()))
        };
        let meta = fs::metadata(&self.root).map_err(|e| fail(&self.root, e))?;
        if !meta.is_dir() {
            return Err(Failure::input(format!(
                "the build context {} is not a folder",
                self.root.display()
            )));
        }
        let mut items = BTreeMap::new();
        items.insert(PathBuf::new(), item(&meta, Kind::Folder));
        let mut open: Vec<(PathBuf, Option<FolderState>)> = vec![(PathBuf::new(), None)];
        while let Some((folder, state)) = open.pop() {
            let at = self.root.join(&folder);
            let listed = match fs::read_dir(&at) {
                Ok(listed) => listed,
                Err(error) => return Err(fail(&at, error)),
            };
            for entry in listed {
                let entry = entry.map_err(|e| fail(&at, e))?;
                let path = folder.join(entry.file_name());
                let shown = path.to_string_lossy();
                let (verdict, inner) = self.ignore.decide(&shown, state.as_ref());
                let kept_out = verdict.is_some_and(|pattern| !pattern.negated);
                let meta = match entry.metadata() {
                    Ok(meta) => meta,
                    // Gone since it was listed.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(fail(&entry.path(), error)),
                };
                let kind = if meta.is_dir() {
                    if !kept_out || self.ignore.may_hold_exceptions_below(&shown) {
                        open.push((path.clone(), Some(inner)));
                    }
                    Kind::Folder
                } else if meta.is_symlink() {
                    let target = fs::read_link(entry.path()).map_err(|e| fail(&entry.path(), e))?;
                    Kind::Link(target)
                } else if meta.is_file() {
                    Kind::File
                } else {
                    continue;
                };
                if !kept_out {
                    items.insert(path, item(&meta, kind));
                }
            }
            if items.len() > MAX_ENTRIES {
                return Err(Failure::input(format!(
                    "the build context {} holds more than {MAX_ENTRIES} entries: keep folders out with .dockerignore",
                    self.root.display()
                )));
            }
        }
        // A folder that is kept out comes along for the exceptions in it.
        let inside: Vec<PathBuf> = items.keys().cloned().collect();
        for path in inside {
            let mut above = path.parent();
            while let Some(folder) = above {
                if items.contains_key(folder) {
                    break;
                }
                let meta =
                    fs::symlink_metadata(self.root.join(folder)).map_err(|e| fail(folder, e))?;
                items.insert(folder.to_owned(), item(&meta, Kind::Folder));
                above = folder.parent();
            }
        }
        Ok(items)
    }

    /// What `sources` (as in `wire::CopySource`) take.
    pub(crate) fn select(&self, sources: &[(String, bool)]) -> Result<Selection, Failure> {
        let items = self.items()?;
        let mut needed = BTreeSet::new();
        let mut hasher = Sha256::new();
        for (source, wildcard) in sources {
            for path in expand(items, source, *wildcard)? {
                let followed = self.follow(items, &path, source, &mut needed)?;
                let top = items.get(&followed).ok_or_else(|| self.missing(source))?;
                let is_folder = top.kind == Kind::Folder;
                // A folder's own name does not decide anything, a file's does.
                let name = if is_folder {
                    PathBuf::new()
                } else {
                    path.file_name().map(PathBuf::from).unwrap_or_default()
                };
                part(&mut hasher, if is_folder { b"contents" } else { b"file" });
                let below: Vec<(&PathBuf, &Item)> = if is_folder {
                    items
                        .iter()
                        .filter(|(path, _)| path.starts_with(&followed))
                        .collect()
                } else {
                    items.get_key_value(&followed).into_iter().collect()
                };
                for (path, item) in below {
                    let inside = path.strip_prefix(&followed).unwrap_or(path);
                    let shown = if is_folder { inside } else { &name };
                    if !(is_folder && inside.as_os_str().is_empty()) {
                        part(&mut hasher, shown.as_os_str().as_bytes());
                        part(&mut hasher, &item.mode.to_le_bytes());
                        match &item.kind {
                            Kind::File => part(&mut hasher, self.hash(path, item)?.as_bytes()),
                            Kind::Link(target) => {
                                part(&mut hasher, target.as_os_str().as_bytes());
                            }
                            Kind::Folder => part(&mut hasher, b"/"),
                        }
                    }
                    needed.insert(path.clone());
                }
            }
            part(&mut hasher, b"next");
        }
        if let Ok(mut entered) = self.entered.lock() {
            entered.extend(needed.iter().cloned());
        }
        Ok(Selection {
            needed,
            digest: hex(&hasher.finalize()),
        })
    }

    fn missing(&self, source: &str) -> Failure {
        let path = source.trim_matches('/');
        let why = if fs::symlink_metadata(self.root.join(path)).is_ok() {
            format!(
                "`{path}` is kept out of the build context by the ignore file: add the exception `!{path}`"
            )
        } else {
            format!(
                "`{path}` is not in the build context {}",
                self.root.display()
            )
        };
        Failure::input(why)
    }

    /// Follows links in `path`, each bounded to the context, noting those on the way.
    fn follow(
        &self,
        items: &BTreeMap<PathBuf, Item>,
        path: &Path,
        source: &str,
        needed: &mut BTreeSet<PathBuf>,
    ) -> Result<PathBuf, Failure> {
        let mut pending: Vec<std::ffi::OsString> = names(path).rev().collect();
        let mut done = PathBuf::new();
        let mut links = 0;
        while let Some(name) = pending.pop() {
            if name == ".." {
                done.pop();
                continue;
            }
            done.push(&name);
            let found = items.get(&done).ok_or_else(|| self.missing(source))?;
            needed.insert(done.clone());
            if let Kind::Link(target) = &found.kind {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Failure::input(format!(
                        "`{source}` in the build context is a loop of links"
                    )));
                }
                if target.is_absolute() {
                    done = PathBuf::new();
                } else {
                    done.pop();
                }
                pending.extend(names(target).rev());
            }
        }
        Ok(done)
    }

    /// The digest of a file's content.
    fn hash(&self, path: &Path, item: &Item) -> Result<String, Failure> {
        let key = path.to_string_lossy().into_owned();
        let stamp = (
            item.device,
            item.inode,
            item.size,
            item.mtime,
            item.mtime_nsec,
            item.ctime,
            item.ctime_nsec,
        );
        let mut hashes = self
            .hashes
            .lock()
            .map_err(|_| Failure::environment("a thread stopped"))?;
        if let Some(known) = hashes.files.get(&key)
            && known.stamp == stamp
        {
            return Ok(known.digest.clone());
        }
        let fail = |error: io::Error| {
            Failure::input(format!("the build context: {}: {error}", path.display()))
        };
        let mut file = File::open(self.root.join(path)).map_err(fail)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 128 << 10];
        loop {
            let read = file.read(&mut buffer).map_err(fail)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        let digest = hex(&hasher.finalize());
        let changed = u64::try_from(item.ctime).unwrap_or(u64::MAX);
        let settled = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH + Duration::from_secs(changed))
            .is_ok_and(|age| age > SETTLED);
        if settled {
            hashes.files.insert(
                key,
                Hashed {
                    stamp,
                    digest: digest.clone(),
                },
            );
            hashes.changed = true;
        } else if hashes.files.remove(&key).is_some() {
            hashes.changed = true;
        }
        Ok(digest)
    }

    /// Writes what a selection needs as a tar; fails where a file is no longer what was digested.
    pub(crate) fn write_tar(&self, selection: &Selection, out: impl Write) -> Result<(), Failure> {
        let items = self.items()?;
        let mut builder = tar::Builder::new(out);
        let mut first: HashMap<(u64, u64), PathBuf> = HashMap::new();
        let mut needed = selection.needed.clone();
        // Folders above keep their modes.
        for path in &selection.needed {
            needed.extend(path.ancestors().skip(1).map(Path::to_owned));
        }
        for path in &needed {
            let Some(item) = items.get(path) else {
                continue;
            };
            if path.as_os_str().is_empty() {
                continue;
            }
            let fail = |error: io::Error| {
                Failure::input(format!("the build context: {}: {error}", path.display()))
            };
            let mut header = tar::Header::new_gnu();
            header.set_mode(item.mode);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(u64::try_from(item.mtime).unwrap_or(0));
            header.set_size(0);
            match &item.kind {
                Kind::Folder => {
                    header.set_entry_type(tar::EntryType::Directory);
                    builder
                        .append_data(&mut header, path, io::empty())
                        .map_err(fail)?;
                }
                Kind::Link(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    builder
                        .append_link(&mut header, path, target)
                        .map_err(fail)?;
                }
                Kind::File => {
                    if item.names > 1 {
                        let key = (item.device, item.inode);
                        if let Some(first) = first.get(&key) {
                            header.set_entry_type(tar::EntryType::Link);
                            builder
                                .append_link(&mut header, path, first)
                                .map_err(fail)?;
                            continue;
                        }
                        first.insert(key, path.clone());
                    }
                    let expected = self.hash(path, item)?;
                    let file = File::open(self.root.join(path)).map_err(fail)?;
                    header.set_size(item.size);
                    let mut reader = Checking {
                        inner: file.take(item.size),
                        hasher: Sha256::new(),
                    };
                    builder
                        .append_data(&mut header, path, &mut reader)
                        .map_err(fail)?;
                    if hex(&reader.hasher.finalize()) != expected {
                        return Err(Failure::input(format!(
                            "`{}` changed while the build read it: build again",
                            path.display()
                        )));
                    }
                }
            }
        }
        builder
            .finish()
            .map_err(|e| Failure::system("sending the build context", e))
    }

    /// Everything that entered a step, for the record.
    pub(crate) fn listing(&self) -> Result<Vec<ListedFile>, Failure> {
        let items = self.items()?;
        let entered = self
            .entered
            .lock()
            .map_err(|_| Failure::environment("a thread stopped"))?
            .clone();
        let mut listed = Vec::new();
        for path in entered {
            let Some(item) = items.get(&path) else {
                continue;
            };
            let content: [u8; 32] = match &item.kind {
                Kind::Folder => continue,
                Kind::Link(target) => Sha256::digest(target.as_os_str().as_bytes()).into(),
                Kind::File => bytes_of(&self.hash(&path, item)?),
            };
            listed.push(ListedFile {
                path: path.into_os_string().into_vec(),
                mode: item.mode,
                content,
                is_link: matches!(item.kind, Kind::Link(_)),
            });
        }
        Ok(listed)
    }
}

struct Checking<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for Checking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

fn item(meta: &Metadata, kind: Kind) -> Item {
    Item {
        kind,
        mode: meta.mode() & 0o7777,
        size: meta.len(),
        mtime: meta.mtime(),
        mtime_nsec: meta.mtime_nsec(),
        ctime: meta.ctime(),
        ctime_nsec: meta.ctime_nsec(),
        device: meta.dev(),
        inode: meta.ino(),
        names: meta.nlink(),
    }
}

/// The paths a source stands for, in the helper's order.
fn expand(
    items: &BTreeMap<PathBuf, Item>,
    source: &str,
    wildcard: bool,
) -> Result<Vec<PathBuf>, Failure> {
    let mut plain = PathBuf::new();
    for name in names(Path::new(source)) {
        if name == ".." {
            plain.pop();
        } else {
            plain.push(name);
        }
    }
    if !wildcard || !glob::has_wildcards(source) {
        return Ok(vec![plain]);
    }
    let parts = names(&plain)
        .map(|part| copy::pattern(source, &part.to_string_lossy()))
        .collect::<Result<Vec<_>, _>>()?;
    let found = items
        .keys()
        .filter(|path| {
            let have: Vec<_> = names(path).collect();
            have.len() == parts.len()
                && have
                    .iter()
                    .zip(&parts)
                    .all(|(name, part)| part.matches(name.as_bytes()))
        })
        .cloned();
    Ok(found.collect())
}

fn names(path: &Path) -> impl DoubleEndedIterator<Item = std::ffi::OsString> {
    path.as_os_str()
        .as_bytes()
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .map(|name| std::ffi::OsString::from_vec(name.to_vec()))
}

/// Adds one value to a digest so that no two lists of values look alike.
pub(crate) fn part(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn bytes_of(hex: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = hex
            .get(at * 2..at * 2 + 2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .unwrap_or(0);
    }
    bytes
}
