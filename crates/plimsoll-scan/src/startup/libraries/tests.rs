use plimsoll_model::{Accounts, ImageConfig};

use super::super::Facts;
use super::*;
use crate::catalogue::binary::{Binary, Kind, Origin};
use crate::catalogue::{Document, loader};
use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::startup::format::Start;
use crate::tree::Tree;

const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
const MUSL: &str = "/lib/ld-musl-x86_64.so.1";

fn entry(path: &str, kind: FactKind) -> EntryFact {
    EntryFact {
        path: path.into(),
        kind,
        size: 1,
        mode: 0o755,
        uid: 0,
        gid: 0,
        content: 0,
        start: Start::Unknown,
    }
}

fn elf(needed: &[&str]) -> Elf {
    Elf {
        kind: Kind::Library,
        wide: true,
        big_endian: false,
        machine: 62,
        interpreter: None,
        soname: None,
        needed: needed.iter().map(|&name| name.to_owned()).collect(),
        rpath: None,
        runpath: None,
        dynamic: true,
        names_known: true,
        stripped: None,
        build_id: None,
        relro: Default::default(),
        guarded_stack: true,
        position_independent: true,
        canary: None,
    }
}

fn runpath(needed: &[&str], path: &str) -> Elf {
    Elf {
        runpath: Some(path.to_owned()),
        ..elf(needed)
    }
}

fn rpath(needed: &[&str], path: &str) -> Elf {
    Elf {
        rpath: Some(path.to_owned()),
        ..elf(needed)
    }
}

/// An image with a loader.
struct Image {
    record: LayerRecord,
    config: ImageConfig,
}

impl Image {
    fn new(loader: &str) -> Self {
        let image = Self {
            record: LayerRecord::default(),
            config: ImageConfig::default(),
        };
        image
            .file("opt/app/bin/app")
            .file(loader.trim_start_matches('/'))
    }

    fn file(mut self, path: &str) -> Self {
        self.record.entries.push(entry(path, FactKind::File));
        self
    }

    fn link(mut self, path: &str, target: &str) -> Self {
        let kind = FactKind::Symlink(target.into());
        self.record.entries.push(entry(path, kind));
        self
    }

    fn library(mut self, path: &str, elf: Elf) -> Self {
        let binary = Binary {
            elf: Some(elf),
            origin: Origin::Unknown,
            packages: Vec::new(),
            linked: None,
        };
        let document = Document::Binary(binary);
        self.record.documents.insert(path.to_owned(), document);
        self.file(path)
    }

    fn configured(mut self, path: &str, folders: &[&str]) -> Self {
        let folders = loader::Folders {
            folders: folders.iter().map(|&folder| folder.to_owned()).collect(),
            includes_others: false,
        };
        let document = Document::LoaderFolders(folders);
        self.record.documents.insert(path.to_owned(), document);
        self.file(path)
    }

    fn env(mut self, variable: &str) -> Self {
        self.config.env.push(variable.to_owned());
        self
    }

    /// What the program `opt/app/bin/app` does not find: names, who needs them, files elsewhere.
    fn missing(&self, loader: &str, program: Elf) -> Vec<String> {
        self.missing_of(StartupRole::Entrypoint, loader, program)
    }

