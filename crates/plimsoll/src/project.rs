//! Reads what people wrote: Dockerfiles, ignore files, and the listing of build contexts.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use plimsoll_model::SourceFile;
use plimsoll_rules::Wanted;
use plimsoll_syntax::context::{Context, ContextEntry, EntryKind, Gap};
use plimsoll_syntax::dockerfile::{self, Instruction, InstructionKind};

use crate::args::Format;
use crate::config::{self, Config};
use crate::failure::Failure;

/// A Dockerfile longer than this is no Dockerfile.
pub(crate) const DOCKERFILE_LIMIT: u64 = 4 << 20;
/// Paths of a context that are listed before the walk stops and says so.
const CONTEXT_LIMIT: usize = 200_000;
/// Bytes of context files that rules read, of one file and of all: of those that may hold
/// credentials, and of the others.
const CREDENTIALS_LIMIT: (u64, u64) = (1 << 20, 32 << 20);
const TEXT_LIMIT: (u64, u64) = (64 << 10, 8 << 20);

/// Reads a whole file, refusing one over `limit` bytes and whatever could keep us waiting for ever.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let file = open_ready(path)?;
    read_limited(file, limit, &shown(path))
}

/// Opens a file without waiting for anyone: a named pipe nobody writes to blocks for ever. Pipes
/// that a shell hands over (`<(…)`) have their writer.
pub(crate) fn open_ready(path: &Path) -> Result<std::fs::File, Failure> {
    let fail = |error: std::io::Error| Failure::file(Path::new(&shown(path)), &error);
    let handed_over = ["/dev/fd", "/dev/stdin", "/proc/self/fd"]
        .iter()
        .any(|place| path.starts_with(place));
    if handed_over {
        return std::fs::File::open(path).map_err(fail);
    }
    // Looked at before it is opened, since opening a device can already do something, and again
    // afterwards, since it may have been exchanged.
    suitable(path, &std::fs::metadata(path).map_err(fail)?)?;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(fail)?;
    suitable(path, &file.metadata().map_err(fail)?)?;
    Ok(file)
}

fn suitable(path: &Path, metadata: &std::fs::Metadata) -> Result<(), Failure> {
    let kind = metadata.file_type();
    let what = if kind.is_dir() {
        "is a folder"
    } else if kind.is_fifo() {
        "is a named pipe, not a file"
    } else if kind.is_socket() {
        "is a socket, not a file"
    } else if kind.is_block_device() {
        "is a device, not a file"
    } else {
        return Ok(());
    };
    Err(Failure::usage(format!("{}: {what}", shown(path))))
}

/// Reads standard input to its end.
pub(crate) fn read_stdin(limit: u64) -> Result<Vec<u8>, Failure> {
    read_limited(std::io::stdin().lock(), limit, "standard input")
}

fn read_limited(reader: impl Read, limit: u64, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    reader
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::file(Path::new(name), &error))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::usage(format!(
            "{name}: longer than {} KiB; nothing was read of it",
            limit >> 10
        )));
    }
    Ok(bytes)
}

/// Reads a Dockerfile, named as people see it.
pub(crate) fn read_dockerfile(path: &Path) -> Result<SourceFile, Failure> {
    let bytes = read_bounded(path, DOCKERFILE_LIMIT).map_err(|failure| {
        // `-f` is the form of other tools' reports.
        let is_form = path.to_str().is_some_and(is_form);
        match is_form && path.symlink_metadata().is_err() {
            true => failure.hint(format!(
                "-f names a Dockerfile; the form of the report is --format {}",
                path.display()
            )),
            false => failure,
        }
    })?;
    Ok(SourceFile::new(shown(path), bytes))
}

/// Whether a form of reports goes by a word.
fn is_form(word: &str) -> bool {
    <Format as clap::ValueEnum>::from_str(word, false).is_ok()
}

/// A path as people see it: without `./` in front.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

