//! Rules on the form of single instructions, one file each.

use crate::declare::rules;

rules! {
    add_instead_of_copy::AddInsteadOfCopy,
    syntax_error::SyntaxError,
}

pub(crate) use add_instead_of_copy::is_plain;
