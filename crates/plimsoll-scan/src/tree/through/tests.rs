use proptest::prelude::*;

use super::super::Tree;
use super::*;

fn layer(entries: &[(&str, FactKind)]) -> LayerRecord {
    LayerRecord {
        entries: entries
            .iter()
            .map(|(path, kind)| EntryFact {
                size: u64::from(*kind == FactKind::File),
                ..EntryFact::stub(path, kind.clone())
            })
            .collect(),
        ..LayerRecord::default()
    }
}

fn link(target: &str) -> FactKind {
    FactKind::Symlink(target.into())
}

/// As distributions lay it out.
fn base() -> LayerRecord {
    layer(&[
        ("bin", link("usr/bin")),
        ("lib", link("/usr/lib")),
        ("usr/bin", FactKind::Directory),
        ("usr/bin/sh", FactKind::File),
        ("usr/bin/tool", FactKind::File),
        ("usr/lib", FactKind::Directory),
        ("usr/lib/big", FactKind::File),
        ("usr/lib/x/a", FactKind::File),
    ])
}

/// Whether the tree tells that layers are to be settled, and what is there once they are.
fn laid(layers: &mut [LayerRecord]) -> (bool, Vec<String>) {
    let is_told = Tree::build(layers).writes_through_links();
    settle(layers);
    let tree = Tree::build(layers);
    let there = tree
        .iter()
        .filter(|(_, node)| node.fact.kind != FactKind::Directory);
    (is_told, there.map(|(path, _)| path.to_owned()).collect())
}

#[test]
fn what_is_written_through_a_link_of_its_own_layer_lies_behind_it() {
    let mut all = base();
    all.entries.extend(
        layer(&[
            ("bin/app", FactKind::File),
            ("bin/second", FactKind::Hardlink("bin/app".into())),
            ("opt/name", FactKind::Hardlink("bin/sh".into())),
            ("lib/big", FactKind::File),
        ])
        .entries,
    );
    let mut layers = [all];
    let (is_told, there) = laid(&mut layers);
    assert!(is_told);
    let expected = [
        "bin",
        "lib",
        "opt/name",
        "usr/bin/app",
        "usr/bin/second",
        "usr/bin/sh",
        "usr/bin/tool",
        "usr/lib/big",
        "usr/lib/x/a",
    ];
    assert_eq!(there, expected);
    let tree = Tree::build(&layers);
    assert_eq!(tree.resolve("/bin/app").as_deref(), Some("usr/bin/app"));
    assert!(tree.covered().is_empty());
    for name in ["usr/bin/second", "opt/name"] {
        assert!(tree.content(tree.get(name).unwrap()).is_some());
    }
    // Each of them alone is told.
    for one in [
        ("bin/app", FactKind::File),
        ("opt/name", FactKind::Hardlink("bin/sh".into())),
        ("lib/new/folder/file", FactKind::File),
        ("lib/new", FactKind::Whiteout),
        ("lib/new", FactKind::Opaque),
    ] {
        let mut all = base();
        all.entries
            .extend(layer(std::slice::from_ref(&one)).entries);
        assert!(laid(&mut [all]).0, "{one:?}");
    }
}

/// As overlayfs shows what dockerd and containerd unpack: each layer has a folder of its own.
#[test]
fn a_folder_takes_the_place_of_a_link_of_a_lower_layer() {
    let mut layers = [
        base(),
        layer(&[
            ("bin/app", FactKind::File),
            ("opt/name", FactKind::Hardlink("bin/sh".into())),
            ("lib/big", FactKind::Whiteout),
        ]),
        layer(&[("bin/deep/er", FactKind::File)]),
    ];
    let (is_told, there) = laid(&mut layers);
    assert!(!is_told);
    let expected = [
        "bin/app",
        "bin/deep/er",
        "opt/name",
        "usr/bin/sh",
        "usr/bin/tool",
        "usr/lib/big",
        "usr/lib/x/a",
    ];
    assert_eq!(there, expected);
    let tree = Tree::build(&layers);
    assert_eq!(covered(&tree), [(1, "lib"), (1, "bin")]);
    assert_eq!(tree.resolve("/bin/app").as_deref(), Some("bin/app"));
    assert_eq!(tree.resolve("/bin/sh"), None);
    assert_eq!(tree.resolve("/lib/big"), None);
    assert!(tree.losses().is_empty());
    // There is no such file where the layer is unpacked.
    assert!(tree.content(tree.get("opt/name").unwrap()).is_none());
    // What empties a folder stands in it.
    let layers = [base(), layer(&[("lib", FactKind::Opaque)])];
    let tree = Tree::build(&layers);
    assert_eq!(covered(&tree), [(1, "lib")]);
    assert!(tree.get("lib").is_none() && tree.get("usr/lib/big").is_some());
}