    fn missing_of(&self, role: StartupRole, loader: &str, program: Elf) -> Vec<String> {
        let records = std::slice::from_ref(&self.record);
        let tree = Tree::build(records);
        let facts = Facts {
            config: &self.config,
            records,
            tree: &tree,
            accounts: &Accounts::default(),
            search_path: "",
        };
        let program = Elf {
            interpreter: Some(loader.to_owned()),
            ..program
        };
        let around = Surroundings::new(&facts);
        let problems = around.missing_libraries("opt/app/bin/app", role, &program);
        problems
            .into_iter()
            .map(|problem| match problem {
                StartupProblem::MissingLibraries {
                    libraries,
                    needed_by,
                    elsewhere,
                    foreign,
                } => {
                    let told = format!("{} by {needed_by} {elsewhere:?}", libraries.join(" "));
                    foreign.iter().fold(told, |told, one| {
                        format!("{told} {} for {}", one.path, one.machine)
                    })
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

#[test]
fn libraries_are_where_the_loader_looks() {
    let none: [&str; 0] = [];
    let image = || Image::new(GLIBC).library("opt/app/lib/liba.so", elf(&[]));
    for program in [
        runpath(&["liba.so"], "$ORIGIN/../lib"),
        rpath(&["liba.so"], "/nowhere:${ORIGIN}/../lib"),
        runpath(&["liba.so"], "/opt/app/$LIB"),
    ] {
        assert_eq!(image().missing(GLIBC, program), none);
    }
    let found = ["liba.so by opt/app/bin/app [\"opt/app/lib/liba.so\"]"];
    for program in [
        elf(&["liba.so"]),
        runpath(&["liba.so"], "$ORIGIN/lib"),
        // Of two this one counts.
        Elf {
            rpath: Some("/opt/app/lib".to_owned()),
            ..runpath(&["liba.so"], "/opt")
        },
    ] {
        assert_eq!(image().missing(GLIBC, program), found);
    }
    let plain = || elf(&["liba.so"]);
    for image in [
        image().configured("etc/ld.so.cache", &["/opt/app/lib"]),
        image().env("LD_LIBRARY_PATH=/x:/opt/app/lib"),
        image().link("usr/lib/x86_64-linux-gnu/liba.so", "/opt/app/lib/liba.so"),
    ] {
        assert_eq!(image.missing(GLIBC, plain()), none);
    }
    assert_eq!(
        image()
            .configured("etc/ld-musl-x86_64.path", &["/opt/app/lib"])
            .missing(GLIBC, plain()),
        found
    );
    let musl = Image::new(MUSL).library("opt/app/lib/liba.so", elf(&[]));
    let musl = musl.configured("etc/ld-musl-x86_64.path", &["/opt/app/lib"]);
    assert_eq!(musl.missing(MUSL, plain()), none);
    let nowhere = Image::new(GLIBC).missing(GLIBC, plain());
    assert_eq!(nowhere, ["liba.so by opt/app/bin/app []"]);
}

/// glibc's loader reads the cache and never the list that it is made of.
#[test]
fn a_folder_that_is_in_no_cache_is_not_searched() {
    let none: [&str; 0] = [];
    let found = ["liba.so by opt/app/bin/app [\"usr/local/lib/liba.so\"]"];
    let image = |path: &str| Image::new(GLIBC).library(path, elf(&[]));
    let listed = || {
        image("usr/local/lib/liba.so").configured("etc/ld.so.conf.d/a.conf", &["/usr/local/lib"])
    };
    let cache = "etc/ld.so.cache";
    let plain = || elf(&["liba.so"]);
    for image in [listed(), listed().configured(cache, &["/usr/lib/x"])] {
        assert_eq!(image.missing(GLIBC, plain()), found);
        // The entry point may have had `ldconfig` write it by then.
        assert_eq!(
            image.missing_of(StartupRole::HealthCheck, GLIBC, plain()),
            none
        );
    }
    let unlisted = image("usr/local/lib/liba.so");
    let check = unlisted.missing_of(StartupRole::HealthCheck, GLIBC, plain());
    assert_eq!(check, found);
    let triplet = "/lib/sparc64-linux-gnu";
    for image in [
        listed().configured(cache, &["/usr/lib/x", "/usr/local/lib"]),
        // It is there and could not be read.
        listed().file(cache),
        listed().file("var/cache/ldconfig/ld.so.cache"),
        // It is written when the container starts.
        listed().env("NVIDIA_VISIBLE_DEVICES=all"),
        image("lib/sparc64-linux-gnu/liba.so").configured("etc/ld.so.conf", &[triplet]),
    ] {
        assert_eq!(image.missing(GLIBC, plain()), none);
    }
}

#[test]
fn what_cannot_be_known_is_not_told() {
    let none: [&str; 0] = [];
    let image = |loader: &str| Image::new(loader).library("opt/app/lib/liba.so", elf(&[]));
    for program in [
        runpath(&["liba.so"], "$PLATFORM/lib"),
        runpath(&["liba.so"], "lib"),
        runpath(&["liba.so"], "/proc/self/x"),
    ] {
        assert_eq!(image(GLIBC).missing(GLIBC, program), none);
    }
    let plain = || elf(&["liba.so"]);
    assert_eq!(
        image(GLIBC)
            .env("LD_PRELOAD=libx.so")
            .missing(GLIBC, plain()),
        none
    );
    let preloaded = image(GLIBC).file("etc/ld.so.preload");
    assert_eq!(preloaded.missing(GLIBC, plain()), none);
    assert_eq!(preloaded.missing(GLIBC, elf(&["libb.so.1"])), none);
    assert_eq!(
        image(GLIBC).env("LD_LIBRARY_PATH=").missing(GLIBC, plain()),
        none
    );
    let nix = "/nix/store/a-glibc/lib/ld-linux-x86-64.so.2";
    assert_eq!(image(nix).missing(nix, plain()), none);
    let hwcaps = Image::new(GLIBC).library("usr/lib/glibc-hwcaps/x86-64-v3/liba.so", elf(&[]));
    assert_eq!(hwcaps.missing(GLIBC, plain()), none);
    // gcompat's loader beside musl's.
    let gcompat = Image::new(GLIBC).file("lib/ld-musl-x86_64.so.1");
    assert_eq!(gcompat.missing(GLIBC, elf(&["libc.so.6"])), none);
    // The same where `lib` is a link, as new releases of Alpine have it.
    let merged = Image::new("/usr/lib/ld-linux-x86-64.so.2")
        .link("lib", "usr/lib")
        .link("lib64", "usr/lib")
        .file("usr/lib/ld-musl-x86_64.so.1");
    assert_eq!(merged.missing(GLIBC, elf(&["libc.so.6"])), none);
    // What lies deeper is nobody's loader.
    let deeper = Image::new(GLIBC).file("lib/x/ld-musl-x86_64.so.1");
    assert_eq!(
        deeper.missing(GLIBC, elf(&["libc.so.6"])),
        ["libc.so.6 by opt/app/bin/app []"]
    );
    let to_volume = Image::new(GLIBC).link("usr/lib/liba.so", "/run/x/liba.so");
    assert_eq!(to_volume.missing(GLIBC, plain()), none);
}

#[test]
fn what_libraries_need_is_looked_for_as_they_say() {
    let none: [&str; 0] = [];
    let image = |a: Elf| {
        Image::new(GLIBC)
            .library("opt/app/lib/liba.so", a)
            .library("opt/app/deep/libb.so", elf(&[]))
    };
    // An RPATH is handed on, a RUNPATH is not.
    let both = "$ORIGIN/../lib:$ORIGIN/../deep";
    let program = rpath(&["liba.so"], both);
    assert_eq!(image(elf(&["libb.so"])).missing(GLIBC, program), none);
    let program = || runpath(&["liba.so"], both);
    assert_eq!(
        image(elf(&["libb.so"])).missing(GLIBC, program()),
        ["libb.so by opt/app/lib/liba.so [\"opt/app/deep/libb.so\"]"]
    );
    assert_eq!(
        image(runpath(&["libb.so"], "$ORIGIN/../deep")).missing(GLIBC, program()),
        none
    );
    // What is loaded already is not looked for again.
    let first = runpath(&["liba.so", "libb.so"], both);
    assert_eq!(image(elf(&["libb.so"])).missing(GLIBC, first), none);
    // Musl hands both on.
    let musl = Image::new(MUSL)
        .library("opt/app/lib/liba.so", elf(&["libb.so", "libc.so"]))
        .library("opt/app/deep/libb.so", elf(&["libm.so.6"]));
    assert_eq!(musl.missing(MUSL, program()), none);
    // Under the name of another loader it is musl all the same.
    let linked = Image::new(MUSL).link("lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1");
    assert_eq!(linked.missing(GLIBC, elf(&["libc.so.6"])), none);
    let wants = linked.missing(GLIBC, elf(&["liba.so"]));
    assert_eq!(wants, ["liba.so by opt/app/bin/app []"]);
}

/// Libraries that each need the next, and hand on where to look: a thousand folders each.
#[test]
fn what_is_handed_on_is_bounded() {
    let folders: String = (0..990).map(|folder| format!("/{folder:x}:")).collect();
    let path = format!("{folders}/l");
    let mut image = Image::new(GLIBC);
    for library in 0..500 {
        let next = format!("l{}.so", library + 1);
        image = image.library(&format!("l/l{library}.so"), rpath(&[&next], &path));
    }
    // The first is where it is said to be; of what is behind it is not known where it is looked for.
    assert_eq!(
        image.missing(GLIBC, rpath(&["l0.so"], &path)),
        ["l500.so by l/l499.so []"]
    );
    // A place of its own in every folder would be longer than any path.
    let deep = "dddddddddd/".repeat(300);
    let many = "$ORIGIN/$ORIGIN:".repeat(300);
    let image = Image::new(GLIBC).library(&format!("{deep}a.so"), rpath(&["b.so"], &many));
    assert_eq!(
        image.missing(GLIBC, rpath(&["a.so"], &format!("/{deep}"))),
        [format!("b.so by {deep}a.so []")]
    );
}

/// A loader passes it over wherever it lies.
#[test]
fn a_library_for_another_processor_is_passed_over() {
    let foreign = || Elf {
        machine: 183,
        ..elf(&[])
    };
    let image = || Image::new(GLIBC).library("usr/lib/x86_64-linux-gnu/libx.so.1", foreign());
    let missing = image().missing(GLIBC, elf(&["libx.so.1"]));
    let told = "libx.so.1 by opt/app/bin/app [] usr/lib/x86_64-linux-gnu/libx.so.1 for arm64";
    assert_eq!(missing, [told]);
    // One that is for this one is told where it lies.
    let image = image().library("opt/x/libx.so.1", elf(&[]));
    let missing = image.missing(GLIBC, elf(&["libx.so.1"]));
    assert_eq!(
        missing,
        ["libx.so.1 by opt/app/bin/app [\"opt/x/libx.so.1\"]"]
    );
}

/// Libraries that each look in folders of their own.
#[test]
fn what_is_searched_is_bounded() {
    let mut image = Image::new(GLIBC);
    for library in 0..14 {
        let [next, lost] = [format!("l{}.so", library + 1), format!("m{library}.so")];
        let folders: String = (0..990)
            .map(|folder| format!("/{library}/{folder}:"))
            .collect();
        let own = runpath(&[&next, &lost], &format!("{folders}/l"));
        image = image
            .library(&format!("l/l{library}.so"), own)
            .file(&format!("elsewhere/{lost}"));
    }
    let missing = image.missing(GLIBC, runpath(&["l0.so"], "/l"));
    // Of those behind them it is not known where they are looked for, and there is one each.
    let lost = missing.iter().filter(|one| one.contains("elsewhere"));
    assert_eq!(lost.count(), 10, "{missing:?}");
}
