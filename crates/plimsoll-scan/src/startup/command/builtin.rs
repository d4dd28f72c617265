//! Commands that shells bring with them.

/// Whether a shell knows a command itself (POSIX, "Special Built-In Utilities", and those of bash and
/// BusyBox).
pub(in crate::startup) fn is_builtin(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "time",
        "coproc",
        ".",
        "source",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "compgen",
        "complete",
        "continue",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "sleep",
        "suspend",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
        ":",
        "[",
    ];
    WORDS.contains(&word)
}

/// Whether a program looks, tidies or makes folders and no more: what comes behind it runs as if it
/// were not there, or not at all.
pub(super) fn only_looks(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "chgrp", "chown", "date", "df", "du", "free", "grep", "hostname", "id", "ls", "mkdir",
        "nproc", "printenv", "ps", "rm", "rmdir", "stat", "uname", "which", "whoami",
    ];
    WORDS.contains(&word)
}

/// Whether the shell ends with the first command that fails, behind `set` with these words.
pub(in crate::startup) fn exits_on_failure(words: &[String], before: bool) -> bool {
    let mut exits = before;
    let mut words = words.iter().skip(1).map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let on = word.starts_with('-');
        let Some(flags) = word.strip_prefix(['-', '+']).filter(|it| *it != "-") else {
            break;
        };
        let long = words.next_if(|_| flags.ends_with('o'));
        if flags.contains('e') || long == Some("errexit") {
            exits = on;
        }
    }
    exits
}
