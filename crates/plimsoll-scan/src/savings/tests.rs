use super::*;
use crate::record::{FactKind, LayerRecord};

fn file(path: &str, size: u64, content: u64, mode: u32) -> EntryFact {
    EntryFact {
        path: path.into(),
        kind: FactKind::File,
        size,
        mode,
        uid: 0,
        gid: 0,
        content,
        start: crate::startup::format::Start::Unknown,
    }
}

fn gone(path: &str) -> EntryFact {
    EntryFact {
        kind: FactKind::Whiteout,
        ..file(path, 0, 0, 0)
    }
}

fn look(layers: Vec<Vec<EntryFact>>, instructions: &[&str], base: usize) -> Vec<Saving> {
    let layers: Vec<LayerRecord> = layers
        .into_iter()
        .map(|entries| LayerRecord {
            entries,
            ..LayerRecord::default()
        })
        .collect();
    let tree = Tree::build(&layers);
    let instructions: Vec<Option<&str>> = instructions.iter().copied().map(Some).collect();
    savings(
        &tree,
        &waste::duplicates(&tree),
        &Ownership::new(&layers, &tree, &[]),
        &Context {
            instructions: &instructions,
            base,
            caches: &PackageCaches::new(&tree, &[]),
        },
    )
}

#[test]
fn what_editors_leave_is_for_the_ignore_file() {
    const M: u64 = 1_000_000;
    let found = look(
        vec![vec![
            file("srv/app/.idea/caches/x", 9 * M, 1, 0o644),
            file("srv/app/.DS_Store", 2 * M, 2, 0o644),
            file("srv/node_modules/a/.vscode/settings.json", 5 * M, 3, 0o644),
        ]],
        &["COPY . /srv"],
        0,
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].bytes, 11 * M);
    assert!(found[0].advice.contains(".dockerignore"));
    assert_eq!(found[0].paths, ["srv/app/.idea", "srv/app/.DS_Store"]);
}

/// Who deleted what was only moved would lose it.
#[test]
fn what_a_later_layer_moves_is_not_to_be_deleted() {
    const M: u64 = 1_000_000;
    for (first, wanted) in [
        ("RUN make", "write it where"),
        ("COPY . /opt", "copy it to"),
    ] {
        let found = look(
            vec![
                vec![],
                vec![
                    file("opt/a", 5 * M, 1, 0o644),
                    file("opt/b", 3 * M, 2, 0o644),
                ],
                vec![gone("opt/a"), gone("opt/b"), file("srv/a", 5 * M, 1, 0o755)],
            ],
            &["FROM", first, "RUN mv"],
            1,
        );
        let [moved, deleted] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!((moved.bytes, moved.layer), (5 * M, 1));
        assert!(moved.advice.contains(wanted), "{}", moved.advice);
        assert_eq!((deleted.bytes, deleted.layer), (3 * M, 1));
        assert!(deleted.advice.contains("delete"), "{}", deleted.advice);
    }
}

/// `COPY model.bin .`, and then `COPY . .`.
#[test]
fn what_is_written_twice_as_it_is_was_not_changed() {
    const M: u64 = 1_000_000;
    for (second, wanted) in [
        ("COPY . /app", "copied again as they are"),
        ("RUN apt-get update", "written again as they were"),
        ("RUN chown -R app /app", "Setting only the owner"),
    ] {
        let model = || vec![file("app/model.bin", 5 * M, 1, 0o644)];
        let found = look(vec![model(), model()], &["COPY model.bin /app", second], 0);
        assert_eq!(told(&found), [(5 * M, 1, "app")]);
        assert!(found[0].advice.contains(wanted), "{}", found[0].advice);
    }
}

/// The bytes, the layer and the first path of each edit.
fn told(found: &[Saving]) -> Vec<(u64, usize, &str)> {
    let told = found
        .iter()
        .map(|saving| (saving.bytes, saving.layer, saving.paths[0].as_str()));
    told.collect()
}