/// The ignore file in force: `Dockerfile.dockerignore` beside the Dockerfile first, then
/// `.dockerignore` at the root of the context (BuildKit's order).
pub(crate) fn ignore_file(
    dockerfile: Option<&Path>,
    context: &Path,
) -> Result<Option<SourceFile>, Failure> {
    let beside = dockerfile.map(|path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    for path in beside.into_iter().chain([context.join(".dockerignore")]) {
        if path.is_file() {
            let bytes = read_bounded(&path, DOCKERFILE_LIMIT)?;
            return Ok(Some(SourceFile::new(shown(&path), bytes)));
        }
    }
    Ok(None)
}

/// The folder that the Dockerfile at `path` is built from: the configured one, or else the likely one.
/// Outside of a repository that is none above the current one: whoever names a file below works in that.
pub(crate) fn context_of(path: &Path, file: &SourceFile, config: &Config) -> PathBuf {
    if let Some(configured) = config.context().filter(|_| config.is_about(path)) {
        return config::from_here(&configured);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut above = folders_up_to_repository(folder);
    if folder == Path::new(".") {
        // Shown as seen from here.
        above = (1..=above.len())
            .map(|up| std::iter::repeat_n("..", up).collect())
            .collect();
    }
    let is_below = |part| matches!(part, Component::CurDir | Component::Normal(_));
    if above.is_empty() && folder.components().all(is_below) {
        above.extend(folder.ancestors().skip(1).map(Path::to_path_buf));
    }
    likely_context(file, folder, &above)
}

/// The folder a Dockerfile is most likely built from: its own, or, in a repository that builds from
/// further up, the one of the folders above it that has the most of what the Dockerfile copies.
pub(crate) fn likely_context(file: &SourceFile, folder: &Path, above: &[PathBuf]) -> PathBuf {
    let own = || folder.to_path_buf();
    if above.is_empty() {
        return own();
    }
    let (tree, _) = dockerfile::parse(file.clone());
    let sources: Vec<&str> = tree.instructions().flat_map(plain_sources).collect();
    let found = |folder: &Path| {
        sources
            .iter()
            .filter(|source| folder.join(source).symlink_metadata().is_ok())
            .count()
    };
    let here = found(folder);
    if here == sources.len() {
        return own();
    }
    let best = above
        .iter()
        .map(|folder| (found(folder), folder))
        // Of equals the nearest.
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    match best {
        Some((there, folder)) if there > here => folder.clone(),
        _ => own(),
    }
}

/// The folders above `folder` up to the root of its repository, nearest first. None outside of one:
/// there nothing says where to stop.
pub(crate) fn folders_up_to_repository(folder: &Path) -> Vec<PathBuf> {
    let Ok(start) = folder.canonicalize() else {
        return Vec::new();
    };
    let root = start
        .ancestors()
        .position(|folder| folder.join(".git").exists());
    let Some(depth) = root else {
        return Vec::new();
    };
    let mut above = Vec::with_capacity(depth);
    let mut next = folder.to_path_buf();
    for absolute in start.ancestors().skip(1).take(depth) {
        // Shown as the folder was named: without `..` where the name has parts to take away.
        next = match next.parent() {
            Some(parent) if next.file_name().is_some() => match parent.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => parent.to_path_buf(),
            },
            _ => absolute.to_path_buf(),
        };
        above.push(next.clone());
    }
    above
}

/// The sources of a COPY or ADD from the context that are plain names.
fn plain_sources(instruction: &Instruction) -> impl Iterator<Item = &str> {
    let words = match &instruction.kind {
        InstructionKind::Copy(words) | InstructionKind::Add(words)
            if instruction.flag("from").is_none() =>
        {
            words.as_slice()
        }
        _ => &[],
    };
    words
        .split_last()
        .map_or(&[][..], |(_, sources)| sources)
        .iter()
        .map(|source| source.value.trim_start_matches('/'))
        .filter(|source| {
            !source.contains(['$', '*', '?', '[', '<', '\\', '"'])
                && !source.contains("://")
                && !matches!(*source, "" | "." | "./")
                && !source.split('/').any(|part| part == "..")
        })
}

/// A context's paths and the few contents that rules ask for, before any ignore file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    entries: Vec<ContextEntry>,
    contents: BTreeMap<String, SourceFile>,
    gaps: Vec<Gap>,
}

