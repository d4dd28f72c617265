//! What is known of variables at a place of a script.

/// Whether a value survives without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The empty string: without quotes it is no word at all.
    Empty,
    /// Nothing in it splits or matches file names.
    Plain,
    /// Anything.
    Any,
}

impl Value {
    /// The value of two texts behind one another.
    pub(super) fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Empty, other) | (other, Self::Empty) => other,
            (Self::Plain, Self::Plain) => Self::Plain,
            _ => Self::Any,
        }
    }

    pub(super) fn of_literal(text: &str) -> Self {
        if text.is_empty() {
            Self::Empty
        } else if text.contains([' ', '\t', '\n', '*', '?', '[']) {
            Self::Any
        } else {
            Self::Plain
        }
    }
}

/// How many variables are followed. What is set beyond holds anything.
const VARIABLE_LIMIT: usize = 128;

/// The variables that a script has set so far. What is not among them comes from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Vars<'t> {
    set: Vec<(&'t str, Value)>,
    /// Whether nothing gets here: the script has ended above.
    pub(super) ended: bool,
}

impl<'t> Vars<'t> {
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        let found = self.set.iter().find(|(known, _)| *known == name)?;
        Some(found.1)
    }

    pub(super) fn set(&mut self, name: &'t str, value: Value) {
        match self.set.iter().position(|(known, _)| *known == name) {
            Some(at) => self.set[at].1 = value,
            None if self.set.len() < VARIABLE_LIMIT => self.set.push((name, value)),
            None => {}
        }
    }

    /// What is known where two ways meet. `outside` is the value of what a script did not set.
    pub(super) fn meet(&mut self, other: &Self, outside: impl Fn(&str) -> Value) {
        if other.ended {
            return;
        }
        if self.ended {
            self.clone_from(other);
            return;
        }
        // Mostly one way is the other and a little more.
        for (at, (name, value)) in self.set.iter_mut().enumerate() {
            let there = match other.set.get(at) {
                Some((same, there)) if same == name => *there,
                _ => other.get(name).unwrap_or_else(|| outside(name)),
            };
            *value = value.then(there);
        }
        for (at, (name, value)) in other.set.iter().enumerate() {
            let is_here = self.set.get(at).is_some_and(|(same, _)| same == name);
            if !is_here && self.get(name).is_none() && self.set.len() < VARIABLE_LIMIT {
                self.set.push((name, value.then(outside(name))));
            }
        }
    }
}

/// Variables that a shell or its caller always sets.
pub(super) fn is_internal(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "BASHOPTS",
        "BASHPID",
        "CDPATH",
        "COLUMNS",
        "COMPREPLY",
        "COMP_CWORD",
        "COMP_LINE",
        "COMP_POINT",
        "COMP_WORDS",
        "DIRSTACK",
        "DISPLAY",
        "ENV",
        "EPOCHREALTIME",
        "EPOCHSECONDS",
        "EUID",
        "FUNCNAME",
        "GLOBIGNORE",
        "GROUPS",
        "HISTFILE",
        "HISTSIZE",
        "HOME",
        "HOSTNAME",
        "HOSTTYPE",
        "IFS",
        "KRB5CCNAME",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_COLLATE",
        "LC_CTYPE",
        "LC_MESSAGES",
        "LC_MONETARY",
        "LC_NUMERIC",
        "LC_TIME",
        "LD_LIBRARY_PATH",
        "LINENO",
        "LINES",
        "LOGNAME",
        "MACHTYPE",
        "MAIL",
        "MAPFILE",
        "OLDPWD",
        "OPTARG",
        "OPTERR",
        "OPTIND",
        "OSTYPE",
        "PATH",
        "PIPESTATUS",
        "POSIXLY_CORRECT",
        "PPID",
        "PROMPT_COMMAND",
        "PS1",
        "PS2",
        "PS3",
        "PS4",
        "PWD",
        "RANDOM",
        "REPLY",
        "REST",
        "SECONDS",
        "SHELL",
        "SHELLOPTS",
        "SHLVL",
        "SRANDOM",
        "TERM",
        "TIMEFORMAT",
        "TMOUT",
        "TMPDIR",
        "TZ",
        "UID",
        "USER",
        "XAUTHORITY",
        "_",
        "auto_resume",
        "histchars",
        "rest",
    ];
    name.starts_with("BASH") || NAMES.binary_search(&name).is_ok()
}

/// Variables of the shell that never hold white space or patterns.
pub(super) fn is_plain_internal(name: &str) -> bool {
    matches!(
        name,
        "BASHPID"
            | "BASH_ARGC"
            | "BASH_LINENO"
            | "BASH_SUBSHELL"
            | "EUID"
            | "EPOCHREALTIME"
            | "EPOCHSECONDS"
            | "LINENO"
            | "OPTIND"
            | "PPID"
            | "RANDOM"
            | "SECONDS"
            | "SHELLOPTS"
            | "SHLVL"
            | "SRANDOM"
            | "UID"
            | "COLUMNS"
            | "HISTFILESIZE"
            | "HISTSIZE"
            | "LINES"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_that_meet_keep_what_both_know() {
        let outside = |_: &str| Value::Any;
        let mut a = Vars::default();
        a.set("x", Value::Plain);
        a.set("y", Value::Plain);
        let mut b = a.clone();
        b.set("y", Value::Empty);
        b.set("z", Value::Plain);
        a.meet(&b, outside);
        assert_eq!(a.get("x"), Some(Value::Plain));
        assert_eq!(a.get("y"), Some(Value::Plain));
        assert_eq!(a.get("z"), Some(Value::Any));
        b.ended = true;
        b.set("x", Value::Any);
        a.meet(&b, outside);
        assert_eq!(a.get("x"), Some(Value::Plain));
    }
}
