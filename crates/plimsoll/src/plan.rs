//! From what was typed and configured to a build plan.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_build::{BuildContext, BuildPlan, NamedContext, SecretSource, SecretValue};
use plimsoll_image::{Access, told_address};
use plimsoll_model::{ImageName, ImageRef, Platform, SourceFile};
use plimsoll_syntax::dockerfile::{Dockerfile, InstructionKind};

use crate::args::{AccessArgs, PlanArgs};
use crate::config::{Config, DOCKERFILES};
use crate::failure::Failure;
use crate::git::GitFacts;
use crate::inputs::Inputs;
use crate::project;

/// The folder of a project that is ours: images, evidence. It never enters an image.
pub(crate) const OWN_FOLDER: &str = ".plimsoll";

/// A project about to be built.
#[derive(Debug)]
pub(crate) struct Voyage {
    /// The folder named on the command line.
    pub(crate) folder: PathBuf,
    /// Configuration.
    pub(crate) config: Config,
    /// The Dockerfile.
    pub(crate) dockerfile: SourceFile,
    /// Its place on disk.
    pub(crate) dockerfile_path: PathBuf,
    /// The build context.
    pub(crate) context: PathBuf,
    /// The ignore file in force.
    pub(crate) ignore: Option<SourceFile>,
    /// What git knows.
    pub(crate) git: Option<GitFacts>,
    /// `SOURCE_DATE_EPOCH`, else the commit's time, else 0.
    pub(crate) epoch: i64,
}

/// Where an image is to go. That an archive has no place there is said before it is made.
pub(crate) fn destination(text: &str) -> Result<ImageRef, Failure> {
    if let Some(prefix) = mistyped_prefix(text) {
        let text = text.escape_debug();
        return Err(
            Failure::usage(format!("`{text}`: did you mean `{prefix}…`?"))
                .hint(format!("an image of Docker Hub is `registry:{text}`")),
        );
    }
    let target = plimsoll_image::destination(text)?;
    if let ImageRef::Archive { path, .. } = &target {
        crate::write::is_writable(Path::new(path))?;
    }
    Ok(target)
}

/// The prefix that a name without one looks to begin with: sent to Docker Hub, the image would be lost to
/// whoever meant another place.
fn mistyped_prefix(text: &str) -> Option<&'static str> {
    const PREFIXES: [&str; 6] = [
        "docker:",
        "docker-archive:",
        "oci-archive:",
        "oci-layout:",
        "podman:",
        "registry:",
    ];
    // With a port it is a host.
    let (word, _) = text.split_once(':').filter(|(word, rest)| {
        !word.contains(['/', '.']) && !plimsoll_image::begins_with_port(rest)
    })?;
    let distances = PREFIXES.map(|prefix| {
        let known = prefix.trim_end_matches(':');
        (strsim::damerau_levenshtein(word, known), prefix)
    });
    let nearest = distances.into_iter().min()?;
    (1..=2).contains(&nearest.0).then_some(nearest.1)
}