fn covered<'a>(tree: &Tree<'a>) -> Vec<(usize, &'a str)> {
    let covered = tree.covered().iter();
    covered.map(|(layer, fact)| (*layer, &*fact.path)).collect()
}

/// Nothing is to be said of a folder that the layer names, or of a link that it deletes.
#[test]
fn what_a_layer_speaks_of_it_does_not_cover_unawares() {
    for above in [
        layer(&[
            ("bin", FactKind::Directory),
            ("bin/sh", FactKind::Whiteout),
            ("bin/app", FactKind::File),
        ]),
        layer(&[
            ("bin", FactKind::Opaque),
            ("bin/app", FactKind::File),
            ("bin", FactKind::Directory),
        ]),
        layer(&[
            ("bin/sh", FactKind::Whiteout),
            ("bin", FactKind::Whiteout),
            ("bin/app", FactKind::File),
        ]),
    ] {
        let other = layer(&[("lib/x", FactKind::File)]);
        let layers = [base(), other, above];
        let tree = Tree::build(&layers);
        assert_eq!(covered(&tree), [(1, "lib")]);
        assert!(tree.get("bin/app").is_some() && tree.resolve("/bin/sh").is_none());
    }
}

/// Each entry would go through forty links of dots.
#[test]
fn the_way_through_links_is_bounded() {
    let dots = "./".repeat(2_000);
    let links: Vec<(String, String)> = (0..MAX_LINKS)
        .map(|at| (format!("l{at}"), format!("{dots}l{}", at + 1)))
        .collect();
    let way: usize = links.iter().map(|(_, target)| target.len()).sum();
    let links = links.iter().map(|(path, to)| (path.as_str(), link(to)));
    let files: Vec<String> = (0..20).map(|at| format!("l0/{at}")).collect();
    let files = files.iter().map(|path| (path.as_str(), FactKind::File));
    let mut layers = [layer(&links.chain(files).collect::<Vec<_>>())];
    let told = settle_within(10 * way + 1, &mut layers);
    assert_eq!(told.len(), 1);
    assert!(told[0].blocking && told[0].what == "layer 0");
    let entries = layers[0].entries.iter();
    let moved = entries.filter(|fact| fact.path.starts_with("l40/"));
    assert_eq!(moved.count(), 10);
}

#[test]
fn a_folder_in_the_place_of_a_link_is_a_folder() {
    let mut layers = [
        base(),
        layer(&[
            ("bin", FactKind::Directory),
            ("bin/app", FactKind::File),
            ("bin/tool", FactKind::Whiteout),
        ]),
    ];
    let (_, there) = laid(&mut layers);
    assert!(there.contains(&"bin/app".to_owned()) && there.contains(&"usr/bin/tool".to_owned()));
    // Written before the folder comes, it went through the link.
    let mut layers = [layer(&[
        ("bin", link("usr/bin")),
        ("bin/app", FactKind::File),
        ("bin", FactKind::Directory),
        ("bin/new", FactKind::File),
    ])];
    assert_eq!(laid(&mut layers).1, ["bin/new", "usr/bin/app"]);
    // And a link in the place of a folder hides what lay in that.
    let mut layers = [
        layer(&[("bin/app", FactKind::File)]),
        layer(&[("bin", link("usr/bin")), ("bin/new", FactKind::File)]),
    ];
    assert_eq!(laid(&mut layers).1, ["bin", "usr/bin/new"]);
    // A link that was deleted leads nowhere any more; another layer's is not seen.
    let mut layers = [
        base(),
        layer(&[("bin", FactKind::Whiteout)]),
        layer(&[("bin/app", FactKind::File)]),
        layer(&[("lib", link("opt"))]),
        layer(&[("lib/so", FactKind::File)]),
    ];
    let (_, there) = laid(&mut layers);
    assert!(there.contains(&"bin/app".to_owned()) && there.contains(&"lib/so".to_owned()));
}

