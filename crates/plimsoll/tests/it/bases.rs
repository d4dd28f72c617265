//! What a base image says of itself, where it is at hand.

use plimsoll_testkit::image::ImageBuilder;
use plimsoll_testkit::registry::Registry;

use crate::stage::Stage;

/// Whether `check` is sure that the image runs as root.
fn runs_as_root(stage: &Stage, more: &[&str]) -> bool {
    let mut arguments = vec!["check", ".", "--exit-zero", "--format", "json"];
    arguments.extend(more);
    let run = stage.run(&arguments).expect(0);
    let report = run.json();
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .any(|finding| finding["rule"] == "root-user")
}

#[test]
fn a_named_context_tells_who_its_image_runs_as() {
    let stage = Stage::with(&[("Dockerfile", "FROM base\nCOPY app /app\nCMD [\"/app\"]\n")]);
    for (name, user, root) in [("free", "app", false), ("bound", "root", true)] {
        let layout = stage.root().join(name);
        let image = ImageBuilder::new().user(user).build();
        image.write_layout(&layout, "v1").unwrap();
        let context = format!("base=oci-layout://{}", layout.display());
        let found = runs_as_root(&stage, &["--build-context", &context]);
        assert_eq!(found, root, "{name}");
    }
    stage
        .run(&["check", ".", "--build-context", "base=nowhere"])
        .expect(2);
}

#[test]
fn a_registry_is_asked_online_only() {
    let registry = Registry::start().unwrap();
    let image = ImageBuilder::new().user("app").build();
    image.into_registry(&registry, "team/base", "1");
    let name = registry.reference("team/base", "1");
    let text = format!("FROM {name}\nCOPY app /app\nCMD [\"/app\"]\n");
    let stage = Stage::with(&[("a/Dockerfile", &text), ("b/Dockerfile", &text)]);
    runs_as_root(&stage, &[]);
    assert_eq!(registry.requests().len(), 0);
    assert!(!runs_as_root(&stage, &["--online"]));
    assert_eq!(registry.count("GET", "/manifests/"), 1);

    let missing = registry.reference("team/none", "1");
    stage.write("a/Dockerfile", format!("FROM {missing}\n").as_bytes());
    let run = stage.run(&["check", "a", "--online", "--exit-zero", "--format", "json"]);
    assert!(run.expect(0).stdout.contains("team/none"));
}
