//! `plimsoll inspect`: what the exit code tells a pipeline.

use plimsoll_testkit::advisory::Advisory;
use plimsoll_testkit::image::{ImageBuilder, Layer};

use crate::stage::{Run, Stage};

/// Puts an image where the tests look for it.
fn lay(stage: &Stage, image: &ImageBuilder) {
    let folder = stage.project().join("image");
    image.build().write_layout(&folder, "1").unwrap();
}

/// Debian with one package.
fn debian() -> Layer {
    Layer::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
        .file(
            "var/lib/dpkg/status",
            "Package: tzdata\nStatus: install ok installed\nVersion: 2024a-0\nArchitecture: all\n\n",
        )
}

fn inspect(layers: Vec<Layer>, more: &[&str]) -> Run {
    let stage = Stage::new();
    let image = ImageBuilder::new().layer(debian());
    lay(&stage, &layers.into_iter().fold(image, ImageBuilder::layer));
    stage.run(&[&["inspect", "oci:image", "--format", "json"], more].concat())
}

#[test]
fn an_image_that_was_seen_holds_unless_asked_for_more() {
    let run = inspect(Vec::new(), &[]).expect(0);
    // There is no index of advisories here, and that is all there is to say.
    assert_eq!(run.json()["skipped"].as_array().unwrap().len(), 1);
    assert_eq!(run.json()["skipped"][0]["what"], "vulnerabilities");
    inspect(Vec::new(), &["--fail-on", "critical"]).expect(0);
    inspect(Vec::new(), &["--fail-on", "info"]).expect(1);
}

#[test]
fn an_inventory_without_its_foundation_is_no_look() {
    let deleted = || vec![Layer::new().file("var/lib/dpkg/.wh.status", "")];
    let run = inspect(deleted(), &[]).expect(3);
    let skipped = &run.json()["skipped"][0];
    assert_eq!(skipped["what"], "packages of the distribution");
    assert!(skipped["why"].to_string().contains("var/lib/dpkg/status"));
    assert_eq!(skipped["blocking"], true);
    assert!(run.json().get("verdict").is_none());
    let run = inspect(deleted(), &["--fail-on", "critical"]).expect(3);
    let verdict = &run.json()["verdict"];
    assert_eq!(verdict["standing"], "not-judged");
    assert_eq!(verdict["holds"], false);
    let reason = verdict["reasons"][0].as_str().unwrap();
    assert!(
        reason.starts_with("not looked at: packages of the distribution: "),
        "{reason}"
    );
    // What is known to be wrong is said first.
    let run = inspect(deleted(), &["--fail-on", "info"]).expect(1);
    let verdict = &run.json()["verdict"];
    assert_eq!(verdict["standing"], "held-back");
    let reasons = verdict["reasons"].as_array().unwrap();
    assert_eq!(reasons.last().unwrap(), reason);
    // A form with the verdict in it, and a person, are told in the same words.
    let stage = Stage::new();
    let image = ImageBuilder::new().layer(debian());
    lay(
        &stage,
        &deleted().into_iter().fold(image, ImageBuilder::layer),
    );
    for form in ["human", "markdown"] {
        let asked = [
            "inspect",
            "oci:image",
            "--fail-on",
            "critical",
            "--format",
            form,
        ];
        let run = stage.run(&asked).expect(3);
        assert!(run.stdout.contains("not judged"), "{}", run.stdout);
    }
}

