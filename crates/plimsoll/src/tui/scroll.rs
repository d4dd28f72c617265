//! Texts that are longer than their part of the screen.

use ratatui::crossterm::event::KeyCode;

/// Where a key scrolls a text to; nothing where it is none that moves.
pub(super) fn scrolled(
    code: KeyCode,
    control: bool,
    top: usize,
    page: usize,
    last: usize,
) -> Option<usize> {
    let to = match (code, control) {
        (KeyCode::Up, _) | (KeyCode::Char('k'), false) => top.saturating_sub(1),
        (KeyCode::Down, _) | (KeyCode::Char('j'), false) => top + 1,
        (KeyCode::PageUp, _) => top.saturating_sub(page),
        (KeyCode::PageDown, _) => top + page,
        (KeyCode::Home, _) | (KeyCode::Char('g'), false) => 0,
        (KeyCode::End, _) | (KeyCode::Char('G'), false) => last,
        _ => return None,
    };
    Some(to.min(last))
}
