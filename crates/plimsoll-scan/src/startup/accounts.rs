//! Users and groups, and what the user of an image may do.

use std::collections::HashSet;

use plimsoll_model::{Accounts, StartupProblem};

use super::Surroundings;
use super::search::TRIPLETS;
use crate::catalogue::{Document, base_name, passwd};
use crate::record::{EntryFact, LayerRecord};
use crate::tree::Tree;

/// What the account files of the final image say.
pub(crate) fn find(records: &[LayerRecord], tree: &Tree<'_>, complete: bool) -> Accounts {
    let read = |path: &str| {
        let Some((real, node)) = tree.follow(path) else {
            return (None, None);
        };
        let document = records
            .get(node.layer)
            .and_then(|record| record.documents.get(&real));
        (Some(node.layer), document)
    };
    let mut accounts = Accounts {
        complete,
        ..Accounts::default()
    };
    let (layer, document) = read(passwd::PATH);
    accounts.users_layer = layer;
    match document {
        Some(Document::Users(users)) => accounts.users.clone_from(users),
        // A file that is there and was not read may name anybody.
        None if layer.is_some() => accounts.complete = false,
        _ => {}
    }
    let (layer, document) = read(passwd::GROUP_PATH);
    accounts.groups_layer = layer;
    match document {
        Some(Document::Groups(groups)) => accounts.groups.clone_from(groups),
        None if layer.is_some() => accounts.complete = false,
        _ => {}
    }
    let (layer, document) = read(passwd::SHADOW_PATH);
    accounts.shadow_layer = layer;
    if let Some(Document::NoPassword(names)) = document {
        let names: HashSet<&str> = names.iter().map(String::as_str).collect();
        for user in &mut accounts.users {
            user.empty_password |= names.contains(user.name.as_str());
        }
    }
    accounts
}

/// Who a container runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// As the configuration names it, without the credentials in it.
    pub(super) name: String,
    uid: u64,
    groups: Vec<u64>,
}

/// A kind of access, as the bit that grants it to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read = 4,
    Execute = 1,
}

impl Identity {
    /// Who `user[:group]` of a configuration is; `None` where an account it names is not there.
    pub(super) fn of(user: &str, accounts: &Accounts) -> Option<Self> {
        let (name, group) = match user.split_once(':') {
            Some((name, group)) => (name, Some(group).filter(|group| !group.is_empty())),
            None => (user, None),
        };
        let name = if name.is_empty() { "0" } else { name };
        let number: Option<u32> = name.parse().ok();
        let name = passwd::known_name(name);
        let group = group.map(passwd::known_name);
        // A number is one, whatever an account is called.
        let account = accounts.users.iter().find(|account| match number {
            Some(uid) => account.uid == uid,
            None => account.name == name,
        });
        let uid = account.map(|account| account.uid).or(number)?;
        let mut groups = Vec::new();
        if let Some(group) = group {
            let named = || accounts.groups.iter().find(|known| known.name == group);
            let gid = match group.parse() {
                Ok(number) => number,
                Err(_) => named()?.gid,
            };
            groups.push(u64::from(gid));
        } else {
            groups.push(u64::from(account.map_or(0, |account| account.gid)));
            if let Some(account) = account {
                let others = accounts.groups.iter();
                groups.extend(
                    others
                        .filter(|group| group.members.contains(&account.name))
                        .map(|group| u64::from(group.gid)),
                );
            }
        }
        Some(Self {
            name: passwd::known_name(user),
            uid: u64::from(uid),
            groups,
        })
    }

    /// Whether the permission bits let it (`path_resolution(7)`); root passes every folder and reads
    /// everything, and executes what anybody may.
    pub(super) fn may(&self, access: Access, fact: &EntryFact) -> bool {
        let bit = access as u32;
        if self.uid == 0 {
            return access == Access::Read || fact.mode & 0o111 != 0;
        }
        let shift = if fact.uid == self.uid {
            6
        } else if self.groups.contains(&fact.gid) {
            3
        } else {
            0
        };
        fact.mode & (bit << shift) != 0
    }

    pub(super) fn is_root(&self) -> bool {
        self.uid == 0
    }
}

/// Services of `nsswitch.conf(5)` that know no users but those of the account files.
const WITHOUT_USERS: &[&str] = &[
    "compat",
    "db",
    "dns",
    "files",
    "hesiod",
    "mdns",
    "mdns4",
    "mdns4_minimal",
    "mdns6",
    "mdns6_minimal",
    "mdns_minimal",
    "myhostname",
    "mymachines",
    "nis",
    "nisplus",
    "resolve",
    "systemd",
];

