//! The accounts of an image (`passwd(5)`, `group(5)`, `shadow(5)`).

use serde::{Deserialize, Serialize};

/// A user. Passwords and their hashes are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// Numeric id.
    pub uid: u32,
    /// Numeric id of its group.
    pub gid: u32,
    /// Whether it has an empty password, so that none is asked for.
    pub empty_password: bool,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Numeric id.
    pub gid: u32,
    /// Names of its further members.
    pub members: Vec<String>,
}

/// Users and groups of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// Whether all layers were read, so that what is not here is not in the image.
    pub complete: bool,
    /// Users, in the order of their file.
    pub users: Vec<Account>,
    /// Groups, in the order of their file.
    pub groups: Vec<Group>,
    /// The layer that wrote the passwd file last.
    pub users_layer: Option<usize>,
    /// The layer that wrote the group file last.
    pub groups_layer: Option<usize>,
    /// The layer that wrote the shadow file last.
    pub shadow_layer: Option<usize>,
}
