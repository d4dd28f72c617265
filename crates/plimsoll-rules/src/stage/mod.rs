//! Rules on stages and what refers to them, one file each.

use crate::declare::rules;

rules! {
    interpreter_mismatch::InterpreterMismatch,
}
