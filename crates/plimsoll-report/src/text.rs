//! Hostile text made safe for where it lands.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Whether a terminal, an editor or a web page would act on `c` instead of showing it: control
/// characters, marks that reorder or hide text, line separators.
pub(crate) fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// `text` on one line, with everything a terminal would act on written as an escape.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_active(c) => {
                write!(out, "\\u{{{:x}}}", u32::from(c)).expect("writing to a String cannot fail");
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// One character for one, so that columns stay what they are: control characters as their
/// pictures, everything else that acts as the replacement character. Tabs stay.
pub(crate) fn pictured(c: char) -> char {
    match c {
        '\t' => '\t',
        '\u{7f}' => '\u{2421}',
        c if u32::from(c) < 0x20 => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        c if is_active(c) => '\u{fffd}',
        c => c,
    }
}

/// `text` as Markdown that renders as itself: no markup, no HTML, no links, no mentions, one line.
pub(crate) fn markdown(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next();
        let before = &text[..at];
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // GitHub looks for mentions and issues in the rendered text, where an escape is gone;
            // an empty comment keeps the sign and the name apart.
            '@' | '#' if next.is_some_and(char::is_alphanumeric) => {
                out.push(c);
                out.push_str("<!-- -->");
            }
            // Addresses become links without any markup.
            ':' if next == Some('/') || ends_with_word(before, &["mailto", "xmpp"]) => {
                out.push_str("&#58;");
            }
            '.' if ends_with_word(before, &["www"]) => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // A list, a heading or an underline, but only in front.
            '-' | '+' | '=' | '#' if at == 0 => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if at > 0 && at < 10 && before.bytes().all(|b| b.is_ascii_digit()) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

fn ends_with_word(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        text.len()
            .checked_sub(word.len())
            .and_then(|at| text.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(word))
    })
}

/// `text` as inline code that also stands in a table cell. HTML rather than backticks: a fence of
/// backticks cannot hold a `|` in a cell without saying something else outside of one.
pub(crate) fn markdown_code(text: &str) -> String {
    format!("<code>{}</code>", markdown(text))
}

/// `text` for an XML attribute or for text between tags, on one line. What XML 1.0 has no way to
/// write is written as an escape.
pub(crate) fn xml(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // No characters, in XML 1.0.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// `text` as a URI reference (RFC 3986): `/` stays, everything but unreserved characters is
/// percent-encoded.
pub(crate) fn uri_path(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

/// `text` on lines of so many columns, broken between words. A word that is wider has a line of its
/// own and is not cut: it may be a path that somebody looks for.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split(' ') {
        let width = word.width();
        match lines.last_mut() {
            Some(line) if used + 1 + width <= columns => {
                line.push(' ');
                line.push_str(word);
                used += 1 + width;
            }
            _ => {
                lines.push(word.to_owned());
                used = width;
            }
        }
    }
    lines
}

/// `text` cut to so many columns, with a mark where it was cut.
pub fn fitting(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 0;
    let mut out: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used < columns
        })
        .collect();
    out.push('…');
    out
}

/// `12.3 %` of a whole, rounded half up as sizes are; what is more than nothing never reads as nothing,
/// and nothing is no part of nothing.
pub fn share(part: u64, whole: u64) -> String {
    let (part, whole) = (u128::from(part), u128::from(whole));
    match (part * 1000 + whole / 2).checked_div(whole) {
        Some(0) if part > 0 => "< 0.1 %".to_owned(),
        tenths => {
            let tenths = tenths.unwrap_or(0);
            format!("{}.{} %", tenths / 10, tenths % 10)
        }
    }
}

/// Millionths as `99.99 %`, rounded down: what wastes anything never reads as the whole.
pub fn efficiency(millionths: u32) -> String {
    format!("{}.{:02} %", millionths / 10_000, millionths / 100 % 100)
}

/// A phrase as a sentence.
pub(crate) fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// `1 file`, `2 files`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_given_nothing_to_act_on() {
        assert_eq!(visible("plain ä 漢"), "plain ä 漢");
        assert_eq!(
            visible("\u{1b}[31m\r\n\u{9b}\u{202e}x"),
            "\\u{1b}[31m\\r\\n\\u{9b}\\u{202e}x"
        );
        for c in [
            '\u{0}', '\u{1b}', '\u{7f}', '\u{85}', '\u{2066}', '\u{feff}',
        ] {
            assert!(!is_active(pictured(c)), "{c:?}");
        }
    }

    #[test]
    fn markdown_shows_what_it_was_given() {
        assert_eq!(
            markdown("<img src=x> | `a` [b](http://c) @me #1\n* d_e www.f"),
            "&lt;img src=x&gt; \\| \\`a\\` \\[b\\](http&#58;//c) @<!-- -->me #<!-- -->1\\\\n\\* d\\_e www&#46;f"
        );
        assert_eq!(markdown("- a-b"), "\\- a-b");
        assert_eq!(markdown("12. a 1.2"), "12\\. a 1.2");
    }

    #[test]
    fn xml_holds_no_markup() {
        assert_eq!(
            xml("<a b='c'>&\"\n\u{1b}]]>\u{ffff}"),
            "&lt;a b=&apos;c&apos;&gt;&amp;&quot;\\n\\u{1b}]]&gt;\u{fffd}"
        );
    }

    #[test]
    fn shares_are_short() {
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(2, 3), "66.7 %");
        assert_eq!(share(0, 0), "0.0 %");
        assert_eq!(share(0, 5), "0.0 %");
        assert_eq!(share(1, 2001), "< 0.1 %");
        assert_eq!(share(1, 2000), "0.1 %");
        // What `efficiency` calls 99.81 %.
        assert_eq!(share(991_400, 532_800_000), "0.2 %");
        assert_eq!(share(u64::MAX, u64::MAX), "100.0 %");
    }

    #[test]
    fn long_lines_break_between_words_and_lose_nothing() {
        assert_eq!(
            wrapped("a bb ccc dddddd e", 6),
            ["a bb", "ccc", "dddddd", "e"]
        );
        assert_eq!(wrapped("/a/long/path x", 4), ["/a/long/path", "x"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn uris_hold_nothing_unsafe() {
        assert_eq!(uri_path("a b/ä?#%"), "a%20b/%C3%A4%3F%23%25");
    }
}