impl Voyage {
    /// Reads the project that `args` name, with the configuration that `configured` finds for the file
    /// that was named and the folder.
    pub(crate) fn read(
        args: &PlanArgs,
        configured: impl FnOnce(Option<&Path>, &Path) -> Result<Config, Failure>,
    ) -> Result<Self, Failure> {
        let folder = args.dir.clone();
        if !folder.is_dir() {
            return Err(
                Failure::usage(format!("{}: is not a folder", folder.display()))
                    .hint("name the project's folder; the Dockerfile is given by --file"),
            );
        }
        let config = configured(args.config.as_deref(), &folder)?;
        let below = |path: &PathBuf| config.folder().unwrap_or(&folder).join(path);
        let dockerfile_path = match (&args.file, &config.build.dockerfile) {
            (Some(file), _) => file.clone(),
            (None, Some(configured)) => below(configured),
            (None, None) => DOCKERFILES
                .iter()
                .map(|name| folder.join(name))
                .find(|path| path.is_file())
                .ok_or_else(|| {
                    Failure::usage(format!("{}: holds no Dockerfile", folder.display()))
                        .hint("name one by --file, or another folder")
                })?,
        };
        let context = match (&config.build.context, config.folder()) {
            (Some(configured), Some(_)) => below(configured),
            _ => folder.clone(),
        };
        let dockerfile = project::read_dockerfile(&dockerfile_path)?;
        let ignore = project::ignore_file(Some(&dockerfile_path), &context)?;
        let git = crate::git::facts(&context);
        let epoch = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(text) => text
                .parse()
                .ok()
                .filter(|epoch| *epoch >= 0)
                .ok_or_else(|| {
                    Failure::usage(format!(
                        "SOURCE_DATE_EPOCH={}: is not a number of seconds since 1970",
                        text.escape_debug()
                    ))
                })?,
            Err(_) => git.as_ref().map_or(0, |git| git.time),
        };
        Ok(Self {
            folder,
            config,
            dockerfile,
            dockerfile_path,
            context,
            ignore,
            git,
            epoch,
        })
    }

    /// The files that are read of it.
    pub(crate) fn inputs(&self) -> Inputs {
        let mut inputs = Inputs::of(&self.config);
        inputs.add("the Dockerfile", Some(&self.dockerfile_path));
        let ignore = self.ignore.as_ref().map(|file| Path::new(file.path()));
        inputs.add("the ignore file", ignore);
        inputs
    }

    /// Platform asked for.
    pub(crate) fn platform(&self, args: &PlanArgs) -> Result<Option<Platform>, Failure> {
        args.platform
            .as_ref()
            .or(self.config.build.platform.as_ref())
            .map(|text| parse_platform(text))
            .transpose()
    }

    /// The stage to build: typed, else configured; the last one otherwise.
    pub(crate) fn target(&self, args: &PlanArgs) -> Option<String> {
        let configured = self.config.build.target.as_ref();
        let typed = args.target.clone();
        typed.or_else(|| configured.map(|stage| stage.as_ref().clone()))
    }

    /// Build arguments: the configuration's, then the command line's.
    pub(crate) fn build_args(&self, args: &PlanArgs) -> Result<BTreeMap<String, String>, Failure> {
        let mut all = self.config.build.args.clone();
        for argument in &args.build_arg {
            match argument.split_once('=') {
                Some((name, value)) => {
                    all.insert(name.to_owned(), value.to_owned());
                }
                None => {
                    if let Ok(value) = std::env::var(argument) {
                        all.insert(argument.clone(), value);
                    }
                }
            }
        }
        Ok(all)
    }

    /// The plan for this project; the image goes to the layout folder `output`.
    pub(crate) fn plan(
        &self,
        args: &PlanArgs,
        output: PathBuf,
        state: PathBuf,
    ) -> Result<BuildPlan, Failure> {
        let mut labels = self.labels();
        for label in &args.label {
            let (name, value) = label
                .split_once('=')
                .ok_or_else(|| Failure::usage(format!("--label {label}: expected NAME=VALUE")))?;
            labels.insert(name.to_owned(), value.to_owned());
        }
        let mut ignore = self
            .ignore
            .as_ref()
            .map(|file| file.bytes().to_vec())
            .unwrap_or_default();
        // Last, so that no `!` pattern brings an earlier image into the next one.
        ignore.extend_from_slice(format!("\n{OWN_FOLDER}\n").as_bytes());
        Ok(BuildPlan {
            dockerfile: self.dockerfile.clone(),
            context: BuildContext {
                root: self.context.clone(),
                ignore: Some(ignore),
            },
            named_contexts: named_contexts(&args.build_context)?,
            target: self.target(args),
            platform: self.platform(args)?,
            build_args: self.build_args(args)?,
            labels,
            tags: self.tags(args, false)?,
            secrets: secrets(&args.secret)?,
            source_date_epoch: Some(self.epoch),
            no_cache: args.no_cache,
            pull: args.pull,
            output,
            state,
        })
    }

    /// Tags: typed, else configured, else git's; `latest` only when asked for.
    pub(crate) fn tags(&self, args: &PlanArgs, latest: bool) -> Result<Vec<String>, Failure> {
        let mut tags = match (args.tag.is_empty(), self.config.ship.tags.is_empty()) {
            (false, _) => args.tag.clone(),
            (true, false) => self.config.ship.tags.clone(),
            (true, true) => self
                .git
                .as_ref()
                .map(GitFacts::image_tags)
                .unwrap_or_default(),
        };
        if latest || self.config.ship.latest {
            tags.push("latest".to_owned());
        }
        for tag in &tags {
            if !ImageName::is_tag(tag) {
                let told = ImageName::told(tag);
                let said = format!("--tag {}: is not a tag", told.escape_debug());
                return Err(Failure::usage(said).hint(
                    "a tag holds letters, digits, `_`, `.` and `-`; the repository goes into --to registry:NAME",
                ));
            }
        }
        tags.dedup();
        Ok(tags)
    }

    /// What the image is called where nothing else names it: the configured title or the folder.
    pub(crate) fn title(&self) -> String {
        self.config.image.title.clone().unwrap_or_else(|| {
            std::path::absolute(&self.folder)
                .ok()
                .and_then(|path| {
                    path.file_name()
                        .map(|name| name.to_string_lossy().into_owned())
                })
                .unwrap_or_else(|| "image".to_owned())
        })
    }

    /// The `org.opencontainers.image.*` labels (OCI image-spec, annotations.md) that configuration
    /// and git give, without those the Dockerfile sets itself.
    fn labels(&self) -> BTreeMap<String, String> {
        const PREFIX: &str = "org.opencontainers.image.";
        let image = &self.config.image;
        let mut labels = BTreeMap::new();
        let mut set = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                labels.insert(format!("{PREFIX}{key}"), value);
            }
        };
        set("title", Some(self.title()));
        set("description", image.description.clone());
        set("licenses", image.licenses.clone());
        set("vendor", image.vendor.clone());
        let git = self.git.as_ref();
        set(
            "source",
            image
                .source
                .clone()
                .or_else(|| git.and_then(|git| git.remote.clone())),
        );
        set(
            "revision",
            git.map(|git| {
                let dirty = if git.dirty { "-dirty" } else { "" };
                format!("{}{dirty}", git.commit)
            }),
        );
        set(
            "version",
            git.map(|git| {
                let tags = git.image_tags();
                // The full version where a release is tagged, the commit otherwise.
                let version = tags.iter().find(|tag| tag.matches('.').count() >= 2);
                version.unwrap_or(&tags[0]).clone()
            }),
        );
        let (tree, _) = plimsoll_syntax::dockerfile::parse(self.dockerfile.clone());
        for name in label_names(&tree) {
            labels.remove(&name);
        }
        labels.extend(image.labels.clone());
        labels
    }
}

