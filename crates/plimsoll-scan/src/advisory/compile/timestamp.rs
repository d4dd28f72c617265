//! Moments as records write them: RFC 3339, <https://www.rfc-editor.org/rfc/rfc3339>.

/// Seconds since 1970; fractions are dropped. Nothing for what is no moment, nor for one before the
/// end of 1970: the zeros of clocks, of which databases have several, say that nobody knows.
pub(crate) fn parse(text: &str) -> Option<i64> {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    let seconds = text.parse::<jiff::Timestamp>().ok()?.as_second();
    (seconds >= YEAR).then_some(seconds)
}

/// Days since 1970 of the day that a text begins with: `2026-11-21`, `2026-11-21T12:55:00+0000`.
pub(crate) fn day(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.trim().get(..10)?.parse().ok()?;
    let days = date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
    Some(i64::from(days))
}

/// When such a day begins, in seconds since 1970 (UTC).
pub(crate) fn of_day(text: &str) -> Option<i64> {
    const DAY: i64 = 24 * 60 * 60;
    Some(day(text)? * DAY)
}

/// The moment of an archive's `Release`, in seconds since 1970:
/// `Fri, 20 Nov 2026 00:12:41 UTC`.
pub(crate) fn of_mail(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = match text.strip_suffix("UTC") {
        Some(rest) => format!("{rest}+0000"),
        None => text.to_owned(),
    };
    let zoned = jiff::fmt::rfc2822::parse(&text).ok()?;
    Some(zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_since_1970() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", None),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-11-21T13:42:03.123456Z", Some(1_795_268_523)),
            ("2025-05-20T10:02:07+02:00", Some(1_747_728_127)),
            ("1971-01-01T00:00:01Z", Some(31_536_001)),
            ("0001-01-01T00:00:00Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("2023-01-01", None),
            ("", None),
        ] {
            assert_eq!(parse(text), seconds, "{text}");
        }
    }

    #[test]
    fn days_and_moments_of_archives_are_read() {
        assert_eq!(day("1970-01-02"), Some(1));
        assert_eq!(day(" 2026-11-21T12:55:00+0000 "), Some(20_778));
        assert_eq!(of_day("2026-11-21"), parse("2026-11-21T00:00:00Z"));
        for none in ["", "2026-11-2", "2026-13-01", "heute-und-morgen"] {
            assert_eq!(day(none), None, "{none}");
        }
        let moment = parse("2026-11-20T00:12:41Z");
        assert_eq!(of_mail("Fri, 20 Nov 2026 00:12:41 UTC"), moment);
        assert_eq!(of_mail("yesterday"), None);
    }
}
