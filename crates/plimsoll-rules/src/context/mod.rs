//! Rules on the build context, and on the order in which it is copied, one file each.

pub(crate) mod copies;
pub(crate) mod dependencies;
pub(crate) mod files;
mod junk;
pub(crate) mod manifests;
mod shared;
pub(crate) mod source;

use crate::declare::rules;

rules! {
    context_holds_junk::ContextHoldsJunk,
    context_holds_secrets::ContextHoldsSecrets,
    copy_source_not_in_context::CopySourceNotInContext,
    deleted_in_later_layer::DeletedInLaterLayer,
    dev_dependencies_in_runtime::DevDependenciesInRuntime,
    oversized_copy::OversizedCopy,
    source_before_dependencies::SourceBeforeDependencies,
    unlocked_install::UnlockedInstall,
    unpinned_requirement::UnpinnedRequirement,
}

pub use shared::SharedContext;