/// A program and an os-release, or a distribution whose database was deleted: somebody may answer for
/// that, by name, with a reason and until a day.
#[test]
fn packages_that_nobody_can_tell_are_accepted_by_name() {
    let release = "ID=debian\nVERSION_ID=\"12\"\n";
    let module = r#"{"name":"left-pad","version":"1.2.0"}"#;
    let bare = Layer::new().file("etc/os-release", release);
    let bare = bare.file("app/node_modules/left-pad/package.json", module);
    let stripped = Layer::new().file("var/lib/dpkg/.wh.status", "");
    let osv = r#"{"id":"GHSA-aaaa-bbbb-cccc","modified":"2026-01-03T00:00:00Z","affected":
        [{"package":{"ecosystem":"npm","name":"left-pad"},"ranges":[{"type":"SEMVER","events":
        [{"introduced":"0"},{"fixed":"1.0.0"}]}]}]}"#;
    for image in [
        ImageBuilder::new().layer(bare.clone()),
        ImageBuilder::new()
            .layer(debian())
            .layer(stripped)
            .layer(bare),
    ] {
        let stage = Stage::with(&[("osv/1.json", osv)]);
        lay(&stage, &image);
        let call = ["db", "build", "osv", "--out", "npm.index"];
        stage.run(&call).expect(0);
        let gate = ["--db", "npm.index", "--fail-on-vulnerability", "low"];
        let inspect = |more: &[&str], code| {
            let call = ["inspect", "oci:image", "--format", "json"];
            stage.run(&[&call, more].concat()).expect(code)
        };
        let told = inspect(&[], 3).json()["skipped"].to_string();
        assert!(
            told.contains(r#"`gap = \"packages of the distribution\"` in plimsoll.toml"#),
            "{told}"
        );
        inspect(&gate, 3);
        let since = [&gate[..], &["--baseline", "oci:image"]].concat();
        let told = inspect(&since, 3).json()["skipped"].to_string();
        assert!(told.contains("of oci:image, the baseline"), "{told}");
        let diff = ["diff", "oci:image", "oci:image", "--db", "none"];
        stage.run(&diff).expect(3);
        let waiver = |until: &str| {
            let text = format!(
                "[[policy.waiver]]\ngap = \"packages of the distribution\"\n\
                 reason = \"no packages of Debian\"\nowner = \"ops\"\nuntil = \"{until}\"\n"
            );
            stage.write("plimsoll.toml", text.as_bytes());
        };
        waiver("2999-01-01");
        let told = inspect(&[], 0).json()["skipped"].to_string();
        assert!(told.contains("accepted until 2999-01-01 by ops"), "{told}");
        inspect(&gate, 0);
        inspect(&since, 0);
        stage.run(&diff).expect(0);
        waiver("2020-01-01");
        let run = stage.run(&diff).expect(3);
        let told = "the waiver for it ended on 2020-01-01";
        assert!(run.stdout.contains(told), "{}", run.stdout);
        let report = inspect(&gate, 3).json();
        assert!(
            report["findings"]
                .to_string()
                .contains("expired-suppression")
        );
    }
}

/// What makes the exit code is said, in every form; what was accepted does not make it.
#[test]
fn the_reason_is_told_and_waivers_count() {
    let stage = Stage::new();
    lay(&stage, &ImageBuilder::new().layer(debian()));
    let call = [
        "inspect",
        "oci:image",
        "--fail-on",
        "high",
        "--format",
        "json",
    ];
    let report = stage.run(&call).expect(1).json();
    assert_eq!(report["verdict"]["holds"], false);
    let reasons = report["verdict"]["reasons"].as_array().unwrap();
    assert!(
        reasons[0].as_str().unwrap().contains("image-runs-as-root"),
        "{reasons:?}"
    );
    let waiver = |rule: &str, until: &str| {
        format!(
            "[[policy.waiver]]\nrule = \"{rule}\"\nreason = \"known\"\nowner = \"ops\"\n\
             until = \"{until}\"\n"
        )
    };
    let accepted = waiver("image-runs-as-root", "2999-01-01");
    stage.write("plimsoll.toml", accepted.as_bytes());
    let report = stage.run(&call).expect(0).json();
    assert_eq!(report["verdict"]["holds"], true);
    assert_eq!(report["suppressed"][0]["rule"], "image-runs-as-root");
    // One that is for the Dockerfile covers nothing here, and that says nothing of it.
    let of_source = accepted + &waiver("root-user", "2999-01-01");
    stage.write("plimsoll.toml", of_source.as_bytes());
    let report = stage.run(&call).expect(0).json();
    assert!(!report.to_string().contains("unused-suppression"));
    stage.write(
        "plimsoll.toml",
        waiver("image-runs-as-root", "2020-01-01").as_bytes(),
    );
    let report = stage.run(&call).expect(1).json();
    assert!(report.to_string().contains("expired-suppression"));
}

