//! The crate from outside: places an image goes to and comes from, sudden death, other people's
//! tools.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod archive;
mod death;
mod engines;
mod hostile;
mod seed;
