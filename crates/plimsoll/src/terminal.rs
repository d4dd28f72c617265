//! The one place that writes to standard output and standard error.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_build::{Event, EventSink};

use crate::args::{Color, Progress};
use crate::credentials::Values;
use crate::failure::Failure;

/// What the streams can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Colours on standard output.
    pub(crate) color: bool,
    /// Columns of standard output; 100 where it is no terminal.
    pub(crate) width: usize,
    /// Whether standard output is a terminal: lines for a person may be broken there.
    pub(crate) wraps: bool,
    /// Whether standard error is a terminal.
    pub(crate) live: bool,
}

impl Terminal {
    /// Looks at the streams and at NO_COLOR, CLICOLOR_FORCE and TERM.
    pub(crate) fn detect(color: Color) -> Self {
        let stdout = std::io::stdout();
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
        };
        let width = if stdout.is_terminal() {
            std::env::var("COLUMNS")
                .ok()
                .and_then(|columns| columns.parse().ok())
                .or_else(|| {
                    rustix::termios::tcgetwinsize(&stdout)
                        .ok()
                        .map(|size| usize::from(size.ws_col))
                })
                .filter(|columns| *columns >= 40)
                .unwrap_or(80)
        } else {
            100
        };
        Self {
            color,
            width,
            wraps: stdout.is_terminal(),
            live: std::io::stderr().is_terminal(),
        }
    }
}

impl Terminal {
    /// Columns that lines are cut to. Where there is no terminal nothing is: whoever reads it can
    /// look no further.
    pub(crate) fn columns(self) -> usize {
        if self.wraps { self.width } else { usize::MAX }
    }
}

/// Whether anything was written to standard output.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// Whether standard output is still empty.
pub(crate) fn nothing_printed() -> bool {
    !WRITTEN.load(Ordering::Relaxed)
}

/// Writes a report to standard output. A reader that went away is not an error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    stream(|out| out.write_all(text.as_bytes()))
}

/// Has something written to standard output as it is made. A reader that has gone away is no error.
pub(crate) fn stream(
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    WRITTEN.store(true, Ordering::Relaxed);
    let mut stdout = std::io::stdout().lock();
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::environment(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells the person at the terminal something, on standard error. Names of files and images and
/// what registries answer are in it: none of that may speak to the terminal itself.
pub(crate) fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    for line in text.lines() {
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(stderr, "{}", printable(line));
    }
}

/// Makes control characters of hostile text visible instead of letting the terminal act on them.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            // Marks that reorder what a person reads.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// One line that says what is going on, for work over a second; silent where nobody watches.
#[derive(Debug)]
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    /// Starts one.
    pub(crate) fn start(terminal: Terminal, message: impl Into<String>) -> Self {
        if !terminal.live {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_style(
            ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>5}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.set_message(message.into());
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Self(bar)
    }

    /// Changes the line.
    pub(crate) fn message(&self, message: impl Into<String>) {
        self.0.set_message(message.into());
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

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
    steps: usize,
    cached: usize,
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

    /// The log, the engine's warnings, the number of steps and how many came from the cache.
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
                    state.steps += 1;
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
                        (None, true) => {
                            state.cached += 1;
                            format!("=> {name}: cached\n")
                        }
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
