use plimsoll_model::{Package, PackageKind};
use plimsoll_scan::{Outcome, ScanOptions, inspect};

use crate::image::{Layer, image, look};

const OS: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n";

fn stanza(name: &str, version: &str) -> String {
    format!(
        "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nInstalled-Size: 4\nVersion: {version}\n\n"
    )
}

fn find<'a>(outcome: &'a Outcome, name: &str) -> &'a Package {
    outcome
        .inventory
        .packages
        .iter()
        .find(|package| package.name == name)
        .unwrap_or_else(|| panic!("{name} is not among {:#?}", outcome.inventory.packages))
}

#[test]
fn a_debian_package_belongs_to_the_layer_that_brought_its_version() {
    let status = "var/lib/dpkg/status";
    let outcome = look(vec![
        Layer::new()
            .file("usr/lib/os-release", OS)
            .symlink("etc/os-release", "../usr/lib/os-release")
            .file(status, stanza("a", "1:1.0+b1") + &stanza("b", "1")),
        Layer::new().file(status, stanza("a", "1:1.0+b1") + &stanza("b", "2")),
        Layer::new().file(
            status,
            stanza("a", "1:1.0+b1") + &stanza("b", "2") + &stanza("c", "1"),
        ),
    ]);
    assert!(outcome.skipped.is_empty(), "{:?}", outcome.skipped);
    assert_eq!(
        outcome.inventory.distribution.as_ref().unwrap().version,
        "12"
    );
    let a = find(&outcome, "a");
    assert_eq!(
        a.purl,
        "pkg:deb/debian/a@1:1.0%2Bb1?arch=amd64&distro=debian-12"
    );
    assert_eq!((a.layer, a.size), (0, Some(4096)));
    assert_eq!(a.source, Some(("a".to_owned(), "1:1.0+b1".to_owned())));
    assert_eq!(find(&outcome, "b").layer, 1);
    assert_eq!(find(&outcome, "c").layer, 2);
}

#[test]
fn distroless_and_a_deleted_database() {
    let outcome = look(vec![
        Layer::new()
            .file(
                "var/lib/dpkg/status.d/base",
                "Package: base-files\nVersion: 12\nArchitecture: all\n",
            )
            .file(
                "var/lib/dpkg/status.d/base.md5sums",
                "0123  etc/debian_version\n",
            ),
    ]);
    let base = find(&outcome, "base-files");
    assert_eq!(base.path, "var/lib/dpkg/status.d/base");
    assert_eq!(base.purl, "pkg:deb/debian/base-files@12?arch=all");

    let release = "ID=debian\nVERSION_ID=12\n";
    let outcome = look(vec![
        Layer::new()
            .file("etc/os-release", release)
            .file("var/lib/dpkg/status", stanza("a", "1")),
        Layer::new().file("var/lib/.wh.dpkg", ""),
    ]);
    assert!(outcome.inventory.packages.is_empty());
    // Once: that none is there has this reason.
    assert_eq!(outcome.skipped.len(), 1);
    assert!(outcome.skipped[0].blocking);
}

#[test]
fn what_debian_installed_is_listed_as_debians() {
    let outcome = look(vec![
        Layer::new()
            .file("var/lib/dpkg/status", stanza("python3-six", "1.16.0-4"))
            .file(
                "var/lib/dpkg/info/python3-six.list",
                "/.\n/usr\n/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO\n",
            )
            .file(
                "usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO",
                "Metadata-Version: 1.1\nName: six\nVersion: 1.16.0\n",
            )
            .file(
                "venv/lib/python3.11/site-packages/Typing_Extensions-4.dist-info/METADATA",
                "Name: Typing_Extensions\nVersion: 4\nLicense-Expression: PSF-2.0\n",
            )
            .file(
                "venv/lib/python3.11/site-packages/Typing_Extensions-4.dist-info/RECORD",
                "typing_extensions.py,sha256=x,100\nTyping_Extensions-4.dist-info/RECORD,,\n",
            ),
        // A rewrite of the same metadata did not install it anew; its deletion is final.
        Layer::new().file(
            "venv/lib/python3.11/site-packages/Typing_Extensions-4.dist-info/METADATA",
            "Name: Typing_Extensions\nVersion: 4\nLicense-Expression: PSF-2.0\n",
        ),
    ]);
    assert_eq!(
        find(&outcome, "six").owned_by.as_deref(),
        Some("python3-six")
    );
    let typing = find(&outcome, "Typing_Extensions");
    assert_eq!(typing.purl, "pkg:pypi/typing-extensions@4");
    assert_eq!((typing.layer, typing.size), (0, Some(100)));
    assert_eq!(typing.license.as_deref(), Some("PSF-2.0"));
    assert_eq!(typing.owned_by, None);
}

