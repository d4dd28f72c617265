//! The texts in programs whose format says where each ends: there the bytes of the format stand
//! right beside them, and no mark would stand apart.

/// The shortest text that is taken out.
const SHORTEST: usize = 12;

/// The texts of a compiled Python module or of a Java class, one a line; none for anything else.
pub(super) fn texts(path: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    if path.ends_with(".pyc") {
        // The second half of the magic number (CPython, `importlib`).
        (bytes.get(2..4)? == b"\r\n").then(|| of_python(&bytes[4..]))
    } else {
        bytes
            .starts_with(&[0xca, 0xfe, 0xba, 0xbe])
            .then(|| of_java(&bytes[4..]))
    }
}

/// Strings as `marshal` writes them: a letter, the length in one byte or four, the text. The top bit
/// of the letter says that it is referred to (CPython, `Python/marshal.c`). Looked for wherever one
/// may begin, so that neither the version nor how deep objects lie matters.
fn of_python(bytes: &[u8]) -> Vec<u8> {
    let mut texts = Vec::new();
    let mut at = 0;
    while let Some(letter) = bytes.get(at) {
        let (length, from) = match letter & 0x7f {
            b'z' | b'Z' => (bytes.get(at + 1).map(|length| usize::from(*length)), at + 2),
            b'a' | b'A' | b'u' | b's' | b't' => {
                let length = bytes.get(at + 1..).and_then(|rest| rest.first_chunk::<4>());
                let length =
                    length.and_then(|length| usize::try_from(u32::from_le_bytes(*length)).ok());
                (length, at + 5)
            }
            _ => (None, 0),
        };
        at += 1;
        let text = length
            .filter(|length| *length >= SHORTEST)
            .and_then(|length| bytes.get(from..from.checked_add(length)?))
            .filter(|text| is_text(text));
        if let Some(text) = text {
            at = from + text.len();
            take(&mut texts, text);
        }
    }
    texts
}

/// Constants of a class: a tag, and for texts, whose tag is 1, the length in two bytes (JVM
/// specification, 4.4.7).
fn of_java(bytes: &[u8]) -> Vec<u8> {
    let mut texts = Vec::new();
    let mut at = 0;
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.first_chunk::<3>()) {
        let length = usize::from(u16::from_be_bytes([next[1], next[2]]));
        let text = (next[0] == 1 && length >= SHORTEST)
            .then(|| bytes.get(at + 3..at + 3 + length))
            .flatten()
            .filter(|text| is_text(text));
        at += 1;
        if let Some(text) = text {
            at += 2 + text.len();
            take(&mut texts, text);
        }
    }
    texts
}

fn take(texts: &mut Vec<u8>, text: &[u8]) {
    texts.extend_from_slice(text);
    texts.push(b'\n');
}

fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    !bytes.iter().any(control) && std::str::from_utf8(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_of_a_module_and_of_a_class() {
        let token = "a token of thirty letters here";
        let mut module = b"\xa7\r\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3\0\0".to_vec();
        module.extend([0xda, token.len() as u8]);
        module.extend(token.as_bytes());
        module.extend(b"N)\x01\xda\x01T");
        module.extend([b'u', 14, 0, 0, 0]);
        module.extend("größe größe".as_bytes());
        let text = format!("{token}\ngröße größe\n");
        assert_eq!("größe größe".len(), 15);
        module[19 + 2 + token.len() + 6 + 1] = 15;
        let found = texts("a/b.pyc", &module);
        assert_eq!(String::from_utf8(found.unwrap()).unwrap(), text);
        let mut class = b"\xca\xfe\xba\xbe\0\0\0\x34\0\x05\x01\0".to_vec();
        class.push(token.len() as u8);
        class.extend(token.as_bytes());
        class.extend(b"\x01\0\x04Code");
        assert_eq!(
            texts("A.class", &class),
            Some(format!("{token}\n").into_bytes())
        );
        assert_eq!(texts("x", b"\x7fELF"), None);
        assert_eq!(texts("x.pyc", b""), None);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'z'), Just(b's'), Just(1_u8), Just(0_u8)], 0..400)) {
            let long = |texts: Vec<u8>| texts.len() <= bytes.len();
            prop_assert!(long(of_python(&bytes)));
            prop_assert!(long(of_java(&bytes)));
        }
    }
}
