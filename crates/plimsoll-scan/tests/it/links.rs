//! Files that only a hard link gives the name by which somebody wants them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_image::{BlobContent, BlobSource, Descriptor, Image, ImageError};
use plimsoll_model::ImageConfig;
use plimsoll_scan::{Cache, Outcome, ScanOptions, inspect};
use plimsoll_testkit::image::hostile::archive::zip;

use crate::image::{Layer, image, look};

impl Layer {
    fn hard(self, path: &str, target: &str) -> Self {
        self.link(tar::EntryType::Link, path, target)
    }
}

fn package(name: &str) -> String {
    format!(r#"{{"name":"{name}","version":"1.0.0"}}"#)
}

fn paths(outcome: &Outcome) -> Vec<&str> {
    let mut paths: Vec<&str> = outcome
        .inventory
        .packages
        .iter()
        .map(|package| package.path.as_str())
        .collect();
    paths.sort_unstable();
    paths
}

/// Busybox is one program under hundreds of names.
#[test]
fn a_program_or_archive_with_several_names_is_there_once() {
    let pom = b"groupId=org.x\nartifactId=tool\nversion=1.0\n";
    let jar = zip(&[("META-INF/maven/org.x/tool/pom.properties", pom.as_slice())]);
    let layer = Layer::new().file("opt/a.jar", &jar);
    let layer = layer.hard("opt/b.jar", "opt/a.jar");
    let outcome = look(vec![layer.hard("opt/tool", "opt/a.jar")]);
    assert_eq!(paths(&outcome), ["opt/tool"]);
    // Who links a program of the distribution to another place writes it into his layer, under the name
    // that comes first.
    let database = "P:a\nV:1-r0\nA:x86_64\nF:usr/share\nR:tool.jar\n\n";
    let base = Layer::new()
        .file("lib/apk/db/installed", database)
        .file("usr/share/tool.jar", &jar);
    let linked = Layer::new().file("opt/tool", &jar);
    let outcome = look(vec![base, linked.hard("usr/share/tool.jar", "opt/tool")]);
    let tool = outcome.inventory.packages.iter();
    let tool: Vec<_> = tool.filter(|one| one.name == "org.x:tool").collect();
    let [tool] = tool.as_slice() else {
        panic!("{tool:?}");
    };
    assert_eq!((&*tool.path, tool.layer), ("usr/share/tool.jar", 0));
    assert_eq!(tool.owned_by.as_deref(), Some("a"));
    // A copy is another one.
    let layer = Layer::new().file("opt/a.jar", &jar).file("opt/b.jar", &jar);
    assert_eq!(paths(&look(vec![layer])), ["opt/a.jar", "opt/b.jar"]);
}

#[test]
fn a_store_under_any_name_and_in_any_order_is_read() {
    for store in ["aaa", "app/.pnpm-store/v3/files/00", "zzz"] {
        for is_first in [true, false] {
            let (own, kept) = ("app/node_modules/a/package.json", format!("{store}/1f"));
            let layer = match is_first {
                true => Layer::new().file(&kept, package("a")).hard(own, &kept),
                false => Layer::new().file(own, package("a")).hard(&kept, own),
            };
            let outcome = look(vec![layer]);
            assert_eq!(paths(&outcome), [own], "{store} {is_first}");
            assert_eq!(outcome.skipped, []);
        }
    }
}

#[test]
fn a_database_counts_under_the_name_at_which_it_is_looked_for() {
    let (own, kept) = ("lib/apk/db/installed", "ostree/objects/aa");
    let database = |version: &str| format!("C:Q1\nP:a\nV:{version}\nA:x86_64\n\n");
    for is_first in [true, false] {
        let below = || match is_first {
            true => Layer::new().file(own, database("1-r0")).hard(kept, own),
            false => Layer::new().file(kept, database("1-r0")).hard(own, kept),
        };
        let outcome = look(vec![below()]);
        assert_eq!(paths(&outcome), [own], "{is_first}");
        let outcome = look(vec![below(), Layer::new().file(own, database("2-r0"))]);
        let found = outcome.inventory.packages.iter();
        let found: Vec<(&str, &str)> = found.map(|one| (&*one.version, &*one.path)).collect();
        assert_eq!(found, [("2-r0", own)], "{is_first}");
        assert!(outcome.skipped.iter().all(|told| !told.blocking));
    }
}

#[test]
fn chains_and_links_out_of_the_layer_are_followed() {
    let own = |name: &str| format!("app/node_modules/{name}/package.json");
    let outcome = look(vec![
        Layer::new()
            .file("store/a", package("a"))
            .hard("other/a", "store/a")
            .hard(&own("a"), "other/a")
            .hard("app/node_modules/alias/package.json", &own("a"))
            .file("store/b", package("b")),
        Layer::new()
            .hard(&own("b"), "store/b")
            // By both names somebody's, but not the same reader's.
            .file("src/c/package.json", package("c"))
            .hard(&own("c"), "src/c/package.json")
            .file(".wh.store", ""),
    ]);
    assert_eq!(
        paths(&outcome),
        [
            &own("a"),
            "app/node_modules/alias/package.json",
            &own("b"),
            &own("c")
        ]
    );
    let layers: Vec<usize> = outcome
        .inventory
        .packages
        .iter()
        .map(|one| one.layer)
        .collect();
    assert_eq!(layers, [0, 0, 1, 1]);
    assert_eq!(outcome.skipped, []);
}

/// As ostree keeps a system: every file is a link to one under the sum of its content.
#[test]
fn a_system_of_links_is_read() {
    let outcome = look(vec![
        Layer::new()
            .file("objects/00.file", "ID=alpine\nVERSION_ID=3.20.1\n")
            .file("objects/01.file", "P:musl\nV:1.2.5-r0\nA:x86_64\n\n")
            .file("objects/02.file", "Name: x\nVersion: 1\n")
            .hard("etc/os-release", "objects/00.file")
            .hard("lib/apk/db/installed", "objects/01.file")
            .hard(
                "usr/lib/python3/site-packages/x-1.dist-info/METADATA",
                "objects/02.file",
            ),
    ]);
    assert_eq!(outcome.inventory.packages.len(), 2);
    assert_eq!(outcome.inventory.distribution.unwrap().id, "alpine");
    assert_eq!(outcome.skipped, []);
}

#[test]
fn a_link_to_nothing_holds_the_image_back() {
    let outcome = look(vec![
        Layer::new().hard("app/node_modules/a/package.json", "store/a"),
    ]);
    let [told] = outcome.skipped.as_slice() else {
        panic!("{:?}", outcome.skipped);
    };
    assert!(told.blocking && told.why.contains("store/a"), "{told:?}");
    // What is linked as a link or a folder is none of packages' business.
    let outcome = look(vec![
        Layer::new()
            .symlink("store/a", "x")
            .hard("app/node_modules/a/package.json", "store/a"),
    ]);
    assert!(outcome.skipped.iter().all(|told| !told.blocking));
}

/// As overlayfs shows it: where the engines unpack the second layer there is no link.
#[test]
fn what_is_written_below_a_link_of_a_lower_layer_is_told() {
    let base = || {
        Layer::new()
            .file("usr/bin/sh", "x")
            .symlink("bin", "usr/bin")
    };
    let outcome = look(vec![base(), Layer::new().file("bin/app", "#!/bin/sh\n")]);
    let [told] = outcome.skipped.as_slice() else {
        panic!("{:?}", outcome.skipped);
    };
    assert!(told.what == "layer 1" && !told.blocking);
    assert!(told.why.contains("below /bin, a link"), "{told:?}");
    let outcome = look(vec![
        base(),
        Layer::new().file("usr/bin/app", "#!/bin/sh\n"),
    ]);
    assert_eq!(outcome.skipped, []);
}

/// Counts how often blobs are opened, and gives them so often.
struct Counted {
    inner: Arc<dyn BlobSource>,
    opened: AtomicUsize,
    most: usize,
}

impl BlobSource for Counted {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        if self.opened.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Err(ImageError::Unavailable("the registry is gone".to_owned()));
        }
        self.inner.blob(descriptor)
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

fn counted(layers: Vec<Layer>, most: usize) -> (Image, Arc<Counted>) {
    let mut image = image(layers, ImageConfig::default());
    let counted = Arc::new(Counted {
        inner: Arc::clone(&image.blobs),
        opened: AtomicUsize::new(0),
        most,
    });
    image.blobs = Arc::clone(&counted) as Arc<dyn BlobSource>;
    (image, counted)
}

fn stored() -> Vec<Layer> {
    vec![
        Layer::new()
            .file("store/a", package("a"))
            .hard("app/node_modules/a/package.json", "store/a"),
        Layer::new()
            .file("usr/lib/node_modules/b/package.json", package("b"))
            .hard("usr/share/b/license", "usr/lib/node_modules/b/package.json"),
    ]
}

#[test]
fn only_layers_with_such_links_are_read_again_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path(), 1 << 30);
    let options = ScanOptions::default();
    let (first, reads) = counted(stored(), 9);
    let fresh = inspect(&first, &options, Some(&cache)).unwrap();
    assert_eq!(fresh.inventory.packages.len(), 2);
    assert_eq!(reads.opened.load(Ordering::Relaxed), 3);
    // The layers are known now, with what their links say; the image is another.
    let mut layers = stored();
    layers.push(Layer::new().file("x", "1"));
    let (more, reads) = counted(layers, 9);
    let outcome = inspect(&more, &options, Some(&cache)).unwrap();
    assert_eq!(outcome.inventory.packages, fresh.inventory.packages);
    assert_eq!(reads.opened.load(Ordering::Relaxed), 1);
}

#[test]
fn what_cannot_be_read_again_holds_the_image_back_and_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path(), 1 << 30);
    let options = ScanOptions::default();
    let (first, _) = counted(stored(), 2);
    let outcome = inspect(&first, &options, Some(&cache)).unwrap();
    let [told] = outcome.skipped.as_slice() else {
        panic!("{:?}", outcome.skipped);
    };
    assert!(told.blocking && told.why.contains("the registry is gone"));
    assert_eq!(outcome.inventory.packages.len(), 1);
    let (again, _) = counted(stored(), 9);
    let outcome = inspect(&again, &options, Some(&cache)).unwrap();
    assert_eq!(outcome.inventory.packages.len(), 2);
}