#[test]
fn circles_end_and_nothing_leads_outside() {
    let mut layers = [layer(&[
        ("a", link("b")),
        ("b", link("a")),
        ("out", link("../../../etc")),
        ("one", link("two")),
        ("two", link("three/../four")),
        ("self", link(".")),
        ("a/x", FactKind::File),
        ("out/x", FactKind::File),
        ("one/x", FactKind::File),
        ("self/self/y", FactKind::File),
    ])];
    settle(&mut layers);
    let entries = layers[0].entries.iter().skip(6);
    let paths: Vec<&str> = entries.map(|fact| &*fact.path).collect();
    assert_eq!(paths, ["a/x", "etc/x", "four/x", "y"]);
}

#[test]
fn what_is_known_of_a_file_goes_with_it() {
    let mut all = layer(&[
        ("bin", link("usr/bin")),
        ("lib", link("/usr/lib")),
        ("usr/bin/app", FactKind::File),
        ("bin/app", FactKind::File),
        ("lib/rpm", FactKind::Directory),
        ("lib/first", FactKind::File),
        ("usr/lib/first", FactKind::File),
    ]);
    for (path, line) in [
        ("usr/bin/app", "old"),
        ("bin/app", "new"),
        ("lib/first", "old"),
        ("usr/lib/first", "new"),
    ] {
        all.shebangs.insert(path.into(), line.into());
    }
    all.unread_scripts.insert("bin/app".into());
    all.partly_searched.push("bin/app".to_owned());
    let mut layers = [all];
    settle(&mut layers);
    let all = &layers[0];
    let lines: Vec<(&str, &str)> = all.shebangs.iter().map(|(a, b)| (&**a, &**b)).collect();
    assert_eq!(lines, [("usr/bin/app", "new"), ("usr/lib/first", "new")]);
    assert!(all.unread_scripts.contains("usr/bin/app"));
    assert_eq!(all.partly_searched, ["usr/bin/app"]);
}

/// By the name that it is written under nobody wanted it.
#[test]
fn a_database_under_another_name_is_told() {
    let mut layers = [layer(&[
        ("db", link("var/lib/dpkg")),
        ("db/status", FactKind::File),
        ("db/lock", FactKind::File),
    ])];
    settle(&mut layers);
    let told: Vec<(&str, bool)> = layers[0]
        .unread
        .iter()
        .map(|one| (one.path.as_str(), one.blocking))
        .collect();
    assert_eq!(told, [("var/lib/dpkg/status", true)]);
}

/// The engines leave the last.
#[test]
fn what_an_entry_takes_the_place_of_is_not_known_any_more() {
    let mut all = layer(&[
        ("x", link("etc")),
        ("etc/app", FactKind::File),
        ("x/app", FactKind::File),
    ]);
    all.shebangs.insert("etc/app".into(), "old".into());
    let mut layers = [all];
    settle(&mut layers);
    assert!(layers[0].shebangs.is_empty());
}

/// What was read is not what is there.
#[test]
fn a_database_that_is_written_again_through_a_link_is_told() {
    let status = "var/lib/dpkg/status";
    let named = ("db/status", FactKind::File);
    let deleted = ("db/status", FactKind::Whiteout);
    for (again, is_told) in [
        (vec![named.clone()], true),
        (vec![named.clone(), named.clone()], true),
        (vec![named.clone(), deleted.clone()], true),
        (vec![deleted], false),
        (vec![named, (status, FactKind::File)], false),
    ] {
        let mut all = layer(&[("db", link("var/lib/dpkg")), (status, FactKind::File)]);
        all.entries.extend(layer(&again).entries);
        let read = crate::catalogue::Document::DpkgList("".into());
        all.documents.insert(status.to_owned(), read);
        settle(std::slice::from_mut(&mut all));
        let told: Vec<&str> = all.unread.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(told.first() == Some(&status), is_told, "{again:?}");
        assert_eq!(all.documents.is_empty(), is_told, "{again:?}");
    }
}

