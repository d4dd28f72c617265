//! No bytes of a Java archive, nor of a zip file in it, make a reader panic or unpack without
//! bound.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    plimsoll_scan::fuzz("opt/app/app-1.0.jar", bytes, 1);
});
