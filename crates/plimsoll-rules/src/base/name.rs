//! Names of base images, by their parts.

use plimsoll_model::ImageName;
use plimsoll_syntax::dockerfile::Base;

/// A base image by its parts: `docker.io/library/` is left out of official names.
pub(super) struct Name {
    pub(super) repository: String,
    pub(super) tag: String,
}

pub(super) fn read(base: &Base) -> Option<Name> {
    let Base::Image(text) = base else { return None };
    // A digest that is cut short is the registry's trouble, not ours: the name before it counts.
    let plain = text.split_once('@').map_or(text.as_str(), |(name, _)| name);
    let name = ImageName::parse(plain).ok()?;
    let repository = match (name.registry.as_str(), name.repository.as_str()) {
        ("docker.io", repository) => repository
            .strip_prefix("library/")
            .unwrap_or(repository)
            .to_owned(),
        (registry, repository) => format!("{registry}/{repository}"),
    };
    Some(Name {
        repository,
        tag: name.tag.unwrap_or_default(),
    })
}
