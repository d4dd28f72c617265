//! Links in floods, rings and fans.

use super::{HostileContent, Scale, quiet, told};
use crate::image::{Entry, Layer};

fn many(scale: Scale) -> u64 {
    scale.of(50_000, 1_000_000)
}

/// Steps that double what a path stands for: a path through all of them names more places than
/// there are atoms.
const DOUBLINGS: u64 = 200;

pub(super) fn cases() -> Vec<HostileContent> {
    vec![
        quiet("hard-links-to-one-file", |scale| {
            vec![
                Layer::new()
                    .file("srv/a", "content")
                    .many(many(scale), |index| {
                        Entry::hardlink(format!("srv/l/{index}"), "srv/a")
                    }),
            ]
        }),
        quiet("hard-links-in-a-chain", |scale| {
            vec![
                Layer::new()
                    .file("srv/l/0", "content")
                    .many(many(scale), |index| {
                        Entry::hardlink(format!("srv/l/{}", index + 1), format!("srv/l/{index}"))
                    }),
            ]
        }),
        quiet("hard-links-in-a-ring", |scale| {
            vec![Layer::new().many(many(scale), |index| {
                Entry::hardlink(
                    format!("srv/l/{index}"),
                    format!("srv/l/{}", (index + 1) % 50_000),
                )
            })]
        }),
        quiet("hard-links-to-a-program", |scale| {
            vec![
                Layer::new()
                    .entry(Entry::file("srv/a", "#!/bin/nothing\n").mode(0o4755))
                    .many(many(scale), |index| {
                        Entry::hardlink(format!("usr/bin/{index}"), "srv/a").mode(0o4755)
                    }),
            ]
        }),
        // A link costs its archive a block, and its reader all that the package says.
        told(
            "hard-links-to-a-package",
            "more such links to package metadata than are followed",
            |scale| {
                let metadata = format!("Name: {}\nVersion: 1\n", "a".repeat(900));
                vec![
                    Layer::new()
                        .file("srv/a-0.dist-info/METADATA", metadata)
                        .many(many(scale), |index| {
                            let path = format!("srv/a-{}.dist-info/METADATA", index + 1);
                            Entry::hardlink(path, "srv/a-0.dist-info/METADATA")
                        }),
                ]
            },
        ),
        // As many times as there are links is every package of the list told.
        told(
            "hard-links-to-a-list-of-packages",
            "more such links to package metadata than are followed",
            |scale| {
                let packages: Vec<String> = (0..2_000)
                    .map(|package| format!("{{\"name\":\"v/p{package}\",\"version\":\"1.0\"}}"))
                    .collect();
                let list = format!("{{\"packages\":[{}]}}", packages.join(","));
                vec![
                    Layer::new()
                        .file("srv/vendor/composer/installed.json", list)
                        .many(many(scale), |index| {
                            let path = format!("srv/{index}/vendor/composer/installed.json");
                            Entry::hardlink(path, "srv/vendor/composer/installed.json")
                        }),
                ]
            },
        ),
        quiet("hard-links-deleted-above", |scale| {
            vec![
                Layer::new()
                    .file("srv/a", vec![b'a'; 4096])
                    .many(many(scale), |index| {
                        Entry::hardlink(format!("srv/l/{index}"), "srv/a")
                    }),
                Layer::new().many(many(scale), |index| {
                    Entry::file(format!("srv/l/.wh.{index}"), "")
                }),
            ]
        }),
        quiet("symlinks-to-one-file", |scale| {
            vec![
                Layer::new()
                    .file("srv/a", "content")
                    .many(many(scale), |index| {
                        Entry::symlink(format!("usr/bin/{index}"), "/srv/a")
                    }),
            ]
        }),
        quiet("symlinks-in-a-chain", |scale| {
            vec![Layer::new().many(many(scale), |index| {
                Entry::symlink(format!("usr/bin/{index}"), (index + 1).to_string())
            })]
        }),
        quiet("symlinks-to-each-other", |scale| {
            vec![Layer::new().many(many(scale), |index| {
                Entry::symlink(format!("usr/bin/{index}"), (index ^ 1).to_string())
            })]
        }),
        quiet("symlink-fan", |_| {
            let mut layer = Layer::new().dir("usr/bin/f0");
            for step in 1..=DOUBLINGS {
                let below = format!("f{}", step - 1);
                let target = format!("{below}/../{below}");
                layer = layer.symlink(format!("usr/bin/f{step}"), target);
            }
            vec![
                layer
                    .symlink("bin", format!("usr/bin/f{DOUBLINGS}/.."))
                    .symlink("lib", format!("/usr/bin/f{DOUBLINGS}/../../lib")),
            ]
        }),
        quiet("symlink-fan-of-long-targets", |scale| {
            // Forty links may be followed, each of two thousand parts, from every one of many.
            let mut layer = Layer::new().dir("usr/bin/f0");
            for step in 1..=39 {
                let target = format!("{}f{}", "../bin/".repeat(580), step - 1);
                layer = layer.symlink(format!("usr/bin/f{step}"), target);
            }
            vec![
                layer
                    .file("etc/passwd", "root:x:0:0::/root:/bin/sh\n")
                    .many(scale.of(5_000, 1_000_000), |index| {
                        Entry::symlink(format!("usr/lib/l{index}.so.1"), "/usr/bin/f39")
                    }),
            ]
        }),
        quiet("symlink-folders-that-are-their-own-parents", |_| {
            vec![
                Layer::new()
                    .symlink("usr", "/")
                    .symlink("bin", "usr/bin")
                    .symlink("lib", "usr/usr/usr/lib")
                    .symlink("etc", "."),
            ]
        }),
    ]
}
