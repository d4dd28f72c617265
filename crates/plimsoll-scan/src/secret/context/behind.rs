//! The value that stands behind a name and what assigns it.

use memchr::memmem;

use super::super::escape;
use super::super::form::LONGEST;
use super::default::{in_template, text_in};

/// How far the end of a value is looked for: beyond the longest, and what stands before it.
pub(super) const REACH: usize = LONGEST + 40;

/// The value that is assigned to what ends at `at`, where it begins, and whether in quotes.
pub(super) fn value_behind(bytes: &[u8], at: usize, settings: bool) -> Option<(usize, &str, bool)> {
    let line = &bytes[at..bytes.len().min(at + REACH)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let mut rest = line;
    // Ruby's, in a file of settings: `<%= ENV["X"] || "…" %>`.
    if settings && let Some((from, length)) = in_ruby(line) {
        let value = std::str::from_utf8(&line[from..from + length]).ok()?;
        return Some((at + from, value, true));
    }
    if before(bytes, at).ends_with(b"${") {
        let (from, length) = in_template(line)?;
        let value = std::str::from_utf8(&line[from..from + length]).ok()?;
        return (length <= LONGEST).then_some((at + from, value, !settings));
    }
    let skip = |rest: &mut &[u8], what: &[u8]| -> usize {
        let count = rest.iter().take_while(|byte| what.contains(byte)).count();
        *rest = &rest[count..];
        count
    };
    let closed = skip(&mut rest, b"\\\"'`])");
    // Whether no more than the value may follow, or else what is done with it.
    let mut pair = None;
    let mut tag = false;
    // Whether an expression may follow.
    let mut is_assigned = false;
    if closed == 0 && rest.first() == Some(&b'>') {
        // `<password>…</password>`
        rest = &rest[1..];
        tag = true;
    } else {
        // An array in C.
        if closed == 0
            && let Some(inner) = rest.strip_prefix(b"[")
            && let digits = inner
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
            && let Some(more) = inner[digits..].strip_prefix(b"]")
        {
            rest = more;
        }
        skip(&mut rest, b" \t");
        if closed > 0 && rest.starts_with(b"value=") {
            rest = &rest[6..];
        } else if let Some(more) = [&b"=>"[..], b":=", b"?=", b"->", b"<-"]
            .iter()
            .find_map(|operator| rest.strip_prefix(*operator))
        {
            is_assigned = true;
            rest = more;
        } else if let Some(more) = rest.strip_prefix(b"=") {
            if more.starts_with(b"=") || more.starts_with(b"~") {
                return None;
            }
            is_assigned = true;
            rest = more;
        } else if let Some(more) = rest.strip_prefix(b":") {
            is_assigned = true;
            rest = after_type(more);
        } else if closed > 0 && rest.first() == Some(&b',') {
            rest = &rest[1..];
        } else if let Some(more) = rest.strip_prefix(b"to ").filter(|_| closed > 0) {
            // A pair in Kotlin, and no sentence.
            if line[..closed].contains(&b'\\') {
                return None;
            }
            pair = Some(opens_pair(before(bytes, at))?);
            rest = more;
        } else if let Some(more) = [&b"||="[..], b"||", b"??=", b"??"]
            .iter()
            .find_map(|operator| rest.strip_prefix(*operator))
        {
            // What stands in for a variable is a text; behind it, in shells, a command is none.
            let is_text = more.trim_ascii_start().first().is_some_and(is_quote);
            if !is_text || !is_variable(before(bytes, at), &line[..closed]) {
                return None;
            }
            rest = more;
        } else if let Some(more) = rest.strip_prefix(b"As ") {
            // `Dim password As String = "…"`
            let kind = more.iter().take(40);
            let kind = kind.take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.');
            let behind = more[kind.count()..].trim_ascii_start();
            rest = behind.strip_prefix(b"=")?;
        } else if let Some(more) = typed(rest) {
            is_assigned = true;
            rest = more;
        } else {
            return None;
        }
        skip(&mut rest, b" \t");
        if settings
            && is_assigned
            && let Some(found) = of_next_line(bytes, at + (line.len() - rest.len()))
        {
            return Some(found);
        }
    }
    // Prefixes of strings, and backslashes of strings in strings.
    while let [
        b'b' | b'r' | b'u' | b'f' | b'@' | b'$' | b'\\' | b'L',
        more @ ..,
    ] = rest
    {
        if !matches!(more.first(), Some(b'"' | b'\'' | b'`' | b'\\')) {
            break;
        }
        rest = more;
    }
    let (rest, end, quoted) = match rest {
        [quote @ (b'"' | b'\'' | b'`'), more @ ..] => {
            // In TOML and Python three open a text, too.
            let more = more.strip_prefix(&[*quote, *quote]).unwrap_or(more);
            let end = end_of_string(more, *quote)?;
            // `name: "Type" = …` in Python.
            let behind = more[end..].get(1..).unwrap_or_default().trim_ascii_start();
            // Or it is compared: `… || "text" === type`.
            if matches!(behind, [b'=', next, ..] if *next != b'>') || behind.starts_with(b"!=") {
                return None;
            }
            if pair.is_some_and(|pair| !ends_pair(behind, pair)) {
                return None;
            }
            (more, end, true)
        }
        _ if pair.is_some() => return None,
        _ if tag => (rest, memchr::memchr(b'<', rest)?, true),
        _ if settings => {
            let end = rest
                .iter()
                .position(|byte| {
                    byte.is_ascii_whitespace()
                        || matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'<' | b'>')
                })
                .unwrap_or(rest.len());
            (rest, end, false)
        }
        _ => match variable_in_text(bytes, at) {
            Some(end) => (&line[1..], end, true),
            None => {
                let (from, length) = text_in(rest).filter(|_| is_assigned)?;
                (&rest[from..], length, true)
            }
        },
    };
    if end > LONGEST {
        return None;
    }
    let value = std::str::from_utf8(&rest[..end]).ok()?;
    let start = at + (line.len() - rest.len());
    Some((start, value, quoted))
}

