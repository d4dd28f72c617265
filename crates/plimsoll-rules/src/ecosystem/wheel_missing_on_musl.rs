use plimsoll_syntax::dockerfile::InstructionKind;

use crate::base::family::{self, CLibrary};
use crate::declare::declare_rule;
use crate::package::call;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

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
                        sink.report(
                            file.place(script.word_span(word)),
                            format!("`{name}` publishes no wheel for musl, which Alpine has."),
                        )
                        .help("Use the slim image of the same version instead.");
                    }
                }
            }
        }
    }
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
    use crate::testing::{fires, silent};

    const RULE: &str = "wheel-missing-on-musl";

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
