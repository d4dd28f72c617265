use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::declare::declare_rule;
use crate::package::call;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships stands on a `devel` image of `nvidia/cuda`, and none of its own
    /// steps compiles.
    ///
    /// ## Why it hurts in production
    /// Compiler, headers and static libraries are some gigabytes that every node pulls and no program
    /// loads.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-devel-ubuntu24.04
    /// COPY app /usr/local/bin/
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-runtime-ubuntu24.04
    /// COPY app /usr/local/bin/
    /// ```
    ///
    /// ## Fix
    /// None: what the program loads is not known here.
    ///
    /// ## References
    /// - <https://hub.docker.com/r/nvidia/cuda>
    CudaDevelShipped = "cuda-devel-shipped",
    summary: "The CUDA compiler ships though nothing is compiled",
    severity: Medium,
    confidence: Medium,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["tally/gpu/prefer-runtime-final-stage"],
    audience: Default,
    edition: 2026,
}

impl Rule for CudaDevelShipped {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let chain = file.shipped_chain();
        let Some(bottom) = chain.first() else { return };
        let Base::Image(name) = &bottom.base else {
            return;
        };
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        let Some(tag) = name.strip_prefix("nvidia/cuda:") else {
            return;
        };
        if !tag.split(['-', '@']).any(|part| part == "devel") {
            return;
        }
        // Python packages may compile kernels when they are first used.
        let compiles = file.shipped_steps().any(|view| {
            file.commands(view).any(|(_, command)| {
                matches!(
                    command.program(),
                    None | Some(
                        "nvcc" | "gcc" | "g++" | "make" | "cmake" | "ninja" | "cargo" | "go" | "pip"
                            | "pip3" | "python" | "python3" | "conda" | "mamba" | "micromamba" | "uv"
                            | "poetry" | "configure" | "bash" | "sh" | "bazel" | "meson" | "git"
                    )
                ) || call::call(command).is_some_and(|call| {
                    call.names().any(|name| {
                        name.starts_with("build-essential")
                            || name.contains("python")
                            || name.starts_with("gcc")
                            || name == "cmake"
                    })
                })
            })
        });
        if compiles {
            return;
        }
        let from = file.from(bottom);
        let place = match &from.kind {
            InstructionKind::From(from) => from.image.span,
            _ => from.span,
        };
        sink.report(
            file.place(place),
            "The compiler and headers of CUDA ship, and no step of this image compiles.",
        )
        .help("Ship on the `runtime` or `base` image of the same version.");
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "cuda-devel-shipped";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("with a library", "FROM a:1\nFROM nvidia/cuda:12.2.0-cudnn8-devel-ubuntu22.04\nRUN apt-get install -y libgomp1\n", &[2]),
                ("under another stage", "FROM nvidia/cuda:12.2.0-devel-ubuntu22.04 AS b\nFROM b\nCOPY x /\n", &[1]),
            ],
        );
        silent(
            RULE,
            &[
                ("another image", "FROM nvidia/cuda:12.2.0-runtime-ubuntu22.04\nCOPY x /\n"),
                ("it compiles", "FROM nvidia/cuda:12.2.0-devel-ubuntu22.04\nRUN nvcc x.cu\n"),
                ("packages may compile", "FROM nvidia/cuda:12.2.0-devel-ubuntu22.04\nRUN pip install torch\n"),
                ("a build stage", "FROM nvidia/cuda:12.2.0-devel-ubuntu22.04 AS b\nRUN x\nFROM nvidia/cuda:12.2.0-base-ubuntu22.04\nCOPY --from=b /x /\n"),
            ],
        );

    }
}
