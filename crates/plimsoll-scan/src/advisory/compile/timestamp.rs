//! Moments as records write them: RFC 3339, <https://www.rfc-editor.org/rfc/rfc3339>.

/// The end of the year 1, in seconds since 1970: the zero of Go's clock, which says that nobody
/// knows, lies before it.
const UNKNOWN: i64 = -62_104_060_800;

/// Seconds since 1970; fractions are dropped. Nothing for what is no moment.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let seconds = text.parse::<jiff::Timestamp>().ok()?.as_second();
    (seconds >= UNKNOWN).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_since_1970() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-11-21T13:42:03.123456Z", Some(1_795_268_523)),
            ("2025-05-20T10:02:07+02:00", Some(1_747_728_127)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("0001-01-01T00:00:00Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("2023-01-01", None),
            ("", None),
        ] {
            assert_eq!(parse(text), seconds, "{text}");
        }
    }
}