/// A Dockerfile of something else traces nothing, and that is said.
#[test]
fn a_dockerfile_that_explains_nothing_is_told() {
    let stage = Stage::with(&[
        ("Other.Dockerfile", "FROM debian:12\nRUN make other\n"),
        ("Dockerfile", "FROM debian:12\nCOPY app /app\n"),
        (
            "Later.Dockerfile",
            "FROM debian:12\nRUN ldconfig\nCOPY app /app\nRUN x\n",
        ),
        (
            "Empty.Dockerfile",
            "FROM debian:12\nFROM scratch\nENV A=b\n",
        ),
        ("Base.Dockerfile", "FROM debian:12\nENV A=b\n"),
    ]);
    let image = ImageBuilder::new()
        .layer(debian())
        .layer_by(Layer::new().file("app", "x"), "COPY app /app # buildkit");
    lay(&stage, &image);
    let untraced = |file: &str| {
        let call = ["inspect", "oci:image", "--file", file, "--format", "json"];
        let report = stage.run(&call).json();
        let skipped = report["skipped"].as_array().unwrap();
        skipped.iter().any(|one| one["what"] == file)
    };
    assert!(untraced("Other.Dockerfile"));
    assert!(!untraced("Dockerfile"));
    assert!(untraced("Later.Dockerfile"));
    assert!(untraced("Empty.Dockerfile"));
    assert!(!untraced("Base.Dockerfile"));
    let call = [
        "inspect",
        "oci:image",
        "--file",
        "Later.Dockerfile",
        "--format",
        "json",
    ];
    let report = stage.run(&call).json();
    let layers = report["layers"].as_array().unwrap().iter();
    let lines: Vec<_> = layers.map(|layer| layer["line"].as_u64()).collect();
    // The base, which the image itself tells, comes with its FROM; what is not in the image is passed over.
    assert_eq!(lines, [Some(1), Some(3)], "{:#}", report["layers"]);
}

/// A credential in the configuration lies in no layer, and somebody wrote its line all the same.
#[test]
fn what_is_in_the_configuration_is_traced_to_its_line() {
    let token = format!("gh{}_{}", "p", "fNG1BixJjr0AEXTTLLTLsOzCOgt1R9yhaesv");
    let stage = Stage::new();
    let file =
        format!("FROM scratch\nCOPY app /app\nENV CI=1\nENV TOKEN={token}\nCMD [\"/app\"]\n");
    stage.write("Dockerfile", file.as_bytes());
    let image = ImageBuilder::new()
        .layer_by(Layer::new().file("app", "x"), "COPY app /app # buildkit")
        .history("ENV CI=1")
        .history(&format!("ENV TOKEN={token}"))
        .history("CMD [\"/app\"]")
        .env("TOKEN", &token);
    lay(&stage, &image);
    let call = [
        "inspect",
        "oci:image",
        "--format",
        "json",
        "--file",
        "Dockerfile",
    ];
    let run = stage.run(&call).expect(0);
    let secret = &run.json()["secrets"][0];
    assert_eq!(secret["place"], "env TOKEN");
    assert_eq!(
        (&secret["file"], &secret["line"]),
        (&"Dockerfile".into(), &4.into())
    );
    let report = run.json();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["rule"] == "secret-in-image")
        .unwrap();
    assert_eq!(
        (&finding["file"], &finding["line"]),
        (&"Dockerfile".into(), &4.into()),
        "{finding:#}"
    );
    assert!(!run.stdout.contains(&token));
    for form in ["human", "plain", "markdown", "sarif", "codeclimate"] {
        let call = ["inspect", "oci:image", "--details", "--format", form];
        let run = stage.run(&[&call[..], &["--file", "Dockerfile"]].concat());
        assert!(!run.stdout.contains(&token), "{form}");
        // The line is shown, without the value.
        if form == "human" {
            assert!(run.stdout.contains("4 | ENV TOKEN="), "{}", run.stdout);
        }
    }
}

