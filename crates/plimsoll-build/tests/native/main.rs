//! The native engine for real: builds, hostile input, and the same Dockerfiles beside a Docker
//! engine's BuildKit. Has a `main` of its own because the engine starts this program again as its
//! helper.

#![allow(
    clippy::unwrap_used,
    clippy::result_large_err,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test with a main of its own"
)]

mod build;
mod calls;
mod capabilities;
mod differential;
mod download;
mod registry;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = plimsoll_build::native::helper_main(std::env::args_os().collect()) {
        return code;
    }
    support::run(&[
        build::CASES,
        calls::CASES,
        capabilities::CASES,
        download::CASES,
        registry::CASES,
        differential::CASES,
    ])
}