#[test]
fn what_a_link_makes_longer_is_bounded() {
    let long = "a/".repeat(1_000);
    let files: Vec<String> = (0..40_000).map(|at| format!("l/{at}")).collect();
    let files = files.iter().map(|path| (path.as_str(), FactKind::File));
    let entries: Vec<(&str, FactKind)> = std::iter::once(("l", link(&long[..1_900])))
        .chain(files)
        .collect();
    let mut layers = [layer(&entries)];
    let told = settle(&mut layers);
    assert_eq!(told.len(), 1);
    assert!(told[0].blocking && told[0].what == "layer 0");
    let bytes: usize = layers[0].entries.iter().map(|fact| fact.path.len()).sum();
    assert!(bytes < MAX_MOVED + 40_000 * 8);
}

/// The same, from the words of it: entry by entry, link by link.
fn plainly(layers: &[LayerRecord]) -> Vec<Vec<String>> {
    let within =
        |path: &str, folder: &str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    let mut all = Vec::new();
    for record in layers {
        let mut links: Vec<(String, String)> = Vec::new();
        let mut paths = Vec::new();
        for fact in &record.entries {
            let mut path = fact.path.to_string();
            // So that what is emptied counts as a folder of something.
            let is_opaque = fact.kind == FactKind::Opaque;
            if is_opaque {
                path.push_str("/x");
            }
            for _ in 0..=MAX_LINKS {
                let link = links.iter().find(|(link, _)| within(&path, link));
                let Some((link, target)) = link else { break };
                let rest = path[link.len()..].to_owned();
                let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
                let mut parts: Vec<&str> = folder.split('/').filter(|it| !it.is_empty()).collect();
                for part in target.split('/').filter(|it| !it.is_empty()) {
                    match part {
                        ".." => drop(parts.pop()),
                        part => parts.push(part),
                    }
                }
                path = format!("{}{rest}", parts.join("/"));
                path = path.trim_start_matches('/').to_owned();
            }
            if links.iter().any(|(link, _)| within(&path, link)) {
                path = fact.path.to_string();
            } else if is_opaque {
                path.truncate(path.len() - 1);
                path = path.trim_end_matches('/').to_owned();
            }
            links.retain(|(link, _)| match fact.kind {
                FactKind::Whiteout | FactKind::Opaque => true,
                FactKind::Directory => *link != path,
                _ => *link != path && !within(link, &path),
            });
            if let FactKind::Symlink(target) = &fact.kind {
                links.push((path.clone(), target.to_string()));
            }
            paths.push(path);
        }
        all.push(paths);
    }
    all
}

fn images() -> impl Strategy<Value = Vec<LayerRecord>> {
    let kind = prop_oneof![
        2 => Just(FactKind::File),
        1 => Just(FactKind::Directory),
        1 => Just(FactKind::Whiteout),
        1 => Just(FactKind::Opaque),
        // Where `..` behind a link leads is not in the plain reading.
        3 => "([abc](/[abc]){0,2}|\\.\\./[abc])".prop_map(|target| link(&target)),
    ];
    let entry = ("[abc](/[abc]){0,3}", kind);
    let entries = proptest::collection::vec(entry, 0..6);
    proptest::collection::vec(entries, 1..4).prop_map(|layers| {
        let layers = layers.into_iter();
        let record = |entries: Vec<(String, FactKind)>| {
            let entries: Vec<_> = entries
                .iter()
                .map(|(a, b)| (a.as_str(), b.clone()))
                .collect();
            layer(&entries)
        };
        layers.map(record).collect()
    })
}

proptest! {
    #[test]
    fn it_is_where_the_engines_put_it(layers in images()) {
        let expected = plainly(&layers);
        let mut settled = layers.clone();
        settle(&mut settled);
        let found: Vec<Vec<String>> = settled
            .iter()
            .map(|record| record.entries.iter().map(|fact| fact.path.to_string()).collect())
            .collect();
        prop_assert_eq!(&found, &expected);
        // The tree tells of every image of which a file is put elsewhere.
        let files = |records: &[LayerRecord]| -> Vec<String> {
            let all = records.iter().flat_map(|record| &record.entries);
            let deletes = |fact: &&EntryFact| matches!(fact.kind, FactKind::Whiteout | FactKind::Opaque);
            let all = all.filter(|fact| !deletes(fact));
            all.map(|fact| fact.path.to_string()).collect()
        };
        if files(&settled) != files(&layers) {
            prop_assert!(Tree::build(&layers).writes_through_links());
        }
    }
}
