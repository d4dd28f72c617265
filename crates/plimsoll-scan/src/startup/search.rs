//! Where the loader of a program looks for a library: `ld.so(8)`, and for musl its
//! `ldso/dynlink.c`.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use plimsoll_model::StartupRole;

use super::Surroundings;
use super::command::{MAX_PATH, joined};
use crate::catalogue::binary::Elf;
use crate::catalogue::{Document, base_name, folder};
use crate::record::FactKind;

/// Folders that glibc's loaders know themselves, whoever built them.
const GLIBC: &[&str] = &[
    "lib",
    "usr/lib",
    "lib64",
    "usr/lib64",
    "lib32",
    "usr/lib32",
    "libx32",
    "usr/libx32",
];

/// What Debian's loaders know below `lib`, by their processor.
pub(super) const TRIPLETS: &[&str] = &[
    "x86_64-linux-gnu",
    "aarch64-linux-gnu",
    "arm-linux-gnueabihf",
    "arm-linux-gnueabi",
    "i386-linux-gnu",
    "powerpc64le-linux-gnu",
    "riscv64-linux-gnu",
    "s390x-linux-gnu",
    "loongarch64-linux-gnu",
    "mips64el-linux-gnuabi64",
    "mipsel-linux-gnu",
];

/// Folders that musl's loader knows itself.
const MUSL: &[&str] = &["lib", "usr/local/lib", "usr/lib"];

/// What musl calls the processors that images are for, in the name of its loader.
const MUSL_LOADERS: &[&str] = &[
    "x86_64",
    "i386",
    "aarch64",
    "arm",
    "armhf",
    "powerpc64",
    "powerpc64le",
    "riscv64",
    "s390x",
    "loongarch64",
    "mips",
    "mipsel",
    "mips64",
    "mips64el",
];

/// Folders that are searched for one library: of one list, of those of all that wait for it, and of
/// the system.
const MAX_FOLDERS: usize = 1_000;

/// Folders that are searched for all libraries of a program together.
const MAX_SEARCHED: usize = 10_000;

/// Bytes of the folders of one list.
const MAX_LIST: usize = 64 << 10;

/// Folders, and whether they are all there are.
type List = (Vec<String>, bool);

/// A program or library that is loaded.
pub(super) struct Object<'a> {
    pub(super) elf: &'a Elf,
    /// What is looked in for what it needs.
    rpath: List,
    runpath: Option<List>,
    /// Who needed it first.
    loader: Option<usize>,
}

impl<'a> Object<'a> {
    /// What is loaded from `path`, which is where it was found: its links are not followed.
    pub(super) fn new(path: String, elf: &'a Elf, loader: Option<usize>) -> Self {
        let origin = format!("/{}", folder(&path));
        let list = |text: &Option<String>| text.as_deref().map(|text| folders(text, &origin, elf));
        let runpath = list(&elf.runpath);
        Self {
            elf,
            // Where there are both, this one does not count.
            rpath: match &runpath {
                Some(_) => (Vec::new(), true),
                None => list(&elf.rpath).unwrap_or((Vec::new(), true)),
            },
            runpath,
            loader,
        }
    }
}

/// Where a library was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// Here, links not followed.
    At(String),
    /// Nowhere that the loader looks.
    Nowhere,
    /// It looks where something may be mounted.
    Mounted,
    /// It is not known where all it looks.
    Unknown,
}

/// Where a folder leads.
#[derive(Clone)]
enum Folder {
    Mounted,
    Nowhere,
    /// Here, links followed.
    At(Rc<str>),
    /// It is one too many to be looked at.
    Over,
}

/// What all objects of a program have in common.
pub(super) struct Search<'f, 'a> {
    around: &'f Surroundings<'a>,
    machine: u16,
    is_musl: bool,
    /// Whether musl's loader answers for the names of the C library, by itself or behind gcompat.
    pub(super) is_musl_libc: bool,
    /// Whether libraries are loaded that nothing asks for: they may go by any name.
    pub(super) preloads: bool,
    /// Whether the folders are all there are.
    is_known: bool,
    /// `LD_LIBRARY_PATH`.
    library_path: Vec<String>,
    system: Vec<String>,
    /// Folders that were searched: most are for every library.
    folders: RefCell<HashMap<String, Folder>>,
}

