//! One file a command.

pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod db;
pub(crate) mod diff;
pub(crate) mod dockerfile_ast;
pub(crate) mod engines;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod layers;
pub(crate) mod migrate;
pub(crate) mod push;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod ship;
