//! `cargo xtask fuzz-seeds DIR`: what fuzz targets begin with, `DIR/TARGET/made-NAME`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_testkit::image::hostile::archive::{gzip, tgz_in_tgz, zip, zip_in_zip};
use plimsoll_testkit::image::{Entry, Layer, hostile};

/// The longest seed: long ones are slow and hold little more.
const LONGEST: usize = 32 << 10;

/// Texts that readers of packages look for, short.
const METADATA: &[(&str, &str)] = &[
    (
        "wheel",
        "Metadata-Version: 2.1\nName: a\nVersion: 1.0\nLicense: MIT\nRequires-Dist: b>=1; extra == 'x'\n\nText\n",
    ),
    (
        "record",
        "a/__init__.py,sha256=47DEQpj8HBSa-_TImW,0\n\"b,c.py\",,\n",
    ),
    (
        "package",
        "{\"name\":\"a\",\"version\":\"1\",\"license\":{\"type\":\"ISC\"},\"dependencies\":{\"b\":\"*\"}}",
    ),
    (
        "lock",
        "{\"packages\":{\"node_modules/a\":{\"version\":\"1\",\"resolved\":\"x\"}},\"packageRegistryData\":[[null,[[null,{\"packageLocation\":\"./\"}]]]]}",
    ),
    (
        "composer",
        "{\"packages\":[{\"name\":\"a/b\",\"version\":\"v1\",\"license\":[\"MIT\"]}],\"dev\":false,\"dev-package-names\":[\"a/b\"]}",
    ),
    (
        "conda",
        "{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"channel\":\"c\",\"depends\":[\"b 1.*\"]}",
    ),
    (
        "stanza",
        "Package: a\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: amd64\nSource: b (2)\nDepends: c\n\nPackage: d\n",
    ),
    (
        "deps",
        "{\"runtimeTarget\":{\"name\":\"x\"},\"targets\":{},\"libraries\":{\"A/1.0\":{\"type\":\"package\"}}}",
    ),
    (
        "toml",
        "name = \"A\"\nuuid = \"x\"\nversion = \"1.0\"\n[deps]\nB = \"y\"\n",
    ),
    (
        "gemspec",
        "# stub: a 1.0 ruby lib\nGem::Specification.new do |s|\n s.name = \"a\".freeze\n s.version = \"1\"\n s.licenses = [\"MIT\"]\nend\n",
    ),
    (
        "php",
        "<?php\n/*\nPlugin Name: A\nVersion: 1\n*/\n$wp_version = '6.0';\na:2:{s:4:\"name\";s:1:\"a\";}",
    ),
    (
        "erlang",
        "{application, a,\n [{vsn, \"1.0\"}, {applications, [kernel]}]}.\n",
    ),
    (
        "release",
        "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"17\"\ngo1.22.1\n",
    ),
    (
        "opam",
        "opam-version: \"2.0\"\nroots: [\"a.1\"]\ninstalled: [\"a.1\" \"b.2\"]\n",
    ),
    (
        "spdx",
        "{\"packages\":[{\"name\":\"a\",\"versionInfo\":\"1\",\"externalRefs\":[{\"referenceLocator\":\"pkg:bitnami/a@1\"}]}]}",
    ),
];

const SYSTEM: &[(&str, &str)] = &[
    ("list", "/.\n/usr\n/usr/bin/a\n"),
    ("sums", "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n"),
    (
        "copyright",
        "Format: https://x/\nFiles: *\nLicense: GPL-2+ with x or MIT\n",
    ),
    (
        "extended",
        "Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\n",
    ),
    (
        "apk",
        "P:a\nV:1-r0\nA:x86_64\nL:MIT\no:b\nF:usr/bin\nR:a\nZ:Q1aaaaaaaaaaaaaaaaaaaaaaaaaaa=\n\n",
    ),
    (
        "alpm",
        "%NAME%\na\n\n%VERSION%\n1-1\n\n%FILES%\nusr/\nusr/bin/a\n\n%REASON%\n1\n",
    ),
    (
        "manifest",
        "a\t1-1\t100\t100\tX\t(none)\t1\tx86_64\t0\ta-1-1.src.rpm\n",
    ),
    (
        "os-release",
        "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='D'\n",
    ),
    ("passwd", "root:x:0:0:root:/root:/bin/sh\na::1:1::/:\n"),
];

