//! Every format on one synthetic report, and on hostile ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod advised;
mod formats;
mod frames;
mod hostile;
mod schemas;
mod synthetic;
mod vulnerable;
