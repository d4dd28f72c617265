//! Packages of distributions: who brought them, who owns what, what is no more.

use plimsoll_model::{Package, PackageKind};
use plimsoll_scan::Outcome;

use crate::image::{Layer, look};

const ALPINE: &str = "ID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME=\"Alpine Linux v3.19\"\n";

fn apk(name: &str, version: &str, files: &str) -> String {
    format!("P:{name}\nV:{version}\nA:x86_64\nI:99\nL:MIT\no:origin\n{files}\n")
}

fn find<'a>(outcome: &'a Outcome, name: &str) -> &'a Package {
    outcome
        .inventory
        .packages
        .iter()
        .find(|package| package.name == name)
        .unwrap_or_else(|| panic!("{name} is not among {:#?}", outcome.inventory.packages))
}

fn removed(outcome: &Outcome) -> Vec<(&str, &str, usize, Option<usize>)> {
    outcome
        .inventory
        .removed_packages
        .iter()
        .map(|package| {
            (
                package.name.as_str(),
                package.version.as_str(),
                package.layer,
                package.removed_in,
            )
        })
        .collect()
}

#[test]
fn alpine_packages_own_files_under_either_name_of_a_folder() {
    let files = "F:lib\nR:libssl.so.3\nZ:Q1qvTGHdzF6KLavt4PO0gs2a6pQ00=\nF:usr/lib/python3.11/site-packages/six-1.dist-info\nR:METADATA\n";
    let outcome = look(vec![
        Layer::new()
            .file("etc/os-release", ALPINE)
            .symlink("lib", "usr/lib")
            .file(
                "usr/lib/apk/db/installed",
                apk("libssl3", "3.1-r0", files) + &apk("musl", "1-r0", ""),
            )
            .file("etc/apk/world", "musl>1\n")
            .file("usr/lib/libssl.so.3", "hello")
            .file(
                "usr/lib/python3.11/site-packages/six-1.dist-info/METADATA",
                "Name: six\nVersion: 1\nLicense: MIT\n",
            ),
    ]);
    assert!(outcome.skipped.is_empty(), "{:?}", outcome.skipped);
    let ssl = find(&outcome, "libssl3");
    assert_eq!(
        ssl.purl,
        "pkg:apk/alpine/libssl3@3.1-r0?arch=x86_64&distro=alpine-3.19.1&upstream=origin"
    );
    // The library, by the name the package was built with, and the metadata of `six`.
    assert_eq!((ssl.files, ssl.size), (Some(2), Some(5 + 34)));
    assert_eq!(ssl.direct, Some(false));
    assert_eq!(ssl.license_expression.as_deref(), Some("MIT"));
    let musl = find(&outcome, "musl");
    assert_eq!(
        (musl.direct, musl.size, musl.files),
        (Some(true), Some(99), None)
    );
    assert_eq!(find(&outcome, "six").owned_by.as_deref(), Some("libssl3"));
}

/// What is copied over a distribution's file is not what its advisories speak of.
#[test]
fn a_file_that_a_later_layer_writes_over_is_not_the_packages() {
    let site = "usr/lib/python3.11/site-packages";
    let info = |name: &str| format!("{site}/{name}-1.dist-info/METADATA");
    let metadata = |name: &str, more: &str| format!("Name: {name}\nVersion: 1\n{more}");
    let names = ["same", "other", "linked", "older", "newer"];
    let files: String = names
        .iter()
        .map(|name| format!("F:{site}/{name}-1.dist-info\nR:METADATA\n"))
        .collect();
    let database = "lib/apk/db/installed";
    let newer = format!("F:{site}/newer-1.dist-info\nR:METADATA\n");
    let old = files.replace(&newer, "");
    let base = names[..4].iter().fold(
        Layer::new().file("etc/os-release", ALPINE).file(
            database,
            apk("py", "1-r0", &old) + &apk("late", "1-r0", &newer),
        ),
        |layer, name| layer.file(&info(name), metadata(name, "")),
    );
    let outcome = look(vec![
        base.file(&info("newer"), metadata("newer", "License: A\n")),
        Layer::new()
            // Another mode.
            .mode(&info("same"), metadata("same", ""), 0o600)
            .file(&info("other"), metadata("other", "License: MIT\n"))
            .file("opt/linked", metadata("linked", "License: MIT\n"))
            .link(tar::EntryType::Link, &info("linked"), "opt/linked")
            .file(&info("older"), metadata("older", "License: B\n")),
        // The database is written again for another package, and one file is as it was.
        Layer::new()
            .file(
                database,
                apk("py", "1-r0", &old) + &apk("late", "2-r0", &newer),
            )
            .file(&info("older"), metadata("older", ""))
            .file(&info("newer"), metadata("newer", "License: C\n")),
    ]);
    let owner = |name| find(&outcome, name).owned_by.as_deref();
    assert_eq!(owner("same"), Some("py"));
    assert_eq!(owner("other"), None);
    assert_eq!(owner("linked"), None);
    assert_eq!(owner("older"), Some("py"));
    assert_eq!(owner("newer"), Some("late"));
}

