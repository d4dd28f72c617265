//! Known vulnerabilities and the policy: which hold an image back, which are set aside and why.
//!
//! What is decided by is gathered here from `plimsoll.toml`, the lists of other tools, VEX
//! documents and an earlier report; `decision` decides.

mod accepted;
mod age;
mod baseline;
mod decision;
mod gate;
mod image;
mod outlook;
mod pattern;
mod pending;
mod purl;
mod vex;
mod waiver;
mod work;

pub(crate) use baseline::Baseline;
pub(crate) use gate::{Gate, Least, Ruling};
#[cfg(test)]
pub(crate) use pattern::PathPattern;
pub(crate) use pattern::{Lister, NoPattern, Patterns, wildcard};
pub(crate) use purl::{Purl, python_name};
pub(crate) use vex::Attached;
pub(crate) use waiver::{AcceptedRisk, PackagePattern};

#[cfg(test)]
pub(crate) use decision::tests as testing;
