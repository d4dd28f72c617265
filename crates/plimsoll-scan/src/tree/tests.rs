use super::*;
use crate::startup::format::Start;

fn layer(entries: &[(&str, FactKind, u64)]) -> LayerRecord {
    LayerRecord {
        entries: entries
            .iter()
            .map(|(path, kind, size)| EntryFact {
                path: (*path).into(),
                kind: kind.clone(),
                size: *size,
                mode: 0o644,
                uid: 0,
                gid: 0,
                content: 0,
                start: Start::Unknown,
            })
            .collect(),
        ..LayerRecord::default()
    }
}

fn lost<'a>(tree: &Tree<'a>) -> Vec<(usize, usize, &'a str, u64)> {
    tree.losses()
        .iter()
        .map(|loss| (loss.layer, loss.by, &*loss.fact.path, loss.fact.size))
        .collect()
}

/// A tar need not name the folders that its files lie in.
#[test]
fn what_takes_the_place_of_a_folder_hides_what_lay_in_it() {
    let link = FactKind::Symlink("opt".into());
    for over in [FactKind::File, link, FactKind::Hardlink("x".into())] {
        let layers = [
            layer(&[("x", FactKind::File, 1), ("app/a/b", FactKind::File, 2)]),
            layer(&[("app", over, 0)]),
        ];
        let tree = Tree::build(&layers);
        assert!(tree.get("app/a/b").is_none());
        assert_eq!(lost(&tree), [(0, 1, "app/a/b", 2)]);
    }
    // Named, deleted, and there again without a name.
    let layers = [
        layer(&[
            ("app", FactKind::Directory, 0),
            ("app/a", FactKind::File, 1),
        ]),
        layer(&[("app", FactKind::Whiteout, 0), ("app/b", FactKind::File, 2)]),
        layer(&[("app", FactKind::File, 0)]),
    ];
    let tree = Tree::build(&layers);
    assert!(tree.get("app/b").is_none());
    // A folder leaves what lies in it.
    let layers = [
        layer(&[("app/a/b", FactKind::File, 2)]),
        layer(&[
            ("app", FactKind::Directory, 0),
            ("app/a/c", FactKind::File, 2),
        ]),
    ];
    assert!(Tree::build(&layers).get("app/a/b").is_some());
}

#[test]
fn bytes_are_lost_with_their_last_name() {
    let link = |target: &str| FactKind::Hardlink(target.into());
    let first = || {
        layer(&[
            ("a", FactKind::File, 10),
            ("b", link("a"), 0),
            ("c", FactKind::File, 7),
        ])
    };
    // The name that carries the bytes goes, the other stays.
    let layers = [first(), layer(&[("a", FactKind::Whiteout, 0)])];
    assert_eq!(lost(&Tree::build(&layers)), []);
    // A copy-up of one name leaves the other at the lower bytes; the last to go loses them,
    // under the name they came by.
    let layers = [
        first(),
        layer(&[("a", FactKind::File, 10)]),
        layer(&[("b", FactKind::Whiteout, 0)]),
    ];
    assert_eq!(lost(&Tree::build(&layers)), [(0, 2, "a", 10)]);
    // What is written over the last name takes its place, though the first was deleted before.
    let layers = [
        first(),
        layer(&[("a", FactKind::Whiteout, 0)]),
        layer(&[("b", FactKind::File, 3)]),
    ];
    let tree = Tree::build(&layers);
    assert_eq!(lost(&tree), [(0, 2, "a", 10)]);
    assert_eq!(tree.losses()[0].successor.unwrap().size, 3);
    // Both are deleted, and the first is there again.
    let layers = [
        first(),
        layer(&[
            ("a", FactKind::Whiteout, 0),
            ("b", FactKind::Whiteout, 0),
            ("a", FactKind::File, 3),
        ]),
    ];
    let tree = Tree::build(&layers);
    assert_eq!(lost(&tree), [(0, 1, "a", 10)]);
    assert!(tree.losses()[0].successor.is_some());
    // A link onto itself, to nothing, and over a file.
    let layers = [
        first(),
        layer(&[
            ("a", link("b"), 0),
            ("x", link("no"), 0),
            ("c", link("a"), 0),
        ]),
    ];
    let tree = Tree::build(&layers);
    assert_eq!(lost(&tree), [(0, 1, "c", 7)]);
    assert_eq!(tree.losses()[0].successor.unwrap().size, 10);
    assert_eq!(tree.contents().count(), 1);
}

#[test]
fn a_folder_that_is_emptied_and_filled_anew_is_written_again() {
    let layers = [
        layer(&[("d/f", FactKind::File, 9), ("d/g", FactKind::File, 1)]),
        layer(&[("d", FactKind::Opaque, 0), ("d/f", FactKind::File, 9)]),
    ];
    let tree = Tree::build(&layers);
    let successors: Vec<bool> = tree
        .losses()
        .iter()
        .map(|loss| loss.successor.is_some())
        .collect();
    assert_eq!(successors, [true, false]);
}

