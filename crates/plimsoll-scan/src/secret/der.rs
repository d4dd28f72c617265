//! Private keys without the dress of PEM: DER, JSON web keys, key tables of Kerberos.

use plimsoll_model::Severity;
use serde_json::Value;

use super::hits::Hits;
use super::json::strings;
use super::pattern::is_probe;
use super::{Fingerprint, Hit};

/// A private key in DER that takes all of `bytes`: PKCS #8 (RFC 5958), PKCS #1 (RFC 8017), SEC 1
/// (RFC 5915), and PKCS #8 under a password.
pub(super) fn der_key(bytes: &[u8]) -> Option<Hit> {
    let (body, rest) = sequence(bytes)?;
    if rest.len() > 2 || body.len() < 32 {
        return None;
    }
    // The version, and what a key of that sort goes on with.
    let open = match body {
        [2, 1, 0 | 1, 0x30, _, 6, ..] | [2, 1, 0 | 1, 0x30, _, 0x30, ..] => true,
        [2, 1, 0, 2, 0x81 | 0x82, ..] => true,
        [2, 1, 1, 4, 0x20 | 0x30 | 0x42, ..] => true,
        [
            0x30,
            _,
            6,
            9,
            0x2a,
            0x86,
            0x48,
            0x86,
            0xf7,
            0x0d,
            1,
            5,
            0x0d,
            ..,
        ] => false,
        _ => return None,
    };
    if is_probe(bytes) {
        return None;
    }
    let (kind, severity) = match open {
        true => ("private-key", Severity::Critical),
        false => ("encrypted-private-key", Severity::Medium),
    };
    Some(hit(kind, severity, 0, 1, bytes))
}

/// The content of the sequence that bytes begin with, and what follows it.
fn sequence(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [0x30, length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [0x30, 0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x30, 0x82, a, b, rest @ ..] => (usize::from(u16::from_be_bytes([*a, *b])), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Keys of Kerberos as MIT's programs keep them: a version, and entries with their lengths.
pub(super) fn key_table(bytes: &[u8]) -> Option<Hit> {
    let rest = bytes.strip_prefix(&[5, 2])?;
    let (length, entry) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(i32::from_be_bytes(*length)).ok()?;
    let entry = entry.get(..length)?;
    // How many parts the name has, and how long the realm is.
    let parts = u16::from_be_bytes([*entry.first()?, *entry.get(1)?]);
    let realm = usize::from(u16::from_be_bytes([*entry.get(2)?, *entry.get(3)?]));
    let realm = entry.get(4..4 + realm)?;
    let whole = (1..=8).contains(&parts) && !realm.is_empty() && realm.is_ascii();
    whole.then(|| hit("kerberos-keytab", Severity::High, 0, 1, bytes))
}

/// Private and symmetric keys in JSON (RFC 7517), alone or in a set.
pub(super) fn web_keys(text: &str, hits: &mut Hits) {
    if !text.contains("\"kty\"") {
        return;
    }
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let keys = document.get("keys").and_then(Value::as_array);
    let places = strings(text);
    for key in keys.map_or(std::slice::from_ref(&document), Vec::as_slice) {
        let field = match key.get("kty").and_then(Value::as_str) {
            Some("oct") => "k",
            Some(_) => "d",
            None => continue,
        };
        let value = key.get(field).and_then(Value::as_str).unwrap_or_default();
        if value.len() >= 20
            && !hits.is_full()
            && let Some(place) = places.get(value)
        {
            hits.push(hit(
                "private-key",
                Severity::Critical,
                place.start,
                place.end,
                value.as_bytes(),
            ));
        }
    }
}

fn hit(kind: &'static str, severity: Severity, start: usize, end: usize, value: &[u8]) -> Hit {
    Hit {
        kind,
        severity,
        start,
        end,
        fingerprint: Fingerprint::of(value),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_in_der() {
        let wrap = |body: &[u8]| [&[0x30, 0x82, 0, body.len() as u8][..], body].concat();
        let kind = |bytes: &[u8]| der_key(bytes).map(|hit| hit.kind);
        let pkcs8 = [&[2, 1, 0, 0x30, 13, 6][..], &[7; 60]].concat();
        assert_eq!(kind(&wrap(&pkcs8)), Some("private-key"));
        let pkcs1 = [&[2, 1, 0, 2, 0x82, 1][..], &[7; 60]].concat();
        assert_eq!(kind(&wrap(&pkcs1)), Some("private-key"));
        let locked = [
            &b"\x30\x57\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"[..],
            &[7; 60],
        ]
        .concat();
        assert_eq!(kind(&wrap(&locked)), Some("encrypted-private-key"));
        let certificate = [&[0x30, 0x82, 1, 0, 0xa0, 3, 2, 1, 2][..], &[7; 60]].concat();
        assert_eq!(kind(&wrap(&certificate)), None);
        assert_eq!(kind(&[wrap(&pkcs8), vec![0; 9]].concat()), None);
    }

    #[test]
    fn keys_in_json_and_tables() {
        let mut hits = Hits::default();
        let text = format!(
            "{{\"keys\":[{{\"kty\":\"EC\",\"d\":\"{}\"}},{{\"kty\":\"EC\",\"x\":\"y\"}}]}}",
            "q7RtY2mW".repeat(5)
        );
        web_keys(&text, &mut hits);
        assert_eq!(hits.len(), 1);
        // As some writers escape base64.
        let key = "q7RtY2mW".repeat(5);
        let escaped = format!("{{\"kty\":\"oct\",\"k\":\"a\\/{key}\"}}");
        let mut one = Hits::default();
        web_keys(&escaped, &mut one);
        assert_eq!(escaped[one[0].start..one[0].end], format!("a\\/{key}"));
        let said = format!("a/{key}");
        assert_eq!(one[0].fingerprint, Fingerprint::of(said.as_bytes()));
        web_keys("{\"kty\":\"RSA\",\"n\":\"x\",\"e\":\"AQAB\"}", &mut hits);
        assert_eq!(hits.len(), 1);
        let table = [&b"\x05\x02\0\0\0\x20\0\x01\0\x04CORP"[..], &[1; 24]].concat();
        assert!(key_table(&table).is_some());
        assert!(key_table(b"\x05\x02\0\0\0\x20").is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in any::<String>()) {
            let _ = der_key(&[&[0x30, 0x81][..], &bytes].concat());
            let _ = key_table(&[&[5, 2, 0, 0, 0][..], &bytes].concat());
            web_keys(&format!("{{\"kty\":\"oct\",\"k\":{text:?}}}"), &mut Hits::default());
        }
    }
}