impl<'f, 'a> Search<'f, 'a> {
    pub(super) fn new(around: &'f Surroundings<'a>, role: StartupRole, elf: &Elf) -> Self {
        let interpreter = elf.interpreter.as_deref().unwrap_or_default();
        let real = around.tree.resolve(interpreter).unwrap_or_default();
        // What the image has musl under another's name for is loaded by musl.
        let of_musl = |path: &str| base_name(path).starts_with("ld-musl-");
        let is_musl = of_musl(interpreter) || of_musl(&real);
        // gcompat's loader hands programs of glibc over to musl, with names of its own.
        let is_there = |name: &str| {
            let path = format!("lib/ld-musl-{name}.so.1");
            around.tree.follow(&path).is_some()
        };
        let hands_over = !is_musl && MUSL_LOADERS.iter().any(|name| is_there(name));
        let mut search = Self {
            around,
            machine: elf.machine,
            is_musl,
            is_musl_libc: is_musl || hands_over,
            preloads: false,
            is_known: false,
            library_path: Vec::new(),
            system: Vec::new(),
            folders: RefCell::default(),
        };
        // Elsewhere lie loaders with folders of their own: those of Nix, Guix, conda.
        let is_usual = ["lib", "usr/lib"].iter().any(|start| {
            real.strip_prefix(start)
                .and_then(|rest| rest.split_once('/'))
                .is_some_and(|(rest, _)| matches!(rest, "" | "32" | "64" | "x32"))
        });
        let is_loader = ["ld-", "ld64", "ld.so"]
            .iter()
            .any(|start| base_name(&real).starts_with(start));
        let variable = |name: &str| {
            let mut env = around.config.env.iter().rev();
            env.find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
        };
        search.preloads = variable("LD_PRELOAD").is_some_and(|value| !value.is_empty())
            || around
                .tree
                .follow("etc/ld.so.preload")
                .is_some_and(|(_, node)| node.fact.size > 0);
        // musl's loader is its C library, which may go by that name.
        search.is_known = is_usual && (is_musl || is_loader && !hands_over) && !search.preloads;
        if let Some(text) = variable("LD_LIBRARY_PATH") {
            // Empty parts mean the working directory.
            let (list, known) = folders(&text.replace(';', ":"), "/", elf);
            search.library_path = list;
            search.is_known &= known;
        }
        search.configured(&real, role);
        search
    }

    /// Takes in the folders of the system.
    fn configured(&mut self, interpreter: &str, role: StartupRole) {
        let own = if self.is_musl { MUSL } else { GLIBC };
        self.system = own.iter().map(|folder| (*folder).to_owned()).collect();
        self.system.push(folder(interpreter).to_owned());
        // What the image starts may have written the cache before anything checks on it.
        let is_as_it_lies = role != StartupRole::HealthCheck;
        let reads_cache_alone = is_as_it_lies && !self.is_musl && self.around.has_all_caches();
        for (path, node) in self.around.tree.below("etc") {
            let is_own = base_name(path).starts_with("ld-musl-") == self.is_musl;
            if let Some(Document::LoaderFolders(found)) = self
                .around
                .records
                .get(node.layer)
                .and_then(|record| record.documents.get(path))
                && is_own
            {
                self.is_known &= !found.includes_others;
                let is_read = !reads_cache_alone || path.ends_with(".cache");
                let read = |folder: &&String| is_read || is_of_triplet(folder);
                self.system
                    .extend(found.folders.iter().filter(read).cloned());
            }
        }
        if !self.is_musl {
            for triplet in TRIPLETS {
                self.system.push(format!("lib/{triplet}"));
                self.system.push(format!("usr/lib/{triplet}"));
            }
        }
        let mut seen = HashSet::new();
        self.system.retain(|folder| seen.insert(folder.clone()));
        self.is_known &= self.system.len() <= MAX_FOLDERS;
        self.system.truncate(MAX_FOLDERS);
    }

