//! The search of a file that is too long to be kept, piece by piece.

use super::super::detector::{LOOKBEHIND, Piece, Told, WINDOW};
use super::super::hits::Hits;
use super::super::pair::{IN_FILES, beside_ids};
use super::super::utf16::utf16_order;
use super::{Search, WHOLE, is_program, line_ends};

/// What the search of a piece needs of the next one.
const JOINT: usize = LOOKBEHIND + WINDOW;

/// Bytes that are gathered before they are searched, where they come in crumbs.
const GATHERED: usize = 64 << 10;

impl Search<'_> {
    pub(super) fn stream(&mut self, bytes: &[u8], last: bool) {
        if !self.kept.is_empty() || (bytes.len() <= JOINT && !last) {
            let before = self.kept.len();
            let joint = bytes.len().min(JOINT);
            self.kept.extend_from_slice(&bytes[..joint]);
            if joint == bytes.len() {
                if last || self.kept.len() >= GATHERED {
                    self.search_kept(last);
                }
                return;
            }
            let kept = std::mem::take(&mut self.kept);
            self.search_piece(&kept, before + LOOKBEHIND);
            self.move_base(&kept, before);
            self.kept = kept;
            self.kept.clear();
        }
        if last {
            self.search_piece(bytes, bytes.len());
            return;
        }
        let done = self.search_all_but_joint(bytes);
        self.kept.extend_from_slice(&bytes[done..]);
    }

    pub(super) fn search_kept(&mut self, last: bool) {
        let mut kept = std::mem::take(&mut self.kept);
        if last {
            self.search_piece(&kept, kept.len());
            kept.clear();
        } else {
            let done = self.search_all_but_joint(&kept);
            kept.drain(..done);
        }
        self.kept = kept;
    }

    /// Searches what needs nothing of what follows; gives how much of it is done with.
    fn search_all_but_joint(&mut self, bytes: &[u8]) -> usize {
        let limit = bytes.len().saturating_sub(WINDOW);
        self.search_piece(bytes, limit);
        let done = limit.saturating_sub(LOOKBEHIND);
        self.move_base(bytes, done);
        done
    }

    /// Searches for what begins before `limit` in a piece that begins at `base`.
    fn search_piece(&mut self, bytes: &[u8], limit: usize) {
        if self.program.is_none() && self.base == 0 && utf16_order(bytes).is_some() {
            // Texts of two bytes a letter are read whole or not at all.
            self.partly = true;
        }
        let program = match self.program {
            Some(program) => program,
            None => {
                let program = is_program(bytes);
                // What only the whole of it tells is not looked for.
                let left = !program && self.longest > WHOLE;
                self.partly |= left && !self.unless_owned;
                self.partly_unless_owned |= left && self.unless_owned;
                *self.program.insert(program)
            }
        };
        let from = usize::try_from(self.from - self.base).unwrap_or(usize::MAX);
        self.from = self.base + limit as u64;
        if self.told_room.is_full() {
            return;
        }
        let piece = Piece {
            bytes,
            from,
            limit,
            program,
            own: self.own_as(program),
        };
        let mut told = self.told;
        let hits = self.hits_in_piece(piece, &mut told);
        let sure = self.doubts(piece.own, &hits).then(|| {
            let piece = Piece {
                own: false,
                ..piece
            };
            self.hits_in_piece(piece, &mut self.told.clone())
        });
        self.told = told;
        self.place(bytes, hits, sure);
    }

    fn hits_in_piece(&self, piece: Piece<'_>, told: &mut Told) -> Hits {
        let mut hits = Hits::default();
        self.parent.detector.find(piece, told, &mut hits);
        if piece.own && !piece.program {
            beside_ids(piece.bytes, IN_FILES, &mut hits);
        }
        self.search_around(piece, told, &mut hits);
        hits
    }

    fn move_base(&mut self, bytes: &[u8], done: usize) {
        if self.program == Some(false) {
            self.lines_before += line_ends(&bytes[..done]);
        }
        self.base += done as u64;
        self.covered.forget_before(self.base);
        self.told.move_by(done);
    }
}
