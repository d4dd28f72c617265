//! No bytes of a file or of an archive make the search for secrets panic or unpack without bound,
//! and where pieces are parted changes nothing about what is found.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (path, piece, bytes) = input;
    let paths = [
        "app/x.py",
        "app/.env",
        "app/config.json",
        "usr/lib/x",
        "app/x.tar",
        "app/x.tgz",
        "app/x.zip",
        "app/x.tzst",
        "app/secret.yaml",
        "app/key.p12",
        "app/wp-config.php",
        "root/.pgpass",
        "app/x.tbz2",
        "app/x.txz",
        "app/.git/objects/pack/x.pack",
        "app/.git/objects/ab/cdefcdefcdefcdefcdefcdefcdefcdefcdefcd",
    ];
    let path = paths[usize::from(path) % paths.len()];
    plimsoll_scan::fuzz_secrets(path, bytes, usize::from(piece));
});
