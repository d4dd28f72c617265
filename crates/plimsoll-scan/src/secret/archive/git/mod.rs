//! Git's objects, loose and in packs (git's gitformat-pack(5) and gitrepository-layout(5)): what was
//! committed once and taken out again lies here, and is cloned with every image that has `.git`.
//!
//! A pack holds commits, files, and the trees of folders that name those, most of them as differences
//! from one another. Files are put together and searched under the paths that the trees give them; a
//! loose object is the only one in its file and has none.

mod delta;
mod objects;
mod pack;
#[cfg(test)]
mod tests;
mod tree;

use flate2::{Decompress, FlushDecompress, Status};

pub(super) use self::pack::Reader as PackReader;

use super::Sink;

/// Bytes that are inflated in one go.
const OUT: usize = 32 << 10;

/// The longest object that is put together: a longer file is searched as it comes, under no name.
const MAX_OBJECT: usize = 4 << 20;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    /// As git calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    fn of(name: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Tree, Self::Blob, Self::Tag]
            .into_iter()
            .find(|kind| kind.name().as_bytes() == name)
    }
}

/// Whether a file is a pack: its mark, and a version that there is.
pub(super) fn is_pack(head: &[u8]) -> bool {
    matches!(head, [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, ..])
}

/// Whether a file is a loose object: `objects/12/3456…`, which begins as zlib does (RFC 1950).
pub(super) fn is_loose(path: &str, head: &[u8]) -> bool {
    let mut parts = path.rsplit('/');
    let mut is_hex = |length: &[usize]| {
        parts.next().is_some_and(|part| {
            length.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    is_hex(&[38, 62])
        && is_hex(&[2])
        && parts.next() == Some("objects")
        && matches!(head, [first, second, ..]
            if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

/// Tells the whole content of an object to the search. Of trees only the names count, which are not
/// searched: those of files in the image are.
fn tell(kind: Kind, path: Option<&str>, bytes: &[u8], sink: &mut impl Sink) {
    if kind == Kind::Tree {
        return;
    }
    begin(kind, path, bytes, Some(bytes.len() as u64), sink);
    sink.data(bytes);
    sink.end();
}

/// Begins with an object that begins with `head`.
fn begin(kind: Kind, path: Option<&str>, head: &[u8], size: Option<u64>, sink: &mut impl Sink) {
    match path {
        Some(path) => sink.begin(path.as_bytes(), size),
        // Settings are what is committed by mistake. Of code nobody knows whether it is a test's.
        None if kind == Kind::Blob && is_settings(head) => {
            sink.begin_like(b"blob", ".env", false, size);
        }
        None => sink.begin_like(kind.name().as_bytes(), "", true, size),
    }
}

/// Whether a file that begins so has nothing but settings in it: `NAME=value`, sections, comments.
fn is_settings(head: &[u8]) -> bool {
    const LOOK: usize = 4 << 10;
    let whole = head.len() <= LOOK;
    let head = &head[..head.len().min(LOOK)];
    let mut lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').collect();
    if !whole {
        lines.pop();
    }
    let mut settings = 0;
    for line in lines {
        let line = line.trim_ascii();
        match line.first() {
            None | Some(b'#' | b';' | b'[') => continue,
            _ => {}
        }
        let line = line.strip_prefix(b"export ").unwrap_or(line);
        let name = line.split(|byte| *byte == b'=').next().unwrap_or_default();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        let name = name.trim_ascii_end();
        if name.len() == line.len() || name.is_empty() || !name.iter().all(is_name) {
            return false;
        }
        settings += 1;
    }
    settings > 0
}

/// Inflates one stream as its bytes come.
struct Inflater {
    stream: Decompress,
    out: Vec<u8>,
}

/// What came of some bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// More bytes are wanted.
    Wants,
    /// More may come of the same bytes.
    Full,
    /// The stream is over.
    Over,
}

impl Inflater {
    fn new() -> Self {
        Self {
            stream: Decompress::new(true),
            out: vec![0; OUT],
        }
    }

    /// For the next stream.
    fn begin(&mut self) {
        self.stream.reset(true);
    }

    /// Takes bytes from the front of `bytes` and hands what comes out to `take`; none where the
    /// stream is damaged.
    fn feed(&mut self, bytes: &mut &[u8], mut take: impl FnMut(&[u8])) -> Option<Step> {
        let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
        let status = self
            .stream
            .decompress(bytes, &mut self.out, FlushDecompress::None)
            .ok()?;
        let used = usize::try_from(self.stream.total_in() - before_in).ok()?;
        let made = usize::try_from(self.stream.total_out() - before_out).ok()?;
        *bytes = bytes.get(used..)?;
        take(self.out.get(..made)?);
        match status {
            Status::StreamEnd => Some(Step::Over),
            _ if made == OUT => Some(Step::Full),
            _ if used > 0 || made > 0 || bytes.is_empty() => Some(Step::Wants),
            _ => None,
        }
    }
}

/// Reads a loose object as it comes: `KIND SIZE\0CONTENT`, as one zlib stream.
pub(super) struct LooseReader {
    inflater: Inflater,
    /// What came of an object that is not told yet.
    object: Vec<u8>,
    /// Whether its file is being told as it comes.
    told: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Over,
    Broken,
}

impl Default for LooseReader {
    fn default() -> Self {
        Self {
            inflater: Inflater::new(),
            object: Vec::new(),
            told: false,
            state: State::Reading,
        }
    }
}

impl LooseReader {
    /// Whether the file may end here.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        let mut full = false;
        while (full || !bytes.is_empty()) && self.state == State::Reading && !sink.full() {
            let Self {
                inflater,
                object,
                told,
                ..
            } = self;
            let step = inflater.feed(&mut bytes, |made| {
                sink.inflated(made);
                if !*told {
                    object.extend_from_slice(made);
                }
            });
            full = step == Some(Step::Full);
            match step {
                Some(Step::Over) => self.finish(sink),
                Some(_) if !self.told && self.object.len() > MAX_OBJECT => self.begin(sink),
                Some(_) => {}
                None => {
                    sink.left_out();
                    self.state = State::Broken;
                }
            }
        }
    }

    /// What it is, and where its content begins.
    fn header(&self) -> Option<(Kind, usize)> {
        let end = memchr::memchr(0, self.object.get(..32.min(self.object.len()))?)?;
        let space = memchr::memchr(b' ', &self.object[..end])?;
        Some((Kind::of(&self.object[..space])?, end + 1))
    }

    /// Begins to tell a file that is too long to be put together.
    fn begin(&mut self, sink: &mut impl Sink) {
        match self.header() {
            Some((Kind::Tree, _)) => self.state = State::Over,
            Some((kind, start)) => {
                let content = &self.object[start..];
                begin(kind, None, content, None, sink);
                sink.data(content);
                self.told = true;
                self.object = Vec::new();
            }
            None => {
                sink.left_out();
                self.state = State::Broken;
            }
        }
    }

    fn finish(&mut self, sink: &mut impl Sink) {
        self.state = State::Over;
        if self.told {
            sink.end();
            return;
        }
        match self.header() {
            Some((kind, start)) => tell(kind, None, &self.object[start..], sink),
            None => {
                sink.left_out();
                self.state = State::Broken;
            }
        }
    }
}
