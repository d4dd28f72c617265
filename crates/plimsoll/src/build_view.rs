//! What a person sees of a build, and the log that is kept of it.

use std::io::Write;
use std::sync::Mutex;

use plimsoll_build::{Event, EventSink};

use crate::args::Progress;
use crate::credentials::Values;
use crate::terminal::{Spinner, Terminal, printable};

/// Shows a build's events and keeps all of them as the build log.
pub(crate) struct BuildView {
    mode: Progress,
    spinner: Option<Spinner>,
    /// What it does not say.
    credentials: Values,
    state: Mutex<BuildState>,
}

#[derive(Default)]
struct BuildState {
    log: Vec<u8>,
    dropped: bool,
    names: std::collections::HashMap<String, String>,
    warnings: Vec<String>,
}

/// A build log longer than this is cut: a runaway step must not take the memory with it.
const LOG_LIMIT: usize = 64 << 20;

impl BuildView {
    /// A view in the mode asked for.
    pub(crate) fn new(terminal: Terminal, mode: Progress, credentials: Values) -> Self {
        let spinner =
            (mode == Progress::Auto && terminal.live).then(|| Spinner::start(terminal, "building"));
        Self {
            mode,
            spinner,
            credentials,
            state: Mutex::default(),
        }
    }

    /// The log, and the engine's warnings.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<String>) {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        (state.log, state.warnings)
    }
}

impl EventSink for BuildView {
    fn event(&self, event: Event) {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut line = Vec::new();
        match event {
            Event::Vertex(vertex) => {
                let name = printable(&self.credentials.hide(&vertex.name));
                let known = state.names.insert(vertex.id.clone(), name.clone());
                if vertex.started && !vertex.completed && known.is_none() {
                    line.extend_from_slice(format!("=> {name}\n").as_bytes());
                    if let Some(spinner) = &self.spinner {
                        spinner.message(format!("building: {name}"));
                    }
                }
                if vertex.completed {
                    let outcome = match (&vertex.error, vertex.cached) {
                        (Some(error), _) => {
                            format!("=> {name}: {}\n", printable(&self.credentials.hide(error)))
                        }
                        (None, true) => format!("=> {name}: cached\n"),
                        (None, false) => format!("=> {name}: done\n"),
                    };
                    line.extend_from_slice(outcome.as_bytes());
                }
            }
            Event::Log { data, .. } => {
                for part in data.split_inclusive(|byte| *byte == b'\n') {
                    let text = String::from_utf8_lossy(part);
                    line.extend_from_slice(b"   ");
                    line.extend_from_slice(
                        printable(&self.credentials.hide(text.trim_end_matches(['\n', '\r'])))
                            .as_bytes(),
                    );
                    line.push(b'\n');
                }
            }
            Event::Status { .. } => {}
            Event::Warning { message } => {
                let message = printable(&self.credentials.hide(&message));
                line.extend_from_slice(format!("warning: {message}\n").as_bytes());
                state.warnings.push(message);
            }
        }
        if self.mode == Progress::Plain {
            let _ = std::io::stderr().lock().write_all(&line);
        }
        if state.log.len() + line.len() <= LOG_LIMIT {
            state.log.extend_from_slice(&line);
        } else if !state.dropped {
            state.dropped = true;
            state
                .log
                .extend_from_slice(b"... the log ends here: it grew past 64 MiB\n");
        }
    }
}
