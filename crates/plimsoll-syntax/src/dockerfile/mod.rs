//! Dockerfiles: the grammar is BuildKit's (`frontend/dockerfile/parser`), kept lossless.

mod ast;
mod dump;
pub mod expand;
mod flags;
mod heredoc;
mod instruction;
mod json;
mod line;
mod mount;
mod pattern;
mod resolution;
mod resolve;
mod scan;
mod split;
mod state;

use plimsoll_model::SourceFile;

pub use ast::{
    Argument, Command, CommandForm, Comment, Directive, Dockerfile, Flag, From, Healthcheck,
    Heredoc, Instruction, InstructionKind, Item, KeyValue, SyntaxError, Text, Word,
};
pub use dump::ast_dump;
pub use heredoc::HeredocOpener;
pub use mount::{Mount, MountKind, Sharing, expanded_mounts, mounts};
pub use resolution::{Base, BaseConfig, Resolution, ResolveInput, Stage, Step};
pub use resolve::{is_proxy_argument, resolve};
pub use state::{State, Variable};

pub(crate) use line::trim;
use scan::Piece;

/// Reads a Dockerfile. Never fails: what the grammar does not allow is told in the errors, sorted
/// by place, and everything else is still in the tree.
pub fn parse(source: SourceFile) -> (Dockerfile, Vec<SyntaxError>) {
    let scan = scan::scan(source.bytes());
    let mut errors: Vec<SyntaxError> = scan
        .errors
        .iter()
        .map(|(span, refusal)| SyntaxError {
            span: *span,
            message: refusal.advice(),
            refused_by_parser: true,
        })
        .collect();
    let mut has_stage = false;
    let items = scan
        .pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Blank(span) => Item::Blank(span),
            Piece::Comment(comment) => Item::Comment(comment),
            Piece::Directive(directive) => Item::Directive(directive),
            Piece::Logical(logical) => {
                let instruction = instruction::read(logical, scan.escape, &mut errors);
                match &instruction.kind {
                    InstructionKind::From(_) => has_stage = true,
                    InstructionKind::Arg(_) | InstructionKind::Unknown(_) => {}
                    _ if has_stage => {}
                    _ => errors.push(SyntaxError {
                        span: instruction.keyword.span,
                        message: "only ARG may stand in front of the first FROM".to_owned(),
                        refused_by_parser: false,
                    }),
                }
                Item::Instruction(instruction)
            }
        })
        .collect();
    errors.sort_by_key(|error| error.span);
    let file = Dockerfile {
        source,
        escape: scan.escape,
        items,
    };
    (file, errors)
}