fn label_names(tree: &Dockerfile) -> Vec<String> {
    tree.instructions()
        .filter_map(|instruction| match &instruction.kind {
            InstructionKind::Label(pairs) => Some(pairs),
            _ => None,
        })
        .flatten()
        .map(|pair| pair.name.value.trim_matches(['"', '\'']).to_owned())
        .collect()
}

/// Reads a platform as people write it.
pub(crate) fn parse_platform(text: &str) -> Result<Platform, Failure> {
    Platform::from_argument(text).ok_or_else(|| {
        Failure::usage(format!(
            "{}: is not a platform such as linux/amd64 or linux/arm64/v8",
            text.escape_debug()
        ))
    })
}

/// How images are reached, from flags and the environment that docker's own tools read.
pub(crate) fn access(args: &AccessArgs, platform: Option<Platform>) -> Access {
    let path = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Access {
        platform,
        insecure_registries: args.insecure_registry.clone(),
        docker_config: path("DOCKER_CONFIG")
            .or_else(|| path("HOME").map(|home| home.join(".docker"))),
        docker_host: text("DOCKER_HOST"),
        docker_context: text("DOCKER_CONTEXT"),
        podman_host: text("CONTAINER_HOST"),
        runtime_folder: path("XDG_RUNTIME_DIR"),
        // Without one, the system's folder for temporary files does.
        scratch_folder: crate::storage::cache_path().ok(),
        documents: None,
        extra_ca: path("SSL_CERT_FILE").into_iter().collect(),
        offline: args.offline,
        silence: Some(std::time::Duration::from_secs(args.timeout)),
    }
}

/// Reads `--build-context` as buildx has it.
pub(crate) fn named_contexts(specs: &[String]) -> Result<BTreeMap<String, NamedContext>, Failure> {
    let mut contexts = BTreeMap::new();
    for spec in specs {
        // The place may be an address with a password in it, and the name may be missing.
        let called = match spec.split_once('=') {
            Some((name, _)) if !name.contains([':', '@', '/']) => Cow::Borrowed(name),
            _ => told_address(spec).into(),
        };
        let complain =
            |problem: &str| Failure::usage(format!("--build-context {called}: {problem}"));
        let (name, place) = spec
            .split_once('=')
            .filter(|(name, place)| !name.is_empty() && !place.is_empty())
            .ok_or_else(|| complain("expected NAME=PLACE"))?;
        let context = if let Some(rest) = place.strip_prefix("oci-layout://") {
            NamedContext::Image(layout_reference(rest))
        } else if let Some(rest) = place.strip_prefix("docker-image://") {
            let name = ImageName::parse(rest).map_err(|error| complain(&error.to_string()))?;
            NamedContext::Image(ImageRef::Registry(name))
        } else if let Some(rest) = place.strip_prefix("docker-archive://") {
            NamedContext::Image(ImageRef::Archive {
                path: rest.to_owned(),
                reference: None,
            })
        } else if let Some(rest) = place.strip_prefix("docker-daemon://") {
            NamedContext::Image(ImageRef::Daemon(rest.to_owned()))
        } else if place.contains("://") {
            return Err(complain(
                "the place is none of DIR, oci-layout://, docker-image://, docker-archive://, docker-daemon://",
            ));
        } else if Path::new(place).is_dir() {
            NamedContext::Directory(PathBuf::from(place))
        } else {
            return Err(complain("that folder does not exist"));
        };
        contexts.insert(name.to_owned(), context);
    }
    Ok(contexts)
}

