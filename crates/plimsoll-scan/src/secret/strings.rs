//! The texts in programs whose format says where each ends: there the bytes of the format stand
//! right beside them, and no mark would stand apart.

use super::sqlite::Database;

/// The shortest text that is taken out.
const SHORTEST: usize = 12;

/// Places that are told apart at once.
const BLOCK: usize = 64;

/// The texts of a compiled Python module, of a Java class or of a database, one a line; none for
/// anything else.
pub(super) fn texts(path: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    if path.ends_with(".pyc") {
        // The second half of the magic number (CPython, `importlib`).
        (bytes.get(2..4)? == b"\r\n").then(|| of_python(&bytes[4..]))
    } else if bytes.starts_with(&[0xca, 0xfe, 0xba, 0xbe]) {
        Some(of_java(&bytes[4..]))
    } else {
        Database::texts(bytes)
    }
}

/// Strings as `marshal` writes them: a letter, the length in one byte or four, the text. The top bit
/// of the letter says that it is referred to (CPython, `Python/marshal.c`). Looked for wherever one
/// may begin, so that neither the version nor how deep objects lie matters.
fn of_python(bytes: &[u8]) -> Vec<u8> {
    let mut texts = Vec::new();
    let mut done = 0;
    // Whichever length it has, that of a short text or the top byte of a long one's, which is zero
    // in files of up to 16 MiB, is told by two bytes.
    let begins = |letter: u8, next: u8, fifth: u8| {
        // `Z`, `A` and the other letters in small; capitals that are none are sorted out below.
        let small = (letter & 0x7f) | 0x20;
        let short = (small == b'z') & (next >= SHORTEST as u8);
        let long = (small == b'a') | (small == b'u') | (small == b's') | (small == b't');
        short | (long & (fifth == 0))
    };
    each_place(bytes, begins, |at| {
        if at < done {
            return;
        }
        let (length, from) = match bytes[at] & 0x7f {
            b'z' | b'Z' => (bytes.get(at + 1).map(|length| usize::from(*length)), at + 2),
            b'a' | b'A' | b'u' | b's' | b't' => {
                let length = bytes.get(at + 1..).and_then(|rest| rest.first_chunk::<4>());
                let length =
                    length.and_then(|length| usize::try_from(u32::from_le_bytes(*length)).ok());
                (length, at + 5)
            }
            _ => return,
        };
        let text = length
            .filter(|length| *length >= SHORTEST)
            .and_then(|length| bytes.get(from..from.checked_add(length)?))
            .filter(|text| is_text(text));
        if let Some(text) = text {
            done = from + text.len();
            take(&mut texts, text);
        }
    });
    texts
}

/// Constants of a class: a tag, and for texts, whose tag is 1, the length in two bytes (JVM
/// specification, 4.4.7).
fn of_java(bytes: &[u8]) -> Vec<u8> {
    let mut texts = Vec::new();
    let mut done = 0;
    each_place(
        bytes,
        |tag, _, _| tag == 1,
        |at| {
            let Some(length) = bytes.get(at + 1..).and_then(|rest| rest.first_chunk::<2>()) else {
                return;
            };
            let length = usize::from(u16::from_be_bytes(*length));
            let text = (at >= done && length >= SHORTEST)
                .then(|| bytes.get(at + 3..at + 3 + length))
                .flatten()
                .filter(|text| is_text(text));
            if let Some(text) = text {
                done = at + 3 + text.len();
                take(&mut texts, text);
            }
        },
    );
    texts
}

/// Calls `on_place` with every place where `begins` holds for the byte there, the next and the
/// fifth, in order. Behind the end all bytes are zero. Most places hold nothing: 64 are told apart
/// at once, without a branch.
#[inline]
fn each_place(bytes: &[u8], begins: impl Fn(u8, u8, u8) -> bool, mut on_place: impl FnMut(usize)) {
    let mut block = |at: usize, window: &[u8; BLOCK + 4]| {
        let mut flags = [0_u8; BLOCK];
        for (place, flag) in flags.iter_mut().enumerate() {
            *flag = u8::from(begins(window[place], window[place + 1], window[place + 4]));
        }
        for (group, flags) in flags.as_chunks::<8>().0.iter().enumerate() {
            let mut flags = u64::from_le_bytes(*flags);
            while flags != 0 {
                on_place(at + 8 * group + flags.trailing_zeros() as usize / 8);
                flags &= flags - 1;
            }
        }
    };
    let mut at = 0;
    while let Some(window) = bytes[at..].first_chunk() {
        block(at, window);
        at += BLOCK;
    }
    while at < bytes.len() {
        let rest = &bytes[at..bytes.len().min(at + BLOCK + 4)];
        let mut window = [0; BLOCK + 4];
        window[..rest.len()].copy_from_slice(rest);
        block(at, &window);
        at += BLOCK;
    }
}

fn take(texts: &mut Vec<u8>, text: &[u8]) {
    texts.extend_from_slice(text);
    texts.push(b'\n');
}

fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    // Most of what is none shows it at once, and of a text every byte is looked at: that goes many
    // at a time where nothing ends it early. Where lengths are lies, one part of many is looked at.
    let is_plain = |part: &[u8]| !part.iter().fold(false, |any, byte| any | control(byte));
    !bytes.iter().take(SHORTEST).any(control)
        && bytes.chunks(256).all(is_plain)
        && std::str::from_utf8(bytes).is_ok()
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

    /// As `of_python`, byte by byte.
    fn of_python_plainly(bytes: &[u8]) -> Vec<u8> {
        let mut texts = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let number = |from: usize, count: usize| {
                let number = bytes.get(from..from + count)?;
                Some(
                    number
                        .iter()
                        .rev()
                        .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
                )
            };
            let (length, from) = match bytes[at] & 0x7f {
                b'z' | b'Z' => (number(at + 1, 1), at + 2),
                b'a' | b'A' | b'u' | b's' | b't' => (number(at + 1, 4), at + 5),
                _ => (None, 0),
            };
            at += 1;
            let text = length.and_then(|length| bytes.get(from..from + length));
            if let Some(text) = text.filter(|text| text.len() >= SHORTEST && is_text(text)) {
                take(&mut texts, text);
                at = from + text.len();
            }
        }
        texts
    }

    proptest! {
        #[test]
        fn many_at_once_are_those_one_by_one(
            parts in proptest::collection::vec(
                (prop_oneof![Just(b'z'), Just(0xfa), Just(b'U'), Just(b's'), Just(b'A'), any::<u8>()], 0_u8..100, any::<bool>(), 0_u8..110),
                0..20,
            ),
            cut in 0_usize..300,
        ) {
            let mut bytes = Vec::new();
            for (letter, length, is_long, letters) in parts {
                bytes.extend([letter, length]);
                if is_long {
                    bytes.extend([0, 0, 0]);
                }
                bytes.resize(bytes.len() + usize::from(letters), b'q');
            }
            bytes.truncate(cut);
            prop_assert_eq!(of_python(&bytes), of_python_plainly(&bytes));
        }

        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'z'), Just(b's'), Just(1_u8), Just(0_u8)], 0..400)) {
            let long = |texts: Vec<u8>| texts.len() <= bytes.len();
            prop_assert!(long(of_python(&bytes)));
            prop_assert!(long(of_java(&bytes)));
        }
    }
}