/// Where the value ends of a variable that a text in code sets, and whose name ends at `at`:
/// `"DB_PASSWORD=…"`, `"!export TOKEN=…"`.
fn variable_in_text(bytes: &[u8], at: usize) -> Option<usize> {
    let value = bytes[at..bytes.len().min(at + REACH)].strip_prefix(b"=")?;
    let opened = before(bytes, at);
    let name = bytes[at.saturating_sub(120)..at].iter().rev();
    let mut name = name.take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
    if name.any(u8::is_ascii_lowercase) {
        return None;
    }
    let opened = [&b"!export "[..], b"export ", b"%env "]
        .iter()
        .find_map(|sets| opened.strip_suffix(*sets))
        .unwrap_or(opened);
    let ends = |byte: &u8| byte.is_ascii_whitespace() || is_quote(byte) || *byte == b'\\';
    let end = value.iter().position(ends)?;
    opened
        .last()
        .is_some_and(|last| is_quote(last) && end > 0)
        .then_some(end)
}

/// The text that stands in for what Ruby looks up, behind a name and its colon.
fn in_ruby(line: &[u8]) -> Option<(usize, usize)> {
    let inner = line.strip_prefix(b":")?.trim_ascii_start();
    let inner = inner.strip_prefix(b"\"").unwrap_or(inner);
    let inner = inner.strip_prefix(b"<%=")?;
    let from = line.len() - inner.len();
    let inner = &inner[..memmem::find(inner, b"%>")?];
    let (start, length) = text_in(inner)?;
    Some((from + start, length))
}

fn is_quote(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// What stands in its line before the name that ends at `at`, with the quote that opens that.
fn before(bytes: &[u8], at: usize) -> &[u8] {
    let line = &bytes[at.saturating_sub(120)..at];
    let line = line.rsplit(|byte| *byte == b'\n').next().unwrap_or(line);
    let is_of_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$');
    let name = line.iter().rev().take_while(|byte| is_of_name(byte));
    &line[..line.len() - name.count()]
}

/// Where a pair of Kotlin stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pair {
    /// Among arguments.
    Argument,
    /// Anywhere else.
    Value,
}

/// Where the pair stands whose first begins behind this: as an argument, an element, or a value. None
/// where it is no pair of code.
fn opens_pair(before: &[u8]) -> Option<Pair> {
    let (quote, opened) = before.split_last()?;
    is_quote(quote).then_some(())?;
    let opened = opened.trim_ascii();
    match opened.last() {
        Some(b'(' | b',') => Some(Pair::Argument),
        None | Some(b'=' | b'[' | b'{' | b':' | b'>') => Some(Pair::Value),
        Some(_) => (opened == b"return").then_some(Pair::Value),
    }
}