impl Listing {
    /// Walks `root`. Links are listed, never followed.
    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        let mut listing = Self::default();
        let mut folders = vec![(root.to_path_buf(), String::new())];
        'walk: while let Some((folder, prefix)) = folders.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                // A folder nobody may read cannot enter an image either; the build would say so.
                Err(error) if !prefix.is_empty() => {
                    listing.gaps.push(Gap::Folder {
                        path: prefix,
                        why: reason(&error),
                    });
                    continue;
                }
                Err(error) => return Err(Failure::file(&folder, &error)),
            };
            for entry in entries {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        let why = reason(&error);
                        let path = prefix.clone();
                        listing.gaps.push(Gap::Folder { path, why });
                        break;
                    }
                };
                if listing.entries.len() >= CONTEXT_LIMIT {
                    listing.gaps.push(Gap::Paths(CONTEXT_LIMIT));
                    break 'walk;
                }
                let name = entry.file_name();
                let path = match prefix.as_str() {
                    "" => name.to_string_lossy().into_owned(),
                    prefix => format!("{prefix}/{}", name.to_string_lossy()),
                };
                let Ok(metadata) = entry.path().symlink_metadata() else {
                    continue;
                };
                let kind = match metadata.file_type() {
                    kind if kind.is_dir() => EntryKind::Directory,
                    kind if kind.is_symlink() => EntryKind::Symlink,
                    kind if kind.is_file() => EntryKind::File,
                    _ => EntryKind::Other,
                };
                if kind == EntryKind::Directory {
                    folders.push((entry.path(), path.clone()));
                }
                listing.entries.push(ContextEntry {
                    path,
                    kind,
                    size: metadata.len(),
                });
            }
        }
        listing.entries.sort_by(|a, b| a.path.cmp(&b.path));
        listing.read_contents(root);
        listing.gaps.sort();
        Ok(listing)
    }

    /// Reads what rules ask for, in the order of the paths, so that the same is read whatever order
    /// the disk tells the files in.
    fn read_contents(&mut self, root: &Path) {
        let (mut credentials, mut text) = (0, 0);
        for entry in &self.entries {
            let wanted = match entry.kind {
                EntryKind::File => plimsoll_rules::wanted(&entry.path),
                _ => None,
            };
            let ((limit, total), held) = match wanted {
                Some(Wanted::Credentials) => (CREDENTIALS_LIMIT, &mut credentials),
                Some(Wanted::Text) => (TEXT_LIMIT, &mut text),
                None => continue,
            };
            let path = root.join(&entry.path);
            let read = if entry.size > limit {
                Err(format!("longer than {} KiB", limit >> 10))
            } else if *held + entry.size > total {
                Err(format!(
                    "{} MiB of such files were read before it",
                    total >> 20
                ))
            } else {
                read_bounded(&path, limit).map_err(|failure| failure.to_string())
            };
            match read {
                Ok(bytes) => {
                    *held += bytes.len() as u64;
                    let source = SourceFile::new(shown(&path), bytes);
                    self.contents.insert(entry.path.clone(), source);
                }
                Err(why) => self.gaps.push(Gap::File {
                    path: entry.path.clone(),
                    why,
                }),
            }
        }
    }

    /// The context as rules see it, with the ignore file in force.
    pub(crate) fn context(&self, ignore_file: Option<SourceFile>) -> Context {
        Context {
            entries: self.entries.clone(),
            ignore_file,
            contents: self.contents.clone(),
            gaps: self.gaps.clone(),
        }
    }
}

/// What an error of the disk says, without the path, which is told beside it.
fn reason(error: &std::io::Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_told_whatever_the_order_of_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: &[u8]| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        // Scripts, however many, take no room from what may hold credentials.
        for at in 0..200 {
            write(&format!("s{at}.sh"), &vec![b'#'; 60_000]);
        }
        write("aa/.env", b"DB_PASSWORD=hunter2hunterX9\n");
        write("b/.env", &vec![b'#'; 70_000]);
        write("c/.env", &vec![b'#'; (1 << 20) + 1]);
        let listing = Listing::read(root.path()).unwrap();
        assert!(listing.contents.contains_key("aa/.env"));
        assert!(listing.contents.contains_key("b/.env"));
        let unread = |path: &str| {
            let is_it = |gap: &Gap| matches!(gap, Gap::File { path: known, .. } if known == path);
            listing.gaps.iter().any(is_it)
        };
        assert!(unread("c/.env"));
        let told = (0..200).filter(|at| unread(&format!("s{at}.sh"))).count();
        let read = listing.contents.keys().filter(|path| path.ends_with(".sh"));
        assert_eq!((told > 0, told + read.count()), (true, 200));
        assert!(listing.context(None).is_listed_whole());
        if rustix::process::geteuid().is_root() {
            eprintln!("root reads every folder: folders that cannot be read are not tried");
            return;
        }
        use std::os::unix::fs::PermissionsExt as _;
        let folder = root.path().join("aa");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o000)).unwrap();
        let listing = Listing::read(root.path()).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!listing.context(None).is_listed_whole());
    }

    #[test]
    fn the_context_is_where_the_copied_files_are() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in [".git", "web/app", "api"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["bun.lock", "web/package.json", "api/main.py"] {
            std::fs::write(at(file), "").unwrap();
        }
        let likely = |folder: &str, text: &str| {
            let file = SourceFile::new("Dockerfile", text);
            likely_context(&file, &at(folder), &folders_up_to_repository(&at(folder)))
        };
        assert_eq!(likely("api", "FROM a\nCOPY main.py /\n"), at("api"));
        assert_eq!(
            likely("web", "FROM a\nCOPY bun.lock /\nCOPY ./web /w\n"),
            at("")
        );
        assert_eq!(
            likely("web/app", "FROM a\nCOPY package.json /\n"),
            at("web")
        );
        // What nobody has may be made before the build.
        assert_eq!(likely("api", "FROM a\nCOPY main.py dist /\n"), at("api"));
        assert_eq!(likely("api", "FROM a\nCOPY $X --from=b . /\n"), at("api"));
        std::fs::remove_dir(at(".git")).unwrap();
        assert_eq!(likely("web", "FROM a\nCOPY bun.lock /\n"), at("web"));
    }
}
