//! `plimsoll ship` from folder to image, with the native engine and no base but scratch.

use std::path::Path;

use plimsoll_testkit::advisory::Advisory;
use plimsoll_testkit::distribution::Distribution;

use crate::stage::{Stage, engine_tests, tool};

/// A project that sails: a static program, nobody's user, a health check that works.
pub(crate) fn seaworthy() -> Stage {
    let stage = Stage::with(&[
        (
            "Dockerfile",
            "FROM scratch\nCOPY --chmod=0755 busybox /bin/busybox\nRUN [\"/bin/busybox\", \"mkdir\", \"-p\", \"/data\"]\nUSER 65532:65532\nHEALTHCHECK --interval=30s CMD [\"/bin/busybox\", \"true\"]\nENTRYPOINT [\"/bin/busybox\", \"echo\", \"under way\"]\n",
        ),
        (".dockerignore", "*\n!busybox\n"),
        (
            "plimsoll.toml",
            "[image]\ntitle = \"raft\"\nsource = \"https://git.example/raft\"\nlicenses = \"MIT\"\ndescription = \"A raft\"\n",
        ),
    ]);
    std::fs::copy("/bin/busybox", stage.project().join("busybox"))
        .expect("busybox-static is installed");
    stage
}

pub(crate) fn digest_of(layout: &Path) -> String {
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    index["manifests"][0]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_good_project_sails_and_takes_its_papers_along() {
    if !engine_tests("a_good_project_sails_and_takes_its_papers_along") {
        return;
    }
    let stage = seaworthy();
    let run = stage
        .run(&[
            "ship",
            ".",
            "--engine",
            "native",
            "--to",
            "oci:out",
            "--tag",
            "1.0.0",
            "--evidence",
            "evidence",
            "--format",
            "json",
        ])
        .expect(0);
    let report = run.json();
    let digest = report["image"]["digest"].as_str().unwrap().to_owned();
    let project = stage.project();
    let names = tool(
        "skopeo",
        &[
            "inspect",
            "--format",
            "{{.Digest}}",
            &format!("oci:{}:1.0.0", project.join("out").display()),
        ],
    );
    assert_eq!(names.trim(), digest);
    for file in [
        "report.json",
        "report.sarif",
        "report.md",
        "sbom.cdx.json",
        "provenance.json",
        "build.log",
    ] {
        assert!(project.join("evidence").join(file).is_file(), "{file}");
    }
    let provenance: serde_json::Value =
        serde_json::from_slice(&std::fs::read(project.join("evidence/provenance.json")).unwrap())
            .unwrap();
    assert_eq!(
        provenance["predicateType"],
        "https://slsa.dev/provenance/v1"
    );
    assert_eq!(
        format!(
            "sha256:{}",
            provenance["subject"][0]["digest"]["sha256"]
                .as_str()
                .unwrap()
        ),
        digest
    );
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(project.join("out/index.json")).unwrap()).unwrap();
    let referrers = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|manifest| manifest["artifactType"].is_string())
        .count();
    assert_eq!(
        referrers, 2,
        "SBOM and provenance lie beside the image: {index:#}"
    );
    // The same again: the same bytes.
    stage
        .run(&[
            "ship",
            ".",
            "--engine",
            "native",
            "--to",
            "oci:again",
            "--tag",
            "1.0.0",
            "--no-cache",
            "--evidence",
            "evidence2",
        ])
        .expect(0);
    assert_eq!(
        digest_of(&project.join("again")),
        digest_of(&project.join("out"))
    );
    for file in ["sbom.cdx.json", "provenance.json", "report.json"] {
        let read = |folder: &str| std::fs::read(project.join(folder).join(file)).unwrap();
        assert!(
            read("evidence") == read("evidence2"),
            "{file} differs between two equal runs"
        );
    }
}

#[test]
fn a_bad_project_is_held_back_and_nothing_is_pushed() {
    if !engine_tests("a_bad_project_is_held_back_and_nothing_is_pushed") {
        return;
    }
    let stage = seaworthy();
    stage.write(
        "Dockerfile",
        b"FROM scratch\nCOPY --chmod=0755 busybox /bin/busybox\nENV DB_PASSWORD=hunter2hunter2\nENTRYPOINT [\"/bin/busybox\"]\n",
    );
    let run = stage
        .run(&[
            "ship",
            ".",
            "--engine",
            "native",
            "--to",
            "oci:out",
            "--evidence",
            "evidence",
        ])
        .expect(1);
    assert!(run.stdout.contains("Dockerfile:3"), "{}", run.stdout);
    assert!(!stage.project().join("out").exists());
    for file in [
        "report.json",
        "report.sarif",
        "report.md",
        "sbom.cdx.json",
        "provenance.json",
        "build.log",
    ] {
        let text = std::fs::read_to_string(stage.project().join("evidence").join(file)).unwrap();
        assert!(
            !text.contains("hunter2hunter2"),
            "{file} holds the secret's value"
        );
    }
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
}

