//! What git knows about a project: for tags, labels, provenance and the reproducible clock.

use std::collections::HashSet;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The state of the repository that holds a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GitFacts {
    /// Full id of the commit checked out.
    pub(crate) commit: String,
    /// Its committer time, seconds since 1970.
    pub(crate) time: i64,
    /// Branch, where one is checked out.
    pub(crate) branch: Option<String>,
    /// Tags at the commit.
    pub(crate) tags: Vec<String>,
    /// Address of `origin`, as a web address without credentials.
    pub(crate) remote: Option<String>,
    /// Whether files below the folder differ from the commit.
    pub(crate) dirty: bool,
}

/// Asks the git program. `None` where there is none, or the folder is in no repository.
pub(crate) fn facts(folder: &Path) -> Option<GitFacts> {
    let head = ask(folder, &["log", "-1", "--format=%H %ct"])?;
    let (commit, time) = head.trim().split_once(' ')?;
    if commit.len() < 40 || !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let branch = ask(folder, &["symbolic-ref", "--quiet", "--short", "HEAD"])
        .map(|branch| branch.trim().to_owned())
        .filter(|branch| !branch.is_empty());
    let tags = ask(folder, &["tag", "--points-at", "HEAD"])
        .map(|tags| tags.lines().map(str::to_owned).collect())
        .unwrap_or_default();
    let remote =
        ask(folder, &["remote", "get-url", "origin"]).and_then(|remote| web_address(remote.trim()));
    let dirty = ask(folder, &["status", "--porcelain", "--", "."])
        .is_none_or(|status| !status.trim().is_empty());
    Some(GitFacts {
        commit: commit.to_owned(),
        time: time.parse().ok()?,
        branch,
        tags,
        remote,
        dirty,
    })
}

/// Which of these paths git ignores, in the repository that holds `folder`; nothing where it cannot be
/// asked.
pub(crate) fn ignored(folder: &Path, paths: &[&Path]) -> Option<Vec<PathBuf>> {
    // It takes what lies beyond a link for somebody else's.
    let whole: Vec<PathBuf> = paths
        .iter()
        .map(|path| path.canonicalize().or_else(|_| std::path::absolute(path)))
        .collect::<Result<_, _>>()
        .ok()?;
    let mut input = Vec::new();
    for path in &whole {
        input.extend_from_slice(path.as_os_str().as_bytes());
        input.push(0);
    }
    // Whose repository it is does not matter: this runs no program and fetches nothing, whatever stands
    // in its configuration. In a container of a pipeline it is most often another user's.
    let all = ["-c", "safe.directory=*", "check-ignore", "-z", "--stdin"];
    let mut git = command(folder, &all)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let stdin = git.stdin.take();
    let output = std::thread::scope(|scope| {
        // It answers while it reads: whoever wrote all first might wait for ever.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(&input)));
        git.wait_with_output()
    });
    // 1: none of them is ignored.
    let output = output
        .ok()
        .filter(|output| matches!(output.status.code(), Some(0 | 1)))?;
    let told: HashSet<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
    let both = paths.iter().zip(&whole);
    let ignored = both.filter(|(_, whole)| told.contains(whole.as_os_str().as_bytes()));
    Some(ignored.map(|(path, _)| path.to_path_buf()).collect())
}

/// What git answers; `None` where it fails.
pub(crate) fn ask(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = command(folder, arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A call of git that waits for nobody.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        // A repository from a stranger may name programs to run; none of them is.
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A remote as a web address: user names, passwords and the `git@host:` form taken off.
fn web_address(remote: &str) -> Option<String> {
    let (scheme, rest) = match remote.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => {
            let scheme = if remote.starts_with("http://") {
                "http"
            } else {
                "https"
            };
            (scheme, rest.to_owned())
        }
        Some(_) => return None,
        None => {
            let (host, path) = remote.split_once(':')?;
            if host.contains('/') {
                return None;
            }
            ("https", format!("{host}/{}", path.trim_start_matches('/')))
        }
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{scheme}://{host}/{path}"))
}

impl GitFacts {
    /// Tags for the image: the short commit, the branch, and what a semver tag stands for.
    /// A dirty tree gets only `<short commit>-dirty`: nothing else may claim those bytes.
    pub(crate) fn image_tags(&self) -> Vec<String> {
        let short = &self.commit[..12];
        if self.dirty {
            return vec![format!("{short}-dirty")];
        }
        let mut tags = vec![short.to_owned()];
        tags.extend(self.branch.as_deref().and_then(tag_of));
        for tag in &self.tags {
            tags.extend(semver_tags(tag));
        }
        let mut seen = HashSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
        tags
    }
}

/// A branch name as a tag; `None` where nothing usable is left.
fn tag_of(branch: &str) -> Option<String> {
    let tag: String = branch
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') => c,
            _ => '-',
        })
        .take(128)
        .collect();
    let tag = tag.trim_start_matches(['.', '-']).to_owned();
    (!tag.is_empty()).then_some(tag)
}

/// `v1.2.3` stands for 1.2.3, 1.2 and 1; a pre-release only for itself; 0.x not for 0.
fn semver_tags(tag: &str) -> Vec<String> {
    let version = tag.strip_prefix('v').unwrap_or(tag);
    let (core, pre) = match version.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (version, None),
    };
    let parts: Vec<&str> = core.split('.').collect();
    let numeric = |part: &&str| {
        !part.is_empty()
            && part.len() < 10
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    if parts.len() != 3 || !parts.iter().all(numeric) {
        return Vec::new();
    }
    match pre {
        Some(_) => tag_of(version).into_iter().collect(),
        None if parts[0] == "0" => vec![core.to_owned(), format!("0.{}", parts[1])],
        None => vec![
            core.to_owned(),
            format!("{}.{}", parts[0], parts[1]),
            parts[0].to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_lose_their_credentials() {
        for (remote, address) in [
            (
                "https://user:token@git.example/a/b.git",
                Some("https://git.example/a/b"),
            ),
            ("git@git.example:a/b.git", Some("https://git.example/a/b")),
            ("ssh://git@git.example/a/b", Some("https://git.example/a/b")),
            ("/srv/repos/a", None),
            ("file:///srv/a", None),
        ] {
            assert_eq!(web_address(remote).as_deref(), address, "{remote}");
        }
    }

    #[test]
    fn tags_come_from_commit_branch_and_semver() {
        let mut facts = GitFacts {
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            time: 0,
            branch: Some("feature/x".to_owned()),
            tags: vec!["v1.2.3".to_owned(), "nightly".to_owned()],
            remote: None,
            dirty: false,
        };
        assert_eq!(
            facts.image_tags(),
            ["0123456789ab", "feature-x", "1.2.3", "1.2", "1"]
        );
        facts.tags = vec!["v0.4.0".to_owned(), "2.0.0-rc.1".to_owned()];
        assert_eq!(
            facts.image_tags(),
            ["0123456789ab", "feature-x", "0.4.0", "0.4", "2.0.0-rc.1"]
        );
        facts.dirty = true;
        assert_eq!(facts.image_tags(), ["0123456789ab-dirty"]);
    }
}
