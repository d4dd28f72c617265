//! Names and paths that no person gives.

use super::{HostileContent, quiet};
use crate::image::{Entry, Layer};

pub(super) fn cases() -> Vec<HostileContent> {
    vec![
        quiet("names-not-utf8", |_| {
            let mut layer = Layer::new();
            for byte in 0x80..=0xff {
                let name = [b"srv/".as_slice(), &[byte], b"/", &[byte, 0xfe]].concat();
                layer = layer
                    .file(&name, "x")
                    .symlink([&name[..], b".link"].concat(), &name)
                    .hardlink([&name[..], b".hard"].concat(), &name);
            }
            // A package in a folder that cannot be named.
            let package = [b"srv/\xff/node_modules/".as_slice(), b"a/package.json"].concat();
            vec![layer.file(package, "{\"name\":\"a\",\"version\":\"1\"}")]
        }),
        quiet("path-of-50000-parts", |_| {
            vec![Layer::new().file("d/".repeat(50_000) + "f", "x")]
        }),
        quiet("paths-of-50000-parts", |scale| {
            vec![Layer::new().many(scale.of(20, 3_000), |index| {
                Entry::file(format!("{index}/{}f", "d/".repeat(50_000)), "x")
            })]
        }),
        quiet("folders-of-50000-parts-and-what-removes-them", |_| {
            let deep = "d/".repeat(50_000);
            vec![
                Layer::new().dir(&deep).symlink(format!("{deep}l"), "../"),
                Layer::new()
                    .file(format!("{deep}.wh.l"), "")
                    .file(".wh.d", ""),
            ]
        }),
        quiet("names-of-a-megabyte", |scale| {
            vec![Layer::new().many(scale.of(30, 500), |index| {
                Entry::file(format!("{index}{}", "n".repeat(1_000_000)), "x")
            })]
        }),
        quiet("names-that-speak-to-terminals", |_| {
            let evil = "x\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}31m\r\u{8}\ny";
            vec![
                Layer::new()
                    .file(format!("srv/{evil}"), "x")
                    .program(format!("usr/bin/{evil}"), format!("#!{evil}\n"))
                    .file(format!("srv/node_modules/{evil}/package.json"), "{")
                    .symlink(format!("srv/{evil}.link"), evil),
            ]
        }),
        quiet("pax-global-headers", |_| {
            let mut layer = Layer::new().global_header("path", "etc/shadow");
            for index in 0..10_000 {
                let path = format!("srv/{index}");
                layer = layer
                    .global_header("comment", &"c".repeat(100))
                    .global_header("size", "99999999")
                    .file(path, "x");
            }
            vec![layer.global_header("linkpath", "etc/passwd")]
        }),
        quiet("gnu-long-names", |_| {
            let long = |kind, name: &str| Entry::new(kind, "././@LongLink").content(name);
            let mut layer = Layer::new();
            // The last of many counts; one without an end mark, one of nothing, one of a megabyte.
            for index in 0..5_000 {
                layer = layer.entry(long(b'L', &format!("srv/{index}\0")));
            }
            layer = layer
                .file("short", "x")
                .entry(long(b'L', "srv/without-end"))
                .file("short", "x")
                .entry(long(b'L', &"n/".repeat(500_000)))
                .file("short", "x")
                .entry(long(b'K', "srv/0\0"))
                .entry(long(b'L', "srv/link\0"))
                .symlink("short", "shorter")
                .entry(long(b'K', "unused\0"))
                .file("srv/behind", "x");
            vec![layer]
        }),
    ]
}
