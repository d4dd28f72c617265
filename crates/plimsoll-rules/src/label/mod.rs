//! Rules on labels, one file each.

use crate::declare::rules;

rules! {}
