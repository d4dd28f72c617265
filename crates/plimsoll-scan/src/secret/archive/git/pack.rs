//! A pack, read as it comes (git's gitformat-pack(5)).

use std::rc::Rc;

use sha1::{Digest as _, Sha1};

use super::objects::{Object, Objects};
use super::tree::{Id, Names};
use super::{Inflater, Kind, MAX_OBJECT, Step, begin, delta, tell};
use crate::secret::archive::Sink;

/// Mark, version, number of objects.
const HEADER: usize = 12;

/// The longest header of an object: its size, and its base's distance.
const MAX_HEADER: usize = 20;

/// Searches the files of a pack.
pub(in crate::secret::archive) struct Reader {
    step: State,
    /// What is gathered of a header.
    header: Vec<u8>,
    /// Objects still to come.
    left: u32,
    /// Where in the pack the next byte lies.
    offset: u64,
    inflater: Inflater,
    /// What came of the object at hand.
    content: Vec<u8>,
    objects: Objects,
    names: Names,
}

#[derive(Clone, Copy)]
enum State {
    Header,
    Object,
    Content(Coming),
    Over,
    Broken,
}

/// The object at hand.
#[derive(Clone, Copy)]
struct Coming {
    form: Form,
    /// Where it begins.
    offset: u64,
    take: Take,
}

/// How an object is told.
#[derive(Clone, Copy)]
enum Form {
    Whole(Kind),
    FromOffset(u64),
    FromId(Id),
}

/// What is done with the content of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Take {
    /// It is put together.
    Gather,
    /// It is a long file, of which nothing came yet.
    Begin,
    /// It is a long file that is being searched.
    Stream,
    /// It is left.
    Leave,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            step: State::Header,
            header: Vec::new(),
            left: 0,
            offset: 0,
            inflater: Inflater::new(),
            content: Vec::new(),
            objects: Objects::default(),
            names: Names::default(),
        }
    }
}

impl Reader {
    /// Whether the file may end here.
    pub(in crate::secret::archive) fn is_over(&self) -> bool {
        matches!(self.step, State::Over)
    }

