//! Rules on users, groups and rights, one file each.

use crate::declare::rules;

rules! {
    root_user::RootUser,
    unreadable_home::UnreadableHome,
}

pub(crate) use root_user::is_root;
