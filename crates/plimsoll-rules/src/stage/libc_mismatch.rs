use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::{Base, InstructionKind, Stage};

use crate::base::family::{self, CLibrary};
use crate::declare::declare_rule;
use crate::package::call;
use crate::placement::{self, base_name};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that something compiled against one C library is copied into an image that has another
    /// or none: a Rust or Go program, `node_modules` or a virtual environment from a Debian-based
    /// stage in Alpine, or a dynamically linked program in an image from scratch.
    ///
    /// ## Why it hurts in production
    /// The container ends at once with `not found` for a program that is there: what is missing is
    /// the loader it was linked for. Packages with compiled parts fail at the first import.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM rust:1.90 AS build
    /// WORKDIR /src
    /// COPY . .
    /// RUN cargo build --release --locked
    /// FROM alpine:3.22
    /// COPY --from=build /src/target/release/app /app
    /// CMD ["/app"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM rust:1.90-alpine AS build
    /// WORKDIR /src
    /// COPY . .
    /// RUN cargo build --release --locked
    /// FROM alpine:3.22
    /// COPY --from=build /src/target/release/app /app
    /// CMD ["/app"]
    /// ```
    ///
    /// ## Fix
    /// None: build on the same family, link statically, or ship on the family it was built for.
    ///
    /// ## References
    /// - <https://wiki.musl-libc.org/functional-differences-from-glibc.html>
    LibcMismatch = "libc-mismatch",
    summary: "What is copied was compiled for another C library",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for LibcMismatch {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        if file.resolution.stages.len() < 2 {
            return;
        }
        for view in file.shipped_steps() {
            if !matches!(view.instruction.kind, InstructionKind::Copy(_)) {
                continue;
            }
            let from = view.step.from.iter().find_map(|base| match base {
                Base::Stage(index) => file.resolution.stages.get(*index),
                _ => None,
            });
            let Some(from) = from else { continue };
            let (Some(there), Some(here)) = (
                family::c_library(&file.bottom(from).base),
                family::c_library(&file.bottom(view.stage).base),
            ) else {
                continue;
            };
            if there == here || there == CLibrary::Absent || adds_loader(file, view.stage) {
                continue;
            }
            for one in placement::placed(file, view) {
                let Some(built) = built(file, from, &one.source, here) else {
                    continue;
                };
                let library = |kind| match kind {
                    CLibrary::Gnu => "glibc",
                    CLibrary::Musl => "musl",
                    CLibrary::Absent => "none",
                };
                let has = match here {
                    CLibrary::Absent => "this image has no C library".to_owned(),
                    _ => format!("this image has {}", library(here)),
                };
                sink.report(
                    file.place(view.instruction.span),
                    format!(
                        "`{}` is {} for {}, and {has}.",
                        one.source.escape_debug(),
                        built.what,
                        library(there)
                    ),
                )
                .help(built.help)
                .confidence(built.confidence)
                .related(file.place(built.place), "It is made here.");
                break;
            }
        }
    }
}

/// Something compiled that a stage makes.
struct Built {
    what: &'static str,
    help: &'static str,
    confidence: Confidence,
    place: Span,
}

/// What of the stage lies at that path, if it was compiled there.
fn built<'a>(file: &ProjectFile<'a>, stage: &'a Stage, source: &str, here: CLibrary) -> Option<Built> {
    let name = base_name(source);
    for view in file.steps(stage) {
        if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
            continue;
        }
        for (script, command) in file.commands(view) {
            let place = script.command_span(command);
            let has = |word: &str| command.words.iter().any(|one| one.raw == word);
            let mentions = |part: &str| command.words.iter().any(|one| one.raw.contains(part));
            let set = |variable: &str, value: &str| {
                command.assignments.iter().any(|(name, word)| {
                    name == variable && word.raw.contains(value)
                }) || view
                    .step
                    .before
                    .variables
                    .get(variable)
                    .is_some_and(|known| known.value.as_deref().is_none_or(|text| text.contains(value)))
            };
            let exported = |variable: &str| {
                file.commands(view).any(|(_, other)| {
                    other.words.iter().any(|word| word.raw.starts_with(variable))
                })
            };
            let first = command.program();
            match first {
                Some("cargo") if has("build") || has("install") => {
                    let linked_otherwise = mentions("musl")
                        || mentions("wasm")
                        || command.words.iter().any(|word| word.literal.is_none())
                        || set("CARGO_BUILD_TARGET", "")
                        || set("RUSTFLAGS", "crt-static")
                        || file.commands(view).any(|(_, other)| other.words.iter().any(|word| word.raw.contains("musl")));
                    let from_target = source.contains("target/") || source.contains("/release") || source.contains("cargo/bin") || source.contains("/bin/");
                    if !linked_otherwise && from_target {
                        return Some(Built {
                            what: "a Rust program linked",
                            help: "Build with `--target …-unknown-linux-musl`, or ship on a Debian-based image such as `gcr.io/distroless/cc-debian12`.",
                            confidence: Confidence::High,
                            place,
                        });
                    }
                }
                // Without cgo nothing is linked; with it only what resolves names or users.
                Some("go") if has("build") || has("install") => {
                    let without = set("CGO_ENABLED", "0") || exported("CGO_ENABLED")
                        || mentions("-static")
                        // Who builds for another system builds without cgo unless told otherwise.
                        || set("GOOS", "")
                        || set("GOARCH", "")
                        || exported("GOOS");
                    let output = command
                        .words
                        .windows(2)
                        .find(|pair| pair[0].raw == "-o")
                        .and_then(|pair| pair[1].literal.as_deref())
                        .map(base_name);
                    let is_it = output.is_some_and(|output| output == name || output.is_empty())
                        || source.contains("/go/bin");
                    // A slim image has no compiler, and Go then does without.
                    let has_compiler = matches!(&file.bottom(stage).base, Base::Image(image) if !image.contains("alpine"));
                    if !without && is_it && has_compiler {
                        return Some(Built {
                            what: "a Go program that may be linked",
                            help: "Set `CGO_ENABLED=0` for the build.",
                            confidence: Confidence::Medium,
                            place,
                        });
                    }
                }
                Some("npm" | "yarn" | "pnpm")
                    if name == "node_modules"
                        && here == CLibrary::Musl
                        && (has("install") || has("ci") || command.words.len() == 1) =>
                {
                    return Some(Built {
                        what: "installed with whatever it compiles or downloads",
                        help: "Install in a stage of the same family, such as `node:…-alpine`.",
                        confidence: Confidence::Medium,
                        place,
                    });
                }
                Some(_) if name.contains("site-packages") || name.contains("venv") => {
                    let installs = call::any_call(command).is_some_and(|call| {
                        call.manager == call::Manager::Pip && call.action == call::Action::Install
                    });
                    if installs && here == CLibrary::Musl {
                        return Some(Built {
                            what: "installed with packages compiled",
                            help: "Install in a stage of the same family, such as `python:…-alpine`, or ship on the slim image.",
                            confidence: Confidence::Medium,
                            place,
                        });
                    }
                }
                _ => {}
            }
        }
    }
    None
}

