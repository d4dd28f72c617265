use plimsoll_model::{ChangeKind, Digest, Evidence, PackageKind};

use super::*;

fn package(name: &str, version: &str, path: &str) -> Package {
    Package::new(
        PackageKind::Npm,
        name,
        version,
        format!("pkg:npm/{name}@{version}"),
        path,
        Evidence::Metadata,
        0,
    )
}

#[test]
fn versions_change_in_place_before_they_change_by_name() {
    let old = [
        package("a", "1", "x/a"),
        package("a", "2", "y/a"),
        package("gone", "1", "g"),
        package("moved", "1", "here"),
    ];
    let new = [
        package("a", "2", "y/a"),
        package("a", "3", "x/a"),
        package("moved", "1", "there"),
        package("new", "1", "n"),
    ];
    let changes = packages(&old, &new);
    let told: Vec<_> = changes
        .iter()
        .map(|change| {
            let version = |side: &Option<Package>| side.as_ref().map(|p| p.version.clone());
            (
                change.any().unwrap().name.as_str(),
                change.kind(),
                version(&change.package.old),
                version(&change.package.new),
            )
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            ("a", ChangeKind::Changed, text("1"), text("3")),
            ("gone", ChangeKind::Removed, text("1"), None),
            ("new", ChangeKind::Added, None, text("1")),
        ]
    );
    assert_eq!(packages(&old, &old), []);
}

/// Pillow calls itself `pillow` since its release 10.1, and other tools write `django` for `Django`.
#[test]
fn a_name_is_one_however_it_is_spelled() {
    let python = |name, version, path| Package {
        kind: PackageKind::Python,
        ..package(name, version, path)
    };
    let old = [
        python("Django", "3.2", "site/Django"),
        python("Pillow", "9.3.0", "site/Pillow"),
    ];
    let new = [
        python("django", "3.2", "site/Django"),
        python("pillow", "10.2.0", "site/pillow"),
    ];
    let changes = packages(&old, &new);
    let [pillow] = changes.as_slice() else {
        panic!("{changes:?}");
    };
    assert_eq!(pillow.kind(), ChangeKind::Changed);
    // Nobody takes these for one.
    let changes = packages(&[package("A", "1", "a")], &[package("a", "1", "a")]);
    assert_eq!(changes.len(), 2);
}

fn layer(byte: u8, instruction: &str) -> LayerFacts {
    let digest = Digest::from_sha256([byte; 32]);
    LayerFacts {
        digest: digest.clone(),
        diff_id: digest,
        compressed_size: 0,
        size: 0,
        entries: 0,
        instruction: Some(instruction.to_owned()),
        source: None,
        file_bytes: 0,
        wasted: 0,
        hidden: 0,
    }
}

#[test]
fn layers_stand_for_each_other_by_what_made_them() {
    let old = [
        layer(1, "ADD base"),
        layer(2, "/bin/sh -c #(nop) COPY file:0123 in /app"),
        layer(3, "RUN make"),
    ];
    let new = [
        layer(1, "ADD base"),
        layer(4, "RUN apt-get update"),
        layer(5, "/bin/sh -c #(nop) COPY file:4567 in /app"),
        layer(3, "RUN make"),
    ];
    let told: Vec<_> = layers(&old, &new)
        .iter()
        .map(|change| (change.layers.old, change.layers.new, change.same))
        .collect();
    assert_eq!(
        told,
        [
            (Some(0), Some(0), true),
            (None, Some(1), false),
            (Some(1), Some(2), false),
            (Some(2), Some(3), true),
        ]
    );
}

/// Jib writes one instruction for all layers.
#[test]
fn the_same_bytes_stand_for_each_other_whatever_else_is_the_same() {
    let made = |bytes: &[u8]| -> Vec<LayerFacts> {
        bytes.iter().map(|byte| layer(*byte, "jib")).collect()
    };
    let told = |old: &[u8], new: &[u8]| -> Vec<_> {
        let changes = layers(&made(old), &made(new));
        let pairs = changes.iter();
        pairs
            .map(|change| (change.layers.old, change.layers.new, change.same))
            .collect()
    };
    // One is new, one has other bytes.
    assert_eq!(
        told(&[1, 2, 3], &[9, 1, 2, 8]),
        [
            (None, Some(0), false),
            (Some(0), Some(1), true),
            (Some(1), Some(2), true),
            (Some(2), Some(3), false),
        ]
    );
    // Bytes under another instruction are the same bytes.
    let old = [layer(7, "RUN a"), layer(1, "COPY x")];
    let new = [layer(8, "RUN b"), layer(1, "COPY y")];
    let last = layers(&old, &new).pop().unwrap();
    assert!(last.same);
}

#[test]
fn thousands_of_layers_are_not_compared_with_each_other() {
    let many = |byte: u8| -> Vec<LayerFacts> {
        (0..2000)
            .map(|at| layer(byte, &format!("RUN {at}")))
            .collect()
    };
    let changes = layers(&many(1), &many(2));
    assert_eq!(changes.len(), 4000);
}
