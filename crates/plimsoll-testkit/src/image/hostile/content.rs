//! Layers whose archive is sound and whose files want to do harm.

use super::archive;
use crate::image::{Entry, Layer};

/// A layer of files that no reader should trust.
#[derive(Clone, Debug)]
pub struct HostileContent {
    /// A name for messages, kebab-case.
    pub name: &'static str,
    /// The layer.
    pub layer: Layer,
    /// A path that a report has to own up to, among what was not looked at.
    pub told: Option<&'static str>,
}

const MEBI: usize = 1 << 20;

fn quiet(name: &'static str, layer: Layer) -> HostileContent {
    HostileContent {
        name,
        layer,
        told: None,
    }
}

fn told(name: &'static str, path: &'static str, content: impl Into<Vec<u8>>) -> HostileContent {
    HostileContent {
        name,
        layer: Layer::new().file(path, content),
        told: Some(path),
    }
}

/// All of them. None holds more than some 70 MB in memory.
pub fn contents() -> Vec<HostileContent> {
    [bombs(), metadata(), databases(), programs(), oddities()].concat()
}

/// Much from little.
fn bombs() -> Vec<HostileContent> {
    let zeros = archive::gzip_of_zeros(1 << 30);
    let twice = archive::gzip(&zeros);
    let overlaps = archive::zip_of_overlaps(u16::MAX, 16 << 20, ".zip");
    let members = archive::zip_of_overlaps(u16::MAX, 16 << 20, "/META-INF/MANIFEST.MF");
    let jars = archive::zip_of_overlaps(u16::MAX, 16 << 20, ".jar");
    vec![
        quiet("zeros", Layer::zeros("srv/zeros", 1 << 30)),
        quiet("gzip-bomb", Layer::new().file("srv/a.gz", zeros.clone())),
        quiet("gzip-bomb-as-tgz", Layer::new().file("srv/a.tgz", zeros)),
        quiet("gzip-bomb-twice", Layer::new().file("srv/a.gz.gz", twice)),
        quiet("zip-bomb", Layer::new().file("srv/a.zip", overlaps)),
        quiet("jar-bomb", Layer::new().file("srv/a.jar", members)),
        quiet("jar-bomb-of-jars", Layer::new().file("srv/a.war", jars)),
        quiet(
            "zip-100-deep",
            Layer::new().file("srv/a.zip", archive::zip_in_zip(100, ".zip")),
        ),
        quiet(
            "tgz-100-deep",
            Layer::new().file("srv/a.tgz", archive::tgz_in_tgz(100)),
        ),
        HostileContent {
            told: Some("srv/a.jar"),
            ..quiet(
                "jar-100-deep",
                Layer::new().file("srv/a.jar", archive::zip_in_zip(100, ".jar")),
            )
        },
        told(
            "jar-with-absurd-directory",
            "srv/a.jar",
            archive::zip_with_absurd_directory(u16::MAX, u32::MAX, u32::MAX - 1),
        ),
        told(
            "jar-with-endless-directory",
            "srv/a.jar",
            archive::zip_with_absurd_directory(u16::MAX, 1 << 31, 0),
        ),
    ]
}

/// JSON and text without end or bottom.
fn metadata() -> Vec<HostileContent> {
    let package = "srv/node_modules/big/package.json";
    let long = format!(
        "{{\"name\":\"{}\",\"version\":\"1\"}}",
        "n".repeat(50 * MEBI)
    );
    let wide = format!("{{\"x\":[{}0]}}", "0,".repeat(12 * MEBI));
    let deep = "[".repeat(100_000);
    let objects = "{\"a\":".repeat(100_000);
    let mut nested = Layer::new();
    for (index, path) in [
        "srv/vendor/composer/installed.json",
        "srv/node_modules/.package-lock.json",
        "srv/.pnp.data.json",
        "usr/lib/python3/dist-packages/a-1.dist-info/direct_url.json",
        "opt/conda/conda-meta/a-1-0.json",
        "usr/share/dotnet/a.deps.json",
        "root/.docker/config.json",
    ]
    .into_iter()
    .enumerate()
    {
        nested = nested.file(path, if index % 2 == 0 { &deep } else { &objects }.as_str());
    }
    let lines = "Name: a\nVersion: 1\nRequires-Dist: b\n".repeat(200_000);
    let long_line = format!("Name: {}", "a".repeat(20 * MEBI));
    vec![
        told("long-package-json", package, long),
        quiet("wide-package-json", Layer::new().file(package, wide)),
        told("deep-package-json", package, objects.clone()),
        told("deep-list-package-json", package, deep.clone()),
        quiet("deep-json-everywhere", nested),
        quiet(
            "metadata-of-many-lines",
            Layer::new().file(
                "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
                lines,
            ),
        ),
        quiet(
            "metadata-of-one-line",
            Layer::new().file(
                "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
                long_line,
            ),
        ),
        quiet(
            "deep-pom",
            Layer::new().file(
                "srv/a.jar",
                archive::zip(&[(
                    "META-INF/maven/a/b/pom.xml",
                    "<a>".repeat(200_000).as_bytes(),
                )]),
            ),
        ),
        quiet(
            "deep-license",
            Layer::new().file(
                "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
                format!("Name: a\nVersion: 1\nLicense: {}MIT\n", "(".repeat(100_000)),
            ),
        ),
    ]
}

