//! Images of sound layers with files in them that want to do harm: the rest of the image is
//! inspected all the same.

use plimsoll_testkit::image::hostile::{self, Scale, between};
use plimsoll_testkit::image::{Compression, Image, ImageBuilder, Layer};

use super::{bounded, harmless};
use crate::stage::{Run, Stage};

/// What [`between`] put around `hostile` layers is there: `bash` below, `left-pad` above.
#[track_caller]
fn rest_is_listed(name: &str, run: &Run, hostile: usize) {
    above_is_listed(name, run, hostile);
    is_listed(name, run, "bash", 0);
}

#[track_caller]
fn above_is_listed(name: &str, run: &Run, hostile: usize) {
    is_listed(name, run, "left-pad", hostile + 1);
}

#[track_caller]
fn is_listed(name: &str, run: &Run, package: &str, layer: usize) {
    let report = run.json();
    let packages = report["packages"].as_array().unwrap();
    assert!(
        packages
            .iter()
            .any(|one| one["name"] == package && one["layer"] == layer),
        "{name}: {package} of layer {layer} is missing: {}",
        report["skipped"]
    );
}

fn at_stage(stage: &Stage, name: &str, image: &Image) -> String {
    let layout = stage.root().join(format!("{name}.oci"));
    image.write_layout(&layout, "x").unwrap();
    format!("oci:{}:x", layout.display())
}

/// The corpus, in so many parts that each can be looked at on a thread of its own.
fn part_is_harmless(part: usize, parts: usize) {
    let stage = Stage::new();
    for hostile in hostile::contents().into_iter().skip(part).step_by(parts) {
        let name = hostile.name;
        let layers = hostile.layers(Scale::Suite);
        let count = layers.len();
        let place = at_stage(&stage, name, &between(layers).build());
        let run =
            bounded(&mut stage.command(&["inspect", &place, "--format", "json", "--no-cache"]));
        assert!(matches!(run.code, 0 | 3), "{name}: {}", run.stderr);
        harmless(&run.stderr);
        above_is_listed(name, &run, count);
        if !hostile.replaces_database {
            rest_is_listed(name, &run, count);
        }
        if let Some(words) = hostile.told {
            let skipped = run.json()["skipped"].to_string();
            assert!(skipped.contains(words), "{name}: {skipped}");
        }
        let human = bounded(&mut stage.command(&["inspect", &place, "--format", "human"]));
        assert!(matches!(human.code, 0 | 3), "{name}: {}", human.stderr);
        harmless(&human.stdout);
        std::fs::remove_dir_all(stage.root().join(format!("{name}.oci"))).unwrap();
    }
}

#[test]
fn hostile_files_leave_the_rest_of_an_image_to_be_seen() {
    part_is_harmless(0, 2);
}

#[test]
fn other_hostile_files_leave_the_rest_of_an_image_to_be_seen() {
    part_is_harmless(1, 2);
}

#[test]
fn hostile_layers_leave_the_rest_of_an_image_to_be_seen() {
    let stage = Stage::new();
    for hostile in hostile::layers("/nowhere/plimsoll-test") {
        let name = hostile.name;
        let image = between(vec![hostile.layer]).build();
        let run = bounded(&mut stage.command(&[
            "inspect",
            &at_stage(&stage, name, &image),
            "--format",
            "json",
            "--no-cache",
        ]));
        assert!(matches!(run.code, 0 | 3), "{name}: {}", run.stderr);
        rest_is_listed(name, &run, 1);
        std::fs::remove_dir_all(stage.root().join(format!("{name}.oci"))).unwrap();
    }
}

