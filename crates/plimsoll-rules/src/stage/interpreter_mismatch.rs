use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind, Stage};

use crate::base::family;
use crate::declare::declare_rule;
use crate::package::call;
use crate::placement;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that Python packages are copied beside an interpreter that they were not installed for:
    /// `site-packages` of one version where another runs, a virtual environment of another version's
    /// image, or `site-packages` beside a Debian Python, which reads `dist-packages`.
    ///
    /// ## Why it hurts in production
    /// The build is green, and the first `import` fails: the interpreter does not look there, or
    /// finds extensions that were compiled for another version.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12 AS build
    /// RUN pip install pandas==2.2.3
    /// FROM python:3.11-slim
    /// COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages
    /// CMD ["python", "-c", "import pandas"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12 AS build
    /// RUN pip install pandas==2.2.3
    /// FROM python:3.12-slim
    /// COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages
    /// CMD ["python", "-c", "import pandas"]
    /// ```
    ///
    /// ## Fix
    /// None: which of the two versions is meant is the author's to say.
    ///
    /// ## References
    /// - <https://docs.python.org/3/library/site.html>
    /// - <https://wiki.debian.org/Python#Deviations_from_upstream>
    InterpreterMismatch = "interpreter-mismatch",
    summary: "Python packages are copied beside an interpreter of another version",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

/// Major and minor.
type Version = (u16, u16);

impl Rule for InterpreterMismatch {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            if !stage.reaches_target {
                continue;
            }
            for view in file.steps(stage) {
                if matches!(view.instruction.kind, InstructionKind::Copy(_)) {
                    judge(file, stage, view, sink);
                }
            }
        }
    }
}

fn judge<'a>(file: &ProjectFile<'a>, stage: &'a Stage, view: StepView<'a>, sink: &mut Sink<'_>) {
    for one in placement::placed(file, view) {
        let packages = python_folder(&one.source).or_else(|| python_folder(&one.destination));
        let here = interpreter(file, stage);
        let from = view.step.from.iter().find_map(|base| match base {
            Base::Stage(index) => file.resolution.stages.get(*index),
            _ => None,
        });
        let place = || file.place(view.instruction.span);
        let help = "Use one version of Python for the stage that installs and the one that runs.";
        let is_packages = one.source.contains("site-packages") || one.destination.contains("site-packages");
        if is_packages {
            let built_for = python_folder(&one.source)
                .or_else(|| from.and_then(|from| interpreter(file, from)).map(|found| found.version))
                .or(packages);
            let looked_at = python_folder(&one.destination);
            let Some(here) = here else { continue };
            if here.is_system && one.destination.contains("/site-packages") && !venv_like(&one.destination) {
                sink.report(
                    place(),
                    format!(
                        "The Python of {} looks into `dist-packages`, not into `{}`.",
                        here.whose,
                        one.destination.escape_debug()
                    ),
                )
                .help("Copy a virtual environment, or set `PYTHONPATH`.")
                .confidence(if set_path(file) { Confidence::Low } else { Confidence::High });
                continue;
            }
            let wrong = built_for.filter(|version| *version != here.version);
            let unseen = looked_at.filter(|version| *version != here.version);
            if let Some(version) = wrong.or(unseen) {
                sink.report(
                    place(),
                    format!(
                        "These packages are for Python {}, and {} runs Python {}.",
                        shown(version),
                        here.whose,
                        shown(here.version)
                    ),
                )
                .help(help)
                .confidence(if set_path(file) && wrong.is_none() { Confidence::Low } else { Confidence::High });
            }
            continue;
        }
        // A virtual environment holds on to the version of the interpreter that made it.
        let (Some(from), Some(here)) = (from, here) else { continue };
        if !makes_environment(file, from, &one.source) {
            continue;
        }
        let Some(there) = interpreter(file, from) else { continue };
        if there.version != here.version {
            sink.report(
                place(),
                format!(
                    "This virtual environment was made with Python {}, and {} runs Python {}.",
                    shown(there.version),
                    here.whose,
                    shown(here.version)
                ),
            )
            .help(help);
        }
    }
}

fn shown((major, minor): Version) -> String {
    format!("{major}.{minor}")
}

/// The version in `…/python3.12/…`.
fn python_folder(path: &str) -> Option<Version> {
    path.split('/').find_map(|part| {
        let version = part.strip_prefix("python")?;
        let (major, minor) = version.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    })
}

fn venv_like(path: &str) -> bool {
    ["/venv/", "/.venv/", "/env/", "/virtualenv"]
        .iter()
        .any(|part| path.contains(part))
}

