//! Rules on Dockerfiles and their build context, one file each.

mod expired_suppression;
mod syntax_error;
mod unexplained_suppression;
mod unknown_suppression;
mod unused_suppression;

pub(crate) use expired_suppression::ExpiredSuppression;
pub(crate) use syntax_error::SyntaxError;
pub(crate) use unexplained_suppression::UnexplainedSuppression;
pub(crate) use unknown_suppression::UnknownSuppression;
pub(crate) use unused_suppression::UnusedSuppression;
