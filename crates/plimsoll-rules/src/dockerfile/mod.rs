//! Rules on Dockerfiles and their build context, one file each.

mod add_instead_of_copy;
mod apt_lists_left_behind;
mod compiler_in_runtime_stage;
mod context_holds_secrets;
mod expired_suppression;
mod healthcheck_tool_missing;
mod missing_healthcheck;
mod mutable_tag;
mod root_user;
mod secret_in_image_config;
mod shell_form_entrypoint;
mod source_before_dependencies;
mod syntax_error;
mod unexplained_suppression;
mod unknown_suppression;
mod unpinned_base_image;
mod unused_suppression;

pub(crate) use add_instead_of_copy::AddInsteadOfCopy;
pub(crate) use apt_lists_left_behind::AptListsLeftBehind;
pub(crate) use compiler_in_runtime_stage::CompilerInRuntimeStage;
pub(crate) use context_holds_secrets::ContextHoldsSecrets;
pub(crate) use expired_suppression::ExpiredSuppression;
pub(crate) use healthcheck_tool_missing::HealthcheckToolMissing;
pub(crate) use missing_healthcheck::MissingHealthcheck;
pub(crate) use mutable_tag::MutableTag;
pub(crate) use root_user::RootUser;
pub(crate) use secret_in_image_config::SecretInImageConfig;
pub(crate) use shell_form_entrypoint::ShellFormEntrypoint;
pub(crate) use source_before_dependencies::SourceBeforeDependencies;
pub(crate) use syntax_error::SyntaxError;
pub(crate) use unexplained_suppression::UnexplainedSuppression;
pub(crate) use unknown_suppression::UnknownSuppression;
pub(crate) use unpinned_base_image::UnpinnedBaseImage;
pub(crate) use unused_suppression::UnusedSuppression;
