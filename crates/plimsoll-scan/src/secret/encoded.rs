//! Credentials in base64.

use std::collections::HashSet;

use base64::Engine as _;
use plimsoll_model::Severity;

use super::Hit;
use super::context::in_context;
use super::der::der_key;
use super::detector::{Detector, Piece, Told, WINDOW};
use super::form::bot_token;
use super::hits::Hits;
use super::pattern::BASE64;
use super::runs::runs;
use super::utf16::utf16_text;

/// How often what was decoded is itself in base64.
const DEPTH: usize = 2;

/// The longest text that is read for more than tokens: settings are short, maps of sources are not.
const MAX_TEXT: usize = 4 << 10;

/// What a token in base64 takes at least.
const SHORTEST: usize = 28;

/// Credentials in what is written in base64 in a piece.
pub(super) fn in_base64(detector: &Detector, piece: Piece<'_>, told: &mut usize, hits: &mut Hits) {
    search(detector, piece, told, hits, DEPTH);
}

fn search(detector: &Detector, piece: Piece<'_>, told: &mut usize, hits: &mut Hits, depth: usize) {
    let bytes = piece.bytes;
    let end = bytes.len().min(piece.limit.saturating_add(WINDOW));
    let base = piece.from.saturating_sub(super::detector::LOOKBEHIND);
    let Some(part) = bytes.get(base..end) else {
        return;
    };
    runs(part, |run, run_end| {
        let at = base + run;
        if at < piece.from.max(*told) || at >= piece.limit || hits.is_full() {
            return;
        }
        // The number of a bot, with two parts more behind it.
        if part.get(run_end) == Some(&b'.')
            && matches!(part[run], b'M' | b'N' | b'O')
            && let Some(token) = bot_token(&bytes[at..])
        {
            *told = at + token.len();
            hits.push(Hit::of("discord-token", Severity::Critical, at, token));
            return;
        }
        // The run may begin in the middle: `+` and `/` part runs.
        let before = bytes[at.saturating_sub(96)..at]
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b'+' | b'/') || byte.is_ascii_alphanumeric())
            .count();
        let start = at - before;
        let (length, text) = gathered(&bytes[start..bytes.len().min(start + WINDOW / 2)]);
        if start + length <= *told || text.len() < SHORTEST {
            return;
        }
        *told = start + length;
        let Some(decoded) = decoded(&text) else {
            return;
        };
        // What PowerShell takes as `-EncodedCommand`.
        let decoded = utf16_text(&decoded).map_or(decoded, String::into_bytes);
        let inner = Piece {
            bytes: &decoded,
            from: 0,
            limit: decoded.len(),
            program: memchr::memchr(0, &decoded).is_some(),
            own: true,
        };
        let mut found = Hits::default();
        detector.find(inner, &mut Told::default(), &mut found);
        if found.is_empty() && depth > 1 && !inner.program {
            search(detector, inner, &mut 0, &mut found, depth - 1);
        }
        if found.is_empty() {
            found.extend(der_key(&decoded));
        }
        if found.is_empty() && !inner.program && decoded.len() <= MAX_TEXT {
            in_context(inner, true, &mut Told::default(), &mut found);
        }
        if found.overflows() {
            hits.leave_out();
        }
        let mut values = HashSet::new();
        found.retain(|hit| values.insert(hit.fingerprint));
        // None of them stands in the file as it is: each gets a letter, the last one the rest.
        let last = found.len().saturating_sub(1);
        for (number, hit) in found.into_iter().take(length).enumerate() {
            let from = start + number;
            let end = if number == last {
                start + length
            } else {
                from + 1
            };
            hits.push(Hit {
                start: from,
                end,
                ..hit
            });
        }
    });
}

/// What is in base64 at the beginning of `bytes`, over line ends where lines are long: how long it
/// is there, and what of it is letters.
fn gathered(bytes: &[u8]) -> (usize, Vec<u8>) {
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        let line = bytes[at..]
            .iter()
            .take_while(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-')
            })
            .count();
        text.extend_from_slice(&bytes[at..at + line]);
        at += line;
        let more = match &bytes[at..] {
            [b'\n', next, ..] | [b'\r', b'\n', next, ..] if line >= 60 => {
                next.is_ascii_alphanumeric() || matches!(next, b'+' | b'/')
            }
            _ => false,
        };
        if !more {
            return (at, text);
        }
        at += 1 + usize::from(bytes[at] == b'\r');
    }
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let text = text.trim_ascii_end();
    let whole = BASE64.decode(text).ok();
    whole.or_else(|| {
        // Cut off, or with something behind it: what is whole of it.
        let length = text
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or(text.len())
            / 4
            * 4;
        BASE64.decode(&text[..length]).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::super::Fingerprint;
    use super::super::hits::MAX_HITS;
    use super::*;

    /// More than are told are so wherever they stand.
    #[test]
    fn more_than_are_told() {
        let overflows = |count: usize| {
            let tokens = (0..count).map(|number| format!("glpat-q7RtY2mWx9KpLz4V{number:04}"));
            let text = BASE64.encode(tokens.collect::<Vec<_>>().join("\n"));
            let mut hits = Hits::default();
            in_base64(Detector::shared(), Piece::text(&text), &mut 0, &mut hits);
            (hits.len(), hits.overflows())
        };
        assert_eq!(overflows(MAX_HITS), (MAX_HITS, false));
        assert_eq!(overflows(MAX_HITS + 1), (MAX_HITS, true));
    }

    #[test]
    fn commands_of_powershell() {
        let command = "$db = 'x'\n$password = 'q7RtY2mWx9KpLz4V'";
        let pairs: Vec<u8> = command.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let text = format!("powershell -EncodedCommand {}", BASE64.encode(pairs));
        let mut hits = Hits::default();
        in_base64(Detector::shared(), Piece::text(&text), &mut 0, &mut hits);
        let found = hits.iter().map(|hit| hit.fingerprint);
        assert_eq!(
            found.collect::<Vec<_>>(),
            [Fingerprint::of(b"q7RtY2mWx9KpLz4V")]
        );
    }

    #[test]
    fn the_token_of_a_bot() {
        let found = |number: &str, rest: &str| -> Vec<String> {
            let first = BASE64.encode(number).replace('=', "");
            let text = format!("client.login(\"{first}{rest}\")");
            let mut hits = Hits::default();
            in_base64(Detector::shared(), Piece::text(&text), &mut 0, &mut hits);
            let tokens = hits.iter().filter(|hit| hit.kind == "discord-token");
            tokens
                .map(|hit| text[hit.start..hit.end].to_owned())
                .collect()
        };
        let rest = ".GabcDe.Kc8mPz2Lq7Rt4VbN8cHd3FjGs6TvXy1ZPqWe2a";
        let token = format!("{}{rest}", BASE64.encode("123498273645192837"));
        assert_eq!(found("123498273645192837", rest), [token]);
        assert_eq!(found("12349827364519283x", rest), [""; 0]);
        assert_eq!(found("123498273645192837", ".GabcDe"), [""; 0]);
    }
}
