//! Modes of files, as chmod reads them.

use plimsoll_syntax::shell::{ShellCommand, ShellWord};

/// What a mode grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grants {
    /// Everybody may write.
    pub(crate) others_write: bool,
    /// Set-user-id. The bit of the group is left out: on a folder it hands the group on.
    pub(crate) set_user_id: bool,
    /// Nobody but the owner may delete what lies in it: `/tmp` is so.
    pub(crate) sticky: bool,
}

/// Reads a mode: `777`, `a+rwx`, `u=rwx,o+w`. `None` where it is none.
pub(crate) fn read(mode: &str) -> Option<Grants> {
    if mode.bytes().all(|b| (b'0'..=b'7').contains(&b)) && (1..=5).contains(&mode.len()) {
        let bits = u32::from_str_radix(mode, 8).ok()?;
        return Some(Grants {
            others_write: bits & 0o002 != 0,
            set_user_id: bits & 0o4000 != 0,
            sticky: bits & 0o1000 != 0,
        });
    }
    let mut grants = Grants::default();
    for clause in mode.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(at);
        if !who.bytes().all(|b| matches!(b, b'u' | b'g' | b'o' | b'a')) {
            return None;
        }
        let what = &rest[1..];
        if !what.bytes().all(|b| {
            matches!(
                b,
                b'r' | b'w' | b'x' | b'X' | b's' | b't' | b'u' | b'g' | b'o'
            )
        }) {
            return None;
        }
        if rest.starts_with('-') {
            continue;
        }
        // Without a who, the umask keeps others from being granted it.
        grants.others_write |= who.contains(['o', 'a']) && what.contains('w');
        grants.set_user_id |= what.contains('s') && (who.is_empty() || who.contains(['u', 'a']));
        grants.sticky |= what.contains('t');
    }
    Some(grants)
}

/// The mode that a `chmod`, `mkdir -m` or `install -m` gives: the word it stands in, what it
/// grants, and the words it is given to.
pub(crate) fn given(command: &ShellCommand) -> Option<(&ShellWord, Grants, Vec<&ShellWord>)> {
    let arguments = command.arguments();
    match command.program()? {
        "chmod" => {
            let mut words = arguments.iter().filter(|word| {
                // `chmod -w x` is a mode, `-R` and `--reference=` are not.
                !word.raw.starts_with('-')
            });
            let word = words.next()?;
            let grants = read(word.literal.as_deref()?)?;
            Some((word, grants, words.collect()))
        }
        "mkdir" | "install" => {
            let at = arguments.iter().position(|word| {
                word.raw.starts_with("--mode")
                    || word.raw.starts_with('-')
                        && !word.raw.starts_with("--")
                        && word.raw.contains('m')
            })?;
            let flag = arguments[at].literal.as_deref()?;
            let inline = flag
                .strip_prefix("--mode=")
                .or_else(|| flag.split_once('m').map(|(_, mode)| mode))
                .filter(|mode| !mode.is_empty() && !flag.ends_with("--mode"));
            let (word, mode, rest) = match inline {
                Some(mode) => (&arguments[at], mode, at + 1),
                None => {
                    let word = arguments.get(at + 1)?;
                    (word, word.literal.as_deref()?, at + 2)
                }
            };
            let grants = read(mode)?;
            let paths = arguments[..at]
                .iter()
                .chain(arguments.get(rest..).unwrap_or_default())
                .filter(|word| !word.raw.starts_with('-'))
                .collect();
            Some((word, grants, paths))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_syntax::shell::{self, Dialect};

    use super::*;

    #[test]
    fn modes_grant() {
        for (mode, others_write, set_user_id, sticky) in [
            ("777", true, false, false),
            ("1777", true, false, true),
            ("0755", false, false, false),
            ("4755", false, true, false),
            ("a+rwx", true, false, false),
            ("o+w", true, false, false),
            ("u+s", false, true, false),
            ("g+s", false, false, false),
            ("2755", false, false, false),
            ("6755", false, true, false),
            ("+w", false, false, false),
            ("u=rwx,go=rw", true, false, false),
            ("g=u", false, false, false),
            ("o-w", false, false, false),
            ("+t", false, false, true),
        ] {
            let expected = Grants {
                others_write,
                set_user_id,
                sticky,
            };
            assert_eq!(read(mode), Some(expected), "{mode}");
        }
        for none in ["", "x", "999", "u!x", "/etc", "u+q"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn commands_give_modes() {
        for (text, mode, paths) in [
            ("chmod -R 777 /a /b", "777", "/a /b"),
            ("mkdir -p -m 777 /a", "777", "/a"),
            ("mkdir -pm777 /a", "-pm777", "/a"),
            ("mkdir /a --mode=777", "--mode=777", "/a"),
            ("install -m 4755 x /bin/x", "4755", "x /bin/x"),
        ] {
            let script = shell::parse(text, Dialect::Bash);
            let (word, grants, words) = given(&script.commands[0]).unwrap();
            let words: Vec<&str> = words.iter().map(|word| word.raw.as_str()).collect();
            assert_eq!(
                (word.raw.as_str(), words.join(" ").as_str()),
                (mode, paths),
                "{text}"
            );
            assert_ne!(grants, Grants::default(), "{text}");
        }
        for text in [
            "chmod",
            "chmod $M x",
            "mkdir -p x",
            "mkdir -m",
            "install x y",
        ] {
            let script = shell::parse(text, Dialect::Bash);
            assert!(given(&script.commands[0]).is_none(), "{text}");
        }
    }
}
