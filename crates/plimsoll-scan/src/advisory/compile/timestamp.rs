//! Moments as records write them: RFC 3339, <https://www.rfc-editor.org/rfc/rfc3339>.

/// Seconds since 1970; fractions are dropped. Nothing for what is no moment, nor for one before the
/// end of 1970: the zeros of clocks, of which databases have several, say that nobody knows.
pub(crate) fn parse(text: &str) -> Option<i64> {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    let seconds = text.parse::<jiff::Timestamp>().ok()?.as_second();
    (seconds >= YEAR).then_some(seconds)
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
}
