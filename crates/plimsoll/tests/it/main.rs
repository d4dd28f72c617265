//! The binary from outside: what people and scripts see.

mod ast;
mod check;
mod configuration;
mod hostile;
mod interrupted;
mod pipeline;
mod reference;
mod ship;
mod stage;
