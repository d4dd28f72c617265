//! Users and groups of an image, read from its own files and bounded to its root.

use std::path::Path;

use super::paths::Root;
use super::wire::Failure;

/// An account file larger than this is no account file.
const MAX_FILE: u64 = 10 << 20;

/// Who a command runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) home: String,
}

struct User {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
}

/// Reads `user[:group]` as a container runtime does.
pub(crate) fn account(root: &Root, text: &str) -> Result<Account, Failure> {
    let (user_text, group_text) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let user_text = if user_text.is_empty() { "0" } else { user_text };
    // A number needs no account files: broken ones must not stop root from mending them.
    let (users, groups) = match (users(root), groups(root)) {
        (Ok(users), Ok(groups)) => (users, groups),
        _ if number(user_text).is_some() && group_text.is_none() => Default::default(),
        (Err(failure), _) | (_, Err(failure)) => return Err(failure),
    };
    let found = users.iter().find(|user| {
        user.name == user_text || number(user_text).is_some_and(|uid| uid == user.uid)
    });
    let mut account = match found {
        Some(user) => Account {
            uid: user.uid,
            gid: user.gid,
            groups: Vec::new(),
            home: user.home.clone(),
        },
        None => Account {
            uid: number(user_text).ok_or_else(|| unknown("user", user_text, "passwd"))?,
            gid: 0,
            groups: Vec::new(),
            home: "/".to_owned(),
        },
    };
    match group_text.filter(|group| !group.is_empty()) {
        Some(group) => account.gid = group_id(&groups, group)?,
        None => {
            if let Some(user) = found {
                account.groups = groups
                    .iter()
                    .filter(|group| group.members.contains(&user.name))
                    .map(|group| group.gid)
                    .collect();
            }
        }
    }
    Ok(account)
}

/// Reads the value of `--chown`.
pub(crate) fn owner(root: &Root, text: &str) -> Result<(u32, u32), Failure> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let (uid, own_gid) = if user.is_empty() {
        (0, 0)
    } else if let Some(uid) = number(user) {
        (uid, uid)
    } else {
        let users = users(root)?;
        let found = users.iter().find(|entry| entry.name == user);
        let found = found.ok_or_else(|| unknown("user", user, "passwd"))?;
        (found.uid, found.gid)
    };
    let gid = match group.filter(|group| !group.is_empty()) {
        None => own_gid,
        Some(group) => match number(group) {
            Some(gid) => gid,
            None => group_id(&groups(root)?, group)?,
        },
    };
    Ok((uid, gid))
}

fn group_id(groups: &[Group], text: &str) -> Result<u32, Failure> {
    if let Some(group) = groups.iter().find(|group| group.name == text) {
        return Ok(group.gid);
    }
    number(text).ok_or_else(|| unknown("group", text, "group"))
}

fn unknown(what: &str, name: &str, file: &str) -> Failure {
    Failure::input(format!(
        "{what} `{}` is not in /etc/{file} of the image: create it in an earlier step, or give its number",
        name.escape_debug()
    ))
}

/// A numeric id; ids end where `setuid` does.
fn number(text: &str) -> Option<u32> {
    text.parse::<u32>()
        .ok()
        .filter(|id| *id <= i32::MAX.unsigned_abs())
}

fn users(root: &Root) -> Result<Vec<User>, Failure> {
    Ok(lines(root, "/etc/passwd")?
        .iter()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            Some(User {
                name: (*fields.first()?).to_owned(),
                uid: number(fields.get(2)?)?,
                gid: number(fields.get(3)?)?,
                home: fields
                    .get(5)
                    .filter(|home| !home.is_empty())
                    .map_or("/", |home| home)
                    .to_owned(),
            })
        })
        .collect())
}

fn groups(root: &Root) -> Result<Vec<Group>, Failure> {
    Ok(lines(root, "/etc/group")?
        .iter()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            Some(Group {
                name: (*fields.first()?).to_owned(),
                gid: number(fields.get(2)?)?,
                members: fields
                    .get(3)
                    .into_iter()
                    .flat_map(|members| members.split(','))
                    .filter(|member| !member.is_empty())
                    .map(str::to_owned)
                    .collect(),
            })
        })
        .collect())
}

fn lines(root: &Root, path: &str) -> Result<Vec<String>, Failure> {
    let bytes = root
        .read_small(Path::new(path), MAX_FILE)
        .map_err(|error| Failure::input(format!("{path} of the image cannot be read: {error}")))?
        .unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes)
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(passwd: &str, group: &str) -> (tempfile::TempDir, Root) {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir(temp.path().join("etc")).unwrap();
        std::fs::write(temp.path().join("etc/passwd"), passwd).unwrap();
        std::fs::write(temp.path().join("etc/group"), group).unwrap();
        let root = Root::open(temp.path()).unwrap();
        (temp, root)
    }

    #[test]
    fn names_and_numbers() {
        let (_temp, root) = image(
            "root:x:0:0::/root:/bin/sh\napp:x:10:20::/srv:\nbroken\n",
            "staff:x:50:app,other\nwheel:x:60:app\napp:x:20:\n",
        );
        let app = account(&root, "app").unwrap();
        assert_eq!((app.uid, app.gid, app.home.as_str()), (10, 20, "/srv"));
        assert_eq!(app.groups, [50, 60]);
        assert_eq!(account(&root, "10").unwrap(), app);
        let group = account(&root, "app:staff").unwrap();
        assert_eq!((group.gid, group.groups.len()), (50, 0));
        let number = account(&root, "77").unwrap();
        assert_eq!((number.uid, number.gid, number.home.as_str()), (77, 0, "/"));
        assert_eq!(account(&root, "").unwrap().home, "/root");
        assert!(account(&root, "ghost").is_err());
        assert!(account(&root, "4294967295").is_err());
        assert_eq!(owner(&root, "app").unwrap(), (10, 20));
        assert_eq!(owner(&root, "5").unwrap(), (5, 5));
        assert_eq!(owner(&root, "5:staff").unwrap(), (5, 50));
        assert_eq!(owner(&root, ":wheel").unwrap(), (0, 60));
        assert!(owner(&root, "app:ghost").is_err());
    }

    #[test]
    fn a_linked_passwd_stays_inside() {
        let (temp, _) = image("", "");
        let file = temp.path().join("etc/passwd");
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/../../../../etc/passwd", &file).unwrap();
        let root = Root::open(temp.path()).unwrap();
        assert!(account(&root, "root").is_err());
    }
}
