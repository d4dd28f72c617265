//! What the instructions of a Dockerfile install, by which files of its build context, and which
//! images that was made in: where a person would change what is installed.

mod version;

use std::collections::{HashMap, HashSet};

use plimsoll_model::{PackageKind, SourceFile, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{self, Base, InstructionKind, ResolveInput};
use plimsoll_syntax::glob;
use plimsoll_syntax::shell::ShellCommand;

use crate::context::source::takes;
use crate::mounts;
use crate::options::RuleSettings;
use crate::package::call::{self, Action, Call, Manager};
use crate::package::site::{self, Site};
use crate::project::{ProjectFile, StepView};

/// Instructions that are looked at, of each kind, and files and words of one of them: more than
/// anybody writes.
const MOST: usize = 500;
/// Images that an instruction is taken to hang on.
const MOST_BASES: usize = 8;

/// What a Dockerfile does for what is installed.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// The instructions that install something.
    pub installs: Vec<Install>,
    /// What every instruction that runs or copies was made in: that of the stage it copies from,
    /// else of its own.
    pub makers: Vec<Maker>,
    /// Files and folders of the context that are copied; `.` is all of it.
    copies: Vec<String>,
}

/// An instruction that installs packages.
#[derive(Clone, Debug)]
pub struct Install {
    /// The instruction.
    pub place: SourceOrigin,
    /// Files of the build context that tell it which packages, as far as they are there: paths
    /// below its root.
    pub files: Vec<String>,
    /// Packages that it names itself.
    pub words: Vec<InstallWord>,
}

/// A package as a command line names it.
#[derive(Clone, Debug)]
pub struct InstallWord {
    /// Its ecosystem.
    pub kind: PackageKind,
    /// The word: `curl=7.88.1-10`, `flask==1.0`, `lodash@4`.
    pub text: String,
    /// Where it stands.
    pub place: SourceOrigin,
    /// The line of the variable that it takes its version from, where it takes it from one.
    pub version: Option<SourceOrigin>,
    /// Whether other words take theirs from it, too: who changes it changes all of them.
    pub is_shared: bool,
}

/// The images that what an instruction brings was made in.
#[derive(Clone, Debug)]
pub struct Maker {
    /// The first byte of the instruction.
    pub start: usize,
    /// The FROM lines with their images, the nearest first.
    pub bases: Vec<(SourceOrigin, String)>,
}

impl Recipe {
    /// Reads a Dockerfile, for its last stage or the stage `target`.
    pub fn of(source: &SourceFile, target: Option<&str>) -> Self {
        let (tree, errors) = dockerfile::parse(source.clone());
        let input = ResolveInput {
            target: target.map(str::to_owned),
            ..ResolveInput::default()
        };
        let resolution = dockerfile::resolve(&tree, &input);
        let settings = RuleSettings::default();
        let file = ProjectFile::new(&tree, &errors, &resolution, None, &settings);
        let mut recipe = Self::default();
        let mut copies: Vec<Copied> = Vec::new();
        for view in file.built_steps() {
            match &view.instruction.kind {
                InstructionKind::Copy(_) | InstructionKind::Add(_) => {
                    copies.extend(copied(&file, view));
                    copies.truncate(MOST);
                }
                InstructionKind::Run(_) if recipe.installs.len() < MOST => {
                    recipe.installs.extend(install(&file, view, &copies));
                }
                _ => {}
            }
        }
        version::find_shared(&mut recipe.installs);
        recipe.makers = makers(&file);
        recipe.copies = copies.into_iter().map(|copy| copy.source).collect();
        recipe
    }

    /// Whether a COPY or ADD names a path of the context, or a folder that it lies in.
    pub fn copies(&self, path: &str) -> bool {
        let mut copies = self.copies.iter();
        copies.any(|source| source != "." && takes(source, path))
    }

    /// Whether a COPY or ADD takes a path of the context, by whatever name.
    pub fn brings(&self, path: &str) -> bool {
        self.copies.iter().any(|source| takes(source, path))
    }
}

