//! The line algorithm: physical lines become directives, comments, blank stretches and logical
//! lines with their here-documents.

use std::ops::Range;

use plimsoll_model::Span;

use super::heredoc::{HeredocOpener, Terminators, line_end};
use super::line::{Line, trim_start};
use super::split::{self, Head};
use super::{Comment, Directive, Heredoc};

/// What `scan` makes of a file.
pub(super) struct Scan {
    pub(super) escape: u8,
    pub(super) pieces: Vec<Piece>,
    pub(super) errors: Vec<(Span, Refusal)>,
}

/// One stretch of whole lines.
pub(super) enum Piece {
    Blank(Span),
    Comment(Comment),
    Directive(Directive),
    Logical(Logical),
}

/// A logical line.
pub(super) struct Logical {
    /// All physical lines it is made of, heredoc bodies included.
    pub(super) lines: Span,
    pub(super) line: Line,
    pub(super) comments: Vec<Comment>,
    pub(super) heredocs: Vec<Heredoc>,
}

/// Why BuildKit's parser refuses a file, apart from what single arguments do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No line holds an instruction.
    NoInstructions,
    /// A physical line longer than Go's scanner takes.
    LineTooLong,
    /// A here-document without its closing line.
    UnterminatedHeredoc(String),
    /// A parser directive given twice.
    DuplicateDirective(String),
    /// An escape character that is none of the two.
    InvalidEscape(String),
    /// A JSON array with something else than strings in it.
    NotStrings,
    /// ENV or LABEL with a name only.
    TwoArguments(String),
    /// A pair without `=`.
    NoEquals(String),
    /// ONBUILD in ONBUILD, more often than we care to read.
    OnbuildTooDeep,
}

impl Refusal {
    /// The error in BuildKit's words.
    pub(super) fn in_buildkits_words(&self) -> String {
        match self {
            Self::NoInstructions => "file with no instructions".to_owned(),
            Self::LineTooLong => format!(
                "dockerfile line greater than max allowed size of {}",
                LINE_LIMIT - 1
            ),
            Self::UnterminatedHeredoc(_) => "unterminated heredoc".to_owned(),
            Self::DuplicateDirective(name) => {
                format!("only one {name} parser directive can be used")
            }
            Self::InvalidEscape(value) => {
                format!("invalid escape token '{value}' does not match ` or \\")
            }
            Self::NotStrings => {
                "when using JSON array syntax, arrays must be comprised of strings only".to_owned()
            }
            Self::TwoArguments(keyword) => format!("{keyword} must have two arguments"),
            Self::NoEquals(word) => format!(
                "Syntax error - can't find = in {}. Must be of the form: name=value",
                super::dump::quote(word.as_bytes())
            ),
            Self::OnbuildTooDeep => {
                "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned()
            }
        }
    }

    /// The error with what to do about it.
    pub(super) fn advice(&self) -> String {
        match self {
            Self::NoInstructions => {
                "the file holds no instruction: start it with `FROM image`".to_owned()
            }
            Self::LineTooLong => format!(
                "the line is longer than the {} bytes BuildKit reads: break it with a continuation",
                LINE_LIMIT - 1
            ),
            Self::UnterminatedHeredoc(name) => format!(
                "the heredoc is not closed: put a line that holds only `{}` behind its body",
                shorten(name)
            ),
            Self::DuplicateDirective(name) => {
                format!("the `{name}` directive is given twice: keep one")
            }
            Self::InvalidEscape(value) => format!(
                "`{}` cannot be the escape character: write `\\` or a backquote",
                shorten(value)
            ),
            Self::NotStrings => {
                "a JSON array here may hold only strings: put this in double quotes".to_owned()
            }
            Self::TwoArguments(keyword) => {
                format!("{keyword} needs a value: write `{keyword} name=value`")
            }
            Self::NoEquals(word) => format!(
                "`{}` has no `=`: write `name=value`, and quote a value with spaces in it",
                shorten(word)
            ),
            Self::OnbuildTooDeep => {
                "ONBUILD cannot hold ONBUILD: write the instruction itself".to_owned()
            }
        }
    }
}

