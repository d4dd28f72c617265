//! Instructions from logical lines: each by its own grammar, with what BuildKit would refuse.

use std::ops::Range;

use plimsoll_model::Span;

use super::flags;
use super::heredoc::HeredocOpener;
use super::line::Line;
use super::scan::{KEYWORDS, Logical, Refusal, shorten};
use super::split::{self, Head, RawPair, SplitError};
use super::{
    Command, CommandForm, Flag, From, Healthcheck, Instruction, InstructionKind, KeyValue,
    SyntaxError, Word,
};
use crate::nearest;

/// Reads one logical line.
pub(super) fn read(logical: Logical, escape: u8, errors: &mut Vec<SyntaxError>) -> Instruction {
    let Logical {
        lines,
        line,
        comments,
        heredocs,
    } = logical;
    let mut reader = Reader {
        line: &line,
        lines,
        escape,
        errors,
    };
    let mut instruction = reader.instruction(0..line.bytes.len(), 0);
    instruction.comments = comments;
    let mut reads_heredocs = &mut instruction;
    while let InstructionKind::Onbuild(inner) = &mut reads_heredocs.kind {
        reads_heredocs = inner;
    }
    reads_heredocs.heredocs = heredocs;
    instruction
}

struct Reader<'a> {
    line: &'a Line,
    lines: Span,
    escape: u8,
    errors: &'a mut Vec<SyntaxError>,
}

