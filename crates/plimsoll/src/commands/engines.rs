//! `plimsoll engines`: what each build engine can do on this machine.

use std::fmt::Write;

use crate::args::AccessArgs;
use crate::failure::{Failure, Outcome};
use crate::terminal::{print, printable};

/// Probes every engine and prints what it found.
pub(crate) fn run() -> Result<Outcome, Failure> {
    let access = crate::plan::access(
        &AccessArgs {
            insecure_registry: Vec::new(),
            offline: false,
            timeout: crate::args::DEFAULT_TIMEOUT,
        },
        None,
    );
    let mut text = String::new();
    let mut usable = false;
    for engine in crate::engines::all(&access) {
        let probe = engine.probe();
        usable |= probe.usable;
        let word = if probe.usable {
            "works"
        } else {
            "cannot build here"
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}: {word}: {}",
            engine.name(),
            printable(&probe.detail)
        );
    }
    print(&text)?;
    Ok(if usable {
        Outcome::Holds
    } else {
        Outcome::NotLooked
    })
}