/// The start of a text for a message.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Go's `bufio.MaxScanTokenSize`: a line may be this long with its line end, one byte shorter
/// without.
const LINE_LIMIT: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads `file` into pieces that cover it without gap or overlap.
pub(super) fn scan(file: &[u8]) -> Scan {
    let mut scanner = Scanner {
        file,
        at: 0,
        escape: b'\\',
        directives: Some(Vec::new()),
        terminators: Terminators::default(),
        pieces: Vec::new(),
        errors: Vec::new(),
    };
    if file.starts_with(BYTE_ORDER_MARK) {
        scanner.at = BYTE_ORDER_MARK.len();
        scanner.blank(Span::new(0, scanner.at));
    }
    while scanner.at < file.len() {
        scanner.piece();
    }
    let Scanner {
        escape,
        pieces,
        mut errors,
        ..
    } = scanner;
    if !pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Logical(_)))
    {
        errors.push((Span::new(file.len(), file.len()), Refusal::NoInstructions));
    }
    Scan {
        escape,
        pieces,
        errors,
    }
}

struct Scanner<'a> {
    file: &'a [u8],
    at: usize,
    escape: u8,
    /// Names of the parser directives so far; `None` once none may follow.
    directives: Option<Vec<String>>,
    terminators: Terminators,
    pieces: Vec<Piece>,
    errors: Vec<(Span, Refusal)>,
}

