//! `plimsoll diff`: two images side by side.

use plimsoll_testkit::advisory::Advisory;
use plimsoll_testkit::image::{Entry, ImageBuilder, Layer};

use crate::stage::Stage;

const BASE: &str = "/bin/sh -c #(nop) ADD file:0 in / ";

fn base() -> Layer {
    Layer::new().file("etc/passwd", "root:x:0:0::/root:/bin/sh\n")
}

fn wheel(layer: Layer, name: &str, version: &str) -> Layer {
    let folder = format!("usr/lib/python3/site-packages/{name}-{version}.dist-info");
    layer.file(
        format!("{folder}/METADATA"),
        format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
    )
}

/// Two builds of one project: a package upgraded, one gone, one new, a key left behind.
fn stage() -> Stage {
    let stage = Stage::new();
    let old = wheel(wheel(Layer::new(), "flask", "2.0"), "left-behind", "1.0")
        .file("app/data", vec![b'a'; 20_000])
        .file("app/same", "same");
    let new = wheel(wheel(Layer::new(), "flask", "3.0"), "new-comer", "1.0")
        .file("app/data", vec![b'b'; 30_000])
        .file("app/same", "same")
        .entry(Entry::file("app/run", "#!/bin/sh\n").mode(0o755))
        .file("app/id", private_key());
    let image = |layer: Layer| {
        ImageBuilder::new()
            .layer_by(base(), BASE)
            .layer_by(layer, "RUN /bin/sh -c pip install . # buildkit")
            .command(&["python"])
    };
    let old = image(old).user("app").env("MODE", "slow").build();
    let new = image(new).env("MODE", "fast").build();
    old.write_layout(&stage.project().join("old"), "1").unwrap();
    new.write_layout(&stage.project().join("new"), "2").unwrap();
    stage
}

/// What looks like a key and opens nothing.
fn private_key() -> String {
    let body: String = (0..24u32)
        .map(|line| {
            let bytes = (0..64u32).map(|at| {
                let at = line
                    .wrapping_mul(7919)
                    .wrapping_add(at.wrapping_mul(104_729))
                    % 62;
                char::from(match at as u8 {
                    digit @ 0..10 => b'0' + digit,
                    upper @ 10..36 => b'A' + upper - 10,
                    lower => b'a' + lower - 36,
                })
            });
            bytes.chain(['\n']).collect::<String>()
        })
        .collect();
    format!("-----BEGIN RSA PRIVATE KEY-----\nMIIE{body}-----END RSA PRIVATE KEY-----\n")
}

