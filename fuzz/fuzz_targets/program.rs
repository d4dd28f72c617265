//! No bytes of a program make a reader panic or use memory without bound, whole or in pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &[
    "usr/bin/app",
    "usr/bin/python3.11",
    "usr/sbin/redis-server",
    "usr/lib/libcrypto.so.3",
];

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (name, piece, bytes) = input;
    let path = NAMES[usize::from(name) % NAMES.len()];
    // Most of what there is to find lies behind the magic bytes.
    let mut program = b"\x7fELF\x02".to_vec();
    program.extend(bytes);
    plimsoll_scan::fuzz(path, &program, usize::from(piece));
});
