//! Archives of cpio(5), as initial file systems come in them: the "new" form, with a sum or without, and
//! the "old character" form.

use super::Sink;

/// The longest name that is read.
const MAX_NAME: u64 = 64 << 10;

/// The name of what ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// How numbers stand in a header.
struct Form {
    /// How long the header is.
    header: usize,
    radix: u32,
    /// Where the kind and the rights of the file, the length of its name and its own stand.
    mode: (usize, usize),
    name: (usize, usize),
    size: (usize, usize),
    /// What places of names' ends and of files are multiples of.
    unit: u64,
}

const NEW: Form = Form {
    header: 110,
    radix: 16,
    mode: (14, 22),
    name: (94, 102),
    size: (54, 62),
    unit: 4,
};

const OLD: Form = Form {
    header: 76,
    radix: 8,
    mode: (18, 24),
    name: (59, 65),
    size: (65, 76),
    unit: 1,
};

impl Form {
    /// The form of a header that begins so.
    fn of(bytes: &[u8]) -> Option<&'static Self> {
        match bytes.get(..MARK)? {
            b"070701" | b"070702" => Some(&NEW),
            b"070707" => Some(&OLD),
            _ => None,
        }
    }

    fn number(&self, header: &[u8], (from, to): (usize, usize)) -> Option<u64> {
        let text = std::str::from_utf8(header.get(from..to)?).ok()?;
        let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(text, self.radix)
            .ok()
            .filter(|_| digits)
    }

    /// How long the header is with the name behind it and what fills up.
    fn with_name(&self, header: &[u8]) -> Option<usize> {
        let name = self.number(header, self.name)?;
        if name == 0 || name > MAX_NAME {
            return None;
        }
        usize::try_from((self.header as u64 + name).next_multiple_of(self.unit)).ok()
    }
}

/// How long the mark in front of a header is.
const MARK: usize = 6;

/// Whether bytes begin with the header of an entry.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    Form::of(bytes).is_some_and(|form| {
        let header = bytes.get(MARK..form.header);
        let is_digit = |byte: &u8| char::from(*byte).is_digit(form.radix);
        header.is_some_and(|header| header.iter().all(is_digit)) && form.with_name(bytes).is_some()
    })
}

/// Reads an archive as it comes.
#[derive(Default)]
pub(super) struct Reader {
    /// Of a header and the name behind it what came.
    header: Vec<u8>,
    /// Whether the bytes that come are those of a file, not what a link leads to.
    is_file: bool,
    /// Bytes of the entry that have not come yet.
    data: u64,
    /// Bytes of padding behind it.
    padding: u64,
    /// Whether what ends an archive has come; another may follow behind zeros.
    ended: bool,
    broken: bool,
}

impl Reader {
    /// Whether the archive may end here.
    pub(super) fn is_over(&self) -> bool {
        !self.broken && self.ended && self.header.is_empty()
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !self.broken && !sink.full() {
            if self.data > 0 {
                let now =
                    usize::try_from(self.data).map_or(bytes.len(), |data| data.min(bytes.len()));
                let (data, rest) = bytes.split_at(now);
                bytes = rest;
                self.data -= now as u64;
                if self.is_file {
                    sink.data(data);
                }
                self.end_of_data(sink);
            } else if self.padding > 0 {
                let now = (self.padding as usize).min(bytes.len());
                bytes = &bytes[now..];
                self.padding -= now as u64;
            } else if self.ended && self.header.is_empty() && bytes[0] == 0 {
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                bytes = &bytes[zeros..];
            } else {
                let Some(wanted) = self.wanted() else {
                    self.broken = true;
                    sink.left_out();
                    return;
                };
                let now = (wanted - self.header.len()).min(bytes.len());
                self.header.extend_from_slice(&bytes[..now]);
                bytes = &bytes[now..];
                if self.wanted() == Some(self.header.len()) {
                    let header = std::mem::take(&mut self.header);
                    self.begin(&header, sink);
                }
            }
        }
    }

    /// How much of the header and the name is needed to know what comes next.
    fn wanted(&self) -> Option<usize> {
        if self.header.len() < MARK {
            return Some(MARK);
        }
        let form = Form::of(&self.header)?;
        match self.header.len() < form.header {
            true => Some(form.header),
            false => form.with_name(&self.header),
        }
    }

    /// Begins with the entry of a header that is whole.
    fn begin(&mut self, header: &[u8], sink: &mut impl Sink) {
        let numbers = Form::of(header).and_then(|form| {
            let length = form.header + usize::try_from(form.number(header, form.name)?).ok()?;
            let (mode, size) = (
                form.number(header, form.mode)?,
                form.number(header, form.size)?,
            );
            Some((form, header.get(form.header..length)?, mode, size))
        });
        let Some((form, name, mode, size)) = numbers else {
            self.broken = true;
            sink.left_out();
            return;
        };
        let name = name.strip_suffix(b"\0").unwrap_or(name);
        self.ended = name == TRAILER;
        // Some who write archives leave out what sort a file is of.
        self.is_file = !self.ended && matches!(mode & 0o170_000, 0 | 0o100_000);
        self.data = size;
        self.padding = size.next_multiple_of(form.unit) - size;
        if self.is_file {
            sink.begin(name, Some(size));
        }
        self.end_of_data(sink);
    }

    fn end_of_data(&self, sink: &mut impl Sink) {
        if self.data == 0 && self.is_file {
            sink.end();
        }
    }
}