#[test]
fn two_builds_differ() {
    let stage = stage();
    let run = stage
        .run(&["diff", "oci:old", "oci:new", "--format", "json"])
        .expect(0);
    let value = run.json();
    let changes: Vec<String> = value["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            format!(
                "{} {} {} {}",
                change["change"].as_str().unwrap(),
                change["name"].as_str().unwrap(),
                change["old"]["version"],
                change["new"]["version"]
            )
        })
        .collect();
    assert_eq!(
        changes,
        [
            "changed flask \"2.0\" \"3.0\"",
            "removed left-behind \"1.0\" null",
            "added new-comer null \"1.0\"",
        ]
    );
    let layers: Vec<&str> = value["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["change"].as_str().unwrap())
        .collect();
    assert_eq!(layers, ["same", "changed"]);
    let files = &value["files"];
    assert_eq!(files["changed"]["files"], 1);
    assert_eq!(files["changed"]["new_bytes"], 30_000);
    assert_eq!(files["largest"][0]["path"], "app/data");
    let fields: Vec<&str> = value["config"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["user", "env MODE"]);
    assert_eq!(value["secrets"]["gained"][0]["place"], "app/id");
    assert_eq!(value["secrets"]["gained"].as_array().unwrap().len(), 1);
    let gained: Vec<&str> = value["findings"]["gained"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    assert!(gained.contains(&"image-runs-as-root"), "{gained:?}");
    // A second look is taken from the cache and sees the same.
    let again = stage
        .run(&["diff", "oci:old", "oci:new", "--format", "json"])
        .expect(0);
    assert_eq!(run.stdout, again.stdout);
}

#[test]
fn an_image_is_no_different_from_itself() {
    let stage = stage();
    let arguments = [
        "diff",
        "oci:new",
        "oci:new",
        "--fail-on",
        "new-secrets,new-findings,larger-by=0B",
    ];
    let run = stage.run(&arguments).expect(0);
    assert!(run.stdout.contains("these are one image"), "{}", run.stdout);
    let value = stage
        .run(&["diff", "oci:new", "oci:new", "--format", "json"])
        .expect(0)
        .json();
    for list in ["packages", "config"] {
        assert_eq!(value[list].as_array().unwrap().len(), 0);
    }
    assert_eq!(value["files"]["largest"].as_array().unwrap().len(), 0);
}

#[test]
fn what_goes_too_far_is_held_back() {
    let stage = stage();
    for (bound, code) in [
        ("new-secrets", 1),
        ("new-findings", 1),
        ("new-findings=high", 1),
        ("larger-by=1kB", 1),
        ("larger-by=100%", 0),
        ("larger-by=1MB", 0),
    ] {
        let run = stage.run(&["diff", "oci:old", "oci:new", "--fail-on", bound]);
        assert_eq!(run.code, code, "{bound}\n{}{}", run.stdout, run.stderr);
    }
    // The other way round nothing is gained.
    stage
        .run(&[
            "diff",
            "oci:new",
            "oci:old",
            "--fail-on",
            "new-secrets,larger-by=0B",
        ])
        .expect(0);
    let run = stage
        .run(&["diff", "oci:old", "oci:new", "--fail-on", "bigger"])
        .expect(2);
    assert!(run.stderr.contains("larger-by=SIZE"), "{}", run.stderr);
    let run = stage.run(&["diff", "-", "-"]).expect(2);
    assert!(run.stderr.contains("one image"), "{}", run.stderr);
    let run = stage.run(&["diff", "oci:old", "oci:nowhere", "--format", "json"]);
    assert_ne!(run.code, 0);
    assert!(run.json()["error"]["message"].is_string());
}

/// What only moves, or gets better, is no finding that came.
#[test]
fn what_moves_or_gets_better_is_no_new_finding() {
    let stage = Stage::new();
    let setid = |layer: Layer, name: &str| {
        let path = format!("usr/bin/{name}");
        layer.entry(Entry::file(path, "x").mode(0o4755))
    };
    let key = |path: &str| Layer::new().file(path, private_key());
    let two = setid(setid(Layer::new(), "helper"), "other");
    let images = [
        ("old", vec![two, key("app/id")]),
        ("moved", vec![key("srv/id"), setid(Layer::new(), "other")]),
        (
            "deleted",
            vec![
                setid(Layer::new(), "helper"),
                key("app/id"),
                Layer::new().file("app/.wh.id", ""),
            ],
        ),
        ("worse", vec![setid(Layer::new(), "third"), key("app/id")]),
    ];
    for (name, layers) in images {
        let image = layers
            .into_iter()
            .fold(ImageBuilder::new().layer(base()), ImageBuilder::layer);
        let folder = stage.project().join(name);
        image.build().write_layout(&folder, "1").unwrap();
    }
    for (name, code) in [("moved", 0), ("deleted", 0), ("worse", 1)] {
        let image = format!("oci:{name}");
        let bounds = "new-findings,new-secrets";
        let run = stage.run(&["diff", "oci:old", &image, "--fail-on", bounds]);
        assert_eq!(run.code, code, "{name}\n{}{}", run.stdout, run.stderr);
    }
}

/// Builders write what they like into the modes of links, and nobody asks for them.
#[test]
fn the_mode_of_a_link_is_no_difference() {
    let stage = Stage::new();
    for (name, link, owner, sticky) in [("old", 0o755, 1000, 0o1000), ("new", 0o777, 0, 0)] {
        let moved = Entry::symlink("usr/other", "run").owner(owner, 0);
        let mut layer = Layer::new()
            .entry(Entry::file("usr/run", "x").mode(0o4755).owner(owner, 0))
            .entry(Entry::dir("tmp").mode(sticky | 0o777))
            .entry(moved.mode(link));
        for number in 0..150 {
            layer = layer.entry(Entry::symlink(format!("usr/bin/{number}"), "x").mode(link));
        }
        let image = ImageBuilder::new().layer(layer).build();
        image
            .write_layout(&stage.project().join(name), "1")
            .unwrap();
    }
    let report = stage.run(&["diff", "oci:old", "oci:new", "--format", "json"]);
    let files = &report.json()["files"];
    assert_eq!(files["permissions"], 3);
    let paths = files["regranted"].as_array().unwrap().iter();
    let paths: Vec<&str> = paths.map(|one| one["path"].as_str().unwrap()).collect();
    // What a program runs as, and who may empty a folder, come first.
    assert_eq!(paths, ["tmp", "usr/run", "usr/other"]);
}

#[test]
fn what_a_bound_needs_and_nobody_looked_at_is_not_judged() {
    let stage = stage();
    let asked = "diff oci:new oci:old --db none --fail-on new-vulnerabilities --format";
    let run = |format| {
        let words: Vec<&str> = asked.split(' ').chain([format]).collect();
        stage.run(&words).expect(3)
    };
    for format in ["human", "markdown"] {
        let told = run(format).stdout.to_lowercase();
        assert!(told.contains("not judged"), "{told}");
        assert!(told.contains("old vulnerabilities: "), "{told}");
        assert!(!told.contains("holds"), "{told}");
    }
    for format in ["markdown", "json"] {
        let told = run(format).stderr;
        assert!(told.contains("not looked at: new vuln"), "{told}");
    }
    let value = run("json").json();
    assert_eq!(value["verdict"]["standing"], "not-judged");
    assert_eq!(value["verdict"]["holds"], false);
    assert_eq!(value["new"]["skipped"][0]["blocking"], true);
}

#[test]
fn lines_are_named_where_the_dockerfile_is() {
    let stage = stage();
    stage.write("Dockerfile", b"FROM debian:12\nRUN pip install .\n");
    let value = stage
        .run(&[
            "diff",
            "oci:old",
            "oci:new",
            "-f",
            "Dockerfile",
            "--format",
            "json",
        ])
        .expect(0)
        .json();
    assert_eq!(value["layers"][1]["new"]["line"], 2);
    assert_eq!(value["layers"][1]["old"]["line"], serde_json::Value::Null);
    let run = stage
        .run(&[
            "diff",
            "oci:old",
            "oci:new",
            "-f",
            "Dockerfile",
            "--format",
            "markdown",
        ])
        .expect(0);
    assert!(run.stdout.contains("Dockerfile:2"), "{}", run.stdout);
    assert!(run.stdout.contains("### New secrets"), "{}", run.stdout);
}

/// The two builds, and an index that knows of flaws of theirs: one in both, one that the upgrade
/// mends, one that went with its package, one that came with a package.
fn judged_stage() -> Stage {
    let stage = stage();
    stage.know(&[
        Advisory::of("GHSA-kept-kept-kept", "PyPI", "flask").rated("LOW"),
        Advisory::below("GHSA-mend-mend-mend", "PyPI", "flask", "2.5").rated("HIGH"),
        Advisory::of("GHSA-gone-gone-gone", "PyPI", "left-behind").rated("CRITICAL"),
        Advisory::below("GHSA-came-came-came", "PyPI", "new-comer", "1.1").rated("MODERATE"),
    ]);
    stage
}

#[test]
fn vulnerabilities_come_and_go_with_a_cause() {
    let stage = judged_stage();
    let call = ["diff", "oci:old", "oci:new", "--db", "all.index"];
    let compare = |more: &[&str], code: i32| stage.run(&[&call[..], more].concat()).expect(code);
    let value = compare(&["--format", "json"], 0).json();
    let told = |value: &serde_json::Value, list: &str| -> Vec<String> {
        let list = value["vulnerabilities"][list].as_array().unwrap().iter();
        list.map(|one| format!("{} {} {}", one["id"], one["cause"], one["other_versions"]))
            .collect()
    };
    assert_eq!(
        told(&value, "gained"),
        ["\"GHSA-came-came-came\" \"package\" []"]
    );
    assert_eq!(
        told(&value, "lost"),
        [
            "\"GHSA-gone-gone-gone\" \"package\" []",
            "\"GHSA-mend-mend-mend\" \"version\" [\"3.0\"]",
        ]
    );
    assert_eq!(value["vulnerabilities"]["kept"], 1);
    assert_eq!(value["old"]["vulnerabilities"]["critical"], 1);
    assert_eq!(value["new"]["vulnerabilities"]["medium"], 1);
    assert_eq!(
        value["new"]["advisories"]["snapshot"]
            .as_str()
            .unwrap()
            .len(),
        64
    );
    let screen = compare(&[], 0).stdout;
    for line in [
        "vulns      3 > 2: 1 gained, 2 lost, 1 in both",
        "1 critical, 1 high, 1 low > 1 medium, 1 low",
        "+ medium GHSA-came-came-came new-comer 1.0, new package, fixed in 1.1 (layer 1)",
        "- left-behind 1.0, package removed: 1 critical: GHSA-gone-gone-gone",
        "- flask 2.0 > 3.0: 1 high: GHSA-mend-mend-mend",
    ] {
        assert!(screen.contains(line), "{line}\n{screen}");
    }
    let comment = compare(&["--format", "markdown"], 0).stdout;
    assert!(
        comment.contains("### New known vulnerabilities"),
        "{comment}"
    );
    // What is shown is what counts, as for inspect.
    let shown = compare(&["--format", "json", "--severity", "high,critical"], 0).json();
    assert!(told(&shown, "gained").is_empty());
    let fixable = compare(&["--format", "json", "--ignore-unfixed"], 0).json();
    assert_eq!(fixable["vulnerabilities"]["kept"], 0);

    let bound = |bound: &str, more: &[&str], code: i32| {
        compare(&[&["--fail-on", bound], more].concat(), code)
    };
    let run = bound("new-vulnerabilities", &[], 1);
    assert!(
        run.stdout
            .contains("it gains 1 known vulnerability: GHSA-came-came-came"),
        "{}",
        run.stdout
    );
    bound("new-vulnerabilities=medium", &[], 1);
    bound("new-vulnerabilities=high", &[], 0);
    bound("new-vulnerabilities=worst", &[], 2);
    stage.write(".trivyignore", b"GHSA-came-came-came\n");
    bound("new-vulnerabilities", &[], 0);
}

/// What could not be held against a version keeps a bound from being kept, unless it was so before.
#[test]
fn what_may_be_new_is_no_reason_to_pass() {
    let stage = judged_stage();
    stage.know(&[Advisory::below("OPEN-both", "PyPI", "flask", "~").rated("CRITICAL")]);
    let bound = |bound: &str, code: i32| {
        let call = ["diff", "oci:old", "oci:new", "--db", "all.index"];
        stage
            .run(&[&call[..], &["--fail-on", bound]].concat())
            .expect(code)
    };
    bound("new-vulnerabilities=high", 0);
    stage.know(&[Advisory::below("OPEN-new", "PyPI", "new-comer", "~").rated("HIGH")]);
    let run = bound("new-vulnerabilities=high", 3);
    let told = "pkg:pypi/new-comer@1.0: OPEN-new may be in it [high]";
    assert!(run.stdout.contains(told), "{}", run.stdout);
    assert!(!run.stdout.contains("OPEN-both may"), "{}", run.stdout);
    bound("new-vulnerabilities=critical", 0);
    bound("new-vulnerabilities", 1);
    bound("larger-by=10MB", 0);
    stage.write(".trivyignore", b"OPEN-new\n");
    bound("new-vulnerabilities=high", 0);
    std::fs::remove_file(stage.project().join(".trivyignore")).unwrap();
    stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nunjudged = \"report\"\n",
    );
    bound("new-vulnerabilities=high", 0);
}

