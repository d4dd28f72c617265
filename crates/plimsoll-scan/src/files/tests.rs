use proptest::prelude::*;

use super::*;
use crate::record::{EntryFact, FactKind};
use crate::startup::format::Start;

fn fact(path: &str, kind: FactKind, size: u64, mode: u32) -> EntryFact {
    EntryFact {
        path: path.into(),
        kind,
        size,
        mode,
        uid: 0,
        gid: 0,
        content: size,
        start: Start::Unknown,
    }
}

fn file(path: &str, size: u64) -> EntryFact {
    fact(path, FactKind::File, size, 0o644)
}

fn folder(path: &str) -> EntryFact {
    fact(path, FactKind::Directory, 0, 0o755)
}

fn gone(path: &str) -> EntryFact {
    fact(path, FactKind::Whiteout, 0, 0)
}

fn layers(layers: Vec<Vec<EntryFact>>) -> Vec<LayerRecord> {
    layers
        .into_iter()
        .map(|entries| LayerRecord {
            entries,
            ..LayerRecord::default()
        })
        .collect()
}

fn files(records: &[LayerRecord]) -> ImageFiles {
    ImageFiles::new(records, &Tree::build(records))
}

/// A folder that no entry names takes the place of the link.
#[test]
fn what_a_layer_covers_is_removed() {
    let link = fact("bin", FactKind::Symlink("usr/bin".into()), 0, 0o777);
    let records = layers(vec![vec![link], vec![file("bin/app", 1)]]);
    let files = files(&records);
    let bin = files.find("bin").unwrap();
    assert!(files.seen(bin, 1).is_some() && files.seen(bin, 2).is_none());
    assert!(files.seen(files.find("bin/app").unwrap(), 2).is_some());
}

/// As of an inode: it is there as long as one of its names is.
#[test]
fn a_second_name_shows_the_file_whatever_becomes_of_the_first() {
    let link = |path: &str, target: &str| fact(path, FactKind::Hardlink(target.into()), 0, 0o644);
    let records = layers(vec![
        vec![file("a", 5), link("b", "a"), link("c", "b"), link("d", "x")],
        vec![gone("a"), file("b", 7)],
    ]);
    let files = files(&records);
    let shown = |path: &str, layers| {
        let entry = files.shown(files.find(path).unwrap(), layers);
        entry.map(|entry| (entry.kind, entry.size))
    };
    let bytes = |size| Some((FileKind::File, size));
    assert_eq!([shown("a", 1), shown("b", 1), shown("c", 1)], [bytes(5); 3]);
    assert_eq!(
        [shown("a", 2), shown("b", 2), shown("c", 2)],
        [None, bytes(7), bytes(5)]
    );
    // What it is a name of was never there.
    assert_eq!(shown("d", 2), Some((FileKind::Hardlink, 0)));
}

#[test]
fn a_path_tells_its_history() {
    let records = layers(vec![
        vec![folder("d"), file("d/a", 5), file("d/b", 6), file("e", 1)],
        vec![
            fact("d/a", FactKind::File, 5, 0o600),
            fact("d", FactKind::Directory, 0, 0o700),
            gone("d/b"),
            file("e", 2),
        ],
        vec![gone("d"), file("d/b", 9)],
    ]);
    let files = files(&records);
    let change = |path: &str, before, after| files.change(files.find(path).unwrap(), before, after);
    assert_eq!(change("d/a", 0, 1), Some(Change::Added));
    assert_eq!(change("d/a", 1, 2), Some(Change::Rewritten));
    assert_eq!(change("d/a", 2, 3), Some(Change::Removed));
    assert_eq!(change("d/a", 0, 3), None);
    assert_eq!(change("d", 1, 2), Some(Change::Rewritten));
    assert_eq!(change("d/b", 1, 2), Some(Change::Removed));
    assert_eq!(change("d/b", 1, 3), Some(Change::Modified));
    assert_eq!(change("e", 1, 2), Some(Change::Modified));
    assert_eq!(change("e", 2, 3), Some(Change::Unchanged));
    let a = files.find("d/a").unwrap();
    let hidden: Vec<Option<usize>> = files
        .history(a)
        .filter_map(|(_, entry)| Some(entry?.hidden_by))
        .collect();
    assert_eq!(hidden, [Some(1), Some(2)]);
    assert_eq!(files.path(a), "d/a");
    let names: Vec<&str> = files
        .children(NodeId::ROOT)
        .iter()
        .map(|child| files.name(*child))
        .collect();
    assert_eq!(names, ["d", "e"]);
    assert_eq!(files.find("d/x"), None);
    assert_eq!(files.find(""), Some(NodeId::ROOT));
}

#[test]
fn names_that_begin_alike_are_apart() {
    let records = layers(vec![vec![
        file("ab/c", 1),
        file("a/c", 2),
        file("ab/cd/e", 3),
        file("ab/cd", 4),
        file("ab/c/d", 5),
        file("b", 6),
    ]]);
    let files = files(&records);
    for path in ["ab/c", "a/c", "ab/cd", "b", "ab/c/d"] {
        assert_eq!(files.path(files.find(path).unwrap()), path);
    }
    // A file took the folder's place.
    assert_eq!(files.seen(files.find("ab/cd/e").unwrap(), 1), None);
}

fn any_fact() -> impl Strategy<Value = EntryFact> {
    let path = proptest::sample::select(vec![
        "", "a", "b", "a/a", "a/b", "a/b/c", "b/a", "b/a/a", "a/b/d", "a-b",
    ]);
    let kind = prop_oneof![
        4 => Just(FactKind::File),
        2 => Just(FactKind::Directory),
        1 => Just(FactKind::Whiteout),
        1 => Just(FactKind::Opaque),
        1 => Just(FactKind::Hardlink("a/b".into())),
        1 => Just(FactKind::Symlink("a".into())),
    ];
    (path, kind, 0_u64..4).prop_map(|(path, kind, size)| {
        let size = if kind == FactKind::File { size } else { 0 };
        fact(path, kind, size, 0o644)
    })
}

proptest! {
    /// What is hidden and what is seen are all the bytes there are, in both ways of counting.
    #[test]
    fn every_byte_is_seen_or_hidden(
        records in proptest::collection::vec(
            proptest::collection::vec(any_fact(), 0..12), 0..5),
    ) {
        let records = layers(records);
        let tree = Tree::build(&records);
        let files = ImageFiles::new(&records, &tree);
        let (waste, parts) = crate::waste::measure(&records, &tree, &[]);
        let seen: u64 = tree.contents().map(|(_, fact)| fact.size).sum();
        prop_assert_eq!(seen + waste.wasted, waste.total);
        prop_assert_eq!(waste.deleted + waste.overwritten + waste.rewritten, waste.wasted);
        prop_assert_eq!(parts.iter().map(|part| part.wastes).sum::<u64>(), waste.wasted);
        prop_assert_eq!(parts.iter().map(|part| part.hidden).sum::<u64>(), waste.wasted);
        let hidden: u64 = files.entries.iter()
            .filter(|entry| entry.hidden_by != NONE)
            .map(|entry| entry.size)
            .sum();
        prop_assert_eq!(hidden, waste.wasted);
        for node in files.nodes() {
            prop_assert_eq!(files.find(&files.path(node)), Some(node));
        }
    }
}