/// Whether a pair in code may go on so behind its text: what is made of the text, `.toByteArray()`, `as
/// Any`, stands among arguments; elsewhere a sentence may go on like that.
fn ends_pair(behind: &[u8], pair: Pair) -> bool {
    match behind {
        [] | [b',' | b')' | b'}' | b';' | b'/', ..] => true,
        [b'.', next, ..] => pair == Pair::Argument && next.is_ascii_lowercase(),
        [b'a', b's', b' ', next, ..] => pair == Pair::Argument && next.is_ascii_uppercase(),
        _ => false,
    }
}

/// Whether a name between these is what a text may stand in for: that of a variable, or one in the
/// brackets of what looks it up, `ENV["…"]`, `getenv("…")`; but no text that is compared, and no
/// condition.
fn is_variable(before: &[u8], closed: &[u8]) -> bool {
    let opened = match closed.last() {
        None => before,
        Some(b']' | b')') => match before.split_last() {
            Some((quote, outer)) if is_quote(quote) => {
                return matches!(outer.trim_ascii_end().last(), Some(b'[' | b'('));
            }
            _ => before.strip_suffix(b"(").unwrap_or(before),
        },
        Some(_) => return false,
    };
    let opened = opened.trim_ascii_end();
    // Behind a name it says that there is one: `config!.password`.
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_)]".contains(byte);
    let negated = opened
        .strip_suffix(b"!")
        .is_some_and(|rest| !rest.last().is_some_and(is_name));
    !opened.ends_with(b"==") && !opened.ends_with(b"!=") && !negated
}

/// Where a string ends that stands in these quotes, or what a backslash stands for in it, other than
/// a letter that is written as a number.
fn end_of_string(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(quote, b'\\', &bytes[at..])?;
        if escape::number(&bytes[at..]).is_none() {
            return Some(at);
        }
        at += escape::LENGTH;
    }
}

/// Behind the colon of `name: Type = "…"`, what is behind the equals sign.
fn after_type(rest: &[u8]) -> &[u8] {
    let length = rest
        .iter()
        .take(40)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b' ' | b'_' | b'<' | b'>' | b'|' | b'&' | b'[' | b']' | b'.' | b'?'
                )
        })
        .count();
    match &rest[length..] {
        [b'=', more @ ..] if length > 1 && !more.starts_with(b"=") => more,
        _ => rest,
    }
}

/// Behind the type of what is declared, what is behind the equals sign: `apiKey string = "…"` in Go,
/// `Password { get; set; } = "…"` in C#.
fn typed(rest: &[u8]) -> Option<&[u8]> {
    let behind = match rest.strip_prefix(b"string ") {
        Some(behind) => behind,
        None => {
            let inner = rest.strip_prefix(b"{")?.trim_ascii_start();
            let inner = inner.strip_prefix(b"get;")?;
            &inner[memchr::memchr(b'}', &inner[..inner.len().min(40)])? + 1..]
        }
    };
    let more = behind.trim_ascii_start().strip_prefix(b"=")?;
    (!more.starts_with(b"=")).then_some(more)
}

/// The value on the line below in YAML, where it stands alone and deeper than its name, which ends in the
/// line before `at`: nothing is behind that, or what says that a text follows (YAML 1.2.2, sections 6.1
/// and 8.1).
fn of_next_line(bytes: &[u8], at: usize) -> Option<(usize, &str, bool)> {
    let rest = &bytes[at..bytes.len().min(at + REACH)];
    let end = memchr::memchr(b'\n', rest)?;
    let opens = rest[..end].trim_ascii();
    let opens = match opens {
        [b'|' | b'>', marks @ ..] => marks,
        other => other,
    };
    opens
        .iter()
        .all(|mark| b"+-123456789".contains(mark))
        .then_some(())?;
    let blanks = |line: &[u8]| line.iter().take_while(|byte| **byte == b' ').count();
    let below = &rest[end + 1..];
    // What goes on behind what is looked at is no password.
    let is_whole = at + rest.len() == bytes.len();
    let length = memchr::memchr(b'\n', below).or(is_whole.then_some(below.len()))?;
    let (line, indent) = (&below[..length], blanks(below));
    let own = &bytes[at.saturating_sub(REACH)..at];
    let own = own.rsplit(|byte| *byte == b'\n').next()?;
    let value = line[indent.min(length)..].trim_ascii_end();
    let mut rest = below[(length + 1).min(below.len())..].split(|byte| *byte == b'\n');
    let next = rest.find(|line| !line.trim_ascii().is_empty());
    let goes_on = next.is_some_and(|next| blanks(next) >= indent);
    // What has blanks or names something is another entry, or a sentence.
    let is_alone = !value.is_empty()
        && value.len() <= LONGEST
        && !value.iter().any(u8::is_ascii_whitespace)
        && !value.ends_with(b":")
        && !value.starts_with(b"#");
    own.trim_ascii_end().ends_with(b":").then_some(())?;
    (is_alone && !goes_on && indent > blanks(own)).then_some(())?;
    let (quote, value) = match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => (1, inner),
        _ => (0, value),
    };
    let value = std::str::from_utf8(value).ok()?;
    Some((at + end + 1 + indent + quote, value, quote == 1))
}

