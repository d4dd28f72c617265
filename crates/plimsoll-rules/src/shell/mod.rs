//! Rules on shell text: RUN, heredocs, shell forms and the scripts they start, one file each.

use crate::declare::rules;

pub(crate) mod kind;

rules! {}
