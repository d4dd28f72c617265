//! Chores of the repository: `cargo xtask <chore>`. One file a chore.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to the person who runs it"
)]

mod corpus;
mod coverage;
mod disagreements;
mod docs;
mod hostile;
mod new_rule;
mod parity;
mod seeds;
mod ship;

use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <chore>

  ship [DIR]              build a static plimsoll and ship its own image with it, to an OCI layout
  corpus DIR [--check]    count how often every rule speaks over a folder of Dockerfiles
  docs [--check]          write the generated pages under docs/ (or tell which are stale)
  fuzz-seeds DIR          write what fuzz targets begin with, a folder a target
  hostile [--suite] [--plimsoll PROGRAM] [--argument WORD]... [NAME]...
                          time and memory of every hostile image in its full size (gigabytes)
  new-rule FOLDER NAME [DEPTH]
                          make the file of a new rule (depth: dockerfile, context, image)
  parity KIND PATH...     measure against what other tools say (without KIND: which there are)
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let outcome = match chore.as_deref() {
        Some("ship") => ship::run(&rest),
        Some("corpus") => corpus::run(&rest),
        Some("docs") => docs::run(&rest),
        Some("fuzz-seeds") => seeds::run(&rest),
        Some("hostile") => hostile::run(&rest),
        Some("new-rule") => new_rule::run(&rest),
        Some("parity") => parity::run(&rest),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace, wherever the chore was called from.
fn project_root() -> PathBuf {
    let xtask = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map_or_else(|| xtask.clone(), PathBuf::from)
}