#[test]
fn what_a_later_layer_removes_or_replaces_is_told_with_both_layers() {
    let database = "lib/apk/db/installed";
    let layer = |packages: &[(&str, &str)]| {
        let text: String = packages
            .iter()
            .map(|(name, version)| apk(name, version, ""))
            .collect();
        Layer::new().file(database, text)
    };
    let outcome = look(vec![
        layer(&[("a", "1"), ("b", "1"), ("c", "1")]).file("etc/os-release", ALPINE),
        layer(&[("a", "2"), ("b", "1"), ("c", "1"), ("tmp", "1")]),
        layer(&[("a", "2"), ("b", "1")]),
        // Installed again: it is not a removed one.
        layer(&[("a", "2"), ("b", "1"), ("c", "1")]),
    ]);
    assert_eq!(
        removed(&outcome),
        [("a", "1", 0, Some(1)), ("tmp", "1", 1, Some(2))]
    );
    assert_eq!(find(&outcome, "a").layer, 1);
    assert_eq!(find(&outcome, "b").layer, 0);
    assert_eq!(find(&outcome, "c").layer, 3);
}

#[test]
fn a_package_with_a_file_of_its_own_goes_with_that() {
    let outcome = look(vec![
        Layer::new()
            .file("etc/arch-release", "")
            .file(
                "var/lib/pacman/local/bash-5.2-1/desc",
                "%NAME%\nbash\n\n%VERSION%\n5.2-1\n\n%ARCH%\nx86_64\n",
            )
            .file(
                "var/lib/pacman/local/bash-5.2-1/files",
                "%FILES%\nusr/\nusr/bin/bash\n",
            )
            .file("usr/bin/bash", "1234")
            .file(
                "var/lib/pacman/local/gcc-13-1/desc",
                "%NAME%\ngcc\n\n%VERSION%\n13-1\n\n%REASON%\n1\n",
            ),
        Layer::new(),
        Layer::new().file("var/lib/pacman/local/.wh.gcc-13-1", ""),
    ]);
    let bash = find(&outcome, "bash");
    assert_eq!(
        bash.purl,
        "pkg:alpm/arch/bash@5.2-1?arch=x86_64&distro=arch"
    );
    assert_eq!(
        (bash.size, bash.files, bash.direct),
        (Some(4), Some(1), Some(true))
    );
    assert_eq!(removed(&outcome), [("gcc", "13-1", 0, Some(2))]);
    assert_eq!(
        outcome.inventory.removed_packages[0].kind,
        PackageKind::Alpm
    );
}

#[test]
fn what_apt_installed_by_itself_nobody_asked_for() {
    let stanza = |name: &str, more: &str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n{more}\n"
        )
    };
    let outcome = look(vec![
        Layer::new()
            .file("etc/debian_version", "12.5\n")
            .file(
                "var/lib/dpkg/status",
                stanza("curl", "") + &stanza("libcurl4", "Source: curl (1)\n"),
            )
            .file(
                "var/lib/apt/extended_states",
                "Package: libcurl4\nArchitecture: amd64\nAuto-Installed: 1\n",
            )
            .file(
                "var/lib/dpkg/info/libcurl4:amd64.list",
                "/.\n/usr\n/lib/libcurl.so.4\n",
            )
            .file("usr/lib/libcurl.so.4", "123456"),
    ]);
    assert_eq!(find(&outcome, "curl").direct, Some(true));
    let library = find(&outcome, "libcurl4");
    assert_eq!(library.direct, Some(false));
    assert_eq!(
        library.purl,
        "pkg:deb/debian/libcurl4@1?arch=amd64&distro=debian-12&upstream=curl%401"
    );
    assert_eq!((library.files, library.size), (Some(1), Some(6)));
}

