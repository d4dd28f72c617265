use std::fs;
use std::io::BufRead;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::*;
use crate::seed::gzip;
use crate::{Entry, EntryKind, LayerLimits, LayerReader, walk};

#[derive(Default)]
struct Listing(Vec<(String, EntryKind, Vec<u8>)>);

impl LayerReader for Listing {
    fn entry(&mut self, entry: &Entry, content: &mut dyn BufRead) -> Result<(), ImageError> {
        let mut bytes = Vec::new();
        content
            .read_to_end(&mut bytes)
            .map_err(|error| ImageError::from_read("x", error))?;
        self.0.push((entry.path.clone(), entry.kind.clone(), bytes));
        Ok(())
    }
}

fn listing(image: &Image) -> Vec<(String, EntryKind, Vec<u8>)> {
    let walked = walk(image, LayerLimits::default(), &[0], |_| Listing::default()).unwrap();
    let one = walked.into_iter().next().unwrap();
    one.outcome.unwrap();
    one.reader.0
}

fn sample() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("etc")).unwrap();
    fs::create_dir_all(at("usr/bin")).unwrap();
    fs::write(at("etc/os-release"), "ID=x\n").unwrap();
    fs::write(at("usr/bin/tool"), vec![7; 70_000]).unwrap();
    fs::hard_link(at("usr/bin/tool"), at("usr/bin/twin")).unwrap();
    fs::write(at("empty"), "").unwrap();
    let long = "l".repeat(200);
    fs::write(at(&long), "long").unwrap();
    symlink("/etc/passwd", at("etc/outside")).unwrap();
    symlink("../../..", at("usr/up")).unwrap();
    symlink(&long, at("tolong")).unwrap();
    fs::write(at("etc/.wh.x"), "hidden").unwrap();
    folder
}

#[test]
fn a_folder_is_one_layer_and_no_link_is_followed() {
    let folder = sample();
    let image = open(folder.path()).unwrap();
    let found = listing(&image);
    let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
    let long = "l".repeat(200);
    assert_eq!(
        names,
        [
            "empty",
            "etc",
            "etc/os-release",
            "etc/outside",
            &long,
            "tolong",
            "usr",
            "usr/bin",
            "usr/bin/tool",
            "usr/bin/twin",
            "usr/up",
        ]
    );
    let kind = |name: &str| &found.iter().find(|(one, ..)| one == name).unwrap().1;
    assert_eq!(
        *kind("etc/outside"),
        EntryKind::Symlink("/etc/passwd".to_owned())
    );
    assert_eq!(*kind("usr/up"), EntryKind::Symlink("../../..".to_owned()));
    assert_eq!(*kind("tolong"), EntryKind::Symlink(long.clone()));
    assert_eq!(
        *kind("usr/bin/twin"),
        EntryKind::Hardlink("usr/bin/tool".to_owned())
    );
    let content = |name: &str| &found.iter().find(|(one, ..)| one == name).unwrap().2;
    assert_eq!(content("usr/bin/tool").len(), 70_000);
    assert_eq!(content(&long), b"long");
    let missed = image.blobs.passed_over();
    assert_eq!(missed.len(), 1, "{missed:?}");
    assert!(missed[0].what == "/etc/.wh.x" && missed[0].blocking);
    assert!(image.blobs.is_made_up() && !image.blobs.has_configuration());
}

