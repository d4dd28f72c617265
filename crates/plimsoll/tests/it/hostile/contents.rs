//! Images of sound layers with files in them that want to do harm: the rest of the image is
//! inspected all the same.

use std::time::Duration;

use plimsoll_testkit::image::{Compression, Image, ImageBuilder, Layer, hostile};

use super::{bounded, harmless};
use crate::stage::{Run, Stage};

/// Of an unoptimised build; two cores busy with other tests.
const LIMIT: Duration = Duration::from_secs(120);

const STATUS: &str =
    "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\nArchitecture: amd64\n\n";

/// A layer of a distribution below what is between, and one of an application above.
fn between(layer: Layer) -> ImageBuilder {
    ImageBuilder::new()
        .layer(
            Layer::new()
                .file("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
                .file("var/lib/dpkg/status", STATUS),
        )
        .layer(layer)
        .layer(Layer::new().file(
            "app/node_modules/left-pad/package.json",
            "{\"name\":\"left-pad\",\"version\":\"1.3.0\"}",
        ))
}

/// What [`between`] put around it is there.
#[track_caller]
fn rest_is_listed(name: &str, run: &Run) {
    let report = run.json();
    let packages = report["packages"].as_array().unwrap();
    for (package, layer) in [("bash", 0), ("left-pad", 2)] {
        assert!(
            packages
                .iter()
                .any(|one| one["name"] == package && one["layer"] == layer),
            "{name}: {package} of layer {layer} is missing: {}",
            report["skipped"]
        );
    }
}

fn at_stage(stage: &Stage, name: &str, image: &Image) -> String {
    let layout = stage.root().join(format!("{name}.oci"));
    image.write_layout(&layout, "x").unwrap();
    format!("oci:{}:x", layout.display())
}

#[test]
fn hostile_files_leave_the_rest_of_an_image_to_be_seen() {
    let stage = Stage::new();
    for hostile in hostile::contents() {
        let name = hostile.name;
        let image = between(hostile.layer).build();
        let place = at_stage(&stage, name, &image);
        let run = bounded(
            &mut stage.command(&["inspect", &place, "--format", "json", "--no-cache"]),
            LIMIT,
        );
        assert!(matches!(run.code, 0 | 3), "{name}: {}", run.stderr);
        harmless(&run.stderr);
        rest_is_listed(name, &run);
        if let Some(path) = hostile.told {
            let skipped = run.json()["skipped"].to_string();
            assert!(skipped.contains(path), "{name}: {skipped}");
        }
        let human = bounded(
            &mut stage.command(&["inspect", &place, "--format", "human"]),
            LIMIT,
        );
        assert!(matches!(human.code, 0 | 3), "{name}: {}", human.stderr);
        harmless(&human.stdout);
        std::fs::remove_dir_all(stage.root().join(format!("{name}.oci"))).unwrap();
    }
}

#[test]
fn hostile_layers_leave_the_rest_of_an_image_to_be_seen() {
    let stage = Stage::new();
    for hostile in hostile::layers("/nowhere/plimsoll-test") {
        let name = hostile.name;
        let image = between(hostile.layer).build();
        let run = bounded(
            &mut stage.command(&[
                "inspect",
                &at_stage(&stage, name, &image),
                "--format",
                "json",
                "--no-cache",
            ]),
            LIMIT,
        );
        assert!(matches!(run.code, 0 | 3), "{name}: {}", run.stderr);
        rest_is_listed(name, &run);
        std::fs::remove_dir_all(stage.root().join(format!("{name}.oci"))).unwrap();
    }
}

#[test]
fn many_entries_take_their_share_of_memory_and_no_more() {
    let stage = Stage::new();
    let mut layer = Layer::new();
    for index in 0..300_000 {
        layer = layer.file(format!("srv/{}/{}/{index}", index % 97, index % 1009), "");
    }
    let place = at_stage(&stage, "many", &between(layer).build());
    for arguments in [
        ["inspect", &place, "--format", "json", "--no-cache"],
        ["layers", &place, "--plain", "--format=human", "--no-cache"],
    ] {
        let run = bounded(&mut stage.command(&arguments), LIMIT).expect(0);
        assert!(!run.stdout.is_empty());
        if arguments[0] == "inspect" {
            rest_is_listed("many", &run);
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
        let image = between(Layer::seeded(9, 40))
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
                let run = bounded(
                    &mut stage.command(&["inspect", &place, "--format", "json"]),
                    LIMIT,
                )
                .expect(3);
                rest_is_listed(name, &run);
                let skipped = run.json()["skipped"].to_string();
                assert!(
                    skipped.contains("layer 2"),
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
    let image = between(Layer::seeded(4, 30)).build();
    let place = at_stage(&stage, "cached", &image);
    let look = || {
        let mut command = stage.command(&["inspect", &place, "--format", "json"]);
        bounded(&mut command, LIMIT).expect(0).stdout
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
    let mut runs = vec![vec!["layers", &painted, "--plain"]];
    for format in ["human", "plain", "markdown"] {
        runs.push(vec!["inspect", &painted, "--format", format]);
    }
    for arguments in runs {
        let run = bounded(&mut stage.command(&arguments), LIMIT);
        assert!(!run.stdout.is_empty(), "{arguments:?}: {}", run.stderr);
        harmless(&run.stdout);
        harmless(&run.stderr);
    }
    for arguments in [
        vec!["layers", &painted, "--format", "json"],
        vec!["inspect", &painted, "--format", "sarif"],
        vec!["inspect", &painted, "--format", "spdx"],
    ] {
        let run = bounded(&mut stage.command(&arguments), LIMIT);
        run.json();
        let spoken = run.stdout.bytes().any(|byte| byte < b' ' && byte != b'\n');
        assert!(!spoken, "{arguments:?}");
    }
}
