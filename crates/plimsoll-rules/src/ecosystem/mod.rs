//! Rules for one language, framework or system, one file each.

use crate::declare::rules;

rules! {
    wheel_missing_on_musl::WheelMissingOnMusl,
}