#[test]
fn known_vulnerabilities_hold_a_ship_back_until_they_are_mended_or_accepted() {
    let name = "known_vulnerabilities_hold_a_ship_back_until_they_are_mended_or_accepted";
    if !engine_tests(name) {
        return;
    }
    let stage = seaworthy();
    let project = stage.project();
    let text = |name: &str| std::fs::read_to_string(project.join(name)).unwrap();
    let dockerfile = text("Dockerfile").replace(
        "USER ",
        "COPY package.json /app/node_modules/left-pad/package.json\nUSER ",
    );
    stage.write("Dockerfile", dockerfile.as_bytes());
    stage.write(".dockerignore", b"*\n!busybox\n!package.json\n");
    let version = |version: &str| {
        let content = format!("{{\"name\":\"left-pad\",\"version\":\"{version}\"}}");
        stage.write("package.json", content.as_bytes());
    };
    version("1.2.0");
    stage.know(&[
        Advisory::below("GHSA-aaaa-bbbb-cccc", "npm", "left-pad", "1.3.0")
            .also("CVE-2021-0003")
            .rated("HIGH"),
    ]);
    let ship = |db: &str, code: i32| {
        stage
            .run(&[
                "ship",
                ".",
                "--engine",
                "native",
                "--to",
                "oci:out",
                "--tag",
                "1.0.0",
                "--evidence",
                "evidence",
                "--db",
                db,
            ])
            .expect(code)
    };
    let held = ship("all.index", 1);
    let said = "left-pad 1.2.0 has CVE-2021-0003, fixed in 1.3.0";
    assert!(held.stdout.contains(said), "{}", held.stdout);
    assert!(held.stdout.contains("Dockerfile:4"), "{}", held.stdout);
    assert!(!project.join("out").exists());

    // Mended, it sails; so it does where somebody answers for it.
    version("1.3.0");
    ship("all.index", 0);
    version("1.2.0");
    let own = text("plimsoll.toml");
    let with = |more: &str| stage.write("plimsoll.toml", format!("{own}\n{more}").as_bytes());
    with(
        "[[policy.waiver]]\nid = \"CVE-2021-0003\"\nreason = \"never called\"\nowner = \"crew\"\n\
         until = \"9999-01-01\"\n",
    );
    ship("all.index", 0);
    // A policy that nobody can judge by is not met, and nothing leaves.
    with("[policy.vulnerabilities]\nfail-on = \"high\"\n");
    std::fs::remove_dir_all(project.join("out")).unwrap();
    ship("none", 3);
    assert!(!project.join("out").exists());
}

#[test]
fn a_registry_gets_the_same_digest_and_no_blob_twice() {
    if !engine_tests("a_registry_gets_the_same_digest_and_no_blob_twice") {
        return;
    }
    let stage = seaworthy();
    let registry = Distribution::start(stage.root()).unwrap();
    let to = format!("registry:{}/fleet/raft", registry.host());
    let ship = || {
        stage
            .run(&[
                "ship", ".", "--engine", "native", "--to", &to, "--tag", "1.0.0", "--format",
                "json",
            ])
            .expect(0)
    };
    let first = ship();
    let digest = first.json()["image"]["digest"].as_str().unwrap().to_owned();
    assert!(!first.stderr.contains("(0 blobs sent"), "{}", first.stderr);
    let second = ship();
    assert!(second.stderr.contains("(0 blobs sent"), "{}", second.stderr);
    let pulled = format!("oci:{}", stage.root().join("pulled").display());
    stage
        .run(&["push", &format!("{to}:1.0.0"), &pulled])
        .expect(0);
    assert_eq!(digest_of(&stage.root().join("pulled")), digest);
    let seen = tool(
        "skopeo",
        &[
            "inspect",
            "--tls-verify=false",
            "--format",
            "{{.Digest}}",
            &format!("docker://{}/fleet/raft:1.0.0", registry.host()),
        ],
    );
    assert_eq!(seen.trim(), digest);
}