/// A distribution's advisories know nothing of what others publish for its package manager.
#[test]
fn what_others_published_is_not_the_distributions() {
    let others = |name: &str, maintainer: &str| {
        let folder = format!("usr/lib/node_modules/{name}");
        let status = format!(
            "Package: {name}\nStatus: install ok installed\nMaintainer: {maintainer}\nVersion: 20\n\n"
        );
        (status, format!("{folder}/package.json"))
    };
    let (nodesource, theirs) = others("npm", "N|Solid <ns@nodesource.com>");
    let (debian, debians) = others("node-abbrev", "Debian <pkg-js@lists.alioth.debian.org>");
    let manifest = |name: &str| format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\"}}");
    let outcome = look(vec![
        Layer::new()
            .file("var/lib/dpkg/status", nodesource + &debian)
            .file("var/lib/dpkg/info/npm.list", format!("/{theirs}\n"))
            .file(
                "var/lib/dpkg/info/node-abbrev.list",
                format!("/{debians}\n"),
            )
            .file(&theirs, manifest("of-others"))
            .file(&debians, manifest("of-debian")),
    ]);
    assert_eq!(find(&outcome, "of-others").owned_by, None);
    let owner = find(&outcome, "of-debian").owned_by.as_deref();
    assert_eq!(owner, Some("node-abbrev"));
}

#[test]
fn node_packages_with_their_own_size_only() {
    let manifest =
        |name: &str| format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"license\":\"MIT\"}}");
    let outcome = look(vec![
        Layer::new()
            .file("app/package.json", manifest("app"))
            .file("app/node_modules/a/package.json", manifest("a"))
            .file("app/node_modules/a/lib/index.js", "12345")
            .file(
                "app/node_modules/a/node_modules/@s/b/package.json",
                manifest("@s/b"),
            )
            .file(
                "app/node_modules/a/test/node_modules/fixture/package.json",
                manifest("fixture"),
            )
            .file("app/node_modules/broken/package.json", "{"),
        Layer::new().file("app/node_modules/a/node_modules/.wh.@s", ""),
    ]);
    let names: Vec<&str> = outcome
        .inventory
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    // The project runs here, with its packages beside it.
    assert_eq!(names, ["a", "app"]);
    let a = find(&outcome, "a");
    assert_eq!((a.direct, a.files), (Some(false), Some(3)));
    assert_eq!(a.kind, PackageKind::Npm);
    // Its files, and what is no package of its own inside it.
    let own = manifest("a").len() + 5 + manifest("fixture").len();
    assert_eq!(a.size, Some(own as u64));
    assert_eq!(outcome.skipped.len(), 1);
    assert_eq!(
        outcome.skipped[0].what,
        "app/node_modules/broken/package.json"
    );
    assert!(!outcome.skipped[0].blocking);
    assert_eq!(outcome.skipped[0].files, [&*outcome.skipped[0].what]);
}

#[test]
fn a_hard_link_shares_what_its_name_says() {
    let path = "venv/site-packages/x-1.dist-info/METADATA";
    let kept = "venv/site-packages/a-1.dist-info/METADATA";
    let outcome = look(vec![
        Layer::new()
            .file(kept, "Name: x\nVersion: 1\n")
            .link(tar::EntryType::Link, path, kept)
            .file("store/blob", "Name: y\nVersion: 1\n")
            .link(
                tar::EntryType::Link,
                "venv/site-packages/y-1.dist-info/METADATA",
                "store/blob",
            ),
    ]);
    assert_eq!(outcome.inventory.packages.len(), 3);
    assert_eq!(outcome.skipped, []);
    assert!(find(&outcome, "y").path.ends_with("/METADATA"));
}

