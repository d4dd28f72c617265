//! How they are told: in reports, at lines, as edits.

use serde_json::json;

use super::{DOCKERFILE, inspect, stage};

#[test]
fn each_is_told_with_its_fix_and_its_line() {
    let stage = stage();
    let report = inspect(&stage, &["--db", "all.index", "--format", "json"])
        .expect(0)
        .json();
    let found = report["vulnerabilities"].as_array().unwrap();
    assert_eq!(found.len(), 3, "{found:#?}");
    let [curl, pad, busybox] = [&found[0], &found[1], &found[2]];
    assert_eq!(curl["id"], "CVE-2024-0002");
    assert_eq!(curl["fixed"], json!(null));
    assert_eq!(curl["fix_state"], "not-fixed");
    assert_eq!(curl["severity"], "critical");
    assert_eq!(curl["severity_basis"], "cvss");
    assert_eq!(curl["cvss"]["score"], 9.8);
    assert_eq!(curl["origin"]["file"], "Dockerfile");
    assert_eq!(curl["origin"]["line"], 2);
    assert_eq!(curl["origin"]["in_base"], false);

    assert_eq!(pad["id"], "CVE-2021-0003");
    assert_eq!(pad["aliases"], json!(["GHSA-aaaa-bbbb-cccc"]));
    assert_eq!(pad["package"], "pkg:npm/left-pad@1.2.0");
    assert_eq!(pad["installed"], "1.2.0");
    assert_eq!(pad["fixed"], "1.3.0");
    assert_eq!(pad["severity"], "medium");
    assert_eq!(pad["severity_source"], "ghsa");
    assert_eq!(pad["origin"]["line"], 3);
    assert_eq!(pad["origin"]["layer"], 2);

    assert_eq!(busybox["name"], "busybox-binsh");
    assert_eq!(busybox["severity"], "unknown");
    assert_eq!(busybox["origin"]["in_base"], true);

    let advisories = &report["advisories"];
    assert_eq!(advisories["date"], "2026-01-03T00:00:00Z");
    assert_eq!(advisories["snapshot"].as_str().unwrap().len(), 64);
    assert_eq!(
        advisories["covered"],
        json!([
            {"ecosystem": "Alpine:v3.19", "packages": 2, "published": true,
             "date": "2026-01-02T00:00:00Z"},
            {"ecosystem": "npm", "packages": 1, "published": true,
             "date": "2026-01-03T00:00:00Z"},
        ])
    );
    assert_eq!(advisories["missing"], json!([]));

    let sarif = inspect(&stage, &["--db", "all.index", "--format", "sarif"])
        .expect(0)
        .json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results
        .iter()
        .find(|result| result["ruleId"] == "CVE-2021-0003")
        .unwrap();
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "Dockerfile");
    assert_eq!(place["region"]["startLine"], 3);
    assert_eq!(result["properties"]["layer"], 2);
}

#[test]
fn the_edit_that_removes_it_is_told_at_the_line_to_change() {
    let stage = stage();
    let edits = |more: &[&str]| -> (Vec<String>, serde_json::Value) {
        let call = [&["--db", "all.index", "--format", "json"], more].concat();
        let report = inspect(&stage, &call).json();
        let edits = report["advice"]["edits"].as_array().unwrap().iter();
        let told = edits.map(|edit| {
            let step = &edit["steps"][0];
            let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            format!(
                "{} {}:{} {} {} > {}",
                word(&edit["action"]),
                word(&edit["file"]),
                edit["line"],
                word(&step["name"]),
                word(&step["installed"]),
                word(&step["to"])
            )
        });
        (told.collect(), report["advice"].clone())
    };
    let base = "renew-base Dockerfile:1 busybox 1.36.1-r15 > 1.36.1-r16";
    let (told, advice) = edits(&[]);
    assert_eq!(
        told,
        ["raise-versions Dockerfile:3 left-pad 1.2.0 > 1.3.0", base]
    );
    assert_eq!(advice["plan"], json!([]));
    // Where the project is at hand, the line is that of the file that asks for the package.
    let asks_for = |range: &str| {
        let text = format!("{{\n  \"dependencies\": {{\n    \"left-pad\": \"{range}\"\n  }}\n}}\n");
        stage.write("app/package.json", text.as_bytes());
    };
    // It takes what mends it already, or did not bring what is there.
    asks_for("^1.2.0");
    let lock = "renew-lock app/package.json:3 left-pad 1.2.0 > 1.3.0";
    assert_eq!(edits(&[]).0, [lock, base]);
    asks_for("^1.3.0");
    let (told, advice) = edits(&[]);
    assert_eq!(
        told,
        ["raise-versions Dockerfile:3 left-pad 1.2.0 > 1.3.0", base]
    );
    assert_eq!(advice["edits"][0]["steps"][0]["brought"], true);
    asks_for("1.2.0");
    let (told, advice) = edits(&["--fail-on-vulnerability", "medium"]);
    assert_eq!(
        told,
        [
            "raise-versions app/package.json:3 left-pad 1.2.0 > 1.3.0",
            base
        ]
    );
    assert_eq!(advice["plan"], json!([0]));
    assert_eq!(advice["remaining"], json!([0]));
}

