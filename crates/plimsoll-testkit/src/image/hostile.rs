//! Layers that nobody should trust.

pub mod archive;
mod content;

pub use content::{HostileContent, Scale, contents};

use super::ImageBuilder;
use super::layer::{Entry, Layer, pax_record};

/// A layer made to do harm, or to make a reader stumble.
#[derive(Clone, Debug)]
pub struct HostileLayer {
    /// A name for messages, kebab-case.
    pub name: &'static str,
    /// The layer.
    pub layer: Layer,
    /// Whether the archive itself is broken, so that a reader cannot but refuse it. The others
    /// may be refused or made harmless.
    pub malformed: bool,
}

/// An image with `layers` in the middle of honest ones: below them Debian with the package `bash`,
/// above them the Node package `left-pad`. Whoever looks at it has to find both.
pub fn between(layers: Vec<Layer>) -> ImageBuilder {
    let status =
        "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\nArchitecture: amd64\n\n";
    let below = Layer::new()
        .file("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
        .file("var/lib/dpkg/status", status);
    let above = Layer::new().file(
        "app/node_modules/left-pad/package.json",
        "{\"name\":\"left-pad\",\"version\":\"1.3.0\"}",
    );
    [below]
        .into_iter()
        .chain(layers)
        .chain([above])
        .fold(ImageBuilder::new(), ImageBuilder::layer)
}

/// The content of every file that tries to land outside of the root; finding it there is a
/// failed test.
pub const ESCAPED: &str = "plimsoll-testkit: this file must not be here\n";

/// All of them. `outside` is an absolute directory that belongs to the test: the escapes aim at
/// files in it, so that a successful one hurts nobody and is seen.
pub fn layers(outside: &str) -> Vec<HostileLayer> {
    let outside = outside.trim_end_matches('/');
    let up = "../".repeat(16);
    let below_root = outside.trim_start_matches('/');
    let escape = |name: &'static str, layer: Layer| HostileLayer {
        name,
        layer,
        malformed: false,
    };
    let broken = |name: &'static str, layer: Layer| HostileLayer {
        name,
        layer,
        malformed: true,
    };
    let mut sparse = Entry::new(b'S', "sparse").content(vec![b'x'; 512]);
    sparse = sparse
        .record("GNU.sparse.major", "1")
        .record("GNU.sparse.minor", "0");
    vec![
        escape(
            "parent-in-path",
            Layer::new().file(format!("{up}{below_root}/a"), ESCAPED),
        ),
        escape(
            "parent-inside-path",
            Layer::new().file(format!("usr/share/{up}{below_root}/a"), ESCAPED),
        ),
        escape(
            "absolute-path",
            Layer::new().file(format!("{outside}/a"), ESCAPED),
        ),
        escape("path-is-parent", Layer::new().dir("..")),
        escape("path-is-empty", Layer::new().file("", ESCAPED)),
        escape("path-is-dot", Layer::new().file(".", ESCAPED)),
        escape(
            "pax-path-with-parent",
            Layer::new()
                .entry(Entry::file("fine", ESCAPED).record("path", format!("{up}{below_root}/a"))),
        ),
        escape(
            "pax-path-with-nul",
            Layer::new().entry(Entry::file("fine", ESCAPED).record("path", "etc\0/passwd")),
        ),
        escape("nul-in-path", Layer::new().file("etc\0/passwd", ESCAPED)),
        escape("newline-in-path", Layer::new().file("a\nb\x1b[31m", "")),
        escape("path-not-utf8", Layer::new().file(b"\xff\xfe", "")),
        escape(
            "write-through-absolute-symlink",
            Layer::new().symlink("out", outside).file("out/a", ESCAPED),
        ),
        escape(
            "write-through-relative-symlink",
            Layer::new()
                .dir("usr")
                .symlink("usr/out", format!("{up}{below_root}"))
                .file("usr/out/a", ESCAPED),
        ),
        escape(
            "write-through-symlink-chain",
            Layer::new()
                .symlink("one", "two")
                .symlink("two", "three")
                .symlink("three", outside)
                .file("one/a", ESCAPED),
        ),
        escape(
            "overwrite-through-symlink",
            Layer::new()
                .symlink("file", format!("{outside}/a"))
                .file("file", ESCAPED),
        ),
        escape(
            "hardlink-to-outside",
            Layer::new()
                .hardlink("file", format!("{outside}/target"))
                .file("file", ESCAPED),
        ),
        escape(
            "hardlink-with-parent",
            Layer::new().hardlink("file", format!("{up}{below_root}/target")),
        ),
        escape(
            "hardlink-to-symlink-to-outside",
            Layer::new()
                .symlink("link", format!("{outside}/target"))
                .hardlink("file", "link")
                .file("file", ESCAPED),
        ),
        escape("hardlink-to-itself", Layer::new().hardlink("a", "a")),
        escape("hardlink-to-nothing", Layer::new().hardlink("a", "missing")),
        escape(
            "hardlink-loop",
            Layer::new().hardlink("a", "b").hardlink("b", "a"),
        ),
        escape(
            "symlink-to-itself",
            Layer::new().symlink("a", "a").file("a/b", ""),
        ),
        escape(
            "symlink-loop",
            Layer::new()
                .symlink("a", "b")
                .symlink("b", "a")
                .file("a/c", ""),
        ),
        escape(
            "host-passwd",
            Layer::new().dir("etc").symlink("etc/passwd", "/etc/passwd"),
        ),
        escape(
            "passwd-with-parent",
            Layer::new()
                .dir("etc")
                .symlink("etc/passwd", format!("{up}etc/passwd")),
        ),
        escape(
            "whiteout-of-parent",
            Layer::new().file(format!("{up}{below_root}/.wh.target"), ""),
        ),
        escape(
            "whiteout-named-parent",
            Layer::new().dir("a").file("a/.wh...", ""),
        ),
        escape(
            "whiteout-without-name",
            Layer::new().dir("a").file("a/.wh.", ""),
        ),
        escape(
            "whiteout-through-symlink",
            Layer::new().symlink("out", outside).whiteout("out/target"),
        ),
        escape(
            "opaque-through-symlink",
            Layer::new().symlink("out", outside).opaque("out"),
        ),
        escape(
            "file-becomes-directory",
            Layer::new()
                .file("a", "")
                .file("a/b", "")
                .dir("a")
                .file("a", ""),
        ),
        escape(
            "block-device",
            Layer::new().entry(Entry::new(b'4', "sda").mode(0o666).device(8, 0)),
        ),
        escape(
            "unknown-type",
            Layer::new().entry(Entry::new(b'Z', "a").content("x")),
        ),
        escape(
            "very-deep-path",
            Layer::new().file("d/".repeat(5000) + "f", ""),
        ),
        escape("very-long-name", Layer::new().file("n".repeat(100_000), "")),
        escape("many-entries-of-one-name", {
            (0..10_000).fold(Layer::new(), |layer, _| layer.file("a", ""))
        }),
        escape("sparse-file", Layer::new().entry(sparse)),
        escape("pax-bomb", {
            Layer::new().entry(Entry::file("a", "").record("comment", vec![b'x'; 64 << 20]))
        }),
        escape("many-pax-records", {
            let body: Vec<u8> = (0..100_000)
                .flat_map(|index| pax_record(&format!("SCHILY.xattr.user.{index}"), b"v"))
                .collect();
            let header = Entry::new(b'x', "PaxHeaders/a").content(body);
            Layer::new().entry(header).file("a", "")
        }),
        broken("pax-without-length", {
            let header = Entry::new(b'x', "PaxHeaders/a").content("path=a\n");
            Layer::new().entry(header).file("a", "")
        }),
        broken("pax-with-huge-length", {
            let header = Entry::new(b'x', "PaxHeaders/a");
            let header = header.content("18446744073709551615 path=a\n");
            Layer::new().entry(header).file("a", "")
        }),
        broken("size-beyond-the-end", {
            Layer::new().entry(Entry::file("a", "short").claimed_size(1 << 32))
        }),
        broken("size-of-many-exabytes", {
            Layer::new().entry(Entry::file("a", "short").claimed_size(u64::MAX >> 1))
        }),
        broken("long-name-without-end", {
            let name = Entry::new(b'L', "././@LongLink").claimed_size(u64::MAX >> 1);
            Layer::new().entry(name)
        }),
        broken(
            "cut-in-content",
            Layer::new().file("a", vec![b'x'; 2000]).truncated(700),
        ),
        broken("cut-in-header", Layer::new().file("a", "x").truncated(800)),
        broken("wrong-checksum", {
            let mut tar = Layer::new().file("a", "x").tar();
            tar[148] ^= 1;
            Layer::raw(tar)
        }),
        broken(
            "not-a-tar",
            Layer::raw("this is not a tar archive\n".repeat(100)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_malformed_ones_are() {
        let layers = layers("/outside/");
        let names: BTreeSet<&str> = layers.iter().map(|hostile| hostile.name).collect();
        assert_eq!(names.len(), layers.len());
        for hostile in &layers {
            let bytes = hostile.layer.tar();
            let mut archive = tar::Archive::new(bytes.as_slice());
            let broken = archive.entries().unwrap().any(|entry| {
                let copied = entry.and_then(|mut entry| {
                    if let Some(records) = entry.pax_extensions()? {
                        for record in records {
                            record?;
                        }
                    }
                    let claimed = entry.header().entry_size()?;
                    let read = std::io::copy(&mut entry, &mut std::io::sink())?;
                    let whole = entry.header().entry_type().is_gnu_sparse() || read == claimed;
                    whole
                        .then_some(())
                        .ok_or(std::io::ErrorKind::UnexpectedEof.into())
                });
                copied.is_err()
            });
            if hostile.malformed {
                assert!(broken, "{} is fine", hostile.name);
            }
        }
    }

    #[test]
    fn escapes_aim_at_the_directory_of_the_test() {
        for hostile in layers("/outside") {
            let bytes = hostile.layer.tar();
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
            if text.contains("../../") && hostile.name != "passwd-with-parent" {
                assert!(text.contains("../outside"), "{}", hostile.name);
            }
        }
    }
}