    pub(in crate::secret::archive) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !sink.full() {
            let before = bytes.len();
            let step = match self.step {
                State::Header => self.file_header(&mut bytes),
                State::Object => self.object_header(&mut bytes),
                State::Content(coming) => self.content(coming, &mut bytes, sink),
                State::Over | State::Broken => return,
            };
            self.offset += (before - bytes.len()) as u64;
            if step.is_none() {
                sink.left_out();
                self.step = State::Broken;
            }
        }
    }

    /// Searches what was kept for others: by now the trees that name it have come.
    pub(in crate::secret::archive) fn finish(&mut self, sink: &mut impl Sink) {
        while let Some((id, object)) = self.objects.oldest() {
            self.tell(&id, &object, sink);
        }
    }

    fn tell(&self, id: &Id, object: &Object, sink: &mut impl Sink) {
        let path = match object.kind {
            Kind::Blob => self.names.path(id),
            _ => None,
        };
        tell(object.kind, path.as_deref(), &object.bytes, sink);
    }

    /// Gathers a byte of a header.
    fn gather(&mut self, bytes: &mut &[u8]) -> Option<u8> {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        self.header.push(byte);
        Some(byte)
    }

    fn file_header(&mut self, bytes: &mut &[u8]) -> Option<()> {
        self.gather(bytes)?;
        if self.header.len() == HEADER {
            self.left = u32::from_be_bytes(*self.header.last_chunk()?);
            self.next();
        }
        Some(())
    }

    fn next(&mut self) {
        self.header.clear();
        self.step = match self.left {
            0 => State::Over,
            _ => State::Object,
        };
    }

    fn object_header(&mut self, bytes: &mut &[u8]) -> Option<()> {
        let begin = self.offset - self.header.len() as u64;
        self.gather(bytes)?;
        let Some((kind, size, length)) = kind_and_size(&self.header)? else {
            return Some(());
        };
        let rest = &self.header[length..];
        let form = match kind {
            1 => Form::Whole(Kind::Commit),
            2 => Form::Whole(Kind::Tree),
            3 => Form::Whole(Kind::Blob),
            4 => Form::Whole(Kind::Tag),
            6 => match distance(rest)? {
                Some(distance) => Form::FromOffset(begin.checked_sub(distance)?),
                None => return Some(()),
            },
            7 => match rest.first_chunk() {
                Some(id) => Form::FromId(*id),
                None => return Some(()),
            },
            _ => return None,
        };
        let take = match form {
            _ if size <= MAX_OBJECT as u64 => Take::Gather,
            Form::Whole(Kind::Blob) => Take::Begin,
            _ => Take::Leave,
        };
        self.left -= 1;
        self.header.clear();
        self.content.clear();
        self.inflater.begin();
        self.step = State::Content(Coming {
            form,
            offset: begin,
            take,
        });
        Some(())
    }

    fn content(
        &mut self,
        mut coming: Coming,
        bytes: &mut &[u8],
        sink: &mut impl Sink,
    ) -> Option<()> {
        let content = &mut self.content;
        let step = self.inflater.feed(bytes, |made| {
            if coming.take == Take::Begin && !made.is_empty() {
                begin(Kind::Blob, None, made, None, sink);
                coming.take = Take::Stream;
            }
            // Nothing is searched of it unless an object began.
            sink.inflated(made);
            if coming.take == Take::Gather {
                content.extend_from_slice(made);
            }
        })?;
        // It is longer than it was said to be.
        if self.content.len() > MAX_OBJECT {
            return None;
        }
        self.step = State::Content(coming);
        if let Step::Over = step {
            match coming.take {
                Take::Gather => self.whole(coming, sink),
                Take::Begin => {}
                Take::Stream => sink.end(),
                Take::Leave => sink.left_out(),
            }
            self.next();
        }
        Some(())
    }

    /// Puts an object together.
    fn whole(&mut self, coming: Coming, sink: &mut impl Sink) {
        let object = match coming.form {
            Form::Whole(kind) => Some(Object {
                kind,
                bytes: Rc::from(&*self.content),
            }),
            Form::FromOffset(offset) => self.from(self.objects.at(offset), sink),
            Form::FromId(id) => self.from(self.objects.called(&id), sink),
        };
        let Some(object) = object else {
            sink.left_out();
            return;
        };
        let id = id(&object);
        if object.kind == Kind::Tree {
            self.names.take(id, &object.bytes);
        }
        self.objects.keep(coming.offset, id, object);
        while let Some((id, object)) = self.objects.surplus() {
            self.tell(&id, &object, sink);
        }
    }

    /// What the difference at hand makes of its base.
    fn from(&self, base: Option<Object>, sink: &mut impl Sink) -> Option<Object> {
        let base = base?;
        let bytes = delta::apply(&base.bytes, &self.content, MAX_OBJECT)?;
        // Nothing began: this counts what came out.
        sink.inflated(&bytes);
        Some(Object {
            kind: base.kind,
            bytes: Rc::from(bytes),
        })
    }
}

fn id(object: &Object) -> Id {
    let mut sum = Sha1::new();
    sum.update(object.kind.name());
    sum.update(format!(" {}\0", object.bytes.len()));
    sum.update(&object.bytes);
    sum.finalize().into()
}

/// The kind and size that a header begins with, and how long that is; `Some(None)` while there is
/// more to come.
fn kind_and_size(header: &[u8]) -> Option<Option<(u8, u64, usize)>> {
    let first = *header.first()?;
    let kind = first >> 4 & 7;
    let mut size = u64::from(first & 15);
    let mut shift = 4;
    let mut length = 1;
    let mut more = first & 0x80 != 0;
    while more {
        let Some(byte) = header.get(length) else {
            return (header.len() < MAX_HEADER).then_some(None);
        };
        size |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        length += 1;
        more = byte & 0x80 != 0;
    }
    Some(Some((kind, size, length)))
}

/// How far before an object its base begins; `Some(None)` while there is more to come.
fn distance(bytes: &[u8]) -> Option<Option<u64>> {
    let mut distance = 0_u64;
    for (at, byte) in bytes.iter().enumerate() {
        distance = distance.checked_mul(128)? + u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(Some(distance));
        }
        distance += 1;
        if at > 8 {
            return None;
        }
    }
    Some(None)
}
