//! The terminal explorer of `plimsoll layers`: state in `app`, what is in view in `view`, drawing
//! in `draw`. Names come from images and are hostile: none reaches the screen unescaped.

mod app;
mod details;
mod draw;
mod scroll;
#[cfg(test)]
mod tests;
mod view;

use plimsoll_scan::ImageFiles;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use self::app::{App, Flow};
use self::draw::Palette;
use crate::failure::Failure;
use crate::look::Seen;
use crate::terminal::Terminal;

/// An image to look around in.
#[derive(Debug)]
pub(crate) struct Explored {
    pub(crate) seen: Seen,
    pub(crate) files: ImageFiles,
}

/// Whether somebody is there to look around.
pub(crate) fn is_possible(terminal: Terminal) -> bool {
    terminal.wraps && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Shows the explorer until the person leaves it. The terminal is given back as it was, whatever
/// happens.
pub(crate) fn run(explored: &Explored, terminal: Terminal) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::environment(format!("the terminal: {error}")).hint("plimsoll layers --plain IMAGE")
    };
    let mut app = App::new(explored);
    let palette = Palette::new(terminal.color);
    // Also sets a hook that gives the terminal back when this program panics.
    let mut screen = ratatui::try_init().map_err(failed)?;
    let result = explore(&mut screen, &mut app, palette);
    let restored = ratatui::try_restore();
    result.and(restored).map_err(failed)
}

fn explore(
    screen: &mut ratatui::DefaultTerminal,
    app: &mut App<'_>,
    palette: Palette,
) -> std::io::Result<()> {
    loop {
        screen.draw(|frame| draw::screen(frame, app, palette))?;
        loop {
            if let Event::Key(key) = event::read()?
                && key.kind != KeyEventKind::Release
                && app.on_key(key) == Flow::Quit
            {
                return Ok(());
            }
            // Keys that wait are taken together: holding an arrow never lags behind.
            if !event::poll(std::time::Duration::ZERO)? {
                break;
            }
        }
    }
}
