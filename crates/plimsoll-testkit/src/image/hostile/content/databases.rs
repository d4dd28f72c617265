//! Databases of package managers that are none.

use super::{HostileContent, MEBI, file, garbage, quiet, told};
use crate::image::{Entry, Layer};

const DPKG: &str = "var/lib/dpkg/status";
const DPKG_PART: &str = "var/lib/dpkg/status.d/x";
const APK: &str = "lib/apk/db/installed";
const RPM: &str = "var/lib/rpm/rpmdb.sqlite";
const STANZA: &str =
    "Package: x\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n";

/// A SQLite file whose pages all point at themselves and each other.
fn looped_sqlite() -> Vec<u8> {
    // Page size 4096.
    let mut sqlite = b"SQLite format 3\0\x10\x00\x01\x01\x00\x40\x20\x20".to_vec();
    sqlite.resize(100, 0);
    for _ in 0..1000 {
        sqlite.extend([5, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1]);
        sqlite.extend([0, 0, 0, 1].repeat(100));
    }
    sqlite
}

/// In the place of dpkg's database.
fn instead(name: &'static str, make: fn(super::Scale) -> Vec<Layer>) -> HostileContent {
    HostileContent {
        replaces_database: true,
        ..told(name, DPKG, make)
    }
}

pub(super) fn cases() -> Vec<HostileContent> {
    [contents(), places()].concat()
}

fn contents() -> Vec<HostileContent> {
    vec![
        told("dpkg-status-of-garbage", DPKG_PART, |_| {
            file(DPKG_PART, garbage(MEBI))
        }),
        quiet("dpkg-status-of-64-megabytes", |_| {
            file(DPKG_PART, garbage(64 * MEBI))
        }),
        quiet("dpkg-status-of-one-stanza", |_| {
            let fields = "Package: x\nStatus: install ok installed\nVersion: 1\n";
            file(DPKG_PART, fields.repeat(MEBI / 2))
        }),
        told("apk-without-versions", APK, |_| {
            let mut installed = String::new();
            for index in 0..200_000 {
                installed += &format!("P:p{index}\nF:a\nR:b\nZ:Q1!\n\n");
            }
            file(APK, installed)
        }),
        told("rpm-sqlite-of-loops", RPM, |_| file(RPM, looped_sqlite())),
        told("rpm-sqlite-of-garbage", RPM, |_| {
            file(RPM, [b"SQLite format 3\0", &garbage(4 * MEBI)[..]].concat())
        }),
        told("rpm-ndb-of-garbage", "var/lib/rpm/Packages.db", |_| {
            let content = [b"RpmP", &garbage(4 * MEBI)[..]].concat();
            file("var/lib/rpm/Packages.db", content)
        }),
        told("rpm-berkeley-of-garbage", "var/lib/rpm/Packages", |_| {
            // A hash database: magic 0x061561 at 12, page size at 20.
            let mut berkeley = garbage(4 * MEBI);
            berkeley[12..16].copy_from_slice(&0x0006_1561_u32.to_le_bytes());
            berkeley[20..24].copy_from_slice(&4096_u32.to_le_bytes());
            file("var/lib/rpm/Packages", berkeley)
        }),
        told("rpm-of-nothing", RPM, |_| file(RPM, "")),
        quiet("passwd-of-garbage", |_| {
            file("etc/passwd", garbage(8 * MEBI))
        }),
        quiet("passwd-of-many", |_| {
            file("etc/passwd", "a:x:0:0::/:/bin/sh\n".repeat(500_000))
        }),
    ]
}

/// Databases that are no files, or files of another place.
fn places() -> Vec<HostileContent> {
    vec![
        instead("dpkg-status-links-to-itself", |_| {
            vec![Layer::new().symlink(DPKG, "status")]
        }),
        instead("dpkg-status-links-in-a-ring", |_| {
            vec![
                Layer::new()
                    .symlink(DPKG, "/srv/ring")
                    .symlink("srv/ring", format!("/{DPKG}")),
            ]
        }),
        instead("dpkg-status-links-out-of-the-image", |_| {
            let out = format!("{}{DPKG}", "../".repeat(20));
            vec![Layer::new().symlink(DPKG, format!("{out}-of-the-host"))]
        }),
        instead("dpkg-status-is-a-folder", |_| {
            vec![Layer::new().dir(DPKG).file(format!("{DPKG}/x"), STANZA)]
        }),
        instead("dpkg-status-is-a-device", |_| {
            vec![Layer::new().entry(Entry::new(b'3', DPKG).device(1, 5))]
        }),
        instead("dpkg-status-is-a-pipe", |_| {
            vec![Layer::new().entry(Entry::new(b'6', DPKG))]
        }),
        instead("dpkg-status-is-a-hard-link-to-nothing", |_| {
            vec![Layer::new().hardlink(DPKG, "srv/nothing")]
        }),
        instead("dpkg-status-is-a-hard-link-to-itself", |_| {
            vec![Layer::new().hardlink(DPKG, DPKG)]
        }),
        // The bytes stay though the name they came by is gone.
        HostileContent {
            told: None,
            ..instead("dpkg-status-is-a-hard-link-to-what-is-removed", |_| {
                vec![
                    Layer::new().file("srv/a", STANZA).hardlink(DPKG, "srv/a"),
                    Layer::new().whiteout("srv/a"),
                ]
            })
        },
        told("apk-database-links-to-itself", APK, |_| {
            vec![Layer::new().symlink(APK, "installed")]
        }),
        told("apk-database-is-a-folder", APK, |_| {
            vec![Layer::new().dir(APK)]
        }),
        told("apk-database-is-a-device", APK, |_| {
            vec![Layer::new().entry(Entry::new(b'4', APK).device(8, 0))]
        }),
        told("rpm-database-links-to-itself", RPM, |_| {
            vec![Layer::new().symlink(RPM, "rpmdb.sqlite")]
        }),
        told("rpm-database-is-a-folder", RPM, |_| {
            vec![Layer::new().dir(RPM)]
        }),
        told("rpm-database-is-a-hard-link-to-nothing", RPM, |_| {
            vec![Layer::new().hardlink(RPM, "srv/nothing")]
        }),
        quiet("rpm-folder-links-to-itself", |_| {
            vec![
                Layer::new()
                    .symlink("var/lib/rpm", "../lib/rpm")
                    .symlink("usr/lib/sysimage/rpm", "/var/lib/rpm"),
            ]
        }),
    ]
}
