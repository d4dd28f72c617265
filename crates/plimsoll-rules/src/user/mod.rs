//! Rules on users, groups and rights, one file each.

pub(crate) mod accounts;

use crate::declare::rules;

rules! {
    account_password_in_image::AccountPasswordInImage,
    duplicate_account_id::DuplicateAccountId,
    group_drops_memberships::GroupDropsMemberships,
    named_user::NamedUser,
    root_user::RootUser,
    unreadable_home::UnreadableHome,
    user_created_never_used::UserCreatedNeverUsed,
}

pub(crate) use root_user::is_root;
