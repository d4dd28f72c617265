//! The binary from outside: what people and scripts see.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says by its panic what went wrong, and by standard error what it could not run"
)]

mod ast;
mod bases;
mod check;
mod concealed;
mod configuration;
mod credentials;
mod db;
mod diff;
mod foreign;
mod hostile;
mod inputs;
mod inspect;
mod interrupted;
mod judged;
mod layers;
mod old_base;
mod pending;
mod pipeline;
mod push;
mod reference;
mod ship;
mod stage;
mod vulnerabilities;
