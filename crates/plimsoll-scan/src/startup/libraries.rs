//! Shared libraries that a program needs and that are nowhere in the image.
//!
//! Where a loader looks is set by files, variables and its own build. So a library counts as missing
//! only where no file of its name lies anywhere in the image.

use std::collections::{BTreeSet, HashMap, VecDeque};

use plimsoll_model::StartupProblem;

use super::Facts;
use crate::catalogue::base_name;
use crate::catalogue::binary::Elf;
use crate::record::FactKind;

/// Libraries that are followed.
const MAX_LIBRARIES: usize = 2_000;

/// Libraries that are put into a container from outside when it runs: those of drivers.
const FROM_OUTSIDE: &[&str] = &[
    "libcuda.",
    "libcudadebugger",
    "libnv",
    "libGL",
    "libEGL",
    "libOpenCL",
    "libamdhip",
    "libze_",
    "linux-",
];

/// What musl's loader is itself, whatever name it is needed by.
const IN_MUSL: &[&str] = &[
    "libc.",
    "libpthread.",
    "librt.",
    "libm.",
    "libdl.",
    "libutil.",
    "libxnet.",
];

impl Facts<'_> {
    /// The libraries that the program at `path` needs and that are nowhere, by the file that needs
    /// them.
    pub(super) fn missing_libraries(&self, path: &str, elf: &Elf) -> Vec<StartupProblem> {
        let preloads = |one: &String| one.starts_with("LD_");
        let musl = elf
            .interpreter
            .as_deref()
            .is_some_and(|loader| base_name(loader).starts_with("ld-musl"));
        if elf.needed.is_empty() {
            return Vec::new();
        }
        // A search path into what is mounted may hold anything.
        let mounted_search = self.config.env.iter().any(|one| {
            preloads(one)
                && one
                    .split(['=', ':'])
                    .any(|folder| folder.starts_with('/') && self.is_mounted(folder))
        });
        if mounted_search {
            return Vec::new();
        }
        let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
        for (path, node) in self.tree.iter() {
            let name = base_name(path);
            if node.fact.kind != FactKind::Directory && name.contains(".so") {
                by_name.entry(name).or_default().push(path);
            }
        }
        let mut problems = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut pending: VecDeque<(String, Vec<String>)> = VecDeque::new();
        pending.push_back((path.to_owned(), elf.needed.clone()));
        while let Some((needed_by, needed)) = pending.pop_front() {
            let mut missing = Vec::new();
            for name in needed {
                let given = name.contains('/')
                    || !name.contains(".so")
                    || FROM_OUTSIDE.iter().any(|start| name.starts_with(start))
                    || (musl && IN_MUSL.iter().any(|start| name.starts_with(start)));
                if given || seen.len() >= MAX_LIBRARIES || !seen.insert(name.clone()) {
                    continue;
                }
                let Some(places) = by_name.get(name.as_str()) else {
                    missing.push(name);
                    continue;
                };
                // Of several it is not certain which is loaded.
                let mut real: Vec<String> = places
                    .iter()
                    .filter_map(|place| self.tree.resolve(place))
                    .collect();
                real.sort_unstable();
                real.dedup();
                if let [only] = real.as_slice()
                    && let Some(node) = self.tree.get(only)
                    && let Some(library) = self.binary(node).and_then(|one| one.elf.as_ref())
                    && library.machine == elf.machine
                {
                    pending.push_back((only.clone(), library.needed.clone()));
                }
            }
            if !missing.is_empty() {
                problems.push(StartupProblem::MissingLibraries {
                    libraries: missing,
                    needed_by,
                });
            }
        }
        problems
    }
}
