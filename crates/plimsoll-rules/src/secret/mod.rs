//! Rules on secrets in Dockerfiles, one file each.

pub(crate) mod anchors;
pub(crate) mod flow;
pub(crate) mod hidden;
pub(crate) mod names;
pub(crate) mod values;

use crate::declare::rules;

rules! {
    credential_setup_in_step::CredentialSetupInStep,
    credentials_file_copied::CredentialsFileCopied,
    literal_credential::LiteralCredential,
    secret_in_image_config::SecretInImageConfig,
    secret_left_in_layer::SecretLeftInLayer,
    secret_mount_readable_by_all::SecretMountReadableByAll,
    whole_context_copied::WholeContextCopied,
}
