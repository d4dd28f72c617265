//! One file a command.

pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod db;
pub(crate) mod debug;
pub(crate) mod diff;

pub(crate) mod engines;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod layers;
pub(crate) mod migrate;
pub(crate) mod push;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod ship;

use plimsoll_rules::UnknownRule;

use crate::failure::Failure;

/// A name, written in `place` where that must be told, that is no rule's.
fn unknown_rule(place: Option<&str>, error: &UnknownRule) -> Failure {
    let message = match place {
        Some(place) => format!("{place}: {error}"),
        None => error.to_string(),
    };
    Failure::usage(message).hint("`plimsoll rules` lists every rule")
}
