//! Moments, as reports tell them.

/// A moment as RFC 3339 writes it.
pub(super) fn moment(seconds: i64) -> Option<String> {
    let moment = jiff::Timestamp::from_second(seconds).ok()?;
    Some(moment.to_string())
}
