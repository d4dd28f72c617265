//! Instructions as an image's history has them, and as people wrote them.

use plimsoll_model::HistoryStep;

/// An instruction of history without what every one of them begins and ends with, and without the
/// build arguments in front of a command.
pub fn short_instruction(text: &str) -> String {
    HistoryStep::read(text).to_string()
}
