//! What stands outside of comments: a line that is switched off asks for nothing.

use super::Line;

/// How a format writes comments.
#[derive(Clone, Copy)]
pub(super) struct Comments {
    /// What opens and closes one that may go on for lines; empty where there is none.
    block: (&'static str, &'static str),
    /// What opens one that goes to the end of its line.
    line: &'static str,
    /// Between two of these nothing opens a comment.
    quotes: &'static [u8],
}

pub(super) const XML: Comments = Comments {
    block: ("<!--", "-->"),
    line: "",
    quotes: b"",
};
pub(super) const GRADLE: Comments = Comments {
    block: ("/*", "*/"),
    line: "//",
    quotes: b"\"'",
};
pub(super) const RUBY: Comments = Comments {
    block: ("=begin", "=end"),
    line: "#",
    quotes: b"\"'",
};
pub(super) const TOML: Comments = Comments {
    block: ("", ""),
    line: "#",
    quotes: b"\"'",
};

/// What of some lines is in no comment, in as many pieces as there are.
pub(super) fn outside<'t>(lines: &[Line<'t>], comments: Comments) -> Vec<Line<'t>> {
    let mut pieces = Vec::new();
    let (open, close) = comments.block;
    let opens = |rest: &[u8], mark: &str| !mark.is_empty() && rest.starts_with(mark.as_bytes());
    let mut is_within = false;
    for line in lines {
        let mut piece = |from: usize, to: usize| {
            let text = line.text.get(from..to).unwrap_or_default();
            if !text.trim().is_empty() {
                let start = line.start + from;
                pieces.push(Line { text, start });
            }
        };
        let (mut from, mut at) = (0, 0);
        let mut quote = None;
        while let Some(rest @ [byte, ..]) = line.text.as_bytes().get(at..) {
            at += match quote {
                _ if is_within && opens(rest, close) => {
                    is_within = false;
                    from = at + close.len();
                    close.len()
                }
                _ if is_within => 1,
                Some(_) if *byte == b'\\' => 2,
                Some(end) => {
                    quote = Some(end).filter(|end| end != byte);
                    1
                }
                None if opens(rest, open) => {
                    piece(from, at);
                    is_within = true;
                    open.len()
                }
                None if opens(rest, comments.line) => {
                    piece(from, at);
                    from = line.text.len();
                    rest.len()
                }
                None => {
                    quote = Some(*byte).filter(|byte| comments.quotes.contains(byte));
                    1
                }
            };
        }
        if !is_within {
            piece(from, line.text.len());
        }
    }
    pieces
}
