//! Credentials as `docker login` leaves them: in the docker configuration, and with helpers.

use std::os::unix::fs::PermissionsExt;

use plimsoll_testkit::image::ImageBuilder;
use plimsoll_testkit::registry::{Access, Credentials, Registry};

use crate::stage::{Run, Stage};

/// A registry with one image, and a stage whose `docker` folder holds this configuration.
struct Scene {
    stage: Stage,
    registry: Registry,
}

impl Scene {
    fn new(access: Access, config: &str) -> Self {
        let registry = Registry::start().unwrap();
        ImageBuilder::new()
            .build()
            .into_registry(&registry, "team/app", "v1");
        registry.set_access(access);
        let stage = Stage::new();
        std::fs::create_dir(stage.root().join("docker")).unwrap();
        let config = config.replace("HOST", registry.host());
        std::fs::write(stage.root().join("docker/config.json"), config).unwrap();
        std::fs::create_dir(stage.root().join("bin")).unwrap();
        Self { stage, registry }
    }

    /// A helper of that name that runs `script` for `get`.
    fn helper(&self, name: &str, script: &str) {
        let path = self
            .stage
            .root()
            .join("bin")
            .join(format!("docker-credential-{name}"));
        let text = format!("#!/bin/sh\n[ \"$1\" = get ] || exit 9\nread -r host\n{script}\n");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn inspect(&self) -> Run {
        let path = format!("{}:/usr/bin:/bin", self.stage.root().join("bin").display());
        let image = format!("registry:{}", self.registry.reference("team/app", "v1"));
        let output = self
            .stage
            .command(&["inspect", &image, "--format", "json"])
            .env("PATH", path)
            .env("DOCKER_CONFIG", self.stage.root().join("docker"))
            .output()
            .unwrap();
        Run::from(output)
    }
}

fn password() -> Access {
    Access::Bearer {
        credentials: Credentials::new("ada", "s3cret-of-ada"),
        anonymous_pull: false,
    }
}

const ANSWER: &str =
    r#"printf '{"ServerURL":"%s","Username":"ada","Secret":"s3cret-of-ada"}' "$host""#;

#[test]
fn a_helper_for_one_registry_is_asked() {
    let scene = Scene::new(password(), r#"{"credHelpers":{"HOST":"vault"}}"#);
    scene.helper("vault", ANSWER);
    scene.inspect().expect(0);
}

#[test]
fn the_store_for_all_registries_is_asked() {
    let scene = Scene::new(password(), r#"{"auths":{"HOST":{}},"credsStore":"keys"}"#);
    scene.helper("keys", ANSWER);
    scene.inspect().expect(0);
}

#[test]
fn a_registrys_own_helper_goes_before_the_store() {
    let scene = Scene::new(
        password(),
        r#"{"credsStore":"keys","credHelpers":{"HOST":"vault"}}"#,
    );
    scene.helper("keys", "exit 7");
    scene.helper("vault", ANSWER);
    scene.inspect().expect(0);
}

#[test]
fn a_helper_may_hold_an_identity_token() {
    let scene = Scene::new(
        Access::Identity("refresh-me".to_owned()),
        r#"{"credHelpers":{"HOST":"vault"}}"#,
    );
    scene.helper(
        "vault",
        r#"printf '{"ServerURL":"%s","Username":"<token>","Secret":"refresh-me"}' "$host""#,
    );
    scene.inspect().expect(0);
    assert!(
        scene
            .registry
            .token_requests()
            .iter()
            .all(|token| token.authenticated)
    );
}

#[test]
fn a_helper_that_has_nothing_is_no_failure() {
    let open = Scene::new(
        Access::Bearer {
            credentials: Credentials::new("ada", "s3cret-of-ada"),
            anonymous_pull: true,
        },
        r#"{"credsStore":"keys"}"#,
    );
    open.helper(
        "keys",
        "echo 'credentials not found in native keychain'; exit 1",
    );
    open.inspect().expect(0);
}

#[test]
fn a_helper_that_fails_is_named_without_what_it_said() {
    let scene = Scene::new(password(), r#"{"credHelpers":{"HOST":"vault"}}"#);
    scene.helper("vault", "echo half a s3cret >&2; exit 1");
    let run = scene.inspect().expect(2);
    assert!(run.stderr.contains("vault"), "{}", run.stderr);
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);

    let scene = Scene::new(password(), r#"{"credHelpers":{"HOST":"not-there"}}"#);
    let run = scene.inspect();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("not-there"), "{}", run.stderr);
}