/// Databases of package managers that are none.
fn databases() -> Vec<HostileContent> {
    let garbage = |length: usize| -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        (0..length / 8)
            .flat_map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()
            })
            .collect()
    };
    let headed = |head: &[u8]| [head, &garbage(4 * MEBI)[..]].concat();
    // Page size 4096, then pages that all point at themselves and each other.
    let mut sqlite = b"SQLite format 3\0\x10\x00\x01\x01\x00\x40\x20\x20".to_vec();
    sqlite.resize(100, 0);
    for _ in 0..1000 {
        sqlite.extend([5, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1]);
        sqlite.extend([0, 0, 0, 1].repeat(100));
    }
    // A hash database: magic 0x061561 at 12, page size at 20.
    let mut berkeley = garbage(4 * MEBI);
    berkeley[12..16].copy_from_slice(&0x0006_1561_u32.to_le_bytes());
    berkeley[20..24].copy_from_slice(&4096_u32.to_le_bytes());
    let mut installed = String::new();
    for index in 0..200_000 {
        installed += &format!("P:p{index}\nF:a\nR:b\nZ:Q1!\n\n");
    }
    vec![
        told(
            "dpkg-status-of-garbage",
            "var/lib/dpkg/status.d/x",
            garbage(MEBI),
        ),
        quiet(
            "dpkg-status-of-64-megabytes",
            Layer::new().file("var/lib/dpkg/status.d/x", garbage(64 * MEBI)),
        ),
        quiet(
            "dpkg-status-of-one-stanza",
            Layer::new().file(
                "var/lib/dpkg/status.d/x",
                "Package: x\nStatus: install ok installed\nVersion: 1\n".repeat(MEBI / 2),
            ),
        ),
        told("apk-without-versions", "lib/apk/db/installed", installed),
        told("rpm-sqlite-of-loops", "var/lib/rpm/rpmdb.sqlite", sqlite),
        told(
            "rpm-sqlite-of-garbage",
            "var/lib/rpm/rpmdb.sqlite",
            headed(b"SQLite format 3\0"),
        ),
        told(
            "rpm-ndb-of-garbage",
            "var/lib/rpm/Packages.db",
            headed(b"RpmP"),
        ),
        told("rpm-berkeley-of-garbage", "var/lib/rpm/Packages", berkeley),
        told("rpm-of-nothing", "var/lib/rpm/rpmdb.sqlite", ""),
        quiet(
            "passwd-of-garbage",
            Layer::new().file("etc/passwd", garbage(8 * MEBI)),
        ),
        quiet(
            "passwd-of-many",
            Layer::new().file("etc/passwd", "a:x:0:0::/:/bin/sh\n".repeat(500_000)),
        ),
    ]
}

/// Programs whose headers no linker wrote.
fn programs() -> Vec<HostileContent> {
    let elf = |fill: u8, length: usize| {
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
        bytes.resize(length, fill);
        bytes
    };
    let mut looped = elf(0, 4096);
    // As many sections as there can be, each of no length, at the header's own place.
    looped[40..48].copy_from_slice(&64_u64.to_le_bytes());
    looped[58..62].copy_from_slice(&[0, 0, 0xff, 0xff]);
    vec![
        quiet(
            "elf-of-ones",
            Layer::new().program("usr/bin/a", elf(0xff, 4096)),
        ),
        quiet(
            "elf-of-zeros",
            Layer::new().program("usr/bin/a", elf(0, 4096)),
        ),
        quiet("elf-of-loops", Layer::new().program("usr/bin/a", looped)),
        quiet("elf-cut", Layer::new().program("usr/bin/a", elf(0, 24))),
        quiet(
            "elf-of-32-megabytes",
            Layer::new().program("usr/bin/a", elf(0x7f, 32 * MEBI)),
        ),
        quiet(
            "go-magic-everywhere",
            Layer::new().program(
                "usr/bin/a",
                [
                    elf(0, 64),
                    b"\xff Go buildinf:\x08\x02\xff\xff\xff\xff\xff\xff\xff\x7f".repeat(100_000),
                ]
                .concat(),
            ),
        ),
        quiet(
            "interpreter-without-end",
            Layer::new().program("usr/bin/a", format!("#!{}", "/".repeat(4 * MEBI))),
        ),
    ]
}

/// What archives may say, but never do.
fn oddities() -> Vec<HostileContent> {
    let sparse = |map: &str, size: &str, path: &str| {
        let mut body = map.as_bytes().to_vec();
        body.resize(512, 0);
        body.extend(b"data");
        Entry::file(format!("GNUSparseFile.0/{path}"), body)
            .record("GNU.sparse.major", "1")
            .record("GNU.sparse.minor", "0")
            .record("GNU.sparse.name", path)
            .record("GNU.sparse.realsize", size)
    };
    vec![
        quiet(
            "sparse-of-a-terabyte",
            Layer::new().entry(sparse("1\n0\n4\n", "1099511627776", "srv/a.tar")),
        ),
        quiet(
            "sparse-database-of-a-terabyte",
            Layer::new().entry(sparse(
                "1\n0\n4\n",
                "1099511627776",
                "var/lib/rpm/rpmdb.sqlite",
            )),
        ),
        quiet(
            "sparse-of-exabytes",
            Layer::new().entry(sparse(
                "1\n9223372036854775807\n4\n",
                "9223372036854775807",
                "srv/a",
            )),
        ),
        quiet(
            "sparse-of-overlaps",
            Layer::new().entry(sparse("3\n0\n4\n0\n4\n2\n4\n", "8", "srv/a")),
        ),
        quiet(
            "sparse-of-many-pieces",
            Layer::new().entry(sparse("99999999999\n0\n4\n", "8", "srv/a")),
        ),
    ]
}