#[test]
fn the_digest_is_that_of_the_state() {
    let folder = sample();
    let digest = || open(folder.path()).unwrap().digest().clone();
    let first = digest();
    assert_eq!(first, digest());
    fs::write(folder.path().join("etc/os-release"), "ID=xy\n").unwrap();
    assert_ne!(first, digest());
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_looked_at() {
    let folder = sample();
    let closed = folder.path().join("etc/closed");
    fs::write(&closed, "secret").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let image = open(folder.path()).unwrap();
    let found = listing(&image);
    assert!(found.iter().any(|(name, ..)| name == "usr/bin/tool"));
    // Root reads everything.
    if fs::read(&closed).is_err() {
        let missed = image.blobs.passed_over();
        assert!(
            missed
                .iter()
                .any(|one| one.what == "/etc/closed" && one.blocking)
        );
    }
}

#[test]
fn other_file_systems_and_what_is_too_much_are_told() {
    let device = |path: &str| fs::metadata(path).map(|stat| stat.dev());
    if device("/proc").is_ok_and(|proc| device("/").is_ok_and(|root| root != proc)) {
        let missed = Missed::default();
        let mut tree = Tree::open(Path::new("/"), Limits::default(), &missed).unwrap();
        assert!(tree.node(c"proc", b"proc".to_vec()).is_none());
        let told = missed.list();
        assert!(told[0].what == "/proc" && !told[0].blocking, "{told:?}");
    }

    let folder = sample();
    for limits in [
        Limits {
            entries: 3,
            bytes: u64::MAX,
        },
        Limits {
            entries: u64::MAX / 2,
            bytes: 5,
        },
    ] {
        let image = open_folder(folder.path(), limits).unwrap();
        assert!(listing(&image).len() < 11);
        let missed = image.blobs.passed_over();
        assert!(
            missed
                .iter()
                .any(|one| one.blocking && one.why.contains("more than"))
        );
    }
}

#[test]
fn a_file_that_changes_does_not_shift_what_follows() {
    let folder = sample();
    let image = open(folder.path()).unwrap();
    let mut stream = image.blobs.blob(&image.manifest.layers[0]).unwrap();
    let mut bytes = vec![0; 3000];
    stream.read_exact(&mut bytes).unwrap();
    fs::write(folder.path().join("usr/bin/tool"), "short").unwrap();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() % 512, 0);
}

proptest::proptest! {
    #[test]
    fn any_name_is_read_back_as_it_is(
        name in proptest::collection::vec(1_u8..=255, 1..300),
        target in proptest::collection::vec(1_u8..=255, 1..300),
        capabilities in proptest::collection::vec(proptest::num::u8::ANY, 0..64),
        size in proptest::num::u64::ANY,
        mode in 0_u32..0o10000,
    ) {
        use proptest::prelude::*;
        // No name ends with a slash.
        let name = [b"x", &name[..], b"x"].concat();
        let mut stat = rustix::fs::stat("/").unwrap();
        stat.st_mode = mode;
        let node = |kind| tree::Node { path: name.clone(), kind, stat };
        let read = |bytes: &[u8]| {
            let mut tar = crate::tar::TarReader::new(bytes);
            tar.next_entry().unwrap().unwrap()
        };
        let file = read(&header::bytes(&node(tree::Kind::File), size >> 1, None, &capabilities));
        prop_assert_eq!(&file.path, &name);
        prop_assert_eq!((file.size, file.mode), (size >> 1, mode));
        prop_assert_eq!(file.xattrs.len(), usize::from(!capabilities.is_empty()));
        let link = read(&header::bytes(&node(tree::Kind::Symlink(target.clone())), 0, None, b""));
        prop_assert_eq!((&link.path, &link.link), (&name, &target));
        let twin = read(&header::bytes(&node(tree::Kind::File), 0, Some(&target), b""));
        prop_assert_eq!((twin.kind, &twin.link), (crate::tar::Kind::Hardlink, &target));
    }
}

#[test]
fn a_tar_of_a_root_file_system_is_one_layer() {
    let folder = tempfile::tempdir().unwrap();
    let plain = crate::seed::tar(&[("etc/os-release", b"ID=x\n")]);
    let mut diff_ids = Vec::new();
    for (name, bytes) in [
        ("a.tar", plain.clone()),
        ("a.tar.gz", gzip(&plain)),
        ("a.tar.zst", zstd::encode_all(&plain[..], 1).unwrap()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let image = open(&path).unwrap();
        assert_eq!(listing(&image)[0].2, b"ID=x\n");
        diff_ids.push(image.diff_ids.clone());
    }
    assert!(diff_ids.iter().all(|one| *one == diff_ids[0]));
}

/// What `docker export` writes through a pipe where it failed.
#[test]
fn nothing_at_all_is_no_root_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.tar");
    fs::write(&path, b"").unwrap();
    let mount = folder.path().join("mount");
    fs::create_dir(&mount).unwrap();
    for path in [path, mount] {
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("is empty"), "{error}");
    }
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.tar.zst");
    let mut bomb = zstd::Encoder::new(File::create(&path).unwrap(), 1).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(70 << 20), &mut bomb).unwrap();
    bomb.finish().unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert!(error.contains("is a bomb"), "{error}");
}