#[test]
fn pipelines_get_their_forms() {
    let stage = stage();
    let call = |form| inspect(&stage, &["--db", "all.index", "--format", form]).expect(0);
    let report = call("gitlab-container-scanning").json();
    assert_eq!(report["scan"]["type"], "container_scanning");
    assert_eq!(report["vulnerabilities"].as_array().unwrap().len(), 3);
    assert_eq!(
        report["vulnerabilities"][0]["location"]["operating_system"],
        "alpine 3.19.1"
    );
    assert!(call("junit").stdout.contains("name=\"CVE-2024-0002\""));
    assert!(call("markdown").stdout.contains("### What to do"));
    // Whatever the form, what makes the exit code is told.
    for form in [
        "github",
        "plain",
        "rdjson",
        "checkstyle",
        "sonarqube",
        "json",
        "gitlab",
    ] {
        let more = ["--format", form, "--fail-on-vulnerability", "critical"];
        let run = inspect(&stage, &[&["--db", "all.index"][..], &more].concat()).expect(1);
        assert!(run.stdout.contains("CVE-2024-0002"), "{}", run.stdout);
        let told = "held back: Dockerfile:2: curl 8.5.0-r0 has CVE-2024-0002";
        assert!(run.stderr.contains(told), "{}", run.stderr);
        let more = [
            "--db",
            "none",
            "--format",
            form,
            "--fail-on-vulnerability",
            "critical",
        ];
        let run = inspect(&stage, &more).expect(3);
        assert!(
            run.stderr.contains("not looked at: vulnerabilities: "),
            "{}",
            run.stderr
        );
    }
    stage
        .run(&["check", "--format", "gitlab-container-scanning"])
        .expect(2);
}

/// A Dockerfile in a folder of its own is built from further up.
#[test]
fn files_of_the_project_are_those_of_the_build_context() {
    let stage = stage();
    let place = |file: &str| {
        let call = ["inspect", "oci:image", "--db", "all.index", "--file", file];
        let report = stage.run(&[&call[..], &["--format", "json"]].concat());
        let report = report.expect(0).json();
        let edits = report["advice"]["edits"].as_array().unwrap();
        let edit = edits
            .iter()
            .find(|edit| edit["steps"][0]["name"] == "left-pad");
        let edit = edit.unwrap();
        format!("{}:{}", edit["file"].as_str().unwrap(), edit["line"])
    };
    let manifest = |start: &str| {
        let text = "{\n\"dependencies\": {\n\"left-pad\": \"1.2.0\"\n}\n}\n";
        format!("{start}{text}")
    };
    stage.write("docker/Dockerfile", DOCKERFILE.as_bytes());
    assert_eq!(place("docker/Dockerfile"), "docker/Dockerfile:3");
    stage.write("app/package.json", manifest("").as_bytes());
    assert_eq!(place("docker/Dockerfile"), "app/package.json:3");
    assert_eq!(place("./docker/Dockerfile"), "app/package.json:3");
    // What is copied lies beside it.
    stage.write("docker/app/package.json", manifest("\n").as_bytes());
    assert_eq!(place("docker/Dockerfile"), "docker/app/package.json:4");
    // The configuration knows.
    let built = "[build]\ndockerfile = \"docker/Dockerfile\"\ncontext = \".\"\n";
    stage.write("plimsoll.toml", built.as_bytes());
    assert_eq!(place("docker/Dockerfile"), "app/package.json:3");
    // It is about another one.
    stage.write("plimsoll.toml", b"[build]\ncontext = \"app\"\n");
    assert_eq!(place("docker/Dockerfile"), "docker/app/package.json:4");
}

/// What a Dockerfile of another state does not tell of need not be the base's.
#[test]
fn an_edited_dockerfile_makes_nothing_the_bases() {
    let stage = stage();
    let of_base = |text: &str| -> Vec<(String, bool)> {
        stage.write("Dockerfile", text.as_bytes());
        let report = inspect(&stage, &["--db", "all.index", "--format", "json"]);
        let report = report.expect(0).json();
        let found = report["vulnerabilities"].as_array().unwrap().iter();
        let told = found.map(|one| {
            let name = one["name"].as_str().unwrap().to_owned();
            (name, one["origin"]["in_base"] == json!(true))
        });
        told.collect()
    };
    let told = |curl: bool| {
        [("curl", curl), ("left-pad", false), ("busybox-binsh", true)]
            .map(|(name, is_base)| (name.to_owned(), is_base))
    };
    assert_eq!(of_base(DOCKERFILE), told(false));
    let edited = "FROM alpine:3.19\nRUN uv sync --frozen\nCOPY app /app\n";
    assert_eq!(of_base(edited), told(false));
    let moved = "FROM alpine:3.19\nCOPY app /app\nRUN apk add curl\n";
    assert_eq!(of_base(moved), told(false));
    // Lines that came later take nothing from the base; one that is gone looks like the base's.
    let appended = format!("{DOCKERFILE}RUN uv sync --frozen\n");
    assert_eq!(of_base(&appended), told(false));
    assert_eq!(
        of_base("FROM alpine:3.19\nCOPY app /app\nRUN uv sync\n"),
        told(true)
    );
    // A base that had it all along.
    assert_eq!(of_base("FROM alpine:3.19\nCOPY app /app\n"), told(true));
}