#[test]
fn what_cannot_be_read_is_said() {
    let outcome = look(vec![
        Layer::new()
            .file("lib/apk/db/installed", "P:musl\n")
            .file("opt/app/a.jar", "PK")
            .file("opt/app/b.jar", "PK")
            .file("usr/share/java/c.jar", "PK")
            .file(
                "var/lib/dpkg/info/libc-java.list",
                "/usr/share/java/c.jar\n",
            ),
    ]);
    let said: Vec<(&str, bool)> = outcome
        .skipped
        .iter()
        .map(|skipped| (skipped.what.as_str(), skipped.blocking))
        .collect();
    assert_eq!(
        said,
        [
            ("lib/apk/db/installed", true),
            ("opt/app/a.jar, opt/app/b.jar (2 files, 4 B)", false)
        ]
    );
}

#[test]
fn a_database_too_large_to_read_blocks() {
    let options = ScanOptions {
        max_metadata: 10,
        ..ScanOptions::default()
    };
    let made = image(
        vec![Layer::new().file("var/lib/dpkg/status", stanza("a", "1"))],
        plimsoll_model::ImageConfig::default(),
    );
    let outcome = inspect(&made, &options, None).unwrap();
    assert!(outcome.inventory.packages.is_empty());
    assert!(outcome.skipped.iter().any(|skipped| skipped.blocking));
}

#[test]
fn what_no_package_accounts_for_is_said() {
    // An ELF header of a 64-bit static program, and nothing else.
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(64, 0);
    program[16] = 2;
    program[18] = 62;
    let outcome = look(vec![
        Layer::new()
            .file("var/lib/dpkg/status", stanza("a", "1"))
            .file("var/lib/dpkg/info/a.list", "/usr/bin/a\n")
            .mode("usr/bin/a", &program, 0o755)
            .mode("opt/app/b", &program, 0o755)
            .file("opt/app/setup.exe", [b"MZ".as_slice(), &[0; 100]].concat())
            .file("opt/java/release", "JAVA_VERSION=\"21.0.1\"\n"),
    ]);
    let java = find(&outcome, "openjdk");
    assert_eq!(java.purl, "pkg:generic/openjdk@21.0.1");
    let said: Vec<&str> = outcome
        .skipped
        .iter()
        .map(|skipped| skipped.what.as_str())
        .filter(|what| what.starts_with("opt/") || what.starts_with("usr/"))
        .collect();
    assert_eq!(said, ["opt/app/b (64 B)", "opt/app/setup.exe (102 B)"]);
}

/// A list says nothing of what it does not name, wherever that lies.
#[test]
fn assemblies_that_no_list_names_are_said() {
    // A 64-bit PE file with an entry in its data directory for the runtime.
    let mut assembly = b"MZ".to_vec();
    assembly.resize(0x3c, 0);
    assembly.extend(0x40_u32.to_le_bytes());
    assembly.extend(b"PE\0\0");
    assembly.resize(assembly.len() + 20, 0);
    let optional = assembly.len();
    assembly.extend([0x0b, 2]);
    assembly.resize(optional + 108, 0);
    assembly.extend(16_u32.to_le_bytes());
    assembly.resize(optional + 112 + 8 * 14, 0);
    assembly.extend(0x2008_u32.to_le_bytes());
    assembly.resize(optional + 112 + 8 * 16, 0);
    let long = [&*assembly, &vec![0; 17 << 20]].concat();
    let list = r#"{"runtimeTarget":{"name":"t"},"targets":{"t":{
        "App/1.0.0":{"runtime":{"App.dll":{}}},
        "Lib/1.0.0":{"runtime":{"lib/net8.0/Lib.dll":{}},
            "native":{"runtimes/linux-x64/native/sqlite.dll":{}},
            "runtimeTargets":{"runtimes/unix/lib/net8.0/Lib.Unix.dll":{}},
            "resources":{"lib/net8.0/de/Lib.resources.dll":{}}},
        "System.Data.Reference/4.0.0.0":{"compile":{"System.Data.dll":{}}}}},
        "libraries":{"App/1.0.0":{"type":"project"},"Lib/1.0.0":{"type":"package"}}}"#;
    let outcome = look(vec![
        Layer::new()
            .file("etc/os-release", "ID=alpine\nVERSION_ID=3.22.0\n")
            .file("lib/apk/db/installed", "P:musl\nV:1-r0\nA:x86_64\n\n")
            .file("srv/App.deps.json", list)
            .file("srv/App.dll", &assembly)
            .file("srv/LIB.dll", &assembly)
            .file("srv/sqlite.dll", &assembly)
            .file("srv/de/Lib.resources.dll", &assembly)
            .file("srv/runtimes/unix/lib/net8.0/Lib.Unix.dll", &assembly)
            .file("srv/ref/App.dll", &assembly)
            .file("srv/refs/System.Data.dll", &assembly)
            .file("srv/ref/Other.dll", &assembly)
            .file("srv/refs/Other.dll", &assembly)
            .file("srv/Other.dll", &assembly)
            // A plugin's own, of whatever version.
            .file("srv/plugins/App.dll", &assembly)
            .file("srv/plugins/old/Lib.dll", &assembly)
            .file("opt/empty.deps.json", "{}")
            .file("opt/LONG.DLL", &long)
            .file("usr/a/x.deps.json/y", "")
            .file("usr/a/Lib.dll", &assembly),
    ]);
    let [told] = outcome.skipped.as_slice() else {
        panic!("{:?}", outcome.skipped);
    };
    let files = "opt/LONG.DLL, srv/Other.dll, srv/plugins/App.dll and 4 more (7 files, ";
    assert!(told.what.starts_with(files), "{told:?}");
    assert!(told.why.starts_with("assemblies of .NET"), "{told:?}");
    assert_eq!(find(&outcome, "Lib").version, "1.0.0");
}

