//! No bytes of a distribution's databases make a reader panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

const NAMES: &[(&str, &[u8])] = &[
    ("var/lib/dpkg/status", b""),
    ("var/lib/dpkg/info/a.list", b""),
    ("var/lib/dpkg/info/a.md5sums", b""),
    ("usr/share/doc/a/copyright", b""),
    ("var/lib/apt/extended_states", b""),
    ("lib/apk/db/installed", b""),
    ("etc/apk/world", b""),
    ("var/lib/rpm/rpmdb.sqlite", b"SQLite format 3\0"),
    ("var/lib/rpm/Packages.db", b"RpmP"),
    ("var/lib/rpm/Packages", b"\0\0\0\0\0\0\0\0\0\0\0\0\x61\x15\x06\0"),
    ("var/lib/rpmmanifest/container-manifest-2", b""),
    ("var/lib/pacman/local/a-1-1/desc", b"%NAME%\na\n"),
    ("var/lib/pacman/local/a-1-1/files", b""),
    ("etc/os-release", b""),
    ("etc/passwd", b""),
];

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (name, piece, bytes) = input;
    let (path, head) = NAMES[usize::from(name) % NAMES.len()];
    plimsoll_scan::fuzz(path, &[head, bytes].concat(), usize::from(piece));
});
