//! Shared libraries that a program needs and that its loader does not find.
//!
//! What is looked for, and where, is as `ld.so(8)` has it, or musl's `ldso/dynlink.c`. Where that is
//! set by what is not in the image, or the loader is not one of these, a library counts as missing
//! only where no file of its name lies anywhere in the image.

use std::collections::{BTreeSet, HashMap, VecDeque};

use plimsoll_model::{ForeignLibrary, StartupProblem, StartupRole};

use super::Surroundings;
use super::check::machine_name;
use super::search::{Object, Places, Search};
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

impl<'a> Surroundings<'a> {
    /// The libraries that the program at `path` needs and that its loader does not find, by the
    /// file that needs them.
    pub(super) fn missing_libraries(
        &self,
        path: &str,
        role: StartupRole,
        elf: &'a Elf,
    ) -> Vec<StartupProblem> {
        let preloads = |one: &String| one.starts_with("LD_");
        if elf.needed.is_empty() {
            return Vec::new();
        }
        // A search path into what is mounted may hold anything.
        let mounted_search = self.config.env.iter().any(|one| {
            preloads(one)
                && one
                    .split(['=', ':'])
                    .any(|folder| folder.starts_with('/') && self.mounts.hold(folder))
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
        let search = Search::new(self, role, elf);
        let mut problems = Vec::new();
        // The loader takes in what it loads breadth first, and nothing twice: by the name it is
        // needed by, or by its own.
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut objects = vec![Object::new(path.to_owned(), elf, None)];
        let mut pending = VecDeque::from([(0, path.to_owned())]);
        while let Some((at, needed_by)) = pending.pop_front() {
            let mut missing = Vec::new();
            let (mut elsewhere, mut foreign) = (Vec::new(), Vec::new());
            for name in &objects[at].elf.needed {
                let given = name.contains('/')
                    || !name.contains(".so")
                    || FROM_OUTSIDE.iter().any(|start| name.starts_with(start))
                    || (search.is_musl_libc && IN_MUSL.iter().any(|start| name.starts_with(start)));
                if given || seen.len() >= MAX_LIBRARIES || !seen.insert(name) {
                    continue;
                }
                let anywhere = by_name.get(name.as_str()).map_or(&[][..], Vec::as_slice);
                let found = match search.find(&objects, at, name) {
                    Places::At(found) => found,
                    Places::Mounted => continue,
                    Places::Nowhere if anywhere.is_empty() => {
                        missing.push(name.clone());
                        continue;
                    }
                    Places::Nowhere if !anywhere.iter().any(|place| is_of_processor(place)) => {
                        missing.push(name.clone());
                        match self.for_machine(anywhere, elf.machine) {
                            Ok(place) => elsewhere.push(place.to_owned()),
                            Err(one) => foreign.extend(one),
                        }
                        continue;
                    }
                    Places::Unknown if anywhere.is_empty() && search.preloads => continue,
                    Places::Unknown if anywhere.is_empty() => {
                        missing.push(name.clone());
                        continue;
                    }
                    // Of several it is not certain which is loaded.
                    Places::Nowhere | Places::Unknown => match self.only(anywhere) {
                        Some(only) => only,
                        None => continue,
                    },
                };
                if let Some(real) = self.tree.resolve(&found)
                    && let Some(node) = self.tree.get(&real)
                    && let Some(library) = self.binary(node).and_then(|one| one.elf.as_ref())
                    && library.machine == elf.machine
                {
                    seen.extend(library.soname.as_deref());
                    pending.push_back((objects.len(), real));
                    objects.push(Object::new(found, library, Some(at)));
                }
            }
            if !missing.is_empty() {
                problems.push(StartupProblem::MissingLibraries {
                    libraries: missing,
                    needed_by,
                    elsewhere,
                    foreign,
                });
            }
        }
        problems
    }

    /// The first of these files that may be for a processor; or else the first, and what it is for.
    fn for_machine<'p>(
        &self,
        places: &[&'p str],
        machine: u16,
    ) -> Result<&'p str, Option<ForeignLibrary>> {
        let made_for = |place: &str| {
            let (_, node) = self.tree.follow(place)?;
            Some(self.binary(node)?.elf.as_ref()?.machine)
        };
        let mut other = None;
        for place in places {
            match made_for(place).filter(|made_for| *made_for != machine) {
                None => return Ok(place),
                Some(made_for) => {
                    other.get_or_insert_with(|| ForeignLibrary {
                        path: (*place).to_owned(),
                        machine: machine_name(made_for),
                    });
                }
            }
        }
        Err(other)
    }

    /// The one file that all of these names lead to.
    fn only(&self, places: &[&str]) -> Option<String> {
        let mut real = places.iter().filter_map(|place| self.tree.resolve(place));
        let first = real.next()?;
        real.all(|other| other == first).then_some(first)
    }
}

/// Whether a library lies in a folder for certain processors, of which loaders try some below each
/// folder that they search.
fn is_of_processor(path: &str) -> bool {
    ["/glibc-hwcaps/", "/tls/", "/haswell/", "/sse2/"]
        .iter()
        .any(|folder| path.contains(folder))
}

#[cfg(test)]
mod tests;