#[test]
fn packages_of_nobody_knows_which_distribution_are_said_to_be_that() {
    let outcome = look(vec![
        Layer::new().file("lib/apk/db/installed", apk("a", "1", "")),
    ]);
    assert_eq!(
        find(&outcome, "a").purl,
        "pkg:apk/alpine/a@1?arch=x86_64&upstream=origin"
    );
    assert_eq!(outcome.skipped.len(), 1);
    assert!(outcome.skipped[0].why.contains("which distribution"));

    // A database that is neither of the forms rpm has, and one that is deleted.
    let outcome = look(vec![
        Layer::new()
            .file("etc/os-release", ALPINE)
            .file("var/lib/rpm/Packages", "nonsense")
            .file("lib/apk/db/installed", apk("a", "1", "")),
        Layer::new().file("lib/.wh.apk", ""),
    ]);
    assert!(outcome.inventory.packages.is_empty());
    assert_eq!(outcome.skipped.len(), 2);
    assert!(outcome.skipped.iter().all(|skipped| skipped.blocking));
    assert!(outcome.inventory.removed_packages.is_empty());

    // One that is emptied tells as little, and nothing is wrong with one in which something is left.
    for (left, is_told) in [("", true), ("b", false)] {
        let left = match left {
            "" => String::new(),
            name => apk(name, "1", ""),
        };
        let outcome = look(vec![
            Layer::new()
                .file("etc/os-release", ALPINE)
                .file("lib/apk/db/installed", apk("a", "1", "")),
            Layer::new().file("lib/apk/db/installed", left),
        ]);
        let told: Vec<bool> = outcome.skipped.iter().map(|gap| gap.blocking).collect();
        assert_eq!(told, vec![true; usize::from(is_told)]);
        assert_eq!(removed(&outcome).is_empty(), is_told);
    }
}

/// Where each package has a file of its own, to empty that is to remove the package.
#[test]
fn one_package_that_is_emptied_is_removed() {
    let status = |name: &str| format!("Package: {name}\nVersion: 1\nArchitecture: amd64\n");
    let outcome = look(vec![
        Layer::new()
            .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
            .file("var/lib/dpkg/status.d/a", status("a"))
            .file("var/lib/dpkg/status.d/b", status("b")),
        Layer::new().file("var/lib/dpkg/status.d/a", ""),
    ]);
    assert_eq!(removed(&outcome), [("a", "1", 0, Some(1))]);
    assert!(outcome.skipped.iter().all(|gap| !gap.blocking));
    // The last one is what there was of a database.
    let outcome = look(vec![
        Layer::new()
            .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
            .file("var/lib/dpkg/status.d/a", status("a")),
        Layer::new().file("var/lib/dpkg/status.d/a", ""),
    ]);
    assert!(outcome.skipped.iter().any(|gap| gap.blocking));
}

/// As images are slimmed, and flattened then.
#[test]
fn lists_of_files_that_are_gone_are_told() {
    let status = |number: usize| {
        let packages = (0..number).map(|at| {
            format!(
                "Package: p{at}\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n"
            )
        });
        packages.collect::<String>()
    };
    for (number, list, is_told) in [(5, "", true), (4, "", false), (5, "/usr/bin/p\n", false)] {
        let layer = Layer::new()
            .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
            .file("var/lib/dpkg/status", status(number));
        let layer = match list {
            "" => layer,
            list => layer.file("var/lib/dpkg/info/p0.list", list),
        };
        let outcome = look(vec![layer]);
        let told = outcome
            .skipped
            .iter()
            .any(|gap| gap.why.contains("info/*.list"));
        assert_eq!(told, is_told, "{number} {list}");
    }
}