#[cfg(test)]
mod tests {
    use super::super::super::detector::{Piece, Told};
    use super::super::super::hits::Hits;
    use super::super::in_context;

    fn found(text: &str) -> Vec<&str> {
        let mut hits = Hits::default();
        in_context(Piece::text(text), false, &mut Told::default(), &mut hits);
        hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
    }

    #[test]
    fn what_stands_in_for_a_variable() {
        for text in [
            "const p = process.env.DB_PASSWORD || \"Tr0ub4dor\";",
            "ENV[\"DB_PASSWORD\"] ||= \"Tr0ub4dor\"",
            "p = ENV['DB_PASSWORD'] || 'Tr0ub4dor'",
            "$p = getenv('DB_PASSWORD') ?: 'x'; $q = getenv( \"DB_PASSWORD\") ?? \"Tr0ub4dor\";",
            "$p = $_ENV['DB_PASSWORD'] ?? 'Tr0ub4dor';",
            "connect({ password: opts.password || 'Tr0ub4dor' })",
            "const p = (config.password) ?? 'Tr0ub4dor'",
            "const p = () => password || 'Tr0ub4dor'",
            "const p = this.config!.password || \"Tr0ub4dor\";",
            "let p = settings()!.password ?? \"Tr0ub4dor\"",
        ] {
            assert_eq!(found(text), ["Tr0ub4dor"], "{text}");
        }
        for none in [
            "if (t === 'password' || 'Abc12345' === x)",
            "if (el.type === \"password\" || \"text1Input2\" === y) {",
            "if (t === 'password' || 'Abc12345')",
            "if ((t === 'password') || 'Abc12345')",
            "if (t === password || 'Abc12345')",
            "if (t != (password) || 'Abc12345')",
            "if (!password || 'Abc12345')",
            "if (! password || 'Abc12345')",
            "return !this.password || 'Abc12345'",
            "if (a&&!password || 'Abc12345')",
            "if (password || 'Abc12345' === x)",
            "if (password || 'Abc12345' !== x)",
            "if (password || 'Abc12345' == x)",
        ] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }

    #[test]
    fn pairs_of_kotlin_and_sentences() {
        for text in [
            "mapOf(\"user\" to \"bob\", \"password\" to \"Winter2024x\", \"x\" to \"y\")",
            "mapOf(\n  \"password\" to \"Winter2024x\" // ours\n)",
            "val p = \"password\" to \"Winter2024x\"",
            "mapOf(\"password\" to \"Winter2024x\" as Any)",
            "mapOf(\"user\" to u, \"password\" to \"Winter2024x\".toByteArray())",
            "fun login(): Pair<String, String> {\n  return \"password\" to \"Winter2024x\"\n}",
        ] {
            assert_eq!(found(text), ["Winter2024x"], "{text}");
        }
        for none in [
            "msg = \"Set \\\"password\\\" to \\\"Winter2024x\\\" first\"",
            "msg = \"\\\"password\\\" to \\\"Winter2024x\\\"\"",
            "msg = 'Set \"password\" to \"Winter2024x\" first'",
            "msg = 'Set \"password\" to \"Winter2024x\"'",
            "\"password\" to \"Winter2024x\" changes it",
            "We return \"password\" to \"Winter2024x\"",
            "(\"password\" to \"Winter2024x\". Then go on)",
            "(\"password\" to \"Winter2024x\" as before)",
            "\"password\" to \"Winter2024x\".lowercase",
        ] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }
}
