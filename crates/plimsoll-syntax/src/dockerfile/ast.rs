//! The syntax tree of a Dockerfile.

use plimsoll_model::{SourceFile, Span};

/// A parsed Dockerfile. The items cover the whole file in order without gap or overlap: printing
/// their spans gives the file back byte for byte.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    /// The file.
    pub source: SourceFile,
    /// The escape character: `\` or `` ` ``.
    pub escape: u8,
    /// Everything in the file, in order.
    pub items: Vec<Item>,
}

/// One stretch of whole lines.
#[derive(Clone, Debug)]
pub enum Item {
    /// `# name=value` at the top of the file.
    Directive(Directive),
    /// A comment line between instructions.
    Comment(Comment),
    /// Lines of white space, or a byte order mark.
    Blank(Span),
    /// An instruction with its continuation lines, the comments inside them and its heredocs.
    Instruction(Instruction),
}

impl Item {
    /// The bytes it covers, its line end included.
    pub fn span(&self) -> Span {
        match self {
            Self::Directive(directive) => directive.span,
            Self::Comment(comment) => comment.span,
            Self::Blank(span) => *span,
            Self::Instruction(instruction) => instruction.lines,
        }
    }
}

/// A parser directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The whole line.
    pub span: Span,
    /// Name, lower case: `syntax`, `escape` or `check`.
    pub name: String,
    /// Value.
    pub value: Text,
}

/// A comment line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The whole line, its line end included.
    pub span: Span,
    /// The text behind `#`, trimmed.
    pub text: String,
}

/// Text after continuations were joined, comments inside them dropped, heredoc bodies cut out: what
/// BuildKit sees. Knows for each of its bytes where it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The joined text; bytes that are not UTF-8 became U+FFFD.
    pub value: String,
    /// `(offset in value, offset in the file)` at the start of each contiguous run, ascending.
    pub(crate) runs: Vec<(usize, usize)>,
    /// Where the text starts and ends in the file.
    pub span: Span,
}

/// One word: what was written, where, and what it means once quotes are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as BuildKit's parser hands it on: quotes and variables still in it (a JSON string
    /// is decoded).
    pub value: String,
    /// Where it stands in the file, quotes included.
    pub span: Span,
}

/// `--name=value` or `--name` in front of an instruction's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Name without dashes.
    pub name: String,
    /// Value, where there is one.
    pub value: Option<Word>,
    /// The whole flag as written.
    pub span: Span,
}

/// One `name=value` or `name value` pair of ARG, ENV or LABEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// Name.
    pub name: Word,
    /// Value, quotes kept; `None` for `ARG name`.
    pub value: Option<Word>,
    /// Whether `=` stood between them.
    pub has_equals: bool,
    /// The whole pair.
    pub span: Span,
}

/// A here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// Name without quotes.
    pub name: String,
    /// Whether variables in it are expanded (the name was not quoted).
    pub expand: bool,
    /// `<<-`: leading tabs are taken off.
    pub chomp: bool,
    /// File descriptor in front of `<<`; 0 where none was written.
    pub descriptor: u32,
    /// The body as written, tabs not taken off, last line end included.
    pub body: Text,
    /// The closing line; empty where the file ended first.
    pub end: Span,
}

/// How RUN, CMD, ENTRYPOINT, SHELL and the like hold their command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandForm {
    /// `CMD echo hi`: handed to the shell.
    Shell(Text),
    /// `CMD ["echo", "hi"]`: run as it is.
    Exec(Vec<Word>),
}

/// A command with the heredocs it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Shell or exec form.
    pub form: CommandForm,
    /// The argument text as a whole.
    pub span: Span,
}

/// One positional argument of COPY, ADD, EXPOSE, VOLUME…
pub type Argument = Word;

/// `FROM image AS name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// The image, variables not expanded. Empty where the line is broken.
    pub image: Word,
    /// The word `AS` as written, and the stage name.
    pub alias: Option<(Word, Word)>,
}

/// `HEALTHCHECK NONE` or `HEALTHCHECK [flags] CMD command`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// Switches an inherited one off.
    None,
    /// A command.
    Cmd(Command),
}

/// What an instruction is, with its arguments read by that instruction's own grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstructionKind {
    /// `FROM`
    From(From),
    /// `ARG`
    Arg(Vec<KeyValue>),
    /// `ENV`
    Env(Vec<KeyValue>),
    /// `LABEL`
    Label(Vec<KeyValue>),
    /// `RUN`
    Run(Command),
    /// `CMD`
    Cmd(Command),
    /// `ENTRYPOINT`
    Entrypoint(Command),
    /// `SHELL`
    Shell(Command),
    /// `HEALTHCHECK`
    Healthcheck(Healthcheck),
    /// `COPY`: sources and, last, the destination.
    Copy(Vec<Argument>),
    /// `ADD`: sources and, last, the destination.
    Add(Vec<Argument>),
    /// `WORKDIR`
    Workdir(Word),
    /// `USER`
    User(Word),
    /// `EXPOSE`
    Expose(Vec<Argument>),
    /// `VOLUME`
    Volume(Vec<Argument>),
    /// `STOPSIGNAL`
    Stopsignal(Word),
    /// `MAINTAINER`
    Maintainer(Word),
    /// `ONBUILD` and the instruction it holds.
    Onbuild(Box<Instruction>),
    /// A keyword BuildKit does not know, or arguments that its grammar refuses: a `SyntaxError`
    /// stands beside it.
    Unknown(Text),
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Whole lines: leading white space, continuations, heredoc bodies and the last line end.
    pub lines: Span,
    /// From the keyword to the last argument byte of the logical line, heredoc bodies left out.
    pub span: Span,
    /// The keyword as written.
    pub keyword: Word,
    /// Flags in front of the arguments.
    pub flags: Vec<Flag>,
    /// The arguments.
    pub kind: InstructionKind,
    /// Heredocs, in the order they were opened. ONBUILD's are those of the instruction it holds.
    pub heredocs: Vec<Heredoc>,
    /// Comment lines between its continuation lines.
    pub comments: Vec<Comment>,
    /// Everything behind the keyword, joined (flags included).
    pub text: Text,
}

/// A place the grammar does not allow, with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The place.
    pub span: Span,
    /// What is wrong and what to write instead, one sentence.
    pub message: String,
    /// Whether BuildKit's parser refuses the file for it (otherwise its build does).
    pub refused_by_parser: bool,
}

impl Dockerfile {
    /// The instructions in order.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.items.iter().filter_map(|item| match item {
            Item::Instruction(instruction) => Some(instruction),
            _ => None,
        })
    }
}

impl Text {
    /// Where the byte range `start..end` of `value` stands in the file. Ranges that run over a
    /// continuation cover the bytes between.
    pub fn source_span(&self, start: usize, end: usize) -> Span {
        let at = |offset: usize| {
            let run = self.runs.partition_point(|(cooked, _)| *cooked <= offset);
            match run.checked_sub(1).map(|run| self.runs[run]) {
                Some((cooked, source)) => (source + (offset - cooked)).min(self.span.end),
                None => self.span.start,
            }
        };
        let first = at(start);
        let last = if end > start { at(end - 1) + 1 } else { first };
        Span::new(first, last.min(self.span.end).max(first))
    }
}

impl Instruction {
    /// The value of flag `name`, where it was given one.
    pub fn flag(&self, name: &str) -> Option<&Word> {
        self.flags
            .iter()
            .rev()
            .find(|flag| flag.name == name)
            .and_then(|flag| flag.value.as_ref())
    }
}
