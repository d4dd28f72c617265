//! Programs whose headers no linker wrote.

use super::{HostileContent, MEBI, quiet};
use crate::image::Layer;

fn elf(fill: u8, length: usize) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    bytes.resize(length, fill);
    bytes
}

fn program(content: impl Into<Vec<u8>>) -> Vec<Layer> {
    vec![Layer::new().program("usr/bin/a", content)]
}

pub(super) fn cases() -> Vec<HostileContent> {
    vec![
        quiet("elf-of-ones", |_| program(elf(0xff, 4096))),
        quiet("elf-of-zeros", |_| program(elf(0, 4096))),
        quiet("elf-of-loops", |_| {
            let mut looped = elf(0, 4096);
            // As many sections as there can be, each of no length, at the header's own place.
            looped[40..48].copy_from_slice(&64_u64.to_le_bytes());
            looped[58..62].copy_from_slice(&[0, 0, 0xff, 0xff]);
            program(looped)
        }),
        quiet("elf-cut", |_| program(elf(0, 24))),
        quiet("elf-of-32-megabytes", |_| program(elf(0x7f, 32 * MEBI))),
        quiet("go-magic-everywhere", |_| {
            let magic = b"\xff Go buildinf:\x08\x02\xff\xff\xff\xff\xff\xff\xff\x7f";
            program([elf(0, 64), magic.repeat(100_000)].concat())
        }),
        quiet("interpreter-without-end", |_| {
            program(format!("#!{}", "/".repeat(4 * MEBI)))
        }),
    ]
}
