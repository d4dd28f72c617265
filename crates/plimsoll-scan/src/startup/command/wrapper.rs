//! Programs that run another, which stands behind their own options.

use super::{MAX_PATH, Reader, changes_search, is_assignment, joined};

/// Options of setpriv(1) that leave how programs are looked for.
const SETPRIV_BARE: &[&str] = &[
    "-d",
    "--dump",
    "--nnp",
    "--no-new-privs",
    "--clear-groups",
    "--keep-groups",
    "--init-groups",
];

/// Options of setpriv(1) that take a value.
pub(in crate::startup) const SETPRIV_VALUED: &[&str] = &[
    "--groups",
    "--inh-caps",
    "--ambient-caps",
    "--bounding-set",
    "--ruid",
    "--euid",
    "--reuid",
    "--rgid",
    "--egid",
    "--regid",
    "--securebits",
    "--pdeathsig",
    "--selinux-label",
    "--apparmor-profile",
];

/// Options of runuser(1) that take a value.
pub(in crate::startup) const RUNUSER_VALUED: &[&str] =
    &["-u", "--user", "-g", "--group", "-G", "--supp-group"];

/// Options of chpst(8) that take a value; `-e` and `-/` change what is found.
pub(in crate::startup) const CHPST_VALUED: &[&str] = &[
    "-u", "-U", "-b", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t", "-s", "-a",
];

/// Options of sudo(8) that leave which program is run, and take no value; `-i` and `-s` start a shell.
const SUDO_BARE: &[&str] = &[
    "-A",
    "-b",
    "-B",
    "-E",
    "-H",
    "-k",
    "-n",
    "-N",
    "-P",
    "-S",
    "-nE",
    "-En",
    "-EH",
    "-HE",
    "--preserve-env",
    "--set-home",
    "--non-interactive",
    "--stdin",
    "--background",
];

/// Options of sudo(8) that take a value; with `-D` and `-R` it runs elsewhere.
pub(in crate::startup) const SUDO_VALUED: &[&str] = &[
    "-u",
    "--user",
    "-g",
    "--group",
    "-h",
    "--host",
    "-p",
    "--prompt",
    "-C",
    "--close-from",
    "-T",
    "--command-timeout",
    "-r",
    "--role",
    "-t",
    "--type",
    "--preserve-env",
];

/// Whether an option has its value in the same word: `--user=NAME`, `-uNAME`.
fn holds_value(word: &str, option: &str) -> bool {
    word.strip_prefix(option)
        .is_some_and(|value| value.starts_with('=') || !option.starts_with("--"))
}

impl Reader {
    /// Reads what a program runs that is known to run others; whether it is.
    pub(super) fn wrapper(&mut self, name: &str, words: &[String], depth: usize) -> bool {
        match name {
            "tini" | "tini-static" | "docker-init" | "catatonit" => {
                self.wrapped(
                    words,
                    &["-s", "-v", "-vv", "-vvv", "-g", "-w"],
                    &["-p", "-e"],
                    depth,
                );
            }
            "dumb-init" => self.wrapped(
                words,
                &["-c", "--single-child", "-v", "--verbose"],
                &["-r", "--rewrite"],
                depth,
            ),
            "env" => self.env(words, depth),
            "timeout" => self.timeout(words, depth),
            "nice" => self.wrapped(words, &[], &["-n", "--adjustment"], depth),
            // With `--reset-env` programs are looked for elsewhere.
            "setpriv" => self.wrapped(words, SETPRIV_BARE, SETPRIV_VALUED, depth),
            // Without `-u` it starts a shell.
            "runuser"
                if words
                    .iter()
                    .any(|word| word == "-u" || word.starts_with("--user")) =>
            {
                self.wrapped(words, &[], RUNUSER_VALUED, depth);
            }
            "sudo" => {
                let before = std::mem::replace(&mut self.by_sudo, true);
                self.wrapped(words, SUDO_BARE, SUDO_VALUED, depth);
                self.by_sudo = before;
            }
            "chpst" => self.wrapped(words, &["-v", "-P", "-0", "-1", "-2"], CHPST_VALUED, depth),
            "gosu" | "su-exec" | "s6-setuidgid" | "setuidgid" => {
                self.wrapped(words.get(1..).unwrap_or_default(), &[], &[], depth)
            }
            _ => return false,
        }
        true
    }

    /// What stands behind a wrapper's own options; nothing where there are others than these.
    fn wrapped(&mut self, words: &[String], bare: &[&str], valued: &[&str], depth: usize) {
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            let word = word.as_str();
            rest = if word == "--" {
                return self.command(behind, depth);
            } else if bare.contains(&word) {
                behind
            } else if valued.contains(&word) {
                behind.get(1..).unwrap_or_default()
            } else if valued.iter().any(|option| holds_value(word, option)) {
                behind
            } else if word.starts_with('-') || (self.by_sudo && changes_search(word)) {
                return;
            } else if self.by_sudo && is_assignment(word) {
                behind
            } else {
                return self.command(rest, depth);
            };
        }
    }

    /// What `timeout` runs.
    fn timeout(&mut self, words: &[String], depth: usize) {
        // Behind its options stands how long.
        let options = [
            "-v",
            "--verbose",
            "-f",
            "--foreground",
            "-p",
            "--preserve-status",
        ];
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            rest = match word.as_str() {
                "-k" | "-s" | "-t" | "--kill-after" | "--signal" => {
                    behind.get(1..).unwrap_or_default()
                }
                word if options.contains(&word)
                    || word.starts_with("--kill-after=")
                    || word.starts_with("--signal=") =>
                {
                    behind
                }
                word if word.starts_with(|c: char| c.is_ascii_digit()) => {
                    return self.command(behind, depth);
                }
                // An old BusyBox is told how long by `-t`.
                _ if rest.len() < words.len() => {
                    return self.wrapped(rest, &[], &[], depth);
                }
                _ => return,
            };
        }
    }

    /// What `env` runs: `[OPTION]... [NAME=VALUE]... COMMAND`, in the folder of its last `-C`.
    fn env(&mut self, words: &[String], depth: usize) {
        let mut rest = words;
        let mut folder = None;
        while let Some((word, behind)) = rest.split_first() {
            let option = word.strip_prefix("--chdir=");
            let option = option.or_else(|| word.strip_prefix("-C").filter(|it| !it.is_empty()));
            (folder, rest) = match (option, word.as_str(), behind) {
                (Some(to), ..) => (Some(to), behind),
                (None, "-C" | "--chdir", [to, behind @ ..]) => (Some(to.as_str()), behind),
                (None, "--", behind) => {
                    rest = behind;
                    break;
                }
                _ => break,
            };
        }
        let set = rest.iter().take_while(|word| word.contains('='));
        let set = set.count();
        let (set, rest) = rest.split_at(set);
        let is_long = |to: &str| self.folder.len() + to.len() > MAX_PATH;
        // What else begins with a dash does something else.
        if set.iter().any(|word| changes_search(word))
            || rest.first().is_some_and(|word| word.starts_with('-'))
            || folder.is_some_and(|to| to.is_empty() || is_long(to))
        {
            return;
        }
        let before = self.folder.clone();
        if let Some(to) = folder {
            self.folder = joined(&before, to);
        }
        self.command(rest, depth);
        self.folder = before;
    }

    /// A command that a program runs, which is no shell.
    fn command(&mut self, words: &[String], depth: usize) {
        let before = (self.in_shell, self.falls_back);
        (self.in_shell, self.falls_back) = (false, true);
        self.arguments(words, depth + 1);
        (self.in_shell, self.falls_back) = before;
    }
}
