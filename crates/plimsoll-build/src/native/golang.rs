//! Values as Go's `fmt` prints them: BuildKit's history entries are made that way, and the same
//! Dockerfile must give the same configuration.

/// `%q` of a string (`strconv.Quote`).
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            other => escaped(other, &mut out),
        }
    }
    out.push('"');
    out
}

/// `%q` of a slice of strings.
pub(crate) fn quoted_list<S: AsRef<str>>(list: &[S]) -> String {
    let items: Vec<String> = list.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", items.join(" "))
}

/// `%v` of a slice of strings.
pub(crate) fn plain_list<S: AsRef<str>>(list: &[S]) -> String {
    let items: Vec<&str> = list.iter().map(AsRef::as_ref).collect();
    format!("[{}]", items.join(" "))
}

/// `%q` of an integer: the character of that number.
pub(crate) fn quoted_rune(number: i64) -> String {
    let character = u32::try_from(number)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('\u{fffd}');
    let mut out = String::from("'");
    match character {
        '\'' => out.push_str("\\'"),
        other => escaped(other, &mut out),
    }
    out.push('\'');
    out
}

fn escaped(character: char, out: &mut String) {
    match character {
        '\\' => out.push_str("\\\\"),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        ' ' => out.push(' '),
        other if other < ' ' || other == '\u{7f}' => {
            out.push_str(&format!("\\x{:02x}", u32::from(other)));
        }
        other if other.is_control() || other.is_whitespace() => {
            let number = u32::from(other);
            if number < 0x1_0000 {
                out.push_str(&format!("\\u{number:04x}"));
            } else {
                out.push_str(&format!("\\U{number:08x}"));
            }
        }
        other => out.push(other),
    }
}

/// Reads a duration such as `1m30s` or `500ms` into nanoseconds (`time.ParseDuration`).
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        rest = &rest[end..];
        total += number * unit;
    }
    // 2^63 nanoseconds are 292 years.
    (total < 9.2e18).then(|| {
        let whole = total.round() as i64;
        if negative { -whole } else { whole }
    })
}

/// A duration in nanoseconds as Go prints it.
pub(crate) fn duration(nanoseconds: i64) -> String {
    let total = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let fraction = |value: u64, unit: u64, name: &str| {
        let (whole, part) = (value / unit, value % unit);
        if part == 0 {
            return format!("{whole}{name}");
        }
        let width = unit.ilog10() as usize;
        let digits = format!("{part:0width$}");
        format!("{whole}.{}{name}", digits.trim_end_matches('0'))
    };
    let text = match total {
        0 => return "0s".to_owned(),
        1..1_000 => format!("{total}ns"),
        1_000..1_000_000 => fraction(total, 1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(total, 1_000_000, "ms"),
        _ => {
            let minutes = total / 60_000_000_000;
            let seconds = fraction(total % 60_000_000_000, 1_000_000_000, "s");
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_go_both_ways() {
        for text in [
            "30s", "1m30s", "1h0m0s", "500ms", "1.5s", "0s", "2h45m0s", "1.5µs",
        ] {
            assert_eq!(duration(parse_duration(text).unwrap()), text);
        }
        for bad in ["", "30", "1x", "s", "1.s.", "--1s"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn quotes_are_gos() {
        assert_eq!(quoted("a\"b\n\u{1}ä"), "\"a\\\"b\\n\\x01ä\"");
        assert_eq!(quoted_rune(3), "'\\x03'");
        assert_eq!(quoted_rune(10), "'\\n'");
        assert_eq!(quoted_rune(0), "'\\x00'");
        assert_eq!(quoted_list(&["a", "b c"]), "[\"a\" \"b c\"]");
        assert_eq!(plain_list(&["a", "b"]), "[a b]");
    }
}
