//! Lines with a name in front, as many as a screen has.

use anstyle::Style;

use super::paint;
use crate::RenderInput;
use crate::text::{fitting, wrapped};

/// Width of the names in front.
const INDENT: usize = 9;

/// A part of the screen, line by line.
pub(super) struct Screen {
    lines: Vec<String>,
    /// Where lines come in that are made when it is known how many fit.
    later: usize,
    color: bool,
    /// Columns behind the names, where there is a terminal: elsewhere nothing is cut or broken.
    room: Option<usize>,
}

impl Screen {
    pub(super) fn new(input: &RenderInput<'_>) -> Self {
        Self {
            lines: Vec::new(),
            later: 0,
            color: input.color,
            room: input.wraps.then(|| input.width.max(40) - INDENT),
        }
    }

    /// A value that goes on in the next line where it does not fit.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        let Some(room) = self.room else {
            return self.whole(name, value);
        };
        for (at, line) in wrapped(value, room).iter().enumerate() {
            self.whole(if at == 0 { name } else { "" }, line);
        }
    }

    /// A value of which the beginning says most: cut to the terminal.
    pub(super) fn cut(&mut self, name: &str, value: &str) {
        match self.room {
            Some(room) => self.whole(name, &fitting(value, room)),
            None => self.whole(name, value),
        }
    }

    /// A line that people copy from: neither cut nor broken.
    pub(super) fn whole(&mut self, name: &str, value: &str) {
        self.styled(name, value, Style::new());
    }

    pub(super) fn styled(&mut self, name: &str, value: &str, style: Style) {
        let name = paint(&format!("{name:<INDENT$}"), Style::new().bold(), self.color);
        let value = paint(value, style, self.color);
        let line = format!("{name}{value}");
        self.lines.push(line.trim_end().to_owned());
    }

    /// Marks where [`here`](Self::here) puts its lines.
    pub(super) fn later(&mut self) {
        self.later = self.lines.len();
    }

    /// Puts lines where [`later`](Self::later) was said.
    pub(super) fn here(&mut self, write: impl FnOnce(&mut Self)) {
        let behind = self.lines.split_off(self.later.min(self.lines.len()));
        write(self);
        self.lines.extend(behind);
    }

    pub(super) fn rows(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn into_text(self) -> String {
        self.lines.into_iter().map(|line| line + "\n").collect()
    }
}

/// Parts `rows` among groups of which each has a least and a most: what is above the least goes
/// round, one line each, first things first. The least is given whatever room there is.
pub(super) fn shares<const N: usize>(rows: usize, groups: [(usize, usize); N]) -> [usize; N] {
    let mut shares = groups.map(|(least, most)| least.min(most));
    let mut room = rows.saturating_sub(shares.iter().sum());
    while room > 0 {
        let before = room;
        for (share, (_, most)) in shares.iter_mut().zip(groups) {
            if room > 0 && *share < most {
                *share += 1;
                room -= 1;
            }
        }
        if room == before {
            break;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_parted_fairly_and_never_overdrawn() {
        let groups = [(1, 3), (1, 4), (2, 6)];
        assert_eq!(shares(100, groups), [3, 4, 6]);
        assert_eq!(shares(0, groups), [1, 1, 2]);
        assert_eq!(shares(6, groups), [2, 2, 2]);
        assert_eq!(shares(8, groups), [3, 2, 3]);
        assert_eq!(shares(8, [(1, 0), (1, 2), (2, 1)]), [0, 2, 1]);
        for rows in 4..13 {
            assert_eq!(shares(rows, groups).iter().sum::<usize>(), rows);
        }
    }
}