#[test]
fn vulnerabilities_that_nobody_looked_for_are_told() {
    let stage = judged_stage();
    let call = ["diff", "oci:old", "oci:new"];
    let screen = stage.run(&call).expect(0).stdout;
    assert!(screen.contains("vulns      not looked at"), "{screen}");
    let value = stage
        .run(&[&call[..], &["--format", "json", "--db", "none"]].concat())
        .expect(0)
        .json();
    assert!(value["vulnerabilities"].is_null() && value["old"]["advisories"].is_null());
    let why = value["old"]["skipped"].to_string();
    assert!(why.contains("--db none"), "{why}");
    let gate = ["--fail-on", "new-vulnerabilities"];
    stage.run(&[&call[..], &gate].concat()).expect(3);
    // An index that knows nothing of these packages answers nothing.
    let other = Advisory::listing("GHSA-x", "npm", "a", &["1"]);
    stage.write("other/1.json", other.text().as_bytes());
    stage
        .run(&["db", "build", "other", "--out", "npm.index"])
        .expect(0);
    let db = ["--db", "npm.index"];
    let screen = stage.run(&[&call[..], &db].concat()).expect(0).stdout;
    assert!(
        screen.contains("new: no advisories on PyPI (2)"),
        "{screen}"
    );
    stage.run(&[&call[..], &gate, &db].concat()).expect(3);
}

