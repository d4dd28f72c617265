//! How a shell is called: its options, and what it is given to run.

/// What a shell is told to run.
pub(super) struct Call<'w> {
    /// Whether the first operand is text and no file.
    pub(super) reads_text: bool,
    /// Whether it ends with the first command that fails.
    pub(super) exits: bool,
    /// What stands behind the options.
    pub(super) operands: &'w [String],
}

/// Options that change neither what is run nor where it is looked for. A login shell reads files that may
/// set anything, and so does one that is interactive.
const HARMLESS: &[u8] = b"abefhmpuvxBEHT";

/// The same by their names.
const HARMLESS_NAMES: &[&str] = &[
    "allexport",
    "braceexpand",
    "emacs",
    "errexit",
    "errtrace",
    "functrace",
    "hashall",
    "histexpand",
    "history",
    "ignoreeof",
    "interactive-comments",
    "monitor",
    "noglob",
    "nolog",
    "notify",
    "nounset",
    "pipefail",
    "posix",
    "privileged",
    "verbose",
    "vi",
    "xtrace",
];

/// Long options of bash(1) of that kind; they take no value.
const HARMLESS_LONG: &[&str] = &["--noediting", "--noprofile", "--norc", "--posix"];

impl<'w> Call<'w> {
    /// Reads what a shell is given, as bash(1), dash(1) and BusyBox do: behind `-c`, too, stand options,
    /// and each `o` takes a word behind its own. `None` where one may mean something else.
    pub(super) fn read(words: &'w [String]) -> Option<Self> {
        let mut rest = words.iter();
        let mut call = Self {
            reads_text: false,
            exits: false,
            operands: words,
        };
        loop {
            call.operands = rest.as_slice();
            let Some(word) = rest.next() else {
                return Some(call);
            };
            if HARMLESS_LONG.contains(&word.as_str()) {
                continue;
            }
            let (sets, flags) = match word.as_bytes() {
                b"-" | b"--" => {
                    call.operands = rest.as_slice();
                    return Some(call);
                }
                [b'-', flags @ ..] => (true, flags),
                [b'+', flags @ ..] => (false, flags),
                _ => return Some(call),
            };
            for flag in flags {
                match flag {
                    b'c' if sets => call.reads_text = true,
                    b'e' => call.exits = sets,
                    b'o' => {
                        let name = rest.next()?.as_str();
                        if name == "errexit" {
                            call.exits = sets;
                        } else if !HARMLESS_NAMES.contains(&name) {
                            return None;
                        }
                    }
                    // `shopt`: how patterns are read, and what a shell shows.
                    b'O' => drop(rest.next()?),
                    flag if HARMLESS.contains(flag) => {}
                    _ => return None,
                }
            }
        }
    }
}
