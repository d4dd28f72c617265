//! Keys in files of a form of their own: key stores of Java, PKCS #12 and MySQL, keys of PuTTY.

use memchr::memmem;
use plimsoll_model::Severity;

use super::placeholder::is_example;
use super::{Fingerprint, Hit};
use crate::catalogue::base_name;

/// Entries of a Java key store that are looked at.
const MAX_ENTRIES: u32 = 10_000;

/// A key store that holds a private key, and not only certificates to trust.
pub(super) fn key_store(path: &str, bytes: &[u8]) -> Option<Hit> {
    let (kind, severity) = if holds_java_key(bytes) || holds_pkcs12_key(bytes) {
        ("key-store", Severity::Medium)
    } else if base_name(path) == ".mylogin.cnf" && bytes.len() > 24 && bytes.starts_with(&[0; 4]) {
        // mysql_config_editor writes the key that opens it into the file.
        ("mysql-login-file", Severity::High)
    } else {
        return None;
    };
    Some(Hit {
        kind,
        severity,
        start: 0,
        end: 1,
        fingerprint: Fingerprint::of(bytes),
    })
}

/// Java's own form (JKS and JCEKS): a magic number, a version, entries, each with a tag.
fn holds_java_key(bytes: &[u8]) -> bool {
    let magic = [[0xfe, 0xed, 0xfe, 0xed], [0xce; 4]];
    let Some((head, mut rest)) = bytes.split_first_chunk::<4>() else {
        return false;
    };
    if !magic.contains(head) {
        return false;
    }
    let (Some(_version), Some(count)) = (long(&mut rest), long(&mut rest)) else {
        return false;
    };
    for _ in 0..count.min(MAX_ENTRIES) {
        match long(&mut rest) {
            // A key; 3 is a symmetric one.
            Some(1 | 3) => return true,
            Some(2) if skip_certificate(&mut rest).is_some() => {}
            _ => return false,
        }
    }
    false
}

/// Passes over the alias, the date and the certificate of a trusted certificate.
fn skip_certificate(rest: &mut &[u8]) -> Option<()> {
    skip_text(rest)?;
    skip(rest, 8)?;
    skip_text(rest)?;
    let length = long(rest)?;
    skip(rest, usize::try_from(length).ok()?)
}

fn skip_text(rest: &mut &[u8]) -> Option<()> {
    let (length, behind) = rest.split_first_chunk::<2>()?;
    *rest = behind;
    skip(rest, usize::from(u16::from_be_bytes(*length)))
}

fn skip(rest: &mut &[u8], count: usize) -> Option<()> {
    *rest = rest.get(count..)?;
    Some(())
}

fn long(rest: &mut &[u8]) -> Option<u32> {
    let (number, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(u32::from_be_bytes(*number))
}

/// PKCS #12 (RFC 7292): a sequence that begins with version 3, and in it a bag of a private key,
/// open or shrouded, whose sort stands there in the clear.
fn holds_pkcs12_key(bytes: &[u8]) -> bool {
    const BAGS: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01";
    let body = match bytes {
        [0x30, 0x80, body @ ..]
        | [0x30, 0x82, _, _, body @ ..]
        | [0x30, 0x83, _, _, _, body @ ..] => body,
        _ => return false,
    };
    body.starts_with(&[2, 1, 3, 0x30])
        && memmem::find_iter(body, BAGS).any(|at| matches!(body.get(at + BAGS.len()), Some(1 | 2)))
}

/// A private key as PuTTY writes it, version 2 or 3.
pub(super) fn putty_key(bytes: &[u8]) -> Option<Hit> {
    // Asked of every text: the mark comes first.
    if !bytes.starts_with(b"PuTTY-User-Key-File-") {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let encrypted = text
        .lines()
        .find_map(|line| line.strip_prefix("Encryption: "))?
        .trim()
        != "none";
    let at = text.find("\nPrivate-Lines: ")? + 1;
    let mut lines = text[at..].lines();
    let count: usize = lines.next()?.rsplit(' ').next()?.trim().parse().ok()?;
    let value: String = lines.take(count.min(1_000)).map(str::trim).collect();
    if value.len() < 16 || is_example(value.as_bytes()) {
        return None;
    }
    let (kind, severity) = match encrypted {
        true => ("encrypted-private-key", Severity::Medium),
        false => ("private-key", Severity::Critical),
    };
    Some(Hit {
        kind,
        severity,
        start: at,
        end: at + "Private-Lines: ".len(),
        fingerprint: Fingerprint::of(value.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn java(tags: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2];
        bytes.extend((tags.len() as u32).to_be_bytes());
        for tag in tags {
            bytes.extend(tag.to_be_bytes());
            bytes.extend(b"\x00\x02ca\0\0\0\0\0\0\0\0\x00\x05X.509\0\0\0\x03abc");
        }
        bytes
    }

    fn kind(path: &str, bytes: &[u8]) -> Option<&'static str> {
        key_store(path, bytes).map(|hit| hit.kind)
    }

    #[test]
    fn stores_of_keys_are_told_from_stores_of_certificates() {
        assert_eq!(kind("app/a.jks", &java(&[2, 2, 1])), Some("key-store"));
        assert_eq!(kind("etc/cacerts", &java(&[2, 2])), None);
        assert_eq!(kind("etc/cacerts", &java(&[])), None);
        let bag = |sort: u8| {
            let mut bytes = b"\x30\x82\x01\x00\x02\x01\x03\x30\x82".to_vec();
            bytes.extend(b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01");
            bytes.push(sort);
            bytes
        };
        assert_eq!(kind("app/a.p12", &bag(2)), Some("key-store"));
        assert_eq!(kind("app/a.p12", &bag(3)), None);
        let login = [&[0; 4][..], &[7; 30]].concat();
        assert_eq!(kind("root/.mylogin.cnf", &login), Some("mysql-login-file"));
        assert_eq!(kind("root/other", &login), None);
    }

    #[test]
    fn keys_of_putty() {
        let key = |encryption: &str| {
            format!(
                "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: {encryption}\r\nComment: me\r\n\
                 Public-Lines: 1\r\nAAAA\r\nPrivate-Lines: 1\r\n\
                 q7RtY2mWx9KpLz4VbN8cHd3FjGs6TuEaQwX5Zr1\r\nPrivate-MAC: 00\r\n"
            )
        };
        let open = putty_key(key("none").as_bytes()).unwrap();
        assert_eq!(
            (open.kind, open.severity),
            ("private-key", Severity::Critical)
        );
        let shut = putty_key(key("aes256-cbc").as_bytes()).unwrap();
        assert_eq!(shut.kind, "encrypted-private-key");
        assert_eq!(open.fingerprint, shut.fingerprint);
        assert!(putty_key(b"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n").is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..200), tags in proptest::collection::vec(0_u32..4, 0..4)) {
            let _ = key_store("x", &[&java(&tags)[..], &bytes].concat());
            let _ = key_store("x", &[b"\x30\x82\0\0\x02\x01\x03\x30", &bytes[..]].concat());
            let text = String::from_utf8_lossy(&bytes);
            let _ = putty_key(format!("PuTTY-User-Key-File-3: {text}\nEncryption: x\nPrivate-Lines: {text}").as_bytes());
        }
    }
}
