//! Times as the formats want them: RFC 3339 in UTC, whole seconds.

use jiff::Timestamp;

/// Seconds since 1970; `None` outside the years the formats can write.
pub(crate) fn from_seconds(seconds: i64) -> Option<String> {
    let text = Timestamp::from_second(seconds).ok()?.to_string();
    // RFC 3339 has years of four digits.
    (!text.starts_with('-')).then_some(text)
}

/// A time as some image states it, made uniform; `None` where it is none.
pub(crate) fn from_text(text: &str) -> Option<String> {
    from_seconds(text.parse::<Timestamp>().ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_texts() {
        assert_eq!(from_seconds(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(from_seconds(i64::MAX), None);
        assert_eq!(from_seconds(-70_000_000_000), None);
        assert_eq!(
            from_text("2026-11-21T03:04:05.678+01:00").as_deref(),
            Some("2026-11-21T02:04:05Z")
        );
        assert_eq!(from_text("yesterday"), None);
    }
}