/// `DIR`, `DIR:TAG` or `DIR@DIGEST`.
fn layout_reference(text: &str) -> ImageRef {
    let (path, reference) = match text.split_once('@') {
        Some((path, digest)) => (path, Some(digest)),
        None => match text.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (text, None),
        },
    };
    ImageRef::Layout {
        path: path.to_owned(),
        reference: reference.map(str::to_owned),
    }
}

fn secrets(specs: &[String]) -> Result<BTreeMap<String, SecretSource>, Failure> {
    let mut secrets = BTreeMap::new();
    for spec in specs {
        // The spec may hold nothing but names and paths; it is safe to show.
        let complain = |problem: &str| Failure::usage(format!("--secret {spec}: {problem}"));
        let mut fields = BTreeMap::new();
        for field in spec.split(',') {
            let (key, value) = field
                .split_once('=')
                .ok_or_else(|| complain("expected id=ID,src=FILE or id=ID,env=NAME"))?;
            let key = if key == "source" { "src" } else { key };
            if !matches!(key, "id" | "src" | "env" | "type") {
                return Err(complain(&format!("`{key}` is none of id, src, env, type")));
            }
            fields.insert(key, value);
        }
        let id = fields
            .get("id")
            .filter(|id| !id.is_empty())
            .ok_or_else(|| complain("has no id"))?;
        let by_type = |kind: &str| fields.get("type") == Some(&kind);
        let variable = fields
            .get("env")
            .copied()
            .or_else(|| fields.get("src").copied().filter(|_| by_type("env")))
            .or_else(|| {
                (!fields.contains_key("src") && !by_type("file") && std::env::var_os(id).is_some())
                    .then_some(*id)
            });
        let source = match variable {
            Some(name) => {
                use std::os::unix::ffi::OsStringExt;
                let value = std::env::var_os(name)
                    .ok_or_else(|| complain(&format!("the variable {name} is not set")))?;
                SecretSource::Value(SecretValue(value.into_vec()))
            }
            None => {
                let path = PathBuf::from(fields.get("src").copied().unwrap_or(id));
                if !path.is_file() {
                    return Err(complain(&format!("{} is no file", path.display())));
                }
                SecretSource::File(path)
            }
        };
        secrets.insert((*id).to_owned(), source);
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_guessed_where_no_host_is_meant() {
        for (text, prefix) in [
            ("dokcer:app", Some("docker:")),
            ("registyr:app", Some("registry:")),
            ("oci-layuot:dir", Some("oci-layout:")),
            ("oci-layout:dir", None),
            ("registry:5000/app", None),
            ("registry2:5000/app", None),
            ("docker1:5000/team/app", None),
            ("app:1", None),
        ] {
            assert_eq!(mistyped_prefix(text), prefix, "{text}");
        }
    }

    #[test]
    fn layouts_split_at_tag_and_digest() {
        for (text, path, reference) in [
            ("/a/b", "/a/b", None),
            ("/a/b:1.2", "/a/b", Some("1.2")),
            ("/a:b/c", "/a:b/c", None),
            ("x@sha256:00", "x", Some("sha256:00")),
        ] {
            let expected = ImageRef::Layout {
                path: path.to_owned(),
                reference: reference.map(str::to_owned),
            };
            assert_eq!(layout_reference(text), expected, "{text}");
        }
    }

    #[test]
    fn a_password_in_a_build_context_is_not_repeated() {
        for (spec, told) in [
            ("https://u:PASS@h/x", "https://h/x: expected NAME=PLACE"),
            ("https://u:PA=SS@h/x", "https://h/x: that folder"),
            ("u:PA=SS@h/x", "h/x: that folder"),
            ("base=https://u:PASS@h/x", "base: the place is none of"),
            ("base=./nowhere", "base: that folder"),
            ("h.x/base:1=./nowhere", "h.x/base:1=./nowhere: that folder"),
        ] {
            let error = named_contexts(&[spec.to_owned()]).unwrap_err();
            let error = format!("{error:?}");
            assert!(
                error.contains(&format!("--build-context {told}")),
                "{error}"
            );
            assert!(!error.contains("SS"), "{error}");
        }
    }

    #[test]
    fn secrets_name_a_file_or_a_variable() {
        for bad in [
            "",
            "src=/etc/passwd",
            "id=",
            "id=x,src=/no/such/file",
            "id=x,env=NO_SUCH_VARIABLE_HERE",
            "id=x,what=y",
        ] {
            assert!(secrets(&[bad.to_owned()]).is_err(), "{bad}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let spec = format!("id=x,src={}", file.path().display());
        assert!(matches!(
            secrets(&[spec]).unwrap()["x"],
            SecretSource::File(_)
        ));
    }
}