/// A file or folder of the context that lies somewhere in a stage.
struct Copied {
    stage: usize,
    /// Below the root of the context; `.` is all of it.
    source: String,
    /// An absolute path.
    target: String,
}

/// A path of the context without its root.
fn of_context(source: &str) -> String {
    let clean = glob::clean(&format!("/{source}"));
    match clean.trim_start_matches('/') {
        "" => ".".to_owned(),
        path => path.to_owned(),
    }
}

/// A path seen from a folder.
fn below(folder: &str, path: &str) -> String {
    match path.starts_with('/') {
        true => glob::clean(path),
        false => glob::clean(&format!("{folder}/{path}")),
    }
}

fn workdir(view: StepView<'_>) -> &str {
    view.step.before.workdir.as_deref().unwrap_or("/")
}

/// What a COPY or ADD takes of the context.
fn copied(file: &ProjectFile<'_>, view: StepView<'_>) -> Vec<Copied> {
    let (InstructionKind::Copy(words) | InstructionKind::Add(words)) = &view.instruction.kind
    else {
        return Vec::new();
    };
    let Some((target, sources)) = words.split_last() else {
        return Vec::new();
    };
    let expanded = |word: &str| file.expand(word, &view.step.before);
    let Some(target) = expanded(&target.value) else {
        return Vec::new();
    };
    if view.instruction.flag("from").is_some() {
        return Vec::new();
    }
    let target = below(workdir(view), &target);
    let sources = sources
        .iter()
        .filter(|source| !source.value.starts_with("<<") && !source.value.contains("://"));
    sources
        .filter_map(|source| expanded(&source.value))
        .take(MOST)
        .map(|source| Copied {
            stage: view.stage.index,
            source: of_context(&source),
            target: target.clone(),
        })
        .collect()
}

/// The paths of the context that may lie at a path of a stage because of one copy.
fn sources_of(copy: &Copied, path: &str) -> Vec<String> {
    if path == copy.target {
        return vec![copy.source.clone()];
    }
    let folder = copy.target.trim_end_matches('/');
    let Some(rest) = path
        .strip_prefix(folder)
        .and_then(|rest| rest.strip_prefix('/'))
    else {
        return Vec::new();
    };
    if copy.source == "." {
        return vec![rest.to_owned()];
    }
    let (before, name) = match copy.source.rsplit_once('/') {
        Some((before, name)) => (Some(before), name),
        None => (None, copy.source.as_str()),
    };
    let is_it = name == rest || glob::matches(name, rest) == Ok(true);
    vec![match (is_it, before) {
        (false, _) => format!("{}/{rest}", copy.source),
        (true, Some(before)) => format!("{before}/{rest}"),
        (true, None) => rest.to_owned(),
    }]
}

