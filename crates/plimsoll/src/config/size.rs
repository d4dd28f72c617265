//! Sizes as people write them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The bytes that a size of the configuration is.
pub(super) fn size<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(source)?;
    parse_size(&text).map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "\"{}\" is not a size such as 500MB or 1.5GiB",
            text.escape_debug()
        ))
    })
}

/// Reads a size: a number with `B`, `kB`, `MB`, `GB` (powers of 1000) or `KiB`, `MiB`, `GiB`, in
/// letters of any size, and the `B` may be left out (`4M`), as dive takes them.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit = text[digits..].trim().to_ascii_lowercase();
    let unit: f64 = match unit.strip_suffix('b').unwrap_or(&unit) {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        "ki" => 1024.0,
        "mi" => 1024.0 * 1024.0,
        "gi" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * unit;
    (bytes.is_finite() && bytes <= 1e15).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("500MB"), Some(500_000_000));
        assert_eq!(parse_size("1.5 GiB"), Some(1_610_612_736));
        assert_eq!(parse_size("12"), Some(12));
        assert_eq!(parse_size("20mb"), Some(20_000_000));
        assert_eq!(parse_size("4M"), Some(4_000_000));
        assert_eq!(parse_size("1ki"), Some(1024));
        for bad in [
            "",
            "MB",
            "1.2.3MB",
            "1TB?",
            "1bb",
            "1mm",
            "-1MB",
            "9999999999999GB",
        ] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
    }
}