#[test]
fn floods_are_listed_and_compared_in_their_share_of_memory() {
    let stage = Stage::new();
    let floods = [
        "ten-million-entries",
        "hard-links-to-one-file",
        "paths-of-50000-parts",
    ];
    for flood in hostile::contents()
        .into_iter()
        .filter(|one| floods.contains(&one.name))
    {
        let place = at_stage(
            &stage,
            flood.name,
            &between(flood.layers(Scale::Suite)).build(),
        );
        let honest = at_stage(&stage, "honest", &between(Vec::new()).build());
        for arguments in [
            vec!["layers", &place, "--plain", "--format=human", "--no-cache"],
            vec!["diff", &honest, &place, "--format=human", "--no-cache"],
        ] {
            let run = bounded(&mut stage.command(&arguments));
            assert!(
                matches!(run.code, 0 | 1 | 3),
                "{arguments:?}: {}",
                run.stderr
            );
            assert!(!run.stdout.is_empty(), "{arguments:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_blob_that_is_cut_or_changed_is_told_and_the_rest_seen() {
    type Spoil = fn(&mut Vec<u8>);
    let spoils: [(&str, Spoil); 5] = [
        ("cut", |bytes| bytes.truncate(bytes.len() / 2)),
        ("empty", Vec::clear),
        ("longer", |bytes| bytes.extend([0; 4096])),
        ("changed", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
        }),
        ("zeros", |bytes| bytes.fill(0)),
    ];
    for compression in [Compression::Gzip, Compression::None] {
        let image = between(vec![Layer::seeded(9, 40)])
            .compression(compression)
            .build();
        let digest = image.blobs().nth(1).unwrap().0.hex().to_owned();
        for (name, spoil) in spoils {
            let stage = Stage::new();
            let place = at_stage(&stage, name, &image);
            let blob = stage
                .root()
                .join(format!("{name}.oci/blobs/sha256/{digest}"));
            let mut bytes = std::fs::read(&blob).unwrap();
            spoil(&mut bytes);
            std::fs::write(&blob, bytes).unwrap();
            for again in [false, true] {
                let run =
                    bounded(&mut stage.command(&["inspect", &place, "--format", "json"])).expect(3);
                rest_is_listed(name, &run, 1);
                let skipped = run.json()["skipped"].to_string();
                assert!(
                    skipped.contains("layer 1"),
                    "{name}, again {again}: {skipped}"
                );
            }
        }
    }
}

/// Every file of the cache, spoilt.
fn spoil_cache(folder: &std::path::Path, spoil: fn(Vec<u8>) -> Vec<u8>) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += spoil_cache(&path, spoil);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, spoil(bytes)).unwrap();
            count += 1;
        }
    }
    count
}

#[test]
fn a_damaged_cache_changes_nothing_about_what_is_found() {
    let stage = Stage::new();
    let image = between(vec![Layer::seeded(4, 30)]).build();
    let place = at_stage(&stage, "cached", &image);
    let look = || {
        let mut command = stage.command(&["inspect", &place, "--format", "json"]);
        bounded(&mut command).expect(0).stdout
    };
    let first = look();
    let spoils: [fn(Vec<u8>) -> Vec<u8>; 6] = [
        |_| Vec::new(),
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| vec![0; bytes.len()],
        |bytes| vec![0xff; bytes.len()],
        |mut bytes| {
            bytes.extend([b'x'; 100]);
            bytes
        },
        |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        },
    ];
    for spoil in spoils {
        assert!(spoil_cache(&stage.root().join("cache"), spoil) > 0);
        assert_eq!(look(), first);
        assert_eq!(look(), first, "what was kept anew");
    }
}

#[test]
fn names_speak_to_no_terminal_in_lists() {
    let evil = "x\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}31m\r\u{8}y";
    let layer = Layer::new()
        .file(format!("srv/{evil}/a"), vec![b'a'; 4000])
        .file(format!("srv/{evil}/b"), vec![b'a'; 4000])
        .file(b"srv/\xff\x1b[31m", "raw")
        .symlink(format!("srv/{evil}/link"), evil)
        .program(format!("usr/bin/{evil}"), "#!/bin/sh\n");
    let above = Layer::new()
        .file(format!("srv/{evil}/a"), vec![b'b'; 5000])
        .whiteout(&format!("srv/{evil}/b"));
    let stage = Stage::new();
    let painted = ImageBuilder::new()
        .layer_by(layer, evil)
        .layer_by(above, &format!("COPY {evil} /srv"))
        .env(evil, evil)
        .label(evil, evil)
        .user(evil)
        .workdir(evil)
        .build();
    let painted = at_stage(&stage, "painted", &painted);
    let honest = at_stage(&stage, "honest", &between(Vec::new()).build());
    let mut runs = vec![vec!["layers", &painted, "--plain"]];
    for format in ["human", "markdown"] {
        runs.push(vec!["diff", &honest, &painted, "--format", format]);
        runs.push(vec!["diff", &painted, &honest, "--format", format]);
    }
    for format in ["human", "plain", "markdown"] {
        runs.push(vec!["inspect", &painted, "--format", format]);
    }
    for arguments in runs {
        let run = bounded(&mut stage.command(&arguments));
        assert!(!run.stdout.is_empty(), "{arguments:?}: {}", run.stderr);
        harmless(&run.stdout);
        harmless(&run.stderr);
    }
    for arguments in [
        vec!["layers", &painted, "--format", "json"],
        vec!["inspect", &painted, "--format", "sarif"],
        vec!["inspect", &painted, "--format", "spdx"],
        vec!["diff", &honest, &painted, "--format", "json"],
    ] {
        let run = bounded(&mut stage.command(&arguments));
        run.json();
        let spoken = run.stdout.bytes().any(|byte| byte < b' ' && byte != b'\n');
        assert!(!spoken, "{arguments:?}");
    }
}