/// What a RUN installs.
fn install(file: &ProjectFile<'_>, view: StepView<'_>, copies: &[Copied]) -> Option<Install> {
    let site = Site {
        view,
        run: view.instruction,
        ships: false,
    };
    let mut stages = vec![view.stage.index];
    let mut at = view.stage;
    while let Some(next) = file.below(at) {
        stages.push(next.index);
        at = next;
    }
    let mounts = mounts::of(view.instruction)
        .filter(|mount| mount.kind == "bind" && mount.from.is_none())
        .filter_map(|mount| {
            Some(Copied {
                stage: view.stage.index,
                source: of_context(mount.source.unwrap_or(".")),
                target: below(workdir(view), mount.target?),
            })
        });
    let mounts: Vec<Copied> = mounts.take(MOST).collect();
    let seen: Vec<&Copied> = mounts
        .iter()
        .chain(copies.iter().filter(|copy| stages.contains(&copy.stage)))
        .collect();
    let mut files: Vec<String> = Vec::new();
    let mut words: Vec<InstallWord> = Vec::new();
    let mut folder = workdir(view).to_owned();
    let mut exported: HashMap<&str, &str> = HashMap::new();
    let mut own: HashSet<&str> = HashSet::new();
    for (script, command) in file.commands(view) {
        own.extend(version::set_by(command));
        match (command.program(), command.arguments()) {
            (Some("cd"), [to]) => {
                if let Some(to) = &to.literal {
                    folder = below(&folder, to);
                    continue;
                }
            }
            (Some("export"), pairs) => {
                let pairs = pairs.iter().filter_map(|pair| pair.literal.as_deref());
                exported.extend(pairs.filter_map(|pair| pair.split_once('=')));
                continue;
            }
            _ => {}
        }
        let call = call::any_call(command);
        let (mut wanted, within) = match &call {
            Some(call) => wanted(call),
            None => (of_program(command), None),
        };
        if let Some(call) = &call {
            let assigned = |name: &str| {
                let mut own = command.assignments.iter().rev();
                let own = own.find(|(known, _)| known == name);
                own.and_then(|(_, value)| value.literal.as_deref())
            };
            let variables = &view.step.before.variables;
            let set = |name: &str| variables.get(name)?.value.as_deref();
            let value = |name: &&str| {
                let exported = || exported.get(name).copied();
                assigned(name).or_else(exported).or_else(|| set(name))
            };
            let values = of_environment(call).iter().filter_map(value);
            wanted.extend(values.flat_map(str::split_whitespace));
        }
        let folder = match within {
            Some(within) => below(&folder, within),
            None => folder.clone(),
        };
        for path in wanted.iter().map(|name| below(&folder, name)) {
            files.extend(seen.iter().flat_map(|copy| sources_of(copy, &path)));
        }
        let Some(call) = call.filter(|call| call.action == Action::Install) else {
            continue;
        };
        let Some(kind) = kind(call.manager) else {
            continue;
        };
        for word in &call.packages {
            let texts = site::expanded(file, &site, word).unwrap_or_default();
            let version = version::written(file, view, word, &own);
            words.extend(texts.into_iter().map(|text| InstallWord {
                kind,
                text,
                place: file.place(script.word_span(word)),
                version: version.clone(),
                is_shared: false,
            }));
        }
        files.truncate(MOST);
        words.truncate(MOST);
    }
    files.sort_unstable();
    files.dedup();
    (!files.is_empty() || !words.is_empty()).then(|| Install {
        place: file.place(view.instruction.span),
        files,
        words,
    })
}

/// The kind of packages that a manager installs by name. Go's are programs with modules in them.
fn kind(manager: Manager) -> Option<PackageKind> {
    Some(match manager {
        Manager::Apt => PackageKind::Deb,
        Manager::Apk => PackageKind::Apk,
        Manager::Dnf | Manager::Zypper => PackageKind::Rpm,
        Manager::Pip => PackageKind::Python,
        Manager::Npm | Manager::Yarn | Manager::Pnpm => PackageKind::Npm,
        Manager::Gem => PackageKind::Gem,
        Manager::Pacman | Manager::Go => return None,
    })
}

/// The files that a call of a package manager reads, and the folder it looks for them in where it
/// names one.
fn wanted<'a>(call: &Call<'a>) -> (Vec<&'a str>, Option<&'a str>) {
    let text = |option: Option<call::CallOption<'a>>| option.and_then(|option| option.value);
    match call.manager {
        Manager::Pip => {
            let named = call.options.iter().filter(|option| {
                matches!(
                    option.name,
                    "-r" | "--requirement"
                        | "--requirements"
                        | "-c"
                        | "--constraint"
                        | "--constraints"
                        | "--override"
                        | "--overrides"
                )
            });
            let mut files: Vec<&str> = named.filter_map(|option| option.value).collect();
            for word in call
                .packages
                .iter()
                .filter_map(|word| word.literal.as_deref())
            {
                if call.verb == "sync" {
                    files.push(word);
                } else if word == "." || word.starts_with(".[") {
                    files.push("pyproject.toml");
                }
            }
            let edits = call.options.iter();
            let mut edits = edits.filter(|option| matches!(option.name, "-e" | "--editable"));
            if edits.any(|option| option.value.is_some_and(|value| value.starts_with('.'))) {
                files.push("pyproject.toml");
            }
            (
                files,
                text(call.option('\0', &["--directory", "--project"])),
            )
        }
        Manager::Npm | Manager::Yarn | Manager::Pnpm
            if call.action == Action::Install && call.packages.is_empty() =>
        {
            (
                vec![
                    "package.json",
                    "package-lock.json",
                    "npm-shrinkwrap.json",
                    "yarn.lock",
                    "pnpm-lock.yaml",
                    "pnpm-workspace.yaml",
                ],
                text(call.option('C', &["--prefix", "--cwd", "--dir"])),
            )
        }
        Manager::Go => (vec!["go.mod", "go.work"], text(call.option('C', &[]))),
        _ => (Vec::new(), None),
    }
}

