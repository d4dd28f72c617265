//! What a file begins with, as far as that decides whether Linux runs it (`execve(2)`; the kernel's
//! `fs/binfmt_script.c` and `fs/binfmt_elf.c`).

use plimsoll_model::NoFormat;
use serde::{Deserialize, Serialize};

/// The longest first line of a script that Linux reads (`BINPRM_BUF_SIZE`).
const MAX_SHEBANG: usize = 256;

/// The first line of a script, behind `#!`.
pub(crate) fn shebang(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_prefix(b"#!")?;
    let rest = rest.get(..MAX_SHEBANG).unwrap_or(rest);
    let end = memchr::memchr(b'\n', rest)?;
    std::str::from_utf8(rest.get(..end)?).ok()
}

/// The first line of a script with nothing behind the equals signs of its arguments: `env -S NAME=VALUE`
/// may set a credential, and nothing depends on it.
pub(crate) fn without_values(line: &str) -> Option<String> {
    let at = line.find(|first| first != ' ' && first != '\t')?;
    let (program, rest) = line.get(at..)?.split_once([' ', '\t'])?;
    let (name, _) = rest.split_once('=')?;
    // What is quoted may have blanks in it.
    if rest.contains(['"', '\'', '\\']) {
        return Some(format!("{program} {name}="));
    }
    let words = rest.split([' ', '\t']);
    let words = words.map(|word| word.split_inclusive('=').next().unwrap_or_default());
    let words: Vec<&str> = words.collect();
    Some(format!("{program} {}", words.join(" ")))
}

/// How a file begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Start {
    /// As what runs, or as what a host may be set up to run (`binfmt_misc`); or it was not looked at.
    #[default]
    Unknown,
    /// As nothing that Linux runs.
    NoFormat(NoFormat),
    /// As a program for macOS.
    MacOs(Option<Processor>),
    /// As a program for Windows.
    Windows,
}

/// Processors of Macs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Processor {
    Amd64,
    Arm64,
}

impl Start {
    /// What a file of this size begins with: `head` holds 64 bytes of it at least, or all it has.
    pub(crate) fn of(size: u64, head: &[u8]) -> Self {
        let none = Self::NoFormat;
        match head {
            // Empty too where the content is not to be had.
            [] if size == 0 => none(NoFormat::Empty),
            [] | [0x7f, b'E', b'L', b'F', ..] => Self::Unknown,
            [b'#', b'!', rest @ ..] => {
                let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let is_whole = line.len() < rest.len();
                let is_blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t'));
                match is_whole && is_blank {
                    true => none(NoFormat::NoShebang),
                    false => Self::Unknown,
                }
            }
            [0xcf, 0xfa, 0xed, 0xfe, machine @ ..] => Self::MacOs(match machine {
                [7, 0, 0, 1, ..] => Some(Processor::Amd64),
                [12, 0, 0, 1, ..] => Some(Processor::Arm64),
                _ => None,
            }),
            [0xce, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => Self::MacOs(None),
            // A Java class begins like a universal program, and has a version where that counts.
            [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1..30, ..] => Self::MacOs(None),
            // One that runs anywhere, by a shell where it must.
            [b'M', b'Z', b'q', b'F', b'p', b'D', ..] => Self::Unknown,
            [b'M', b'Z', ..] if size > 64 => Self::Windows,
            _ if may_be_registered(head) => Self::Unknown,
            [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                none(NoFormat::ByteOrderMark)
            }
            _ if head.starts_with(b"version https://git-lfs.github.com/") => {
                none(NoFormat::LargeFilePointer)
            }
            _ if !is_text(head) => none(NoFormat::Data),
            _ if head.trim_ascii_start().starts_with(b"#!") => none(NoFormat::BlankBefore),
            _ => none(NoFormat::NoShebang),
        }
    }
}

/// Whether hosts are known to be set up for files that begin so: archives and classes of Java, code
/// of Python, LLVM and WebAssembly.
fn may_be_registered(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
        || head.starts_with(&[0xca, 0xfe, 0xba, 0xbe])
        || head.starts_with(b"\0asm")
        || head.starts_with(&[0x42, 0x43, 0xc0, 0xde])
        || head.starts_with(b"jartsr='")
        || head.get(2..4) == Some(b"\r\n")
}

fn is_text(head: &[u8]) -> bool {
    head.iter()
        .all(|byte| !byte.is_ascii_control() || matches!(byte, b'\t'..=b'\r' | 0x1b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start(bytes: &[u8]) -> Start {
        Start::of(bytes.len() as u64, bytes)
    }

    #[test]
    fn what_linux_runs_and_what_it_does_not() {
        let no = Start::NoFormat;
        let cases: &[(&[u8], Start)] = &[
            (b"", no(NoFormat::Empty)),
            (b"#!/bin/sh\n", Start::Unknown),
            (b"#! /bin/sh", Start::Unknown),
            (b"#!\necho", no(NoFormat::NoShebang)),
            (b"\x7fELF\x02", Start::Unknown),
            (b"set -e\nexec x\n", no(NoFormat::NoShebang)),
            (b"# \xc3\xa9\n", no(NoFormat::NoShebang)),
            (b"\n#!/bin/sh\n", no(NoFormat::BlankBefore)),
            (b" #!/bin/sh\n", no(NoFormat::BlankBefore)),
            (b"\xef\xbb\xbf#!/bin/sh\n", no(NoFormat::ByteOrderMark)),
            (b"\xff\xfe#\0!\0", no(NoFormat::ByteOrderMark)),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
                no(NoFormat::LargeFilePointer),
            ),
            (b"\x1f\x8b\x08\0\0", no(NoFormat::Data)),
            (b"PK\x03\x04", Start::Unknown),
            (b"\xa7\x0d\r\n\0\0\0\0", Start::Unknown),
            (b"\xca\xfe\xba\xbe\0\0\0\x41", Start::Unknown),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", Start::MacOs(None)),
            (
                b"\xcf\xfa\xed\xfe\x0c\0\0\x01",
                Start::MacOs(Some(Processor::Arm64)),
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(start(bytes), *expected, "{bytes:?}");
        }
        assert_eq!(start(&[&b"MZ"[..], &[0; 98]].concat()), Start::Windows);
        assert_eq!(start(b"MZqFpD='\n"), Start::Unknown);
        // What is not to be had is not known.
        assert_eq!(Start::of(7, b""), Start::Unknown);
    }

    #[test]
    fn values_of_a_first_line_are_left_out() {
        for (line, expected) in [
            ("/bin/sh -e", None),
            ("/usr/bin/env bash\r", None),
            ("/opt/a=b/sh", None),
            (
                " /usr/bin/env\t-S A=b=c  sh -e",
                Some("/usr/bin/env -S A=  sh -e"),
            ),
            (
                "/usr/bin/env -S A=b PATH=/x sh",
                Some("/usr/bin/env -S A= PATH= sh"),
            ),
            ("/usr/bin/env -S A='b c' sh", Some("/usr/bin/env -S A=")),
            ("/bin/x --password=b\r", Some("/bin/x --password=")),
        ] {
            assert_eq!(without_values(line).as_deref(), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_begin_as_something(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let found = start(&bytes);
            prop_assert_eq!(found == Start::NoFormat(NoFormat::Empty), bytes.is_empty());
            let line = shebang(&bytes).unwrap_or_default();
            prop_assert!(without_values(line).is_none_or(|line| without_values(&line) == Some(line)));
        }
    }
}
