//! Rules on users, groups and rights, one file each.

pub(crate) mod accounts;
pub(crate) mod mode;

use crate::declare::rules;

rules! {
    account_password_in_image::AccountPasswordInImage,
    copy_not_owned_by_user::CopyNotOwnedByUser,
    duplicate_account_id::DuplicateAccountId,
    executable_owned_by_user::ExecutableOwnedByUser,
    group_drops_memberships::GroupDropsMemberships,
    named_user::NamedUser,
    root_user::RootUser,
    setid_bit_added::SetidBitAdded,
    stateful_root::StatefulRoot,
    unreadable_home::UnreadableHome,
    unresolvable_user::UnresolvableUser,
    user_created_never_used::UserCreatedNeverUsed,
    world_writable_file::WorldWritableFile,
}

pub(crate) use root_user::is_root;
