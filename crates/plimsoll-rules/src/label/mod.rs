//! Rules on labels, one file each.

pub(crate) mod form;
pub(crate) mod pairs;

use crate::declare::rules;

rules! {
    empty_label::EmptyLabel,
    malformed_label_key::MalformedLabelKey,
    malformed_label_value::MalformedLabelValue,
    missing_label::MissingLabel,
    unexpected_label::UnexpectedLabel,
}
