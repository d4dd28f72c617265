//! `plimsoll layers`: what each layer adds and wastes, as a pipeline asks for it.

use plimsoll_testkit::image::{ImageBuilder, Layer};

use crate::stage::Stage;

/// A base of one layer; a line that fills a cache, and one that deletes it again.
fn stage() -> Stage {
    let stage = Stage::new();
    let base = Layer::new()
        .file("etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian 12\"\n")
        .file("var/lib/dpkg/status", "")
        .file("usr/lib/large", vec![b'l'; 400_000]);
    ImageBuilder::new()
        .layer_by(base, "/bin/sh -c #(nop) ADD file:0 in / ")
        .layer_by(
            Layer::new()
                .file("root/.cache/pip/http/a", vec![b'c'; 200_000])
                .file("srv/app.py", vec![b'a'; 100_000]),
            "RUN /bin/sh -c pip install . # buildkit",
        )
        .layer_by(
            Layer::new().file("root/.cache/pip/.wh.http", ""),
            "RUN /bin/sh -c rm -r /root/.cache/pip/http # buildkit",
        )
        .build()
        .write_layout(&stage.project().join("image"), "1")
        .unwrap();
    stage.write(
        "Dockerfile",
        b"FROM debian:12\nRUN pip install .\nRUN rm -r /root/.cache/pip/http\n",
    );
    stage
}

#[test]
fn the_dockerfile_tells_the_base_and_every_line() {
    let stage = stage();
    let value = stage
        .run(&[
            "layers",
            "oci:image",
            "-f",
            "Dockerfile",
            "--format",
            "json",
        ])
        .expect(0)
        .json();
    let lines: Vec<_> = value["layers"].as_array().unwrap().iter().collect();
    // The base comes with its FROM.
    assert_eq!(lines[0]["line"], 1);
    assert_eq!(lines[1]["line"], 2);
    assert_eq!(lines[2]["line"], 3);
    assert_eq!(value["base"]["layers"], 1);
    assert_eq!(
        value["base"]["evidence"],
        "the layers below the first line of the Dockerfile"
    );
    let saving = &value["waste"]["savings"][0];
    assert_eq!(saving["file"], "Dockerfile", "{saving}");
    assert_eq!(saving["line"], 2, "{saving}");
    let run = stage
        .run(&["layers", "oci:image", "-f", "Dockerfile"])
        .expect(0);
    assert!(run.stdout.contains("Dockerfile:2"), "{}", run.stdout);
}

/// What a line made that is edited or moved by now is not the base's for that.
#[test]
fn a_dockerfile_that_was_edited_since_gives_nothing_to_the_base() {
    let stage = stage();
    let (pip, rm) = ("RUN pip install .", "RUN rm -r /root/.cache/pip/http");
    let edited = "RUN uv sync --frozen";
    for lines in [[edited, rm], [rm, pip]] {
        stage.write(
            "Edited",
            format!("FROM debian:12\n{}\n", lines.join("\n")).as_bytes(),
        );
        let run = stage.run(&["layers", "oci:image", "-f", "Edited", "--format", "json"]);
        let value = run.expect(0).json();
        let base = value["base"]["layers"].as_u64().unwrap_or_default();
        assert!(base <= 1, "{lines:?}: {}", value["base"]);
        assert_ne!(value["layers"][1]["line"], 1, "{lines:?}");
    }
}

#[test]
fn a_dockerfile_that_the_image_was_not_built_from_is_told() {
    let stage = stage();
    stage.write("Other", b"FROM alpine\nRUN apk add curl\n");
    let told = |file: &str| {
        let asked = ["layers", "oci:image", "-f", file];
        stage.run(&asked).expect(0).stdout
    };
    let other = told("Other");
    assert!(other.contains("nothing was traced to a line"), "{other}");
    assert!(!told("Dockerfile").contains("not looked at"));
}

#[test]
fn a_layer_that_nobody_could_read_is_not_judged() {
    let stage = Stage::new();
    ImageBuilder::new()
        .layer(Layer::new().file("etc/os-release", "ID=debian\n"))
        .layer(Layer::new().file("../outside", "x"))
        .build()
        .write_layout(&stage.project().join("image"), "1")
        .unwrap();
    let asked = ["layers", "oci:image", "--lowest-efficiency", "0.95"];
    let run = stage.run(&asked).expect(3);
    assert!(run.stdout.contains("not judged"), "{}", run.stdout);
    assert!(!run.stdout.contains("holds"), "{}", run.stdout);
    let run = stage.run(&[&asked[..], &["--format", "json"]].concat());
    let run = run.expect(3);
    assert_eq!(run.json()["verdict"]["standing"], "not-judged");
    assert_eq!(run.json()["skipped"][0]["blocking"], true);
    assert!(
        run.stderr.contains("not looked at: layer"),
        "{}",
        run.stderr
    );
    // Where nobody asked, nobody is told.
    let run = stage.run(&["layers", "oci:image", "--format", "json"]);
    assert_eq!(run.expect(0).stderr, "");
}

/// Bytes are bytes, whosever they are.
#[test]
fn packages_that_nobody_knows_are_no_waste() {
    let stage = Stage::new();
    ImageBuilder::new()
        .layer(Layer::new().file("etc/os-release", "ID=debian\nVERSION_ID=12\n"))
        .build()
        .write_layout(&stage.project().join("image"), "1")
        .unwrap();
    let asked = ["layers", "oci:image", "--lowest-efficiency", "0.5"];
    let run = stage.run(&[&asked[..], &["--format", "json"]].concat());
    let run = run.expect(0);
    assert_eq!(run.json()["verdict"]["holds"], true);
    assert_eq!(run.json()["skipped"][0]["about"], "packages");
    assert_eq!(run.json()["skipped"][0]["blocking"], true);
}

#[test]
fn thresholds_hold_back() {
    let stage = stage();
    let judged = |more: &[&str], code| {
        stage
            .run(&[&["layers", "oci:image"], more].concat())
            .expect(code)
    };
    judged(&["--lowest-efficiency", "50%"], 0);
    let run = judged(&["--lowest-efficiency", "0.99"], 1);
    assert!(run.stdout.contains("efficiency is"), "{}", run.stdout);
    judged(&["--highest-wasted-bytes", "200kB"], 0);
    judged(&["--highest-wasted-bytes", "100kB"], 1);
    judged(&["--lowest-efficiency", "high"], 2);
    stage.write(".dive-ci", b"rules:\n  highest-wasted-bytes: 100kB\n");
    judged(&[], 1);
    stage.write(
        "plimsoll.toml",
        b"[policy]\nhighest-wasted-bytes = \"200kB\"\n",
    );
    judged(&[], 0);
    judged(&["--ci-config", ".dive-ci"], 1);
    judged(&["--highest-wasted-bytes", "100kB"], 1);
    stage.write("plimsoll.toml", b"[policy]\nlowest-efficiency = 0.99\n");
    judged(&[], 1);
    judged(&["--lowest-efficiency", "0.5"], 0);
    stage.write("plimsoll.toml", b"[policy]\nlowest-efficiency = 99\n");
    judged(&[], 2);
}