/// The variables that tell a package manager which files to read besides, parted by blanks
/// (<https://pip.pypa.io/en/stable/topics/configuration/#environment-variables>,
/// <https://docs.astral.sh/uv/reference/environment/>).
fn of_environment(call: &Call<'_>) -> &'static [&'static str] {
    match (call.manager, call.action, call.program) {
        (Manager::Pip, Action::Install, "uv") => &["UV_CONSTRAINT", "UV_OVERRIDE"],
        (Manager::Pip, Action::Install, _) => &["PIP_CONSTRAINT", "PIP_REQUIREMENT"],
        _ => &[],
    }
}

/// The files that other programs read to know what to install.
fn of_program(command: &ShellCommand) -> Vec<&'static str> {
    match command.program() {
        Some("bundle" | "bundler") => {
            vec!["Gemfile", "Gemfile.lock", "gems.rb", "gems.locked"]
        }
        Some("composer") => vec!["composer.json", "composer.lock"],
        Some("poetry") => vec!["pyproject.toml", "poetry.lock"],
        Some("pdm") => vec!["pyproject.toml", "pdm.lock"],
        Some("uv") => vec!["pyproject.toml", "uv.lock"],
        Some("bun") => vec!["package.json", "bun.lock"],
        Some("pipenv") => vec!["Pipfile", "Pipfile.lock"],
        Some("cargo") => vec!["Cargo.toml", "Cargo.lock"],
        Some("mvn" | "mvnw") => vec!["pom.xml"],
        Some("gradle" | "gradlew") => {
            vec!["build.gradle", "build.gradle.kts", "gradle.lockfile"]
        }
        _ => Vec::new(),
    }
}