#[test]
fn a_layer_is_blamed_for_what_it_brought() {
    const M: u64 = 1_000_000;
    let list = |size, content, mode| file("var/lib/apt/lists/x", size, content, mode);
    let look = |layers: Vec<Vec<EntryFact>>| look(layers, &["FROM", "RUN a", "RUN b"], 1);
    // The base had something else of that name, or nothing in it.
    for below in [list(10, 1, 0o644), list(0, 1, 0o644)] {
        let found = look(vec![vec![below], vec![list(50 * M, 2, 0o644)]]);
        assert_eq!(told(&found), [(50 * M, 1, "var/lib/apt/lists")]);
    }
    // What is written again was brought before, by the base or another layer.
    let again = || vec![list(50 * M, 2, 0o600)];
    let found = look(vec![vec![list(50 * M, 2, 0o644)], again()]);
    assert_eq!(found.len(), 1);
    assert!(found[0].advice.contains("Setting only the mode"));
    let found = look(vec![
        vec![list(10, 1, 0o644)],
        vec![list(50 * M, 2, 0o644)],
        again(),
    ]);
    let layers: Vec<usize> = found.iter().map(|saving| saving.layer).collect();
    assert_eq!(layers, [1, 2]);
    assert!(found[1].advice.contains("Setting only the mode"));
    // What was gone in between was brought anew.
    let found = look(vec![
        vec![list(50 * M, 2, 0o644)],
        vec![gone("var/lib/apt/lists")],
        again(),
    ]);
    assert!(found.iter().any(|saving| saving.layer == 2), "{found:?}");
    // Copies likewise.
    let found = look(vec![
        vec![file("srv/a", 0, 1, 0o644), file("srv/b", 0, 1, 0o644)],
        vec![],
        vec![file("srv/a", M, 2, 0o644), file("srv/b", M, 2, 0o644)],
    ]);
    assert_eq!(told(&found), [(M, 2, "srv")]);
    // A tar may name a file twice.
    let twice = || vec![list(M, 2, 0o644), list(M, 2, 0o644)];
    let found = look(vec![vec![], twice()]);
    assert!(found.iter().all(|saving| saving.layer == 1), "{found:?}");
}

#[test]
fn every_edit_has_its_layer_and_its_bytes_once() {
    const M: u64 = 1_000_000;
    let found = look(
        vec![
            vec![file("usr/share/doc/a", 9 * M, 1, 0o644)],
            vec![
                file("var/lib/apt/lists/x_Packages", 40 * M, 2, 0o644),
                file("usr/include/stdio.h", 3 * M, 3, 0o644),
            ],
            vec![
                file("srv/app/main", 20 * M, 4, 0o644),
                file("srv/app/.git/objects/ab", 5 * M, 5, 0o644),
                file("srv/app/copy", 20 * M, 4, 0o644),
                file("tmp/build.o", 8 * M, 6, 0o644),
            ],
            vec![file("srv/app/main", 20 * M, 4, 0o755), gone("tmp")],
        ],
        &[
            "ADD base",
            "RUN apt-get install gcc",
            "COPY . /srv/app",
            "RUN chmod -R 755 /srv/app",
        ],
        1,
    );
    let told: Vec<(u64, usize, &str, &str)> = found
        .iter()
        .map(|saving| {
            (
                saving.bytes / M,
                saving.layer,
                saving.paths[0].as_str(),
                saving.advice.split(':').next().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                40,
                1,
                "var/lib/apt/lists",
                "Delete apt's lists in the same RUN"
            ),
            (
                20,
                2,
                "srv/app",
                "The same content lies elsewhere in the image"
            ),
            (
                20,
                3,
                "srv/app",
                "Setting only the mode of files of lower layers ships them a second time"
            ),
            (
                8,
                2,
                "tmp",
                "Layer 3 deletes what is copied here, and it ships all the same"
            ),
            (
                5,
                2,
                "srv/app/.git",
                "Keep version control out of the image"
            ),
            (
                3,
                1,
                "usr/include",
                "Compilers, headers and static libraries are for building"
            ),
        ]
        .map(|(bytes, layer, path, advice)| (bytes, layer, path, advice))
    );
    let chmod = found
        .iter()
        .find(|saving| saving.advice.contains("mode"))
        .unwrap();
    assert!(chmod.advice.contains("COPY --chmod"), "{}", chmod.advice);
}

#[test]
fn build_packages_by_any_version() {
    for yes in [
        "gcc",
        "gcc-12",
        "libc6-dev",
        "openjdk-17-jdk-headless",
        "g++-12",
        "golang-1.19",
    ] {
        assert!(is_build_package(yes), "{yes}");
    }
    for no in [
        "gcc12-base",
        "libgcc-s1",
        "openjdk-17-jre",
        "makedev",
        "cpptest",
        "udev",
    ] {
        assert!(!is_build_package(no), "{no}");
    }
}

#[test]
fn any_path_has_its_places() {
    for path in [
        "",
        "a",
        "a/",
        "/",
        "node_modules/",
        "node_modules/jest",
        ".git",
        "ä/tests/ö",
    ] {
        let tree = Tree::build(&[]);
        let ownership = Ownership::new(&[], &tree, &[]);
        let _ = fault_of_file(&file(path, 1, 1, 0), &ownership, &PackageCaches::default());
        let _ = shallow(path, 1);
    }
    assert_eq!(shallow("a/b/c/d", 2), "a/b");
    assert_eq!(part_at("a/.git", &[".git"]), None);
    assert_eq!(part_at("a/.git/x", &[".git"]), Some("a/.git"));
    assert!(is_own("srv/mygems/.idea/a.xml") && is_own("vendor"));
    assert!(!is_own("usr/lib/ruby/gems/3.1.0/a/.idea/a.xml"));
    assert!(!is_own("srv/vendor/bundle/a/.idea/a.xml"));
}
