//! Which ids of the host stand behind those of the user namespace.
//!
//! Root of the namespace is never root of the host: as root it is a high id that owns nothing, as
//! an ordinary user it is that user, and everybody else comes out of the user's subordinate ids.

use std::fs;
use std::process::{Command, Stdio};

/// First host id where root has no subordinate ids of its own.
const HIGH: u32 = 2_000_000_000;
/// Ids mapped then: as many as there are up to the end.
const HIGH_COUNT: u32 = 2_000_000_000;
/// Ids an image needs at least.
const LEAST: u32 = 65_536;

/// One line of a map: id inside, id outside, how many.
type Line = (u32, u32, u32);

/// A map for users and one for groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdMap {
    uids: Vec<Line>,
    gids: Vec<Line>,
    /// Whether `newuidmap` and `newgidmap` must write it.
    tools: bool,
}

impl IdMap {
    /// Chooses a map for the calling user; the error says what is missing and how to mend it.
    pub(crate) fn choose() -> Result<Self, String> {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        let subuid = fs::read_to_string("/etc/subuid").unwrap_or_default();
        let subgid = fs::read_to_string("/etc/subgid").unwrap_or_default();
        if uid == 0 {
            let inherited = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
            let groups = fs::read_to_string("/proc/self/gid_map").unwrap_or_default();
            return Ok(as_root(&subuid, &subgid, &inherited, &groups));
        }
        let name = user_name(uid);
        as_user(uid, gid, name.as_deref(), &subuid, &subgid)
    }

    /// Host ids that root of the namespace has.
    pub(crate) fn root(&self) -> (u32, u32) {
        let outside = |lines: &[Line]| {
            lines
                .iter()
                .find(|line| line.0 == 0)
                .map_or(0, |line| line.1)
        };
        (outside(&self.uids), outside(&self.gids))
    }

    /// Gives the map to the process `pid`, which has just made its namespace.
    pub(crate) fn write(&self, pid: u32) -> Result<(), String> {
        for (lines, file, tool) in [
            (&self.uids, "uid_map", "newuidmap"),
            (&self.gids, "gid_map", "newgidmap"),
        ] {
            if self.tools {
                let mut command = Command::new(tool);
                command.arg(pid.to_string());
                for (inside, outside, count) in lines {
                    command.args([inside, outside, count].map(ToString::to_string));
                }
                let output = command.stdin(Stdio::null()).output().map_err(|error| {
                    format!("`{tool}` cannot be run ({error}): install the package `uidmap`")
                })?;
                if !output.status.success() {
                    return Err(format!(
                        "`{tool}` refused: {}",
                        String::from_utf8_lossy(&output.stderr).trim()
                    ));
                }
            } else {
                let text: String = lines
                    .iter()
                    .map(|(inside, outside, count)| format!("{inside} {outside} {count}\n"))
                    .collect();
                let path = format!("/proc/{pid}/{file}");
                fs::write(&path, text).map_err(|error| format!("{path}: {error}"))?;
            }
        }
        Ok(())
    }
}

fn as_root(subuid: &str, subgid: &str, inherited: &str, inherited_groups: &str) -> IdMap {
    let whole = |text: &str| lines(text).contains(&(0, 0, u32::MAX));
    if !whole(inherited) || !whole(inherited_groups) {
        // Root of a user namespace already: what there is, as it is.
        let same = |text: &str| {
            lines(text)
                .into_iter()
                .map(|(inside, _, count)| (inside, inside, count))
                .collect()
        };
        return IdMap {
            uids: same(inherited),
            gids: same(inherited_groups),
            tools: false,
        };
    }
    let range = |text: &str| {
        ranges(text, 0, Some("root"))
            .into_iter()
            .find(|(_, count)| *count >= LEAST)
    };
    let ((uid, uids), (gid, gids)) = match (range(subuid), range(subgid)) {
        (Some(uids), Some(gids)) => (uids, gids),
        _ => ((HIGH, HIGH_COUNT), (HIGH, HIGH_COUNT)),
    };
    IdMap {
        uids: vec![(0, uid, uids)],
        gids: vec![(0, gid, gids)],
        tools: false,
    }
}

fn as_user(
    uid: u32,
    gid: u32,
    name: Option<&str>,
    subuid: &str,
    subgid: &str,
) -> Result<IdMap, String> {
    let map = |own: u32, text: &str, file: &str| -> Result<Vec<Line>, String> {
        let mut lines = vec![(0, own, 1)];
        let mut next = 1_u32;
        for (first, count) in ranges(text, uid, name) {
            let Some(after) = next.checked_add(count) else {
                break;
            };
            lines.push((next, first, count));
            next = after;
        }
        if next < LEAST {
            let who = name.map_or_else(|| uid.to_string(), str::to_owned);
            return Err(format!(
                "the user {who} has no {LEAST} subordinate ids in {file}: as root, run \
                 `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {who}`"
            ));
        }
        Ok(lines)
    };
    Ok(IdMap {
        uids: map(uid, subuid, "/etc/subuid")?,
        gids: map(gid, subgid, "/etc/subgid")?,
        tools: true,
    })
}

/// `first count` of every line of a subordinate id file that is for the user.
fn ranges(text: &str, uid: u32, name: Option<&str>) -> Vec<(u32, u32)> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.trim().split(':');
            let who = fields.next()?;
            let first = fields.next()?.parse().ok()?;
            let count: u32 = fields.next()?.parse().ok()?;
            let ours = Some(who) == name || who.parse() == Ok(uid);
            (ours && count > 0).then_some((first, count))
        })
        .collect()
}

/// The lines of a map file of `/proc`.
fn lines(text: &str) -> Vec<Line> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().map(str::parse);
            Some((
                fields.next()?.ok()?,
                fields.next()?.ok()?,
                fields.next()?.ok()?,
            ))
        })
        .collect()
}

/// The host's name for a user.
fn user_name(uid: u32) -> Option<String> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_never_root_outside() {
        let whole = "         0          0 4294967295\n";
        let high = as_root("", "", whole, whole);
        assert_eq!(high.root(), (HIGH, HIGH));
        let own = as_root("root:300000:65536\n", "root:400000:65536\n", whole, whole);
        assert_eq!(own.root(), (300_000, 400_000));
        let nested = "0 1000 1\n1 100000 65536\n";
        let same = as_root("", "", nested, nested);
        assert_eq!(same.uids, [(0, 0, 1), (1, 1, 65536)]);
    }

    #[test]
    fn a_user_needs_a_range() {
        let map = as_user(
            1001,
            1001,
            Some("ann"),
            "bob:1:2\nann:100000:65536",
            "1001:5:65536",
        );
        let map = map.unwrap();
        assert_eq!(map.uids, [(0, 1001, 1), (1, 100_000, 65_536)]);
        assert_eq!(map.gids, [(0, 1001, 1), (1, 5, 65_536)]);
        assert_eq!(map.root(), (1001, 1001));
        let error = as_user(1001, 1001, Some("ann"), "", "").unwrap_err();
        assert!(error.contains("usermod"), "{error}");
    }
}