const SECRETS: &[(&str, &str)] = &[
    (
        "assigned",
        "DB_PASSWORD = 'q7RtY2mWx9KpLz4V'\napi_key: \"x\"\n# token: y\n",
    ),
    (
        "address",
        "postgres://app:s3cr3t!x@db/app\nAuthorization: Basic Ym9iOmh1bnRlcjI=\n",
    ),
    (
        "connection",
        "\"Server=db;User Id=sa;Password=Tr0ub4dor-3x;\"",
    ),
    (
        "manifest",
        "{\"kind\":\"Secret\",\"data\":{\"password\":\"aHVudGVyMi1vZi1vdXJz\"}}",
    ),
    (
        "auths",
        "{\"auths\":{\"r\":{\"auth\":\"Ym9iOmh1bnRlcjI=\"}}}",
    ),
    (
        "putty",
        "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPrivate-Lines: 1\nAAAA\n",
    ),
    ("utf16", "\u{feff}t\0o\0k\0e\0n\0=\0"),
];

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let [folder] = arguments else {
        anyhow::bail!("usage: cargo xtask fuzz-seeds DIR");
    };
    let seeds = Seeds(PathBuf::from(folder));
    let outside = "/nowhere/plimsoll";
    for case in hostile::layers(outside) {
        seeds.put("layer", case.name, &case.layer.tar())?;
    }
    for seed in 0..4 {
        let tar = Layer::seeded(seed, 4).tar();
        seeds.put("layer", &format!("honest-{seed}"), &tar)?;
        // A byte for the target, and deflated bytes without a header.
        let deflated = gzip(&tar).split_off(9);
        seeds.put("gzip", &format!("honest-{seed}"), &deflated)?;
    }
    for (index, (name, text)) in METADATA.iter().enumerate() {
        // Which of its readers gets it is the first byte; each gets every text.
        for reader in 0..30 {
            seeds.put_for(
                "metadata",
                &format!("{name}-{reader}"),
                reader,
                text.as_bytes(),
            )?;
        }
        seeds.put_for("system", name, index as u8, text.as_bytes())?;
    }
    for (name, text) in SYSTEM {
        for reader in 0..15 {
            seeds.put_for(
                "system",
                &format!("{name}-{reader}"),
                reader,
                text.as_bytes(),
            )?;
        }
    }
    let files = Layer::new().entry(Entry::file("a/.env", "DB_PASSWORD=q7RtY2mWx9KpLz4V\n"));
    for (name, text) in SECRETS {
        for kind in 0..5 {
            seeds.put_for("secrets", &format!("{name}-{kind}"), kind, text.as_bytes())?;
        }
    }
    seeds.put_for("secrets", "tar", 4, &files.tar())?;
    seeds.put_for("secrets", "tgz", 5, &gzip(&files.tar()))?;
    seeds.put_for("secrets", "tgz-deep", 5, &tgz_in_tgz(5))?;
    seeds.put_for(
        "secrets",
        "zip",
        6,
        &zip(&[("a/.env", b"TOKEN=q7RtY2mWx9KpLz4V\n")]),
    )?;
    // The shortest there are: an empty stream each.
    seeds.put_for("secrets", "bz2", 12, b"BZh9\x17rE8P\x90\0\0\0\0")?;
    let xz = b"\xfd7zXZ\0\0\0\xff\x12\xd9A\0\0\0\0\x1c\xdfD!\x06r\x9ez\x01\0\0\0\0\0YZ";
    seeds.put_for("secrets", "xz", 13, xz)?;
    seeds.put("java", "zip-in-zip", &zip_in_zip(5, ".jar"))?;
    let manifest = b"Manifest-Version: 1.0\nImplementation-Title: a\nImplementation-Version: 1\n";
    let properties = b"groupId=a\nartifactId=b\nversion=1\n";
    let pom =
        b"<project><groupId>a</groupId><artifactId>b</artifactId><version>1</version></project>";
    let inner = zip(&[("META-INF/MANIFEST.MF", manifest)]);
    let members: [(&str, &[u8]); 4] = [
        ("META-INF/MANIFEST.MF", manifest),
        ("META-INF/maven/a/b/pom.properties", properties),
        ("META-INF/maven/a/b/pom.xml", pom),
        ("BOOT-INF/lib/c-1.jar", &inner),
    ];
    seeds.put("java", "jar", &zip(&members))?;
    // The target puts the magic bytes before it: little-endian, for Linux, no sections.
    let own = std::fs::read(std::env::current_exe()?)?;
    for kind in 0..4 {
        let mut program = own.get(5..LONGEST / 2).unwrap_or_default().to_vec();
        program.extend(b"\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05go1.2\x00");
        program.extend(b"OpenSSL 3.0.1 1 Jan 2024\0Python 3.11.2\0redis_version:7.0.1\0");
        seeds.put_for("program", &format!("own-{kind}"), kind, &program)?;
    }
    // Go 1.20 and later, little-endian, 64 bits: eight words, then the names, then nothing more.
    let names = b"runtime.main\0main.main\0gopkg.in/a%2eb.(*T[...]).M\0type:.eq.a\0a.F.func1\0";
    let mut table = b"\xf1\xff\xff\xff\0\0\x01\x08".to_vec();
    let end = 72 + names.len() as u64;
    for word in [5, 1, 0, 72, end, end, end, end] {
        table.extend(word.to_le_bytes());
    }
    table.extend(names);
    seeds.put("functions", "table", &[&[7, 0][..], &table].concat())?;
    Ok(())
}

struct Seeds(PathBuf);

impl Seeds {
    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        if bytes.len() > LONGEST {
            return Ok(());
        }
        let folder = self.0.join(target);
        std::fs::create_dir_all(&folder)?;
        let path: &Path = &folder.join(format!("made-{name}"));
        std::fs::write(path, bytes).with_context(|| path.display().to_string())
    }

    /// For a target that takes a reader's number and the length of pieces before its bytes.
    fn put_for(&self, target: &str, name: &str, reader: u8, bytes: &[u8]) -> anyhow::Result<()> {
        self.put(target, name, &[&[reader, 7, 0], bytes].concat())
    }
}