/// Whatever is wrong with what was typed is said before anything is sent; what goes wrong later says
/// that it was.
#[test]
fn what_cannot_be_told_is_not_sent() {
    if !engine_tests("what_cannot_be_told_is_not_sent") {
        return;
    }
    let stage = seaworthy();
    stage.write("file", b"");
    let ship = |more: &[&str]| {
        let common = [
            "ship", ".", "--engine", "native", "--to", "oci:out", "--tag", "1.0.0",
        ];
        stage.run(&[&common, more].concat())
    };
    let out = stage.project().join("out");
    for (more, says) in [
        (["--format", "openvex"], "OpenVEX needs"),
        (["--output", "openvex=x.json"], "OpenVEX needs"),
        (["--output", "json=gone/x.json"], "gone does not exist"),
        (["--output", "json=."], "directory"),
        (["--evidence", "file"], "no folder"),
        (
            ["--output", "plain=.plimsoll/evidence/sbom.cdx.json"],
            "the evidence's own sbom.cdx.json and --output plain=.plimsoll/evidence/sbom.cdx.json",
        ),
        (["--evidence", "/proc/evidence"], "/proc/evidence"),
    ] {
        let run = ship(&more).expect(2);
        assert!(run.stderr.contains(says), "{more:?}: {}", run.stderr);
        assert!(!out.exists(), "{more:?}");
    }
    let archive = "docker-archive:gone/x.tar";
    for verb in ["ship", "build"] {
        let run = stage.run(&[verb, ".", "--engine", "native", "--to", archive]);
        let run = run.expect(2);
        assert!(run.stderr.contains("gone does not exist"), "{}", run.stderr);
    }
    // The evidence folder has what is asked for in it, too; what else lies there stays.
    for _ in 0..2 {
        let run = ship(&["--evidence", "new", "--output", "plain=new/x.txt"]);
        run.expect(0);
        assert!(stage.project().join("new/x.txt").is_file());
        assert!(stage.project().join("new/report.json").is_file());
        stage.write("new/sub/notes", b"mine");
        stage.write("new/notes", b"mine");
    }
    let run = ship(&["--evidence", "new", "--output", "plain=new/y.txt"]).expect(0);
    assert!(run.stderr.contains("notes, sub, x.txt"), "{}", run.stderr);
    for name in ["sub/notes", "notes"] {
        let mine = std::fs::read(stage.project().join("new").join(name));
        assert_eq!(mine.unwrap(), b"mine");
    }
    // Our own folder is never refused.
    for name in ["build.log", ".gitignore"] {
        stage.write(&format!(".plimsoll/evidence/{name}"), b"mine");
        ship(&["--format", "plain"]).expect(0);
    }
    let ours = stage.project().join(".plimsoll/evidence");
    assert_eq!(std::fs::read(ours.join(".gitignore")).unwrap(), b"mine");
    std::fs::remove_file(ours.join("build.log")).unwrap();
    ship(&["--format", "plain"]).expect(0);
    assert!(ours.join("build.log").is_file());
    ship(&["--evidence", "new", "--output", "plain=new/below/x.txt"]).expect(2);
    // What it has in that form anyway need not be refused.
    let twice = ["--evidence", "new", "--output"];
    ship(&[&twice[..], &["json=new/report.json"]].concat()).expect(0);
    for one in ["plain=new/report.json", "json=new/build.log"] {
        ship(&[&twice[..], &[one]].concat()).expect(2);
    }
    let two = ["plain=new/x.txt", "--output", "json=new/../new/x.txt"];
    ship(&[&twice[..], &two].concat()).expect(2);
    std::fs::remove_dir_all(&out).unwrap();
    // A form that knows no empty document, of an image without vulnerabilities: that is no failure.
    stage.know(&[Advisory::listing(
        "GHSA-aaaa-bbbb-cccc",
        "npm",
        "left-pad",
        &["1.2.0"],
    )]);
    let asked = [
        "--format",
        "openvex",
        "--output",
        "openvex=vex.json",
        "--db",
        "all.index",
    ];
    let run = ship(&asked).expect(0);
    for place in [
        "vex.json: nothing was written",
        "standard output: nothing was written",
    ] {
        assert!(run.stderr.contains(place), "{}", run.stderr);
    }
    assert!(out.exists() && !stage.project().join("vex.json").exists());
    let left: Vec<_> = std::fs::read_dir(stage.project())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".plimsoll-") || name.starts_with(".evidence-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    let run = ship(&["--output", "json=/dev/full", "--format", "json"]).expect(3);
    assert!(run.stderr.contains("-> oci:out"), "{}", run.stderr);
    let error = &run.json()["error"];
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("the image was sent"), "{message}");
    assert_eq!(error["exit_code"], 3);
    digest_of(&out);
}

