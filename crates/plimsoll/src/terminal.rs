//! The one place that writes to standard output and standard error.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_report::ROWS;

use crate::args::Color;
use crate::failure::Failure;

/// What the streams can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Colours on standard output.
    pub(crate) color: bool,
    /// Columns of standard output; 100 where it is no terminal.
    pub(crate) width: usize,
    /// Lines that a summary may take: those of the terminal but for two, where what was typed and what
    /// is typed next stand.
    pub(crate) rows: usize,
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
        let wraps = stdout.is_terminal();
        let size = match wraps {
            true => rustix::termios::tcgetwinsize(&stdout).ok(),
            false => None,
        };
        // What was typed, else what the terminal says of itself.
        let of = |variable: &str, own: Option<u16>| {
            let typed = std::env::var(variable).ok();
            let typed = typed.and_then(|number| number.parse().ok());
            typed.or(own.map(usize::from)).filter(|_| wraps)
        };
        let width = match wraps {
            true => of("COLUMNS", size.map(|size| size.ws_col))
                .filter(|columns| *columns >= 40)
                .unwrap_or(80),
            false => 100,
        };
        let rows = of("LINES", size.map(|size| size.ws_row))
            .filter(|lines| *lines > 2)
            .map_or(ROWS, |lines| lines - 2);
        Self {
            color,
            width,
            rows,
            wraps,
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

/// Hostile text for a terminal: what one would act on is shown as reports show it. A tab is a blank: what
/// other programs write is full of them.
pub(crate) fn printable(text: &str) -> String {
    plimsoll_report::visible(&text.replace('\t', " ")).into_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_nothing_to_act_on() {
        assert_eq!(printable("a\tb ä 漢"), "a b ä 漢");
        assert_eq!(
            printable("\u{1b}[31m\u{200f}\u{2028}"),
            "\\u{1b}[31m\\u{200f}\\u{2028}"
        );
        // What was made safe already stays as it is.
        let once = printable("\u{9b}\u{feff}");
        assert_eq!(printable(&once), once);
    }
}