impl Surroundings<'_> {
    /// Whom of `user[:group]` a program looks up in vain.
    pub(super) fn unknown_account(&self, user: &str) -> Option<StartupProblem> {
        let is_known = || {
            self.accounts.complete
                && !self.mounts.hold(passwd::PATH)
                && !self.mounts.hold(passwd::GROUP_PATH)
                && !*self
                    .has_other_accounts
                    .get_or_init(|| self.may_have_other_accounts())
        };
        let (user, group) = user.split_once(':').unwrap_or((user, ""));
        let group = group.split(':').next().unwrap_or_default();
        // A number needs no account, and what is written otherwise may be anything.
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        let unknown = |name: &str, is_group: bool| {
            let known = passwd::known_name(name);
            let is_there = match is_group {
                true => self.accounts.groups.iter().any(|one| one.name == known),
                false => self.accounts.users.iter().any(|one| one.name == known),
            };
            (is_name(name) && !is_there && is_known()).then_some(StartupProblem::UnknownAccount {
                name: known,
                is_group,
            })
        };
        unknown(user, false).or_else(|| unknown(group, true))
    }

    /// Whether users may come from elsewhere than the account files: a directory service.
    fn may_have_other_accounts(&self) -> bool {
        let in_triplets = TRIPLETS
            .iter()
            .flat_map(|triplet| [format!("lib/{triplet}"), format!("usr/lib/{triplet}")]);
        let folders = ["lib", "lib64", "usr/lib", "usr/lib64"].map(str::to_owned);
        folders.into_iter().chain(in_triplets).any(|folder| {
            let start = format!("{folder}/libnss_");
            self.tree.beginning(&start).any(|path| {
                let name = base_name(path).strip_prefix("libnss_").unwrap_or_default();
                let service = name.split(['.', '-']).next().unwrap_or_default();
                !WITHOUT_USERS.contains(&service)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Account, Group};

    use super::*;
    use crate::record::FactKind;
    use crate::startup::format::Start;

    fn file(mode: u32, uid: u64, gid: u64) -> EntryFact {
        EntryFact {
            path: "x".into(),
            kind: FactKind::File,
            size: 0,
            mode,
            uid,
            gid,
            content: 0,
            start: Start::Unknown,
        }
    }

    #[test]
    fn the_class_that_fits_first_decides() {
        let accounts = Accounts {
            users: vec![Account {
                name: "app".to_owned(),
                uid: 10,
                gid: 20,
                empty_password: false,
            }],
            groups: vec![Group {
                name: "data".to_owned(),
                gid: 30,
                members: vec!["app".to_owned()],
            }],
            ..Accounts::default()
        };
        let app = Identity::of("app", &accounts).unwrap();
        assert_eq!(Identity::of("10", &accounts).unwrap().groups, [20, 30]);
        assert_eq!(Identity::of("app:data", &accounts).unwrap().groups, [30]);
        assert_eq!(Identity::of("77", &accounts).unwrap().groups, [0]);
        assert_eq!(Identity::of("nobody", &accounts), None);
        // A number is one to container runtimes, whoever is called so.
        let mut called = accounts.clone();
        called.users[0].name = "77".to_owned();
        called.groups[0].name = "78".to_owned();
        let number = Identity::of("77:78", &called).unwrap();
        assert_eq!((number.uid, number.groups), (77, vec![78]));
        const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        let mut hidden = accounts.clone();
        hidden.users[0].name = passwd::known_name(TOKEN);
        let found = Identity::of(TOKEN, &hidden).unwrap();
        assert_eq!((found.uid, found.name.contains(TOKEN)), (10, false));
        assert!(app.may(Access::Execute, &file(0o100, 10, 0)));
        assert!(!app.may(Access::Execute, &file(0o011, 10, 20)));
        assert!(app.may(Access::Read, &file(0o040, 0, 30)));
        assert!(!app.may(Access::Read, &file(0o770, 0, 0)));
        let root = Identity::of("", &accounts).unwrap();
        assert!(root.is_root() && root.may(Access::Read, &file(0, 5, 5)));
        assert!(!root.may(Access::Execute, &file(0o644, 0, 0)));
    }
}
