//! Integration tests of the parsers, one binary for all.

mod dump;
mod expand;
mod parse;
mod properties;
mod resolve;
