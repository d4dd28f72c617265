//! `plimsoll schema`: the JSON schema of plimsoll.toml.

use crate::failure::{Failure, Outcome};
use crate::terminal::print;

/// Prints it.
pub(crate) fn run() -> Result<Outcome, Failure> {
    print(&crate::config::schema())?;
    Ok(Outcome::Holds)
}
