use plimsoll_model::{SourceOrigin, Span};
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::ShellCommand;

use crate::base::family::{self, CLibrary};
use crate::context::dependencies::Brought;
use crate::context::manifests;
use crate::declare::declare_rule;
use crate::package::call;
use crate::placement::base_name;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Reported, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a Python package is installed on Alpine, by name or from a requirements file of
    /// the build context, that its authors publish no wheel for there (`musllinux`), only for glibc.
    ///
    /// ## Why it hurts in production
    /// pip falls back to compiling it: a build of minutes that needs compilers, or, where no source
    /// is published, one that fails.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-alpine
    /// RUN pip install --no-cache-dir torch==2.9.0
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// RUN pip install --no-cache-dir torch==2.9.0
    /// ```
    ///
    /// ## Fix
    /// None: the base image is a choice for the whole project.
    ///
    /// ## References
    /// - <https://peps.python.org/pep-0656/>
    WheelMissingOnMusl = "wheel-missing-on-musl",
    summary: "A Python package has no wheel for Alpine",
    severity: Medium,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

/// Packages whose newest release has a wheel of CPython 3.12 for glibc (`manylinux`) and none for musl
/// (`musllinux` 1.1 or 1.2) on x86-64, as pip found it in November 2026; sorted.
const GLIBC_ONLY: &[&str] = &[
    "catboost",
    "confluent-kafka",
    "dm-tree",
    "fiona",
    "jaxlib",
    "lightgbm",
    "llvmlite",
    "mediapipe",
    "netcdf4",
    "numba",
    "onnxruntime",
    "onnxruntime-gpu",
    "opencv-python",
    "opencv-python-headless",
    "osqp",
    "paddlepaddle",
    "playwright",
    "prophet",
    "pyqt5",
    "pyside6",
    "rasterio",
    "ray",
    "scikit-learn",
    "sentencepiece",
    "tensorflow",
    "tensorflow-cpu",
    "torch",
    "torchaudio",
    "torchvision",
    "triton",
    "vllm",
    "xgboost",
];

impl Rule for WheelMissingOnMusl {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            if !stage.reaches_target
                || family::c_library(&file.bottom(stage).base) != Some(CLibrary::Musl)
            {
                continue;
            }
            for view in file.steps(stage) {
                if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
                    continue;
                }
                for (script, command) in file.commands(view) {
                    let Some(call) = call::any_call(command) else {
                        continue;
                    };
                    if call.manager != call::Manager::Pip || call.action != call::Action::Install {
                        continue;
                    }
                    for word in &call.packages {
                        let Some(name) = word.literal.as_deref().and_then(glibc_only) else {
                            continue;
                        };
                        report(file.place(script.word_span(word)), name, sink);
                    }
                    if let Some((name, line)) = listed(file, view, command) {
                        report(file.place(script.command_span(command)), name, sink)
                            .related(line, "It is listed here.");
                    }
                }
            }
        }
    }
}

fn report<'s>(place: SourceOrigin, name: &str, sink: &'s mut Sink<'_>) -> Reported<'s> {
    sink.report(
        place,
        format!("`{name}` publishes no wheel for musl, which Alpine has."),
    )
    .help("Use the slim image of the same version instead.")
}

/// The first such package in the requirements files that a command reads, and its line.
fn listed<'a>(
    file: &ProjectFile<'a>,
    view: StepView<'a>,
    command: &ShellCommand,
) -> Option<(&'static str, SourceOrigin)> {
    let found = manifests::installation(command)?;
    if found.named.is_empty() {
        return None;
    }
    let brought = Brought::new(file)?;
    let context = brought.context();
    found.named.iter().find_map(|name| {
        let entry = brought.nearest(file, view, base_name(name))?;
        let text = context.text(&entry.path)?;
        let source = context.contents.get(&entry.path)?;
        let mut at = 0;
        text.split_inclusive('\n').find_map(|line| {
            let start = at;
            at += line.len();
            let name = glibc_only(line)?;
            let place = Span::new(start, start + line.trim_end().len());
            Some((name, SourceOrigin::new(source, place)))
        })
    })
}

/// The name in a requirement, where it is one of those.
fn glibc_only(requirement: &str) -> Option<&'static str> {
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(requirement.len());
    // PEP 503: case, and which of `-`, `_`, `.` it is, make no other name.
    let name = requirement[..end].to_ascii_lowercase().replace(['_', '.'], "-");
    GLIBC_ONLY
        .binary_search(&name.as_str())
        .ok()
        .map(|at| GLIBC_ONLY[at])
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, run, silent};

    const RULE: &str = "wheel-missing-on-musl";

    #[test]
    fn requirements_are_read() {
        let dockerfile = "FROM python:3.12-alpine\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n";
        for (text, count) in [("flask==3.1.0\ntorch==2.9.0 # cpu\n", 1), ("flask==3.1.0\n", 0)] {
            let found = run(RULE, dockerfile, &[("requirements.txt", text)]).findings;
            assert_eq!(found.len(), count, "{text}");
        }
    }

    #[test]
    fn cases() {
        assert!(super::GLIBC_ONLY.is_sorted());
        fires(
            RULE,
            &[
                ("by name", "FROM python:3.12-alpine\nRUN pip install torch\n", &[2]),
                ("among others, with extras", "FROM alpine:3.22\nRUN pip install requests \\\n  'Tensorflow[x]>=2'\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("glibc", "FROM python:3.12-slim\nRUN pip install torch\n"),
                ("has wheels", "FROM python:3.12-alpine\nRUN pip install numpy pandas\n"),
                ("another name", "FROM python:3.12-alpine\nRUN pip install torchmetrics\n"),
                ("not installed", "FROM python:3.12-alpine\nRUN echo torch\n"),
            ],
        );
    }
}
