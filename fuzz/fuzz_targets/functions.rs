//! No table of functions of a Go program makes its reader panic or use memory without bound, and it
//! does not matter how it is cut up.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (piece, bytes) = input;
    plimsoll_scan::fuzz_functions(bytes, usize::from(piece));
});
