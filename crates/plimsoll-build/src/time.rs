//! Times as image configurations write them.

use jiff::Timestamp;

/// RFC 3339 of `epoch`; of now where there is none, as nobody asked for equal bytes then. A second
/// beyond the calendar is its nearest.
pub(crate) fn rfc3339(epoch: Option<i64>) -> String {
    let seconds = epoch.unwrap_or_else(|| Timestamp::now().as_second());
    let seconds = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    // The clamp leaves nothing that fails.
    Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (epoch, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (i64::MAX, "9999-12-30T22:00:00Z"),
        ] {
            assert_eq!(rfc3339(Some(epoch)), text);
        }
    }
}