#[test]
fn a_bill_of_materials_stands_in_for_an_image() {
    let stage = judged_stage();
    for format in ["cyclonedx", "spdx"] {
        let bill = format!("{format}.json");
        let output = format!("{format}={bill}");
        stage
            .run(&["inspect", "oci:old", "--db", "none", "--output", &output])
            .expect(0);
        let call = ["diff", &bill, "oci:new", "--db", "all.index"];
        let value = stage
            .run(&[&call[..], &["--format", "json"]].concat())
            .expect(0)
            .json();
        assert_eq!(value["old"]["digest"], serde_json::Value::Null);
        assert!(value["old"]["sbom"]["format"].is_string());
        let changes = &value["vulnerabilities"];
        assert_eq!(changes["gained"][0]["id"], "GHSA-came-came-came");
        assert_eq!(changes["lost"].as_array().unwrap().len(), 2, "{changes}");
        assert_eq!(value["packages"].as_array().unwrap().len(), 3);
        assert_eq!(value["files"]["largest"].as_array().unwrap().len(), 0);
        let bound = |bound: &str, code: i32| {
            stage
                .run(&[&call[..], &["--fail-on", bound]].concat())
                .expect(code);
        };
        bound("new-vulnerabilities=high", 0);
        bound("new-vulnerabilities", 1);
        // What only an image shows was not compared.
        bound("new-secrets", 3);
    }
}