/// The interpreter of a stage.
struct Interpreter {
    version: Version,
    whose: String,
    /// Whether it is Debian's own, which looks elsewhere.
    is_system: bool,
}

fn interpreter(file: &ProjectFile<'_>, stage: &Stage) -> Option<Interpreter> {
    let base = &file.bottom(stage).base;
    let Base::Image(name) = base else { return None };
    let whose = format!("`{name}`");
    if let Some(version) = family::python(base) {
        // Another interpreter on top makes it open which one runs.
        return (!installs_python(file, stage)).then_some(Interpreter {
            version,
            whose,
            is_system: false,
        });
    }
    let version = family::system_python(base)?;
    let there = family::has_system_python(base) || installs_python(file, stage);
    there.then_some(Interpreter {
        version,
        whose,
        is_system: true,
    })
}

/// Whether a stage installs a Python with the system's package manager.
fn installs_python(file: &ProjectFile<'_>, stage: &Stage) -> bool {
    let mut at = Some(stage.index);
    while let Some(stage) = at.and_then(|index| file.resolution.stages.get(index)) {
        let installs = stage.steps.iter().any(|step| {
            let view = StepView {
                stage,
                step,
                instruction: file.instruction(step.instruction),
            };
            file.commands(view).any(|(_, command)| {
                call::call(command).is_some_and(|call| {
                    call.action == call::Action::Install
                        && call.names().any(|name| {
                            name == "python3" || name == "python" || name.starts_with("python3.")
                        })
                })
            })
        });
        if installs {
            return true;
        }
        at = match stage.base {
            Base::Stage(below) if below < stage.index => Some(below),
            _ => None,
        };
    }
    false
}

/// Whether a step of a stage makes a virtual environment at that path, or one above it.
fn makes_environment(file: &ProjectFile<'_>, stage: &Stage, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    stage.steps.iter().any(|step| {
        let view = StepView {
            stage,
            step,
            instruction: file.instruction(step.instruction),
        };
        file.commands(view).any(|(_, command)| {
            let words: Vec<&str> = command.words.iter().map(|word| word.raw.as_str()).collect();
            let makes = match words.as_slice() {
                [python, "-m", "venv" | "virtualenv", ..] => python.contains("python"),
                ["virtualenv", ..] | ["uv", "venv", ..] => true,
                _ => false,
            };
            makes
                && words.iter().skip(1).any(|word| {
                    let made = word.trim_matches('"').trim_end_matches('/');
                    placement::absolute(made, &step.before).is_some_and(|made| made == path)
                        && !word.starts_with('-')
                })
        })
    })
}

/// Whether the interpreter is told to look elsewhere too.
fn set_path(file: &ProjectFile<'_>) -> bool {
    file.target()
        .is_some_and(|target| target.end.variables.contains_key("PYTHONPATH"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "interpreter-mismatch";

    #[test]
    fn cases() {
        let copy = "COPY --from=b /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages\n";
        let case = |build: &str, base: &str| format!("FROM {build} AS b\nFROM {base}\n{copy}");
        let texts = [
            case("python:3.12", "python:3.11-slim"),
            case("python:3.12", "python:3.13.1-alpine"),
            case("python:3.12", "gcr.io/distroless/python3-debian12"),
            "FROM python:3.12 AS b\nFROM debian:12\nRUN apt-get update && apt-get install -y python3\nCOPY --from=b /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.11/site-packages\n".to_owned(),
            "FROM python:3.12 AS b\nRUN python -m venv /opt/venv\nFROM python:3.11\nCOPY --from=b /opt/venv /opt/venv\n".to_owned(),
            "FROM python:3.12 AS b\nWORKDIR /app\nRUN uv venv .venv\nFROM debian:12\nRUN apt-get install -y python3\nCOPY --from=b /app/.venv /app/.venv\n".to_owned(),
        ];
        for text in &texts {
            let line = text.lines().count();
            fires(RULE, &[("", text, &[line])]);
        }
        let quiet = [
            case("python:3.12", "python:3.12-slim"),
            case("python:3.12", "python:3-slim"),
            case("python:3.12", "ghcr.io/someone/python:3.11"),
            case("python:3.12", "debian:12"),
            "FROM python:3.12 AS b\nFROM python:3.11\nCOPY --from=b /opt/venv /opt/venv\n".to_owned(),
            "FROM python:3.12 AS b\nRUN python -m venv /opt/venv\nFROM python:3.12-slim\nCOPY --from=b /opt/venv /opt/venv\n".to_owned(),
            "FROM python:3.12 AS b\nFROM python:3.11\nCOPY --from=b /src /src\n".to_owned(),
        ];
        for text in &quiet {
            silent(RULE, &[("", text)]);
        }
    }
}