#[test]
fn whiteouts_hide_and_count_what_they_hide() {
    let layers = [
        layer(&[
            ("a", FactKind::Directory, 0),
            ("a/x", FactKind::File, 10),
            ("a/y", FactKind::File, 5),
            ("a-b", FactKind::File, 100),
            ("k", FactKind::File, 1),
        ]),
        // A file added in the layer that empties its folder stays.
        layer(&[
            ("a/new", FactKind::File, 3),
            ("a", FactKind::Opaque, 0),
            ("k", FactKind::File, 2),
        ]),
        layer(&[("a", FactKind::Whiteout, 0)]),
        layer(&[("a", FactKind::File, 7), ("k", FactKind::File, 4)]),
    ];
    let tree = Tree::build(&layers);
    assert_eq!(
        lost(&tree),
        [
            (0, 1, "a/x", 10),
            (0, 1, "a/y", 5),
            (0, 1, "k", 1),
            (1, 2, "a/new", 3),
            (1, 3, "k", 2),
        ]
    );
    assert_eq!(tree.get("a").unwrap().since, 3);
    assert_eq!(tree.get("k").unwrap().since, 0);
    assert_eq!(
        tree.iter().map(|(path, _)| path).collect::<Vec<_>>(),
        ["a", "a-b", "k"]
    );
}

#[test]
fn a_file_over_a_folder_hides_what_was_in_it() {
    let layers = [
        layer(&[("d", FactKind::Directory, 0), ("d/f", FactKind::File, 9)]),
        layer(&[("d", FactKind::File, 1)]),
    ];
    let tree = Tree::build(&layers);
    assert_eq!(lost(&tree), [(0, 1, "d/f", 9)]);
    assert!(tree.get("d/f").is_none());
}

#[test]
fn a_folder_that_nobody_names_takes_the_place_of_a_file() {
    let layers = [
        layer(&[("d", FactKind::File, 9)]),
        layer(&[("d/f", FactKind::File, 1)]),
    ];
    let tree = Tree::build(&layers);
    assert_eq!(lost(&tree), [(0, 1, "d", 9)]);
    assert_eq!(tree.resolve("d/f").as_deref(), Some("d/f"));
}

#[test]
fn links_stay_inside_and_end() {
    let link = |target: &str| FactKind::Symlink(target.into());
    let layers = [layer(&[
        ("bin", link("usr/bin"), 0),
        ("usr/bin/dash", FactKind::File, 9),
        ("usr/bin/sh", link("dash"), 0),
        ("usr/bin/awk", link("/etc/alternatives/awk"), 0),
        ("etc/alternatives/awk", link("/usr/bin/mawk"), 0),
        ("loop", link("loop/x"), 0),
        ("out", link("../../../../usr/bin/dash"), 0),
    ])];
    let tree = Tree::build(&layers);
    assert_eq!(tree.resolve("bin/sh").as_deref(), Some("usr/bin/dash"));
    let long = |parts: usize| format!("{}bin/sh", "usr/../".repeat(parts / 2));
    assert_eq!(tree.resolve(&long(100)).as_deref(), Some("usr/bin/dash"));
    assert_eq!(tree.resolve(&long(MAX_PARTS)), None);
    assert_eq!(tree.resolve("out").as_deref(), Some("usr/bin/dash"));
    assert_eq!(tree.resolve("bin/awk"), None);
    assert_eq!(tree.resolve("loop"), None);
    assert_eq!(tree.resolve("usr").as_deref(), Some("usr"));
}

/// A path of a thousand folders that no entry names is one entry's, not a thousand.
#[test]
fn folders_that_nobody_names_are_not_kept_one_by_one() {
    let paths: Vec<String> = (0..5_000)
        .map(|at| format!("d{at}/{}f", "a/".repeat(1_500)))
        .collect();
    let entries: Vec<(&str, FactKind, u64)> = paths
        .iter()
        .map(|path| (path.as_str(), FactKind::File, 1))
        .collect();
    let layers = [layer(&entries), layer(&[("d7/a", FactKind::File, 2)])];
    let tree = Tree::build(&layers);
    assert_eq!(tree.unnamed.len(), 5_000);
    assert_eq!(lost(&tree), [(0, 1, &*paths[7], 1)]);
    assert!(!tree.writes_through_links());
}

/// Where no entry names a folder, names that stand before it in the alphabet do not hide it.
#[test]
fn a_folder_without_a_name_beside_others() {
    let layers = [
        layer(&[
            ("app-b/x", FactKind::File, 1),
            ("app/a/x", FactKind::File, 2),
            ("app.d/x", FactKind::File, 4),
        ]),
        layer(&[("app", FactKind::File, 0), ("ap", FactKind::File, 0)]),
    ];
    assert_eq!(lost(&Tree::build(&layers)), [(0, 1, "app/a/x", 2)]);
    assert!(Tree::build(&layers).get("app-b/x").is_some());
}