/// What each instruction that runs or copies was made in.
fn makers(file: &ProjectFile<'_>) -> Vec<Maker> {
    let stages = &file.resolution.stages;
    let image = |stage: usize| -> Option<(SourceOrigin, String)> {
        let bottom = file.bottom(stages.get(stage)?);
        let (Base::Image(name) | Base::Unresolved(name)) = &bottom.base else {
            return None;
        };
        let span: Span = file.from(bottom).span;
        Some((file.place(span), name.clone()))
    };
    // A stage needs earlier ones only.
    let mut reached: Vec<Vec<usize>> = Vec::with_capacity(stages.len());
    for stage in stages {
        let mut all = vec![file.bottom(stage).index];
        let needs = stage.needs.iter().filter(|need| **need < stage.index);
        for below in needs.filter_map(|need| reached.get(*need)).flatten() {
            if all.len() < MOST_BASES && !all.contains(below) {
                all.push(*below);
            }
        }
        reached.push(all);
    }
    let mut makers = Vec::new();
    for view in file.built_steps() {
        let is_copy = matches!(view.instruction.kind, InstructionKind::Copy(_));
        let is_run = matches!(view.instruction.kind, InstructionKind::Run(_));
        if makers.len() >= 10 * MOST || !is_copy && !is_run {
            continue;
        }
        let mut from: Vec<usize> = Vec::new();
        for base in &view.step.from {
            if let Base::Stage(stage) = base {
                from.extend(reached.get(*stage).into_iter().flatten());
            }
        }
        if is_run {
            from.insert(0, view.stage.index);
        }
        from.truncate(MOST_BASES);
        let bases: Vec<_> = from.into_iter().filter_map(image).collect();
        if !bases.is_empty() {
            makers.push(Maker {
                start: view.instruction.span.start,
                bases,
            });
        }
    }
    makers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(text: &str) -> Recipe {
        Recipe::of(&SourceFile::new("Dockerfile", text), None)
    }

    #[test]
    fn the_files_that_an_instruction_installs_from_are_those_it_finds() {
        for (text, files) in [
            (
                "COPY requirements.txt .\nRUN pip install -r requirements.txt",
                &["requirements.txt"][..],
            ),
            (
                "WORKDIR /app\nCOPY worker/requirements.txt ./\nRUN pip install -rrequirements.txt",
                &["worker/requirements.txt"],
            ),
            (
                "WORKDIR /app\nCOPY worker /app\nRUN pip install -r /app/requirements.txt",
                &["worker/requirements.txt"],
            ),
            (
                "COPY . /src\nRUN cd /src/web && npm ci",
                &[
                    "web/npm-shrinkwrap.json",
                    "web/package-lock.json",
                    "web/package.json",
                    "web/pnpm-lock.yaml",
                    "web/pnpm-workspace.yaml",
                    "web/yarn.lock",
                ],
            ),
            (
                "WORKDIR /a\nRUN --mount=type=bind,source=b/go.mod,target=go.mod go mod download",
                &["b/go.mod"],
            ),
            (
                "WORKDIR /src\nCOPY . .\nRUN go build ./a",
                &["go.mod", "go.work"],
            ),
            (
                "COPY --from=x /a/requirements.txt .\nRUN pip install -r requirements.txt",
                &[],
            ),
            // pip's own variables, and uv's.
            (
                "ENV PIP_CONSTRAINT=/c.txt UV_CONSTRAINT=/u.txt\nCOPY . /\nRUN pip install flask",
                &["c.txt"],
            ),
            (
                "COPY . /\nRUN export PIP_CONSTRAINT='/a.txt b/c.txt' && pip3 install flask",
                &["a.txt", "b/c.txt"],
            ),
            (
                "COPY . /\nENV UV_OVERRIDE=o.txt\nRUN UV_CONSTRAINT=/c.txt uv pip install --system flask",
                &["c.txt", "o.txt"],
            ),
            (
                "COPY . /\nENV PIP_CONSTRAINT=c.txt\nRUN PIP_CONSTRAINT= pip install flask\n\
                 RUN pip list\nRUN npm install lodash",
                &[],
            ),
        ] {
            let recipe = recipe(&format!("FROM x\n{text}\n"));
            let found: Vec<&String> = recipe.installs.iter().flat_map(|one| &one.files).collect();
            assert_eq!(found, files, "{text}");
        }
        let recipe =
            recipe("FROM x\nCOPY api/requirements.txt .\nCOPY package*.json .\nCOPY . .\n");
        for (path, is) in [
            ("api/requirements.txt", true),
            ("package-lock.json", true),
            ("requirements.txt", false),
        ] {
            assert_eq!(recipe.copies(path), is, "{path}");
        }
    }

    #[test]
    fn packages_that_are_named_stand_on_their_lines() {
        let recipe = recipe(
            "FROM debian:12\nARG V=3.0.9-1\nRUN apt-get update && apt-get install -y \\\n  curl=7 \\\n  \
             libssl3=$V\nRUN pip install 'flask==1.0'\n",
        );
        let words: Vec<_> = recipe
            .installs
            .iter()
            .flat_map(|install| {
                let line = install.place.start.line;
                install
                    .words
                    .iter()
                    .map(move |word| (line, word.place.start.line, word.text.as_str()))
            })
            .collect();
        assert_eq!(
            words,
            [
                (3, 4, "curl=7"),
                (3, 5, "libssl3=3.0.9-1"),
                (6, 6, "flask==1.0")
            ]
        );
    }

    #[test]
    fn a_version_stands_where_its_variable_gets_it() {
        let place = |text: &str| -> Vec<(String, usize)> {
            let recipe = recipe(text);
            let words = recipe.installs.iter().flat_map(|install| &install.words);
            words
                .map(|word| {
                    let version = word.version.as_ref().filter(|_| !word.is_shared);
                    let place = version.unwrap_or(&word.place);
                    (word.text.clone(), place.start.line)
                })
                .collect()
        };
        for (text, version, line) in [
            (
                "FROM x\nARG V=1.0\nRUN pip install \"flask==${V}\"",
                "flask==1.0",
                2,
            ),
            (
                "FROM x\nENV A=b \\\n  V=1.0\nRUN pip install flask==$V",
                "flask==1.0",
                3,
            ),
            (
                "ARG V=1.0\nFROM x\nARG V\nRUN pip install flask==$V",
                "flask==1.0",
                1,
            ),
            (
                "ARG V=2\nFROM x\nARG V=1.0\nENV W=$V\nRUN npm i a@$W",
                "a@1.0",
                3,
            ),
            (
                "FROM x\nARG M=7.88\nENV V=${M}.1-10\nRUN apt-get install curl=$V",
                "curl=7.88.1-10",
                3,
            ),
            (
                "FROM x\nENV V=1.25 R=1\nRUN apt-get install nginx=${V}-${R}~bookworm",
                "nginx=1.25-1~bookworm",
                2,
            ),
            (
                "FROM x\nARG PY=python3\nARG V=1-2\nRUN apt-get install ${PY}-pip=$V",
                "python3-pip=1-2",
                3,
            ),
            (
                "FROM x\nENV V=3.0\nRUN dnf install -y openssl-$V",
                "openssl-3.0",
                2,
            ),
            (
                "FROM x\nENV WITH=\"curl=8\"\nRUN apk add $WITH",
                "curl=8",
                2,
            ),
            // The script has a value of its own.
            (
                "FROM x\nENV V=1.0\nRUN V=1.0; pip install flask==$V",
                "flask==1.0",
                3,
            ),
            (
                "FROM x\nENV V=1.0\nRUN export V=1.0 && pip install flask==$V",
                "flask==1.0",
                3,
            ),
            (
                "FROM x\nENV V=1.0\nRUN V=2 pip install flask==$V",
                "flask==1.0",
                2,
            ),
            // A variable that gives no version.
            (
                "FROM x\nARG NAME=curl\nRUN apk add \"$NAME=8\"",
                "curl=8",
                3,
            ),
            (
                "FROM x\nARG PY=python3\nRUN apk add ${PY}-dev=3.11",
                "python3-dev=3.11",
                3,
            ),
            ("FROM x\nRUN apk add curl=8", "curl=8", 2),
        ] {
            assert_eq!(place(text), [(version.to_owned(), line)], "{text}");
        }
        let lines = |text: &str| -> Vec<usize> {
            let all = place(text).into_iter();
            all.map(|(_, line)| line).collect()
        };
        for (text, told) in [
            // One value for two packages is none that either can be given.
            ("FROM x\nARG V=1.0\nRUN pip install a==$V b==$V", [3, 3]),
            (
                "FROM x\nARG V=1.0\nRUN pip install a==$V\nRUN pip install b==$V",
                [3, 4],
            ),
            (
                "FROM x\nARG V=1.0\nRUN pip install a==$V\nRUN pip install a==$V",
                [2, 2],
            ),
            ("FROM x\nENV WITH=\"a=1 b=2\"\nRUN apk add $WITH", [2, 2]),
        ] {
            assert_eq!(lines(text), told, "{text}");
        }
    }

    #[test]
    fn what_is_copied_was_made_in_the_image_of_its_stage() {
        let recipe = recipe(
            "FROM golang:1.23 AS build\nRUN go build\nFROM scratch AS bin\nCOPY --from=build /a /a\n\
             FROM debian:12\nCOPY --from=bin /a /a\nRUN x\n",
        );
        let told: Vec<Vec<(usize, &str)>> = recipe
            .makers
            .iter()
            .map(|maker| {
                let bases = maker.bases.iter();
                bases
                    .map(|(place, image)| (place.start.line, image.as_str()))
                    .collect()
            })
            .collect();
        assert_eq!(
            told,
            [
                vec![(1, "golang:1.23")],
                vec![(1, "golang:1.23")],
                vec![(1, "golang:1.23")],
                vec![(5, "debian:12")],
            ]
        );
    }
}
