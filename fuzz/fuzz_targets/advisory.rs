//! No bytes of an advisory, nor of an index of them, make a reader panic, take memory without bound
//! or not come back.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    plimsoll_scan::advisory::fuzz(bytes);
});