/// A form that has no place for it says on standard error what it rests on and what was not looked at.
#[test]
fn no_form_is_silent_about_what_it_rests_on() {
    let stage = Stage::new();
    lay(&stage, &ImageBuilder::new().layer(debian()));
    stage.know(&[Advisory::listing(
        "GHSA-aaaa-bbbb-cccc",
        "npm",
        "left-pad",
        &["1.2.0"],
    )]);
    for form in [
        "human",
        "plain",
        "json",
        "table",
        "sarif",
        "checkstyle",
        "codeclimate",
        "gitlab",
        "gitlab-container-scanning",
        "junit",
        "github",
        "rdjson",
        "sonarqube",
        "markdown",
    ] {
        let run = stage
            .run(&["inspect", "oci:image", "--format", form])
            .expect(0);
        let all = run.stdout + &run.stderr;
        assert!(all.contains("no index of advisories"), "{form}: {all}");
        let run = stage
            .run(&[
                "inspect",
                "oci:image",
                "--format",
                form,
                "--db",
                "all.index",
            ])
            .expect(0);
        let all = run.stdout + &run.stderr;
        assert!(all.contains("Debian:12"), "{form}: {all}");
    }
    // What is said twice is said once too often.
    let run = stage.run(&["inspect", "oci:image", "--format", "plain"]);
    assert_eq!(run.expect(0).stderr, "");
}