/// As images are slimmed whose packages are found by nothing but their code.
#[test]
fn python_packages_whose_metadata_alone_is_gone_are_installed() {
    let site = "var/task";
    let record = |lines: &[&str]| {
        let lines = lines.iter();
        let lines = lines
            .map(|path| format!("{path},sha256=LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564,9\n"));
        lines.collect::<String>()
    };
    let with = |layer: Layer, name: &str, files: &[&str]| {
        let info = format!("{site}/{name}-1.dist-info");
        let mut layer = layer
            .file(
                &format!("{info}/METADATA"),
                format!("Name: {name}\nVersion: 1\n"),
            )
            .file(&format!("{info}/RECORD"), record(files));
        for path in files {
            layer = layer.file(&format!("{site}/{path}"), *path);
        }
        layer
    };
    // As pip writes them, with more files beside the code than there is code.
    let data = [
        "package/data.html",
        "package/a.pyi",
        "package/b.pyi",
        "package-1.dist-info/WHEEL",
        "package-1.dist-info/licenses/LICENSE",
    ];
    let base = || {
        let mut layer = Layer::new().file("etc/os-release", ALPINE);
        for (name, files) in [
            (
                "package",
                &[&["package/a.py", "package/__init__.py"][..], &data].concat()[..],
            ),
            ("module", &["module.py"]),
            ("binary", &["db/__init__.py"]),
            ("gone", &["gone/__init__.py", "gone.libs/lib.so"]),
            (
                "tools",
                &["tools/__init__.py", "tools/a.py", "more/__init__.py"],
            ),
        ] {
            layer = with(layer, name, files);
        }
        layer
    };
    let names = ["package", "module", "binary", "gone", "tools"];
    let mut slimmed = Layer::new()
        .file(&format!("{site}/gone/.wh.__init__.py"), "")
        // What little is left of it is no package.
        .file(&format!("{site}/.wh.tools"), "");
    for name in names {
        slimmed = slimmed.file(&format!("{site}/.wh.{name}-1.dist-info"), "");
    }
    // Another distribution takes the place of what one brought.
    let slimmed = with(slimmed, "source", &["db/__init__.py"]);
    let outcome = look(vec![base(), slimmed]);
    assert_eq!(
        removed(&outcome),
        [
            ("binary", "1", 0, Some(1)),
            ("gone", "1", 0, Some(1)),
            ("tools", "1", 0, Some(1))
        ]
    );
    let package = find(&outcome, "package");
    assert_eq!(
        (package.layer, package.removed_in, package.files),
        (0, None, Some(7))
    );
    assert_eq!(
        find(&outcome, "module").path,
        "var/task/module-1.dist-info/METADATA"
    );
    assert_eq!(outcome.inventory.packages.len(), 3);
    // Written anew without its metadata: nobody knows what it is.
    let anew = Layer::new()
        .file(&format!("{site}/.wh..wh..opq"), "")
        .file(
            &format!("{site}/module-1.dist-info/RECORD"),
            record(&["module.py"]),
        )
        .file(&format!("{site}/module.py"), "");
    let outcome = look(vec![base(), anew]);
    assert!(
        outcome
            .skipped
            .iter()
            .any(|gap| gap.what.contains("module"))
    );
    // The list of its files may be left, or written again.
    let metadata = format!("{site}/module-1.dist-info/.wh.METADATA");
    let list = format!("{site}/module-1.dist-info/RECORD");
    let without = || Layer::new().file(&metadata, "");
    for without in [without(), without().file(&list, record(&["module.py"]))] {
        let outcome = look(vec![base(), without]);
        assert_eq!(removed(&outcome), []);
        assert!(
            outcome
                .skipped
                .iter()
                .all(|gap| !gap.what.contains("module"))
        );
    }
}

#[test]
fn packages_of_languages_that_are_gone() {
    let metadata = |version: &str| format!("Name: six\nVersion: {version}\nLicense: MIT\n");
    let site = "usr/lib/python3.11/site-packages";
    let npm = |name: &str| format!(r#"{{"name":"{name}","version":"1.0.0"}}"#);
    let outcome = look(vec![
        Layer::new()
            .file("etc/os-release", ALPINE)
            .file(&format!("{site}/six-1.dist-info/METADATA"), metadata("1"))
            .file("app/node_modules/left/package.json", npm("left"))
            .file("app/node_modules/right/package.json", npm("right")),
        // Written again, as `chmod -R` does: nothing is gone.
        Layer::new()
            .file("app/node_modules/left/package.json", npm("left"))
            .file("app/node_modules/right/package.json", npm("right")),
        Layer::new()
            .file(&format!("{site}/.wh.six-1.dist-info"), "")
            .file(&format!("{site}/six-2.dist-info/METADATA"), metadata("2"))
            .file("app/node_modules/.wh.left", ""),
        Layer::new().file("app/.wh..wh..opq", ""),
    ]);
    assert_eq!(
        removed(&outcome),
        [
            ("six", "1", 0, Some(2)),
            ("left", "1.0.0", 0, Some(2)),
            ("right", "1.0.0", 0, Some(3)),
        ]
    );
    assert_eq!(find(&outcome, "six").version, "2");
    assert_eq!(
        outcome.inventory.removed_packages[0]
            .license_expression
            .as_deref(),
        Some("MIT")
    );
}

/// A folder moved aside, with a link in its place: what is read goes by paths.
#[test]
fn a_database_behind_a_linked_folder_is_told() {
    let status = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n";
    for (layer, is_told) in [
        (
            Layer::new()
                .file("usr/dpkg/status", status)
                .symlink("var/lib/dpkg", "../../usr/dpkg"),
            true,
        ),
        (
            Layer::new()
                .file("data/var/lib/dpkg/status", status)
                .symlink("var", "data/var"),
            true,
        ),
        (
            Layer::new()
                .file("var/lib/dpkg/status", status)
                .symlink("srv/lib", "../var/lib"),
            false,
        ),
    ] {
        let outcome = look(vec![layer]);
        let told = outcome.skipped.iter().any(|skipped| {
            skipped.blocking
                && skipped.what == "var/lib/dpkg/status"
                && skipped.why.contains("a link")
        });
        assert_eq!(told, is_told, "{:?}", outcome.skipped);
    }
}
