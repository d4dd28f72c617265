//! A runner of cases, and what cases need.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use plimsoll_build::native::NativeEngine;
use plimsoll_build::{
    BuildContext, BuildError, BuildPlan, BuildResult, Engine as _, Event, NamedContext,
};
use plimsoll_image::{Access, Image};
use plimsoll_model::{ImageRef, SourceFile};

/// A named case.
pub(crate) type Case = (&'static str, fn());

/// Runs the cases whose names hold one of the arguments; all without arguments.
pub(crate) fn run(groups: &[&[Case]]) -> ExitCode {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if std::env::args().any(|argument| argument == "--list") {
        for (name, _) in groups.iter().copied().flatten() {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    if std::env::var_os("PLIMSOLL_ENGINE_TESTS").is_none_or(|value| value != "1") {
        eprintln!("skipped: the native engine's cases need PLIMSOLL_ENGINE_TESTS=1");
        return ExitCode::SUCCESS;
    }
    let mut failed = Vec::new();
    for (name, case) in groups.iter().copied().flatten() {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let held = catch_unwind(AssertUnwindSafe(case)).is_ok();
        println!("test {name} ... {}", if held { "ok" } else { "FAILED" });
        if !held {
            failed.push(*name);
        }
    }
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        println!("failed: {}", failed.join(", "));
        ExitCode::FAILURE
    }
}

/// A project to build.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    pub(crate) plan: BuildPlan,
    /// How bases and downloads are reached; not at all unless told.
    pub(crate) access: Access,
    pub(crate) log: Mutex<Vec<u8>>,
}

impl Project {
    /// A context of `files` (path, content) with this Dockerfile.
    pub(crate) fn new(dockerfile: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("context");
        std::fs::create_dir(&root).unwrap();
        for (path, content) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let plan = BuildPlan {
            dockerfile: SourceFile::new("Dockerfile", dockerfile),
            context: BuildContext { root, ignore: None },
            named_contexts: BTreeMap::new(),
            target: None,
            platform: None,
            build_args: BTreeMap::new(),
            labels: BTreeMap::new(),
            tags: vec!["t".to_owned()],
            secrets: BTreeMap::new(),
            source_date_epoch: Some(1_700_000_000),
            no_cache: false,
            pull: false,
            output: folder.path().join("out"),
            state: folder.path().join("state"),
        };
        Self {
            folder,
            plan,
            access: Access {
                offline: true,
                ..Access::default()
            },
            log: Mutex::new(Vec::new()),
        }
    }

    /// One with a static busybox as `busybox` in its context.
    pub(crate) fn with_busybox(dockerfile: &str, files: &[(&str, &str)]) -> Self {
        let project = Self::new(dockerfile, files);
        let busybox = ["/bin/busybox", "/usr/bin/busybox"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("install busybox-static");
        std::fs::copy(busybox, project.context().join("busybox")).unwrap();
        project
    }

    pub(crate) fn context(&self) -> PathBuf {
        self.plan.context.root.clone()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn layout(&mut self, name: &str, path: &str, tag: Option<&str>) {
        self.plan.named_contexts.insert(
            name.to_owned(),
            NamedContext::Image(ImageRef::Layout {
                path: path.to_owned(),
                reference: tag.map(str::to_owned),
            }),
        );
    }

    pub(crate) fn build(&self) -> Result<BuildResult, BuildError> {
        let events = |event: Event| {
            if let Event::Log { data, .. } = event {
                self.log.lock().unwrap().extend(data);
            }
        };
        NativeEngine::new(self.access.clone()).build(&self.plan, &events)
    }

    pub(crate) fn built(&self) -> BuildResult {
        match self.build() {
            Ok(result) => result,
            Err(BuildError::Step { message, tail, .. }) => {
                panic!("{message}\n{}", tail.join("\n"))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }

    pub(crate) fn image(&self) -> Image {
        let place = ImageRef::Layout {
            path: self.plan.output.display().to_string(),
            reference: None,
        };
        plimsoll_image::open(&place, &Access::default()).unwrap()
    }
}