/// As systems do that merge `/lib` into `/usr`: the folder moves, and a link stays.
#[test]
fn a_database_that_moved_and_left_a_link_is_the_same() {
    let musl = "P:musl\nV:1.2.5-r0\nA:x86_64\n\n";
    let old = "P:old\nV:1-r0\nA:x86_64\n\n";
    let curl = "P:curl\nV:8.0-r0\nA:x86_64\n\n";
    let outcome = look(vec![
        Layer::new()
            .file("etc/os-release", "ID=alpine\nVERSION_ID=3.22.0\n")
            .file("lib/apk/db/installed", format!("{musl}{old}")),
        Layer::new()
            .file(".wh.lib", "")
            .symlink("lib", "usr/lib")
            .file("usr/lib/apk/db/installed", format!("{musl}{curl}")),
    ]);
    assert_eq!(outcome.skipped, []);
    assert_eq!(outcome.inventory.packages.len(), 2);
    assert_eq!(find(&outcome, "musl").layer, 0);
    assert_eq!(find(&outcome, "curl").layer, 1);
    let [removed] = outcome.inventory.removed_packages.as_slice() else {
        panic!("{:?}", outcome.inventory.removed_packages);
    };
    assert_eq!((&*removed.name, removed.removed_in), ("old", Some(1)));
}

#[test]
fn a_distribution_without_a_database_holds_the_image_back() {
    let chiselled = "{\"jsonwall\":\"1.0\",\"schema\":\"1.0\",\"count\":3}\n\
        {\"kind\":\"package\",\"name\":\"libc6\",\"version\":\"2.39-0ubuntu8\",\"arch\":\"amd64\"}\n\
        {\"kind\":\"path\",\"path\":\"/usr/bin/x\",\"slices\":[\"libc6_libs\"]}\n";
    let os = || Layer::new().file("etc/os-release", "ID=ubuntu\nVERSION_ID=24.04\n");
    let outcome = look(vec![os().file(
        "var/lib/chisel/manifest.wall",
        zstd::encode_all(chiselled.as_bytes(), 1).unwrap(),
    )]);
    assert_eq!(outcome.skipped, []);
    assert_eq!(
        find(&outcome, "libc6").purl,
        "pkg:deb/ubuntu/libc6@2.39-0ubuntu8?arch=amd64&distro=ubuntu-24.04"
    );
    // A database that lists nothing was read all the same.
    assert_eq!(look(vec![os().file("var/lib/dpkg/status", "")]).skipped, []);
    for (layer, what) in [
        (os(), "ubuntu 24.04"),
        (os().file("var/db/xbps/pkgdb-0.38.plist", "x"), "xbps"),
        (os().file("var/db/pkg/local.sqlite", "x"), "FreeBSD"),
    ] {
        let outcome = look(vec![layer]);
        let [told] = outcome.skipped.as_slice() else {
            panic!("{:?}", outcome.skipped);
        };
        assert!(told.blocking && told.why.contains(what), "{told:?}");
    }
    // Of what else could not be read no database tells.
    let broken = os().link(
        tar::EntryType::Link,
        "srv/node_modules/q/package.json",
        "gone",
    );
    let told = look(vec![broken]).skipped;
    let told: Vec<&str> = told.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(
        told,
        [
            "packages of the distribution",
            "srv/node_modules/q/package.json"
        ]
    );
}
