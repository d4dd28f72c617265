use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::paths::{Root, names};
use super::super::unpack::{Manner, apply};
use super::*;

fn open(path: &Path) -> OwnedFd {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap()
}

fn layer(path: &Path, clamp: Option<i64>) -> Vec<u8> {
    let mut out = Vec::new();
    write_layer(open(path), clamp, &mut out).unwrap();
    out
}

/// Everything a layer says about a tree.
fn listing(root: &Path) -> BTreeMap<Vec<u8>, String> {
    fn walk(root: &Path, below: &Path, out: &mut BTreeMap<Vec<u8>, String>) {
        for name in names(open(&root.join(below))).unwrap() {
            let path = below.join(&name);
            let at = root.join(&path);
            let meta = std::fs::symlink_metadata(&at).unwrap();
            let parent = open(&root.join(below));
            let mut text = format!(
                "{:o} {:?}",
                meta.permissions().mode(),
                attributes(parent.as_fd(), &name).unwrap()
            );
            if meta.is_symlink() {
                text.push_str(&format!("{:?}", std::fs::read_link(&at).unwrap()));
            } else if meta.is_file() {
                text.push_str(&format!("{:?}", std::fs::read(&at).unwrap()));
            }
            out.insert(path.as_os_str().as_bytes().to_vec(), text);
            if meta.is_dir() {
                walk(root, &path, out);
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(root, Path::new(""), &mut out);
    out
}

#[derive(Clone, Debug)]
enum Change {
    File(PathBuf, Vec<u8>, u32),
    Folder(PathBuf),
    Link(PathBuf, PathBuf),
    Hard(PathBuf, PathBuf),
    Remove(PathBuf),
    Attribute(PathBuf, Vec<u8>),
}

fn a_path() -> impl Strategy<Value = PathBuf> {
    let name = prop_oneof![
        Just(b"a".to_vec()),
        Just(b"b".to_vec()),
        Just("ä ö".as_bytes().to_vec()),
        Just(b"\xff\xfe".to_vec()),
        Just(vec![b'l'; 120]),
    ];
    proptest::collection::vec(name, 1..4).prop_map(|names| {
        names
            .iter()
            .map(|name| OsStr::from_bytes(name).to_owned())
            .collect()
    })
}

fn a_change() -> impl Strategy<Value = Change> {
    let content = || proptest::collection::vec(any::<u8>(), 0..700);
    prop_oneof![
        3 => (a_path(), content(), 0_u32..0o7777).prop_map(|(path, content, mode)| {
            // The owner must be able to read its file again: not everybody tests as root.
            Change::File(path, content, mode | 0o600)
        }),
        2 => a_path().prop_map(Change::Folder),
        1 => (a_path(), a_path()).prop_map(|(path, target)| Change::Link(path, target)),
        1 => (a_path(), a_path()).prop_map(|(path, target)| Change::Hard(path, target)),
        1 => a_path().prop_map(Change::Remove),
        1 => (a_path(), content()).prop_map(|(path, value)| Change::Attribute(path, value)),
    ]
}

/// Does what can be done; what cannot is part of the game.
fn change(root: &Path, change: &Change) {
    match change {
        Change::File(path, content, mode) => {
            let at = root.join(path);
            if !at.is_symlink() && std::fs::write(&at, content).is_ok() {
                let _ = std::fs::set_permissions(&at, std::fs::Permissions::from_mode(*mode));
            }
        }
        Change::Folder(path) => {
            let _ = std::fs::create_dir(root.join(path));
        }
        Change::Link(path, target) => {
            let _ = symlink(target, root.join(path));
        }
        Change::Hard(path, target) => {
            let _ = std::fs::hard_link(root.join(target), root.join(path));
        }
        Change::Remove(path) => {
            let at = root.join(path);
            let _ = std::fs::remove_file(&at).or_else(|_| std::fs::remove_dir_all(&at));
        }
        Change::Attribute(path, value) => {
            let at = root.join(path);
            if !at.is_symlink() {
                let _ =
                    rustix::fs::lsetxattr(&at, "user.test", value, rustix::fs::XattrFlags::empty());
            }
        }
    }
}

fn applied(tars: &[Vec<u8>]) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let root = Root::open(temp.path()).unwrap();
    // Not everybody who tests may give files away.
    let owner = Some((
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    ));
    for tar in tars {
        let manner = Manner {
            whiteouts: true,
            owner,
            keep_top: false,
        };
        apply(&root, Path::new("/"), tar.as_slice(), manner).unwrap();
    }
    temp
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_layer_applied_gives_the_tree_back(changes in proptest::collection::vec(a_change(), 0..40)) {
        let temp = tempfile::tempdir().unwrap();
        for one in &changes {
            change(temp.path(), one);
        }
        let tar = layer(temp.path(), Some(1_000));
        prop_assert_eq!(&tar, &layer(temp.path(), Some(1_000)));
        let back = applied(std::slice::from_ref(&tar));
        prop_assert_eq!(listing(temp.path()), listing(back.path()));
        prop_assert_eq!(&tar, &layer(back.path(), Some(1_000)));
    }

    #[test]
    fn hostile_bytes_never_leave_the_root(noise in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let temp = tempfile::tempdir().unwrap();
        let root = Root::open(temp.path()).unwrap();
        let _ = apply(&root, Path::new("/"), noise.as_slice(), Manner::default());
    }
}

/// A tar of raw entries: name, type, link, content.
fn raw(entries: &[(&str, u8, &str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, kind, link, content) in entries {
        let mut block = [0_u8; 512];
        field(&mut block[0..100], name.as_bytes());
        octal(&mut block[100..108], 0o644);
        octal(&mut block[108..116], 0);
        octal(&mut block[116..124], 0);
        octal(&mut block[124..136], content.len() as u64);
        octal(&mut block[136..148], 0);
        block[156] = *kind;
        field(&mut block[157..257], link.as_bytes());
        let mut writer = TarWriter {
            out: &mut out,
            clamp: None,
            entries: 0,
        };
        writer.block(block).unwrap();
        writer.out.write_all(content.as_bytes()).unwrap();
        writer.pad(content.len() as u64).unwrap();
    }
    out.extend([0; 1024]);
    out
}

#[test]
fn whiteouts_and_replacements() {
    let lower = raw(&[
        ("d", b'5', "", ""),
        ("d/gone", b'0', "", "1"),
        ("d/kept", b'0', "", "2"),
        ("o", b'5', "", ""),
        ("o/old", b'0', "", "3"),
        ("f", b'0', "", "4"),
        ("link", b'2', "d", ""),
    ]);
    let upper = raw(&[
        ("d/.wh.gone", b'0', "", ""),
        ("o/new", b'0', "", "5"),
        ("o/.wh..wh..opq", b'0', "", ""),
        ("f", b'5', "", ""),
        ("f/inside", b'0', "", "6"),
        ("link/through", b'0', "", "7"),
        ("missing/parent", b'0', "", "8"),
        ("hard", b'1', "d/kept", ""),
    ]);
    let tree = applied(&[lower, upper]);
    let paths: Vec<String> = listing(tree.path())
        .into_keys()
        .map(|path| String::from_utf8(path).unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "d",
            "d/kept",
            "d/through",
            "f",
            "f/inside",
            "hard",
            "link",
            "missing",
            "missing/parent",
            "o",
            "o/new"
        ]
    );
}

#[test]
fn hostile_entries_are_refused_or_bounded() {
    let temp = tempfile::tempdir().unwrap();
    let inside = temp.path().join("root");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(temp.path().join("victim"), "safe").unwrap();
    let root = Root::open(&inside).unwrap();
    let owner = Some((
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    ));
    let manner = Manner {
        whiteouts: true,
        owner,
        keep_top: false,
    };
    let try_entries = |entries: &[(&str, u8, &str, &str)]| {
        apply(&root, Path::new("/"), raw(entries).as_slice(), manner)
    };
    for hostile in [
        [("../victim", b'0', "", "x")],
        [("a/../../victim", b'0', "", "x")],
        [("h", b'1', "../victim", "")],
        [(".wh...", b'0', "", "")],
    ] {
        assert!(try_entries(&hostile).is_err(), "{hostile:?}");
    }
    // Links that lead out are files like others; what goes through them stays inside.
    try_entries(&[
        ("up", b'2', "../..", ""),
        ("up/victim", b'0', "", "inside"),
        ("abs", b'2', "/victim", ""),
        ("/absolute", b'0', "", "inside"),
    ])
    .unwrap();
    assert!(
        try_entries(&[
            ("x", b'2', "y", ""),
            ("y", b'2', "x", ""),
            ("x/f", b'0', "", "")
        ])
        .is_err()
    );
    assert_eq!(std::fs::read(temp.path().join("victim")).unwrap(), b"safe");
    assert_eq!(std::fs::read(inside.join("victim")).unwrap(), b"inside");
    assert_eq!(std::fs::read(inside.join("absolute")).unwrap(), b"inside");
}

#[test]
fn times_are_clamped_and_numbers_fit() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("f"), "x").unwrap();
    let tar = layer(temp.path(), Some(77));
    assert_eq!(&tar[136..147], b"00000000115");
    let mut out = Vec::new();
    record(&mut out, b"path", &[b'x'; 90]);
    assert_eq!(out.len(), 99);
    assert!(out.starts_with(b"99 path="));
    out.clear();
    record(&mut out, b"path", &[b'x'; 91]);
    assert!(out.starts_with(b"101 path="), "{}", out.len());
    assert_eq!(out.len(), 101);
}