impl Reader<'_> {
    fn instruction(&mut self, range: Range<usize>, depth: usize) -> Instruction {
        let head = split::head(&self.line.bytes, range, self.escape);
        let whole = head.keyword.start..head.rest.end.max(head.keyword.end);
        let flags: Vec<Flag> = head.flags.iter().map(|flag| self.flag(flag)).collect();
        let keyword = self.line.word(&head.keyword);
        let kind = self.kind(&keyword, &head, &flags, depth);
        Instruction {
            lines: self.lines,
            span: self.line.span(&whole),
            keyword,
            flags,
            kind,
            heredocs: Vec::new(),
            comments: Vec::new(),
            text: self.line.text(&head.rest),
        }
    }

    fn flag(&self, raw: &split::RawFlag) -> Flag {
        let value = String::from_utf8_lossy(&raw.value);
        let bare = value.strip_prefix("--").unwrap_or(&value);
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (bare, None),
        };
        let value = value.map(|value| {
            let written = &self.line.bytes[raw.range.clone()];
            let equals = written.iter().position(|byte| *byte == b'=');
            let start = equals.map_or(raw.range.start, |at| raw.range.start + at + 1);
            Word {
                value: value.to_owned(),
                span: self.line.span(&(start..raw.range.end)),
            }
        });
        Flag {
            name: name.to_owned(),
            value,
            span: self.line.span(&raw.range),
        }
    }

    /// Something BuildKit's build refuses.
    fn refuse(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(SyntaxError {
            span,
            message: message.into(),
            refused_by_parser: false,
        });
    }

    /// Something BuildKit's parser refuses: the instruction cannot be read.
    fn broken(&mut self, head: &Head, error: SplitError, keyword: &str) -> InstructionKind {
        let (span, refusal) = self.refusal(head, error, keyword);
        self.errors.push(SyntaxError {
            span,
            message: refusal.advice(),
            refused_by_parser: true,
        });
        InstructionKind::Unknown(self.line.text(&head.arguments))
    }

    fn refusal(&self, head: &Head, error: SplitError, keyword: &str) -> (Span, Refusal) {
        let (range, refusal) = explain(self.line, head, error, keyword);
        (self.line.span(&range), refusal)
    }

    fn kind(
        &mut self,
        keyword: &Word,
        head: &Head,
        flags: &[Flag],
        depth: usize,
    ) -> InstructionKind {
        let name = keyword.value.to_ascii_uppercase();
        let before = self.errors.len();
        let kind = match name.as_str() {
            "FROM" => Ok(self.from(keyword, head)),
            "ARG" => self.definitions(keyword, head),
            "ENV" => self.pairs(keyword, head, InstructionKind::Env),
            "LABEL" => self.pairs(keyword, head, InstructionKind::Label),
            "RUN" => self.command(&head.arguments).map(InstructionKind::Run),
            "CMD" => self.command(&head.arguments).map(InstructionKind::Cmd),
            "ENTRYPOINT" => self
                .command(&head.arguments)
                .map(InstructionKind::Entrypoint),
            "SHELL" => self.shell(keyword, head),
            "HEALTHCHECK" => self.healthcheck(keyword, head),
            "COPY" => self.transfer(keyword, head, InstructionKind::Copy),
            "ADD" => self.transfer(keyword, head, InstructionKind::Add),
            "WORKDIR" => Ok(self.single(keyword, head, InstructionKind::Workdir)),
            "USER" => Ok(self.single(keyword, head, InstructionKind::User)),
            "STOPSIGNAL" => Ok(self.single(keyword, head, InstructionKind::Stopsignal)),
            "MAINTAINER" => Ok(self.single(keyword, head, InstructionKind::Maintainer)),
            "EXPOSE" => Ok(self.expose(keyword, head)),
            "VOLUME" => self.volume(keyword, head),
            "ONBUILD" => Ok(self.onbuild(keyword, head, depth)),
            _ => {
                // `PASSWORD=…` where the line above lost its continuation: the value is not ours
                // to repeat.
                let word = match keyword.value.split_once('=') {
                    Some((variable, _)) => format!("{}=…", shorten(variable)),
                    None => shorten(&keyword.value).to_string(),
                };
                let message = match nearest(&name, KEYWORDS) {
                    Some(known) => {
                        format!("`{word}` is not an instruction: did you mean {known}?")
                    }
                    None => format!(
                        "`{word}` is not an instruction: if the line above goes on here, end it with `{}`",
                        char::from(self.escape)
                    ),
                };
                self.refuse(keyword.span, message);
                return InstructionKind::Unknown(self.line.text(&head.arguments));
            }
        };
        let kind = match kind {
            Ok(kind) => kind,
            Err(error) => return self.broken(head, error, &name),
        };
        if self.errors.len() == before {
            flags::check(&name, &kind, flags, |span, message| {
                self.refuse(span, message);
            });
        }
        kind
    }

    fn words(&self, range: &Range<usize>) -> Vec<Word> {
        split::whitespace(&self.line.bytes, range)
            .iter()
            .map(|range| self.line.word(range))
            .collect()
    }

    /// Words of the exec form, or words at white space.
    fn list(&self, range: &Range<usize>) -> Result<Vec<Word>, SplitError> {
        Ok(self.exec(range)?.unwrap_or_else(|| self.words(range)))
    }

    fn exec(&self, range: &Range<usize>) -> Result<Option<Vec<Word>>, SplitError> {
        let strings = split::exec(&self.line.bytes, range)?;
        Ok(strings.map(|strings| {
            strings
                .into_iter()
                .map(|(value, range)| Word {
                    value,
                    span: self.line.span(&range),
                })
                .collect()
        }))
    }

    fn command(&self, range: &Range<usize>) -> Result<Command, SplitError> {
        let form = match self.exec(range)? {
            Some(words) => CommandForm::Exec(words),
            None => CommandForm::Shell(self.line.text(range)),
        };
        Ok(Command {
            form,
            span: self.line.span(range),
        })
    }

    fn from(&mut self, keyword: &Word, head: &Head) -> InstructionKind {
        let mut words = self.words(&head.arguments).into_iter();
        let Some(image) = words.next() else {
            self.refuse(
                keyword.span,
                "FROM needs an image: write `FROM image` or `FROM image AS name`",
            );
            return InstructionKind::From(From {
                image: self.line.word(&head.arguments),
                alias: None,
            });
        };
        let rest: Vec<Word> = words.collect();
        let alias = match <[Word; 2]>::try_from(rest) {
            Ok([word, name]) if word.value.eq_ignore_ascii_case("as") => {
                if !is_stage_name(&name.value.to_lowercase()) {
                    self.refuse(
                        name.span,
                        format!(
                            "`{}` cannot name a stage: start with a letter and use letters, digits, `-`, `_` and `.`",
                            shorten(&name.value)
                        ),
                    );
                }
                Some((word, name))
            }
            Ok([first, second]) => {
                self.refuse(
                    first.span.cover(second.span),
                    "FROM takes an image and perhaps `AS name`, nothing else",
                );
                None
            }
            Err(rest) => {
                if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
                    self.refuse(
                        first.span.cover(last.span),
                        "FROM takes an image and perhaps `AS name`, nothing else",
                    );
                }
                None
            }
        };
        InstructionKind::From(From { image, alias })
    }

    fn key_values(&mut self, keyword: &Word, pairs: Vec<RawPair>) -> Vec<KeyValue> {
        if pairs.is_empty() {
            self.refuse(
                keyword.span,
                format!(
                    "{} needs at least one `name=value`",
                    shorten(&keyword.value)
                ),
            );
        }
        pairs
            .into_iter()
            .map(|pair| {
                let end = pair.value.as_ref().map_or(pair.name.end, |value| value.end);
                let span = self.line.span(&(pair.name.start..end));
                if pair.name.is_empty() {
                    self.refuse(span, "there is no name in front of `=`");
                }
                KeyValue {
                    name: self.line.word(&pair.name),
                    value: pair.value.map(|value| self.line.word(&value)),
                    has_equals: pair.has_equals,
                    span,
                }
            })
            .collect()
    }

    fn definitions(&mut self, keyword: &Word, head: &Head) -> Result<InstructionKind, SplitError> {
        let pairs = split::definitions(&self.line.bytes, &head.arguments, self.escape);
        Ok(InstructionKind::Arg(self.key_values(keyword, pairs)))
    }

    fn pairs(
        &mut self,
        keyword: &Word,
        head: &Head,
        kind: fn(Vec<KeyValue>) -> InstructionKind,
    ) -> Result<InstructionKind, SplitError> {
        let pairs = split::pairs(&self.line.bytes, &head.arguments, self.escape)?;
        Ok(kind(self.key_values(keyword, pairs)))
    }

    fn shell(&mut self, keyword: &Word, head: &Head) -> Result<InstructionKind, SplitError> {
        let command = self.command(&head.arguments)?;
        let usable = matches!(&command.form, CommandForm::Exec(words) if !words.is_empty());
        if !usable {
            self.refuse(
                keyword.span.cover(command.span),
                "SHELL takes a JSON array: write `SHELL [\"/bin/bash\", \"-c\"]`",
            );
        }
        Ok(InstructionKind::Shell(command))
    }

    fn healthcheck(&mut self, keyword: &Word, head: &Head) -> Result<InstructionKind, SplitError> {
        let bytes = &self.line.bytes;
        let Some((kind, rest)) = split::healthcheck(bytes, &head.arguments) else {
            self.refuse(keyword.span, "HEALTHCHECK needs `CMD command` or `NONE`");
            return Ok(InstructionKind::Unknown(self.line.text(&head.arguments)));
        };
        let word = self.line.word(&kind);
        let command = self.command(&rest)?;
        if word.value.eq_ignore_ascii_case("none") {
            let is_empty = match &command.form {
                CommandForm::Exec(words) => words.is_empty(),
                CommandForm::Shell(text) => text.value.is_empty(),
            };
            if !is_empty {
                self.refuse(command.span, "HEALTHCHECK NONE takes no arguments");
            }
            return Ok(InstructionKind::Healthcheck(Healthcheck::None));
        }
        if !word.value.eq_ignore_ascii_case("cmd") {
            self.refuse(
                word.span,
                format!(
                    "HEALTHCHECK cannot do `{}`: write `HEALTHCHECK CMD command` or `HEALTHCHECK NONE`",
                    shorten(&word.value)
                ),
            );
            return Ok(InstructionKind::Unknown(self.line.text(&head.arguments)));
        }
        let is_empty = match &command.form {
            CommandForm::Exec(words) => words.is_empty(),
            CommandForm::Shell(text) => text.value.is_empty(),
        };
        if is_empty {
            self.refuse(word.span, "there is no command behind HEALTHCHECK CMD");
        }
        Ok(InstructionKind::Healthcheck(Healthcheck::Cmd(command)))
    }

    fn transfer(
        &mut self,
        keyword: &Word,
        head: &Head,
        kind: fn(Vec<Word>) -> InstructionKind,
    ) -> Result<InstructionKind, SplitError> {
        let words = self.list(&head.arguments)?;
        let name = keyword.value.to_ascii_uppercase();
        match words.as_slice() {
            [] | [_] => {
                self.refuse(
                    keyword.span.cover(self.line.span(&head.arguments)),
                    format!("{name} needs at least one source and a destination"),
                );
                return Ok(InstructionKind::Unknown(self.line.text(&head.arguments)));
            }
            [.., destination] => {
                if HeredocOpener::parse(&destination.value).is_some() {
                    self.refuse(
                        destination.span,
                        format!("{name} cannot write to a heredoc: put a path behind it"),
                    );
                }
            }
        }
        Ok(kind(words))
    }

    /// An instruction that takes the rest of its line.
    fn single(
        &mut self,
        keyword: &Word,
        head: &Head,
        kind: fn(Word) -> InstructionKind,
    ) -> InstructionKind {
        if head.arguments.is_empty() {
            self.refuse(
                keyword.span,
                format!("{} needs an argument", shorten(&keyword.value)),
            );
            return InstructionKind::Unknown(self.line.text(&head.arguments));
        }
        kind(self.line.word(&head.arguments))
    }

    fn expose(&mut self, keyword: &Word, head: &Head) -> InstructionKind {
        let ports = self.words(&head.arguments);
        if ports.is_empty() {
            self.refuse(keyword.span, "EXPOSE needs at least one port");
        }
        InstructionKind::Expose(ports)
    }

    fn volume(&mut self, keyword: &Word, head: &Head) -> Result<InstructionKind, SplitError> {
        let volumes = self.list(&head.arguments)?;
        if volumes.is_empty() {
            self.refuse(keyword.span, "VOLUME needs at least one path");
        }
        for volume in &volumes {
            if volume.value.trim().is_empty() {
                self.refuse(volume.span, "a volume cannot be an empty string");
            }
        }
        Ok(InstructionKind::Volume(volumes))
    }

    fn onbuild(&mut self, keyword: &Word, head: &Head, depth: usize) -> InstructionKind {
        if head.arguments.is_empty() {
            self.refuse(keyword.span, "ONBUILD needs an instruction");
            return InstructionKind::Unknown(self.line.text(&head.arguments));
        }
        if depth >= split::ONBUILD_LIMIT {
            self.errors.push(SyntaxError {
                span: keyword.span,
                message: Refusal::OnbuildTooDeep.advice(),
                refused_by_parser: true,
            });
            return InstructionKind::Unknown(self.line.text(&head.arguments));
        }
        let inner = self.instruction(head.arguments.clone(), depth + 1);
        let name = inner.keyword.value.to_ascii_uppercase();
        match name.as_str() {
            "ONBUILD" => self.refuse(
                inner.keyword.span,
                "ONBUILD cannot hold ONBUILD: write the instruction itself",
            ),
            "FROM" | "MAINTAINER" => self.refuse(
                inner.keyword.span,
                format!("{name} is not allowed as an ONBUILD trigger"),
            ),
            _ => {}
        }
        InstructionKind::Onbuild(Box::new(inner))
    }
}

/// Where and why arguments are refused.
pub(super) fn explain(
    line: &Line,
    head: &Head,
    error: SplitError,
    keyword: &str,
) -> (Range<usize>, Refusal) {
    match error {
        SplitError::NotStrings(range) => (range, Refusal::NotStrings),
        SplitError::TwoArguments => (
            head.keyword.start..head.arguments.end,
            Refusal::TwoArguments(keyword.to_ascii_uppercase()),
        ),
        SplitError::NoEquals(range) => {
            let word = String::from_utf8_lossy(&line.bytes[range.clone()]).into_owned();
            (range, Refusal::NoEquals(word))
        }
    }
}

fn is_stage_name(name: &str) -> bool {
    name.bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        })
}
