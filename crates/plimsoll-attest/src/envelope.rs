//! Signed envelopes, opened: DSSE (<https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>)
//! and the bundles of Sigstore around them. Their signatures are not verified here; whoever uses what
//! is inside has to say so.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::Value;

/// The payload of an envelope, or of the one in a bundle; `None` where `document` is neither.
///
/// # Errors
/// The payload is no base64.
pub fn payload(document: &Value) -> Option<Result<Vec<u8>, &'static str>> {
    let envelope = document.get("dsseEnvelope").unwrap_or(document);
    let payload = envelope.get("payload")?.as_str()?;
    Some(decoded(payload))
}

/// The bytes of a payload: either alphabet is allowed.
pub(crate) fn decoded(payload: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = BASE64_STANDARD
        .decode(payload)
        .or_else(|_| BASE64_URL_SAFE.decode(payload));
    bytes.map_err(|_| "is an envelope whose payload is no base64")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn envelopes_and_bundles_are_opened() {
        let envelope = json!({"payloadType": "application/vnd.in-toto+json", "payload": "Pz8_"});
        assert_eq!(payload(&envelope), Some(Ok(b"???".to_vec())));
        let bundle = json!({"dsseEnvelope": {"payload": "Pz8/"}, "verificationMaterial": {}});
        assert_eq!(payload(&bundle), Some(Ok(b"???".to_vec())));
        assert_eq!(payload(&json!({"payload": 3})), None);
        assert_eq!(payload(&json!([])), None);
        assert!(payload(&json!({"payload": "*"})).unwrap().is_err());
    }
}
