//! `passwd(5)`, `group(5)` and `shadow(5)`: the accounts of an image.

use plimsoll_model::{Account, Group};

use super::{Candidate, Document};
use crate::secret::{Detector, concealed_path};

/// Where the users lie.
pub(crate) const PATH: &str = "etc/passwd";
/// Where the groups lie.
pub(crate) const GROUP_PATH: &str = "etc/group";
/// Where the hashes of passwords lie.
pub(crate) const SHADOW_PATH: &str = "etc/shadow";

/// Lines that are kept of one file.
const MAX_LINES: usize = 65_536;

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.path == PATH
}

pub(super) fn claims_groups(candidate: &Candidate<'_>) -> bool {
    candidate.path == GROUP_PATH
}

pub(super) fn claims_shadow(candidate: &Candidate<'_>) -> bool {
    candidate.path == SHADOW_PATH
}

/// The fields of each line that has a name.
fn rows(text: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    text.lines().take(MAX_LINES).filter_map(|line| {
        let (name, rest) = line.trim_end_matches('\r').split_once(':')?;
        // `+` and `-` lines ask a network service (`nsswitch.conf(5)`, compat).
        let is_name = !name.is_empty() && !name.starts_with(['#', '+', '-']);
        is_name.then(|| (name, rest.splitn(8, ':').collect()))
    })
}

/// A name as it is known from here on: without the credentials in it, as those of files are.
pub(crate) fn known_name(name: &str) -> String {
    let concealed = concealed_path(name, Detector::shared());
    concealed.map_or_else(|| name.to_owned(), |named_by| named_by.shown)
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let users = rows(&text).filter_map(|(name, fields)| {
        Some(Account {
            name: known_name(name),
            uid: fields.get(1)?.parse().ok()?,
            gid: fields
                .get(2)
                .and_then(|group| group.parse().ok())
                .unwrap_or(0),
            empty_password: fields.first()?.is_empty(),
        })
    });
    Ok(Document::Users(users.collect()))
}

pub(super) fn read_groups(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let groups = rows(&text).filter_map(|(name, fields)| {
        Some(Group {
            name: known_name(name),
            gid: fields.get(1)?.parse().ok()?,
            members: fields
                .get(2)
                .unwrap_or(&"")
                .split(',')
                .filter(|member| !member.is_empty())
                .map(known_name)
                .collect(),
        })
    });
    Ok(Document::Groups(groups.collect()))
}

pub(super) fn read_shadow(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let open = rows(&text).filter(|(_, fields)| fields.len() > 1 && fields[0].is_empty());
    Ok(Document::NoPassword(
        open.map(|(name, _)| known_name(name)).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What names a user or a group goes into reports; of the rest of a line nothing is kept.
    #[test]
    fn a_token_is_kept_of_no_field() {
        const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        let line = "TOKEN::1:1:TOKEN:/home/TOKEN:/bin/TOKEN\nbob:x:2:2::/:/bin/sh\n";
        let line = line.replace("TOKEN", TOKEN);
        let group = format!("{TOKEN}:x:1:bob,{TOKEN}\n");
        let shadow = format!("{TOKEN}::19000:0\n");
        let shown = known_name(TOKEN);
        assert!(shown.starts_with("[github-token-"), "{shown}");
        let Ok(Document::Users(users)) = read("", line.as_bytes()) else {
            panic!("no users");
        };
        assert_eq!([&users[0].name, &users[1].name], [&shown, "bob"]);
        let Ok(Document::Groups(groups)) = read_groups("", group.as_bytes()) else {
            panic!("no groups");
        };
        assert_eq!(groups[0].members, ["bob", &shown]);
        assert_eq!(groups[0].name, shown);
        let shadow = read_shadow("", shadow.as_bytes()).unwrap();
        assert_eq!(shadow, Document::NoPassword(vec![shown]));
        assert!(!format!("{users:?} {groups:?}").contains(TOKEN));
    }

    #[test]
    fn passwords_are_empty_or_nothing_is_said_of_them() {
        let Ok(Document::Users(users)) = read(
            "",
            b"root:x:0:0:root:/root:/bin/sh\nopen::7:8::/:\n+::::::\nbad\n",
        ) else {
            panic!("no users");
        };
        let told: Vec<(&str, u32, u32, bool)> = users
            .iter()
            .map(|one| (one.name.as_str(), one.uid, one.gid, one.empty_password))
            .collect();
        assert_eq!(told, [("root", 0, 0, false), ("open", 7, 8, true)]);
        let shadow = read_shadow("", b"root:*:1:0::::\nopen::1:0::::\n!\n").unwrap();
        assert_eq!(shadow, Document::NoPassword(vec!["open".to_owned()]));
        let Ok(Document::Groups(groups)) = read_groups("", b"app:x:5:a,b\nwheel:x:10:\n") else {
            panic!("no groups");
        };
        assert_eq!(groups[0].members, ["a", "b"]);
        assert_eq!((groups[1].gid, groups[1].members.len()), (10, 0));
    }
}
