//! Rules on labels, one file each.

pub(crate) mod form;
pub(crate) mod pairs;

use crate::declare::rules;

rules! {
    duplicate_label_key::DuplicateLabelKey,
    empty_label::EmptyLabel,
    label_of_the_builder::LabelOfTheBuilder,
    malformed_label_key::MalformedLabelKey,
    malformed_label_value::MalformedLabelValue,
    missing_label::MissingLabel,
    scattered_labels::ScatteredLabels,
    stale_base_digest_label::StaleBaseDigestLabel,
    unexpected_label::UnexpectedLabel,
    unordered_labels::UnorderedLabels,
}
