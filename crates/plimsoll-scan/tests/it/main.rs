//! Whole images, made in memory, looked into.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cache;
mod image;
mod languages;
mod links;
mod packages;
mod secrets;
mod startup;
mod system;
mod tree;
