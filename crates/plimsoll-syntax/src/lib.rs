//! Lossless, error-tolerant parsers for what people write.
//!
//! Every parser here returns `(tree, errors)` and never fails: a broken line yields a diagnostic
//! and the rest is still read. None of them does I/O.

pub mod context;
pub mod dockerfile;
pub mod dockerignore;
pub mod glob;
mod nearest;
pub mod shell;
pub mod yaml;

pub use nearest::nearest;