impl Scanner<'_> {
    /// The next physical line with its line end; moves behind it.
    fn physical(&mut self) -> Span {
        let span = Span::new(self.at, line_end(self.file, self.at));
        self.at = span.end;
        let has_end = span.of(self.file).ends_with(b"\n");
        if span.len() + usize::from(!has_end) > LINE_LIMIT {
            self.errors.push((span, Refusal::LineTooLong));
        }
        span
    }

    fn blank(&mut self, span: Span) {
        match self.pieces.last_mut() {
            Some(Piece::Blank(before)) => before.end = span.end,
            _ => self.pieces.push(Piece::Blank(span)),
        }
    }

    fn piece(&mut self) {
        let physical = self.physical();
        let content = trim_start(self.file, without_line_end(self.file, physical));
        if self.file[content.clone()].first() == Some(&b'#') {
            let piece = self.directive(physical, content.clone()).map_or_else(
                || Piece::Comment(comment(self.file, physical, content)),
                Piece::Directive,
            );
            self.pieces.push(piece);
            return;
        }
        self.directives = None;
        if content.is_empty() {
            self.blank(physical);
            return;
        }
        self.logical(physical, content);
    }

    /// A parser directive, where `content` (which starts with `#`) is one.
    fn directive(&mut self, physical: Span, content: Range<usize>) -> Option<Directive> {
        let seen = self.directives.as_mut()?;
        let Some((name, value)) = split_directive(self.file, content.start + 1..content.end) else {
            self.directives = None;
            return None;
        };
        if seen.contains(&name) {
            self.errors
                .push((physical, Refusal::DuplicateDirective(name)));
            return None;
        }
        seen.push(name.clone());
        let mut line = Line::default();
        line.push(self.file, Span::new(value.start, value.end));
        let value = line.text(&(0..value.len()));
        if name == "escape" {
            match value.value.as_bytes() {
                [escape @ (b'\\' | b'`')] => self.escape = *escape,
                _ => self
                    .errors
                    .push((value.span, Refusal::InvalidEscape(value.value.clone()))),
            }
        }
        Some(Directive {
            span: physical,
            name,
            value,
        })
    }

    fn logical(&mut self, first: Span, content: Range<usize>) {
        let mut logical = Logical {
            lines: first,
            line: Line::default(),
            comments: Vec::new(),
            heredocs: Vec::new(),
        };
        let mut continues = self.append(&mut logical.line, content);
        while continues && self.at < self.file.len() {
            let physical = self.physical();
            let content = without_line_end(self.file, physical);
            let visible = trim_start(self.file, content.clone());
            match self.file[visible.clone()].first() {
                Some(b'#') => logical.comments.push(comment(self.file, physical, visible)),
                Some(_) => continues = self.append(&mut logical.line, content),
                None => {}
            }
        }
        logical.heredocs = self.heredocs(&logical.line, first);
        logical.lines.end = self.at;
        self.pieces.push(Piece::Logical(logical));
    }

    /// Adds a physical line to a logical one; whether it is continued.
    fn append(&self, line: &mut Line, content: Range<usize>) -> bool {
        let mut end = content.end;
        while end > content.start && matches!(self.file[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        // An escape character in front of the last one takes its meaning.
        let continues = match &self.file[content.start..end] {
            [only] => *only == self.escape,
            [.., before, last] => *last == self.escape && *before != self.escape,
            [] => false,
        };
        let end = if continues { end - 1 } else { content.end };
        line.push(self.file, Span::new(content.start, end));
        continues
    }

    /// Cuts out the bodies of the here-documents that `line` opens.
    fn heredocs(&mut self, line: &Line, first: Span) -> Vec<Heredoc> {
        if memchr::memmem::find(&line.bytes, b"<<").is_none()
            || !may_open_heredoc(&line.bytes, self.escape)
        {
            return Vec::new();
        }
        let openers = HeredocOpener::all(&String::from_utf8_lossy(&line.bytes));
        let mut heredocs = Vec::with_capacity(openers.len());
        let mut is_open = false;
        for opener in openers {
            let start = self.at;
            let found = if is_open {
                None
            } else {
                self.terminators.find(self.file, start, &opener)
            };
            let end = found.unwrap_or_else(|| {
                // BuildKit gives up. We look for a line that can only be an instruction, so that
                // the rest of the file is still read.
                if !is_open {
                    self.errors.push((
                        line.span(&(0..line.bytes.len()))
                            .cover(Span::new(first.start, first.start)),
                        Refusal::UnterminatedHeredoc(opener.name.clone()),
                    ));
                }
                is_open = true;
                let end = self.next_instruction(start);
                Span::new(end, end)
            });
            let mut body = Line::default();
            body.push(self.file, Span::new(start, end.start));
            // The limit on the length of lines holds in bodies too.
            while self.at < end.end {
                self.physical();
            }
            heredocs.push(Heredoc {
                name: opener.name,
                expand: opener.expand,
                chomp: opener.chomp,
                descriptor: opener.descriptor,
                body: body.text(&(0..body.bytes.len())),
                end,
            });
        }
        heredocs
    }

    /// The start of the next line that begins with an instruction in capitals.
    fn next_instruction(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.file.len() {
            let end = line_end(self.file, at);
            let line = &self.file[at..end];
            let word = line
                .iter()
                .take_while(|byte| byte.is_ascii_uppercase())
                .count();
            if matches!(line.get(word), Some(b' ' | b'\t'))
                && KEYWORDS
                    .iter()
                    .any(|keyword| keyword.as_bytes() == &line[..word])
            {
                return at;
            }
            at = end;
        }
        at
    }
}

/// Every instruction.
pub(super) const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// ADD, COPY and RUN in shell form read here-documents, directly or under one ONBUILD.
fn may_open_heredoc(bytes: &[u8], escape: u8) -> bool {
    let reads = |head: &Head| {
        let keyword = &bytes[head.keyword.clone()];
        [&b"add"[..], b"copy", b"run"]
            .iter()
            .any(|name| keyword.eq_ignore_ascii_case(name))
            && matches!(split::exec(bytes, &head.arguments), Ok(None))
    };
    let head = split::head(bytes, 0..bytes.len(), escape);
    if bytes[head.keyword.clone()].eq_ignore_ascii_case(b"onbuild") && !head.arguments.is_empty() {
        return reads(&split::head(bytes, head.arguments, escape));
    }
    reads(&head)
}

fn without_line_end(file: &[u8], line: Span) -> Range<usize> {
    let mut end = line.end;
    while end > line.start && matches!(file[end - 1], b'\r' | b'\n') {
        end -= 1;
    }
    line.start..end
}

/// A comment line; `content` starts at its `#`.
fn comment(file: &[u8], physical: Span, content: Range<usize>) -> Comment {
    Comment {
        span: physical,
        text: String::from_utf8_lossy(&file[content.start + 1..content.end])
            .trim()
            .to_owned(),
    }
}

/// Name, in lower case, and place of the value of a directive; `range` starts behind the `#`.
fn split_directive(file: &[u8], range: Range<usize>) -> Option<(String, Range<usize>)> {
    let is_space = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ');
    let range = trim_start(file, range);
    let equals = range.start + file[range.clone()].iter().position(|byte| *byte == b'=')?;
    let name = file[range.start..equals].trim_ascii_end();
    let valid = name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(u8::is_ascii_alphanumeric);
    if !valid {
        return None;
    }
    let mut value = equals + 1..range.end;
    while value.start < value.end && is_space(&file[value.start]) {
        value.start += 1;
    }
    if value.is_empty() && value.start > equals + 1 {
        // A value must have something: of white space alone, its last byte is the value.
        value.start -= 1;
        return known(name, value);
    }
    while value.start < value.end && is_space(&file[value.end - 1]) {
        value.end -= 1;
    }
    known(name, value)
}

fn known(name: &[u8], value: Range<usize>) -> Option<(String, Range<usize>)> {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    (!value.is_empty() && matches!(name.as_str(), "syntax" | "escape" | "check"))
        .then_some((name, value))
}
