//! Dockerfiles: the grammar is BuildKit's (`frontend/dockerfile/parser`), kept lossless.

mod ast;
mod resolve;

pub use ast::{
    Argument, Command, CommandForm, Comment, Directive, Dockerfile, Flag, From, Healthcheck,
    Heredoc, Instruction, InstructionKind, Item, KeyValue, SyntaxError, Text, Word,
};
pub use resolve::{Base, Resolution, ResolveInput, Stage, State, Step, Variable};