/// Whether a stage brings the other C library, or what stands in for it.
fn adds_loader<'a>(file: &ProjectFile<'a>, stage: &'a Stage) -> bool {
    file.steps(stage).any(|view| match &view.instruction.kind {
        InstructionKind::Run(_) => file.commands(view).any(|(_, command)| {
            call::call(command).is_some_and(|call| {
                call.is_open()
                    || call.names().any(|name| {
                        matches!(name, "gcompat" | "libc6-compat" | "glibc" | "musl" | "libc6")
                    })
            }) || command.words.iter().any(|word| word.raw.contains("glibc"))
        }),
        InstructionKind::Copy(words) | InstructionKind::Add(words) => words
            .iter()
            .any(|word| word.value.contains("/lib64") || word.value.contains("ld-linux") || word.value.contains("/lib/x86_64") || word.value.contains("ld-musl")),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "libc-mismatch";

    #[test]
    fn cases() {
        let rust = |build: &str, command: &str, base: &str| {
            format!("FROM {build} AS b\nRUN {command}\nFROM {base}\nCOPY --from=b /src/target/release/app /app\n")
        };
        let go = |command: &str, base: &str| {
            format!("FROM golang:1.24 AS b\nRUN {command}\nFROM {base}\nCOPY --from=b /out/app /app\n")
        };
        for text in [
            rust("rust:1", "cargo build --release", "alpine:3.22"),
            rust("rust:1-bookworm", "cargo build --release", "scratch"),
            rust("rust:1-alpine", "cargo build --release", "debian:12"),
            go("go build -o /out/app .", "alpine:3.22"),
            go("go build -o /out/app .", "gcr.io/distroless/static-debian12"),
            "FROM node:22 AS b\nRUN npm ci\nFROM node:22-alpine\nCOPY --from=b /w/node_modules /w/node_modules\n".to_owned(),
            "FROM python:3.12 AS b\nRUN pip install pandas\nFROM python:3.12-alpine\nCOPY --from=b /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages\n".to_owned(),
        ] {
            fires(RULE, &[("", &text, &[4])]);
        }
        for text in [
            rust("rust:1", "cargo build --release --target x86_64-unknown-linux-musl", "scratch"),
            rust("rust:1", "cargo build --release", "debian:12-slim"),
            rust("rust:1", "cargo build --release", "gcr.io/distroless/cc-debian12"),
            rust("rust:1-alpine", "cargo build --release", "alpine:3.22"),
            rust("rust:1", "cargo build --release", "someone/base"),
            go("CGO_ENABLED=0 go build -o /out/app .", "scratch"),
            go("go build -o /out/app .", "debian:12"),
            "FROM golang:1.24 AS b\nENV CGO_ENABLED=0\nRUN go build -o /out/app .\nFROM scratch\nCOPY --from=b /out/app /app\n".to_owned(),
            "FROM rust:1 AS b\nRUN cargo build --release\nFROM alpine:3\nRUN apk add gcompat\nCOPY --from=b /src/target/release/app /app\n".to_owned(),
            "FROM rust:1 AS b\nRUN cargo build --release\nFROM alpine:3\nCOPY --from=b /src/config /config\n".to_owned(),
        ] {
            silent(RULE, &[("", &text)]);
        }
    }
}
