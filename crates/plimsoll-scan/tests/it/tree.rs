use plimsoll_model::{HistoryEntry, ImageConfig, NotableKind};

use crate::image::{Layer, look, look_with};

#[test]
fn layers_know_their_instruction_and_their_waste() {
    let step = |text: &str, empty_layer: bool| HistoryEntry {
        created_by: Some(text.to_owned()),
        empty_layer,
        ..HistoryEntry::default()
    };
    let layers = || {
        vec![
            Layer::new().file("a", "12345").file("b", "123"),
            Layer::new().file("a", "1").file(".wh.b", ""),
        ]
    };
    let mut config = ImageConfig {
        history: vec![
            step("ADD base", false),
            step("ENV A=b", true),
            step("RUN x", false),
        ],
        ..ImageConfig::default()
    };
    let outcome = look_with(layers(), config.clone());
    let facts: Vec<(Option<&str>, u64, u64)> = outcome
        .inventory
        .layers
        .iter()
        .map(|layer| (layer.instruction.as_deref(), layer.wasted, layer.entries))
        .collect();
    assert_eq!(facts, [(Some("ADD base"), 0, 2), (Some("RUN x"), 8, 2)]);

    // A history that does not fit is not guessed from.
    config.history.pop();
    let outcome = look_with(layers(), config);
    assert!(
        outcome
            .inventory
            .layers
            .iter()
            .all(|layer| layer.instruction.is_none())
    );
}

#[test]
fn programs_are_found_through_links_and_only_where_they_run() {
    let config = ImageConfig {
        env: vec!["PATH=/venv/bin:/bin:relative:/missing".to_owned()],
        ..ImageConfig::default()
    };
    let outcome = look_with(
        vec![
            Layer::new()
                .symlink("bin", "usr/bin")
                .mode("usr/bin/dash", "x", 0o755)
                .symlink("usr/bin/sh", "dash")
                .symlink("usr/bin/gone", "/nowhere")
                .mode("usr/bin/data", "x", 0o644)
                .mode("usr/sbin/hidden", "x", 0o755)
                .mode("usr/bin/curl", "x", 0o755)
                .symlink("venv/bin/python", "/usr/bin/dash"),
            Layer::new().file("usr/bin/.wh.curl", ""),
        ],
        config,
    );
    assert_eq!(outcome.inventory.programs, ["dash", "python", "sh"]);
}

#[test]
fn what_is_of_note() {
    let outcome = look(vec![
        Layer::new()
            .mode("usr/bin/su", "1234", 0o4755)
            .mode("usr/bin/x86_64-linux-gnu-gcc-12", "123456", 0o755)
            .symlink("usr/bin/gcc", "x86_64-linux-gnu-gcc-12")
            .mode("usr/bin/dash", "12", 0o755)
            .symlink("bin/sh", "/usr/bin/dash")
            .file("var/lib/apt/lists/x_Packages", "12345")
            .file("root/.cache/pip/http/a/b", "123")
            .file("app/.git/HEAD", "ref: refs/heads/main\n")
            .file("app/.git/objects/aa/bb", "1234567890")
            .file(
                "etc/passwd",
                "root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:10001:10001::/:\n",
            ),
        Layer::new().file("root/.cache/.wh.pip", ""),
    ]);
    let notable: Vec<(NotableKind, &str, u64)> = outcome
        .inventory
        .notable
        .iter()
        .map(|file| (file.kind, file.path.as_str(), file.size))
        .collect();
    assert_eq!(
        notable,
        [
            (NotableKind::VersionControl, "app/.git", 31),
            (NotableKind::Shell, "bin/sh", 2),
            (NotableKind::Compiler, "usr/bin/gcc", 6),
            (NotableKind::SetId, "usr/bin/su", 4),
            (NotableKind::PackageCache, "var/lib/apt/lists", 5),
        ]
    );
    assert_eq!(
        outcome.inventory.users,
        [("root".to_owned(), 0), ("app".to_owned(), 10001)]
    );
    assert_eq!(outcome.inventory.layers[1].wasted, 3);
}

#[test]
fn equal_images_give_equal_inventories() {
    let layers = || {
        vec![
            Layer::new()
                .file("z", "1")
                .file("app/.env", "DB_PASSWORD=correct-horse-battery\n")
                .mode("usr/bin/bash", "x", 0o755),
            Layer::new().mode("usr/bin/curl", "x", 0o755),
        ]
    };
    assert_eq!(look(layers()), look(layers()));
}

/// A layer's tar need not name the folders of its files, and where it says that one is a link, the
/// engines follow it.
#[test]
fn what_a_layer_writes_through_its_own_links_is_found() {
    let database = |version: &str| format!("P:openssl\nV:{version}\nA:x86_64\n\n");
    let layers = || {
        vec![
            Layer::new()
                .symlink("bin", "usr/bin")
                .symlink("lib", "usr/lib")
                .file("usr/bin/tool", "1234567")
                .file("etc/os-release", "ID=alpine\nVERSION_ID=3.22.0\n")
                .file(
                    "usr/lib/apk/db/installed",
                    database("3.5.0-r0") + "P:curl\nV:8.1-r0\nA:x86_64\n\n",
                ),
            Layer::new()
                .symlink("bin", "usr/bin")
                .symlink("lib", "usr/lib")
                .mode("bin/app", "#!/usr/bin/sh\n", 0o755)
                .mode("usr/bin/sh", "x", 0o755)
                .file("bin/.wh.tool", "")
                .file("lib/apk/db/installed", database("3.5.1-r0")),
        ]
    };
    let config = ImageConfig {
        entrypoint: Some(vec!["/bin/app".to_owned()]),
        ..ImageConfig::default()
    };
    let found = look_with(layers(), config.clone());
    let packages = found.inventory.packages.iter();
    let packages: Vec<String> = packages
        .map(|one| format!("{} {}", one.name, one.version))
        .collect();
    assert_eq!(packages, ["openssl 3.5.1-r0"]);
    let startup = &found.inventory.startup[0];
    assert_eq!(startup.path.as_deref(), Some("usr/bin/app"));
    assert_eq!(startup.problems, []);
    assert!(found.inventory.waste.deleted == 7);
    let (again, files) = plimsoll_scan::inspect_with_files(
        &crate::image::image(layers(), config),
        &plimsoll_scan::ScanOptions::default(),
        None,
    )
    .unwrap();
    assert_eq!(again.inventory, found.inventory);
    assert!(files.find("usr/bin/app").is_some() && files.find("bin/app").is_none());
}
