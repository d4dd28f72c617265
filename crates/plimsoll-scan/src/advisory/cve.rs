//! CVE numbers as numbers (<https://www.cve.org/Resources/General/CVE-ID-Syntax>), small and in
//! order.

/// Bits of the number within its year.
const BITS: u32 = 48;

/// `CVE-2024-3094` as one number: the year, then what follows. Nothing for what is none.
pub(super) fn number(text: &str) -> Option<u64> {
    let (year, number) = text.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if year.len() != 4 || !digits(year) || !digits(number) {
        return None;
    }
    let (year, number): (u64, u64) = (year.parse().ok()?, number.parse().ok()?);
    (number >> BITS == 0).then_some(year << BITS | number)
}

/// The CVE number that a name is or ends with: `DEBIAN-CVE-2024-3094`.
pub(super) fn of_name(name: &str) -> Option<u64> {
    let at = match name.starts_with("CVE-") {
        true => 0,
        false => name.rfind("-CVE-")? + 1,
    };
    number(name.get(at..)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_order_of_their_years() {
        let of = |text: &str| number(text).unwrap();
        assert!(of("CVE-1999-99999") < of("CVE-2024-0001"));
        assert!(of("CVE-2024-0001") < of("CVE-2024-100000"));
        assert_eq!(of_name("DEBIAN-CVE-2024-3094"), number("CVE-2024-3094"));
        assert_eq!(of_name("GHSA-CVE"), None);
        for none in [
            "",
            "CVE-2024",
            "CVE-2024-",
            "CVE-24-1",
            "cve-2024-1",
            "CVE-2024-+1",
            "CVE-2024-1x",
            "CVE-2024-99999999999999999",
            "GHSA-2024-1",
        ] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