/// What is wrong with the command is said before the image is opened.
#[test]
fn what_cannot_be_written_is_said_first() {
    let stage = Stage::new();
    for (more, says) in [
        (
            ["--format", "openvex"],
            "OpenVEX needs an image and advisories",
        ),
        (
            ["--output", "json=gone/x"],
            "gone/x: the folder gone does not exist",
        ),
        (["--output", "sarf=x"], "did you mean `sarif`?"),
        (
            ["--output", "xyz=x"],
            "no form is called `xyz`; there are human, plain",
        ),
    ] {
        let run = stage
            .run(&[&["inspect", "oci:no-image"][..], &more].concat())
            .expect(2);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

/// What other tools' files say of rules counts for images, too, and what cannot be honoured is told.
#[test]
fn other_tools_configurations_are_read() {
    let stage = Stage::new();
    lay(&stage, &ImageBuilder::new().layer(debian()));
    let inspect = || {
        let run = stage.run(&["inspect", "oci:image", "--format", "json"]);
        run.expect(0).json()
    };
    let before = inspect();
    let rule = before["findings"][0]["rule"].as_str().unwrap().to_owned();
    stage.write(
        ".hadolint.yaml",
        format!("ignored: [{rule}, DL9999]\n").as_bytes(),
    );
    // Accepted vulnerabilities are read beside, and not told as what checks cannot honour.
    stage.write(".trivyignore", b"CVE-2026-1\n");
    let report = inspect();
    let mut findings = report["findings"].as_array().unwrap().iter();
    assert!(findings.all(|finding| finding["rule"] != *rule));
    let skipped = report["skipped"].to_string();
    assert!(skipped.contains("DL9999"), "{skipped}");
    assert!(!skipped.contains("no Dockerfile check"), "{skipped}");
}

/// What builders note of commands in history is no less hidden than the commands themselves, whatever
/// a report is written in.
#[test]
fn no_format_shows_a_password_that_a_command_takes() {
    let values: Vec<String> = (0..4)
        .map(|number| format!("k7RtY2m{}Wx9KpLz{number}V", "q"))
        .collect();
    let [check, start, first, user] = values.as_slice() else {
        unreachable!("four values");
    };
    let stage = Stage::new();
    let image = ImageBuilder::new()
        .layer(debian())
        .history(&format!(
            "HEALTHCHECK &{{[\"CMD-SHELL\" \"curl -u admin:{check} http://localhost/\"] \"0s\" \"0s\" '\\x00'}}"
        ))
        .history(&format!("CMD [\"curl\" \"-u\" \"me:{start}\" \"http://h/\"]"))
        .history(&format!(
            "/bin/sh -c #(nop)  ENTRYPOINT [\"/bin/sh\" \"-c\" \"mysqladmin -uroot -p{first} ping\"]"
        ))
        .history(&format!("STRANGE <{user}>"))
        .env("NPM_CONFIG__AUTH", user);
    lay(&stage, &image);
    let formats = [
        "human",
        "plain",
        "json",
        "table",
        "sarif",
        "checkstyle",
        "codeclimate",
        "gitlab",
        "gitlab-container-scanning",
        "junit",
        "markdown",
        "github",
        "rdjson",
        "sonarqube",
        "cyclonedx",
        "spdx",
        "spdx3",
    ];
    for format in formats {
        let run = stage.run(&["inspect", "oci:image", "--details", "--format", format]);
        for value in &values {
            assert!(
                !run.stdout.contains(value) && !run.stderr.contains(value),
                "{format}: {}",
                run.stdout
            );
        }
    }
    let run = stage.run(&["inspect", "oci:image", "--format", "json"]);
    let json = run.json();
    let kinds = json["secrets"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|secret| secret["kind"].as_str()).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}

/// A rule quotes of a configuration what may be shown of it, in a finding that was set aside as well;
/// its own words stay, whatever somebody took for a password.
#[test]
fn what_a_configuration_hides_no_finding_tells() {
    let password = format!("Xk9vQ2mZ{}rT4wLp", 7);
    let stage = Stage::new();
    let image = |password: &str, user: &str| {
        let accounts = debian().file("etc/passwd", "root:x:0:0::/:/bin/sh\n");
        ImageBuilder::new()
            .layer(accounts)
            .env("DB_PASSWORD", password)
            .user(user)
    };
    lay(&stage, &image(&password, &password));
    let text = "FROM scratch\nARG WHO\nUSER ${WHO}\n";
    stage.write("Dockerfile", text.as_bytes());
    let allowed = format!("# plimsoll: allow-file(user-missing-in-image) known\n{text}");
    stage.write("Allowed", allowed.as_bytes());
    for (file, list) in [("Dockerfile", "findings"), ("Allowed", "suppressed")] {
        let call = ["inspect", "oci:image", "--file", file, "--details"];
        for format in ["plain", "json", "sarif", "markdown"] {
            let run = stage.run(&[&call[..], &["--format", format]].concat());
            let run = run.expect(0);
            assert!(!run.stdout.contains(&password), "{format}: {}", run.stdout);
        }
        let json = stage
            .run(&[&call[..], &["--format", "json"]].concat())
            .json();
        let told = json[list].to_string();
        assert!(told.contains("user-missing-in-image"), "{told}");
        assert!(told.contains("runs as user `[secret-value "), "{told}");
    }
    lay(&stage, &image("image", "root"));
    let json = stage
        .run(&["inspect", "oci:image", "--format", "json"])
        .json();
    let told = json["findings"].to_string();
    assert!(told.contains("The image runs as `root`."), "{told}");
    assert!(told.contains("`org.opencontainers.image.source`"), "{told}");
    assert!(!told.contains("[secret-value "), "{told}");
}