    /// Looks for a library that the object at `at` needs.
    pub(super) fn find(&self, objects: &[Object<'_>], at: usize, name: &str) -> Places {
        let mut known = self.is_known;
        let mut mounted = false;
        let object = &objects[at];
        let chain = std::iter::successors(Some(object), |one| {
            one.loader.and_then(|loader| objects.get(loader))
        });
        let lists: Vec<&List> = match &object.runpath {
            // Here the two are one, and are handed on.
            _ if self.is_musl => chain
                .map(|one| one.runpath.as_ref().unwrap_or(&one.rpath))
                .collect(),
            Some(own) => vec![own],
            None => chain.map(|one| &one.rpath).collect(),
        };
        known &= lists.iter().all(|(_, known)| *known);
        let own = lists.iter().flat_map(|(folders, _)| folders);
        let own: Vec<&String> = own.take(MAX_FOLDERS + 1).collect();
        if own.len() > MAX_FOLDERS {
            return Places::Unknown;
        }
        // What comes before and behind `LD_LIBRARY_PATH`.
        let (before, behind) = match self.is_musl || object.runpath.is_some() {
            true => (&[][..], own.as_slice()),
            false => (own.as_slice(), &[][..]),
        };
        let all = before
            .iter()
            .copied()
            .chain(&self.library_path)
            .chain(behind.iter().copied())
            .chain(&self.system);
        for folder in all {
            let real = match self.folder(folder) {
                Folder::At(real) => real,
                Folder::Nowhere => continue,
                Folder::Over => return Places::Unknown,
                Folder::Mounted => {
                    mounted = true;
                    continue;
                }
            };
            match self.at(folder, &real, name) {
                Places::Nowhere => {}
                // Which of several it is depends on their order, and there is one that may be it.
                Places::Unknown => known = false,
                found => return found,
            }
        }
        match (mounted, known) {
            (true, _) => Places::Mounted,
            (false, true) => Places::Nowhere,
            (false, false) => Places::Unknown,
        }
    }

    fn folder(&self, folder: &str) -> Folder {
        if let Some(known) = self.folders.borrow().get(folder) {
            return known.clone();
        }
        if self.folders.borrow().len() >= MAX_SEARCHED {
            return Folder::Over;
        }
        let found = if self.around.mounts.hold(folder) {
            Folder::Mounted
        } else {
            match self.around.tree.resolve(folder) {
                Some(real) => Folder::At(real.into()),
                None => Folder::Nowhere,
            }
        };
        let mut folders = self.folders.borrow_mut();
        folders.insert(folder.to_owned(), found.clone());
        found
    }

    /// Looks for a library in a folder, which is really `real`.
    fn at(&self, folder: &str, real: &str, name: &str) -> Places {
        let tree = self.around.tree;
        let path = match real {
            "" => name.to_owned(),
            real => format!("{real}/{name}"),
        };
        let Some(node) = tree.get(&path) else {
            return Places::Nowhere;
        };
        match tree.follow(&path) {
            // A link that leads outside may be filled when it runs.
            None => Places::Unknown,
            Some((_, node)) if node.fact.kind == FactKind::Directory => Places::Nowhere,
            // One for another processor is passed over.
            Some((_, seen))
                if self
                    .around
                    .binary(seen)
                    .and_then(|binary| binary.elf.as_ref())
                    .is_some_and(|elf| elf.machine != self.machine) =>
            {
                Places::Nowhere
            }
            Some(_) if node.fact.kind == FactKind::Directory => Places::Nowhere,
            Some(_) => Places::At(joined(folder, name).trim_start_matches('/').to_owned()),
        }
    }
}

impl Surroundings<'_> {
    /// Whether the cache of libraries is known, or known not to be there. It is all that glibc's loader
    /// reads: what `ld.so.conf` names is found once `ldconfig` has seen it.
    fn has_all_caches(&self) -> bool {
        // Where a hook puts drivers into a container, it has `ldconfig` write the cache anew.
        let is_written_at_start = self
            .config
            .env
            .iter()
            .any(|one| one.starts_with("NVIDIA_") || one.starts_with("CUDA_"));
        let cache = "etc/ld.so.cache";
        let is_known = match self.tree.get(cache) {
            None => true,
            Some(node) => self
                .records
                .get(node.layer)
                .is_some_and(|record| record.documents.contains_key(cache)),
        };
        // Where other systems have it.
        let elsewhere = "var/cache/ldconfig/ld.so.cache";
        is_known
            && !is_written_at_start
            && !self.mounts.hold(cache)
            && self.tree.get(elsewhere).is_none()
    }
}

/// Whether a folder is one of a processor below `lib`, which Debian's loaders know by themselves.
fn is_of_triplet(folder: &str) -> bool {
    ["/lib/", "/usr/lib/"].iter().any(|start| {
        folder
            .strip_prefix(start)
            .is_some_and(|name| !name.contains('/') && name.contains("-linux-"))
    })
}

/// The folders of a list, and whether these are all: variables of the loader that are not known
/// here, and folders below that in which the program is started, are left out.
fn folders(text: &str, origin: &str, elf: &Elf) -> (Vec<String>, bool) {
    let mut list = Vec::new();
    let mut length = 0;
    let mut known = true;
    for part in text.split(':') {
        let origins = part.matches("ORIGIN").count();
        if part
            .len()
            .saturating_add(origins.saturating_mul(origin.len()))
            > MAX_PATH
        {
            known = false;
            continue;
        }
        let mut part = part.to_owned();
        for word in ["${ORIGIN}", "$ORIGIN"] {
            part = part.replace(word, origin.trim_end_matches('/'));
        }
        let is_lib = part.contains("$LIB") || part.contains("${LIB}");
        let triplet = match elf.machine {
            62 => "lib/x86_64-linux-gnu",
            183 => "lib/aarch64-linux-gnu",
            _ => "lib",
        };
        let names: &[&str] = match is_lib {
            true => &["lib", "lib64", triplet],
            false => &[""],
        };
        for name in names {
            let part = part.replace("${LIB}", name).replace("$LIB", name);
            let is_over = list.len() >= MAX_FOLDERS || length + part.len() > MAX_LIST;
            if part.contains('$') || !part.starts_with('/') || is_over {
                known = false;
            } else {
                length += part.len();
                list.push(part);
            }
        }
    }
    (list, known)
}
