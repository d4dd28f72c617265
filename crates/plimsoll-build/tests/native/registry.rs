//! Bases from a registry that asks for credentials, with both engines.

use std::path::Path;
use std::sync::Mutex;

use plimsoll_build::buildkit::BuildKitEngine;
use plimsoll_build::native::NativeEngine;
use plimsoll_build::{BuildResult, Engine, Event};
use plimsoll_image::Access;
use plimsoll_model::{BuildInput, ImageRef};
use plimsoll_testkit::registry::{self, Credentials, Registry};

use super::support::{Case, Project};

pub(crate) const CASES: &[Case] = &[
    ("registry_base_in_the_open", in_the_open),
    ("registry_base_behind_a_login", behind_a_login),
    ("registry_base_that_is_not_there", not_there),
];

const DOCKERFILE: &str = "FROM BASE\nRUN echo on top > /top\nCOPY --from=BASE /bin/busybox /copy\n";

/// A project on a base that lies in a registry as `team/base:1`.
fn project(registry: &Registry) -> Project {
    let base = Project::with_busybox(
        "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nENV BASE=yes\n",
        &[],
    );
    base.built();
    let name = registry.reference("team/base", "1");
    let place = plimsoll_image::destination(&format!("registry:{name}")).unwrap();
    plimsoll_image::push(&base.image(), &[], &place, &[], &Access::default(), &|_| {}).unwrap();
    let mut project = Project::new(&DOCKERFILE.replace("BASE", &name), &[]);
    project.access = Access {
        docker_config: Some(project.folder().join("docker")),
        ..Access::default()
    };
    project
}

fn login(project: &Project, config: &str) {
    let folder = project.folder().join("docker");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.json"), config).unwrap();
}

fn engines(access: &Access) -> [Box<dyn Engine>; 2] {
    [
        Box::new(NativeEngine::new(access.clone())),
        Box::new(BuildKitEngine::new(
            std::env::var("DOCKER_HOST").ok(),
            access.clone(),
        )),
    ]
}

fn built(engine: &dyn Engine, project: &Project) -> BuildResult {
    let log = Mutex::new(Vec::new());
    let sink = |event: Event| log.lock().unwrap().push(format!("{event:?}"));
    match engine.build(&project.plan, &sink) {
        Ok(result) => result,
        Err(error) => panic!(
            "{}: {error}\n{}",
            engine.name(),
            log.lock().unwrap().join("\n")
        ),
    }
}

/// Builds with both engines: the same base by digest, and its configuration under the image's.
fn both(registry: &Registry, project: &mut Project) {
    let wanted = registry.tags("team/base")["1"].clone();
    for engine in engines(&project.access.clone()) {
        project.plan.output = project.folder().join(engine.name());
        let result = built(engine.as_ref(), project);
        let bases: Vec<_> = result
            .inputs
            .iter()
            .filter_map(|input| match input {
                BuildInput::Base { reference, digest } => Some((reference.clone(), digest.clone())),
                _ => None,
            })
            .collect();
        let name = registry.reference("team/base", "1");
        assert_eq!(bases, [(name, wanted.clone())], "{}", engine.name());
        let image = open(&project.plan.output);
        assert!(
            image
                .config
                .env
                .iter()
                .any(|entry| format!("{entry:?}").contains("BASE"))
        );
        assert_eq!(image.diff_ids.len(), 4, "{}", engine.name());
    }
}

fn open(layout: &Path) -> plimsoll_image::Image {
    let place = ImageRef::Layout {
        path: layout.display().to_string(),
        reference: None,
    };
    plimsoll_image::open(&place, &Access::default()).unwrap()
}

fn in_the_open() {
    let registry = Registry::start().unwrap();
    let mut project = project(&registry);
    both(&registry, &mut project);
}

fn behind_a_login() {
    let credentials = Credentials::new("ada", "s3cret-of-ada");
    let registry = Registry::start().unwrap();
    let mut project = project(&registry);
    registry.set_access(registry::Access::Bearer {
        credentials: credentials.clone(),
        anonymous_pull: false,
    });
    for engine in engines(&project.access) {
        let error = engine.build(&project.plan, &|_: Event| {}).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("401"), "{}: {text}", engine.name());
    }
    login(
        &project,
        &format!(
            r#"{{"auths":{{"{}":{{"auth":"{}"}}}}}}"#,
            registry.host(),
            credentials.encoded()
        ),
    );
    both(&registry, &mut project);
    assert!(
        registry
            .token_requests()
            .iter()
            .any(|token| token.authenticated)
    );
}

fn not_there() {
    let registry = Registry::start().unwrap();
    let mut project = project(&registry);
    let text = format!(
        "FROM {}\nRUN true\n",
        registry.reference("team/nothing", "1")
    );
    project.plan.dockerfile = plimsoll_model::SourceFile::new("Dockerfile", text);
    for engine in engines(&project.access) {
        let error = engine.build(&project.plan, &|_: Event| {}).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("team/nothing:1"), "{}: {text}", engine.name());
    }
}