/// What a finding must not quote no reason quotes that is made of it.
#[test]
fn reasons_hold_no_credential() {
    if !engine_tests("reasons_hold_no_credential") {
        return;
    }
    let value = "hunter2Xq9zLm4";
    let dockerfile = format!("FROM scratch\nENV DB_PASSWORD={value}\nWORKDIR {value}\n");
    let stage = Stage::with(&[("Dockerfile", &dockerfile)]);
    let asked = [
        "ship", ".", "--engine", "native", "--to", "oci:out", "--tag", "1",
    ];
    let told = [
        "--fail-on",
        "info",
        "--evidence",
        "evidence",
        "--format",
        "json",
    ];
    let run = stage.run(&[&asked[..], &told].concat()).expect(1);
    let reasons = run.json()["verdict"]["reasons"].to_string();
    assert!(reasons.contains("relative-workdir"), "{reasons}");
    assert!(
        !reasons.contains(value) && !run.stderr.contains(value),
        "{reasons}"
    );
}

/// What `check` obeys `ship` obeys, and what it cannot honour it tells.
#[test]
fn a_ship_reads_other_tools_configurations() {
    if !engine_tests("a_ship_reads_other_tools_configurations") {
        return;
    }
    let stage = seaworthy();
    std::fs::remove_file(stage.project().join("plimsoll.toml")).unwrap();
    stage.write(
        "Dockerfile",
        b"FROM scratch\nCOPY --chmod=0755 busybox /bin/busybox\nENV A_PASSWORD=hunter2hunter2\nENTRYPOINT [\"/bin/busybox\"]\n",
    );
    let ship = || {
        let run = stage
            .run(&[
                "ship", ".", "--engine", "native", "--to", "oci:out", "--tag", "1", "--format",
                "json",
            ])
            .expect(1);
        run.json()
    };
    let has = |report: &serde_json::Value, rule: &str| {
        let mut findings = report["findings"].as_array().unwrap().iter();
        findings.any(|finding| finding["rule"] == rule)
    };
    assert!(has(&ship(), "secret-in-image-config"));
    stage.write(".hadolint.yaml", b"ignored: [DL3064, DL9999]\n");
    let report = ship();
    assert!(!has(&report, "secret-in-image-config"));
    assert!(has(&report, "secret-in-image"));
    let skipped = report["skipped"].to_string();
    assert!(skipped.contains("DL9999"), "{skipped}");
}

/// How an image is called is decided once: in its papers, in the archive and for whoever asks.
#[test]
fn papers_call_an_image_as_the_archive_does() {
    if !engine_tests("papers_call_an_image_as_the_archive_does") {
        return;
    }
    let stage = seaworthy();
    // A project may be called as a place is.
    let own = std::fs::read_to_string(stage.project().join("plimsoll.toml")).unwrap();
    stage.write("plimsoll.toml", own.replace("raft", "registry").as_bytes());
    let evidence = |name: &str| {
        let bytes = std::fs::read(stage.project().join("evidence").join(name)).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    for (to, called, untagged, purl) in [
        ("oci:out", "registry:2", "registry", "pkg:oci/registry@"),
        ("docker-archive:z.tar", "z:2", "z", "pkg:oci/z@"),
        (
            "docker-archive:w.tar:acme/app",
            "acme/app:2",
            "acme/app",
            "pkg:oci/app@",
        ),
    ] {
        let run = stage.run(&[
            "ship",
            ".",
            "--engine",
            "native",
            "--to",
            to,
            "--tag",
            "2",
            "--evidence",
            "evidence",
            "--format",
            "json",
        ]);
        assert_eq!(run.expect(0).json()["image"]["name"], called);
        let component = &evidence("sbom.cdx.json")["metadata"]["component"];
        assert_eq!(component["name"], called);
        let own = component["purl"].as_str().unwrap();
        assert!(own.starts_with(purl) && own.ends_with("tag=2"), "{own}");
        assert_eq!(evidence("provenance.json")["subject"][0]["name"], untagged);
        if let Some(archive) = to.strip_prefix("docker-archive:") {
            let path = stage.project().join(archive.split(':').next().unwrap());
            let listed = tool(
                "tar",
                &["-xOf", &path.display().to_string(), "manifest.json"],
            );
            let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
            assert_eq!(listed[0]["RepoTags"], serde_json::json!([called]));
        }
    }
}

#[test]
fn a_tag_is_judged_before_anything_is_built() {
    let stage = Stage::with(&[("Dockerfile", "FROM scratch\nRUN broken\n")]);
    for verb in ["ship", "build"] {
        for (to, tag, says) in [
            ("docker-archive:y.tar", "acme/app:3", "is not a tag"),
            ("oci:out", "acme/app:3", "is not a tag"),
            ("docker-archive:y.tar:Acme", "3", "in lower case"),
            ("rootfs:out", "3", "images are read from there"),
        ] {
            let run = stage.run(&[verb, ".", "--to", to, "--tag", tag]).expect(2);
            assert!(run.stderr.contains(says), "{to} {tag}: {}", run.stderr);
        }
    }
}
