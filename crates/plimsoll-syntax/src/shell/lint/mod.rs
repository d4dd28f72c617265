//! Slips in shell text, found on the parser's tree in one pass.
//!
//! Each goes by the number under which ShellCheck's users know it. What a rule makes of it, in which
//! shell and how loudly, is the rule's to say.

mod bashism;
mod command;
mod flow;
mod known;
mod list;
mod names;
mod test_command;
mod vars;
mod word;

use shuck_ast::{File, Span, Stmt};

pub use names::is_close;
use vars::{Value, Vars};

/// The shell that a text says it is for, as far as that decides what is a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Plain `sh`: what POSIX promises.
    Posix,
    /// Dash, and ash under its own name.
    Dash,
    /// BusyBox's shell under BusyBox's name.
    BusyBox,
    /// Bash.
    Bash,
    /// The Korn shell.
    Ksh,
}

impl Flavour {
    fn lacks_bash(self) -> bool {
        matches!(self, Self::Posix | Self::Dash | Self::BusyBox)
    }
}

/// What is known of a script from outside.
pub struct Surroundings<'a> {
    /// The shell it says it is for.
    pub flavour: Flavour,
    /// Whether it runs under `set -e` from the start.
    pub errexit: bool,
    /// Whether a variable is set outside, to a value of one plain word.
    pub is_set: &'a dyn Fn(&str) -> bool,
    /// Whether a variable that is set outside may be this one rightly spelt (`is_close`).
    pub has_close: &'a dyn Fn(&str) -> bool,
}

/// One slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hint {
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
    /// ShellCheck's number for it.
    pub code: u16,
    /// What it is about (a variable's name, a command, an operator): bytes of the text.
    pub subject: (usize, usize),
}

/// How deep commands may nest; the parser nests no deeper.
const DEPTH_LIMIT: usize = 256;

/// How many names of a script are kept: variables it sets, functions it has.
const NAME_LIMIT: usize = 512;

/// How deep loops are followed twice, and functions into one another.
const REPEAT_LIMIT: usize = 3;

/// Finds the slips of a parsed text.
pub(super) fn lint(file: &File, text: &str, around: &Surroundings<'_>, errexit: bool) -> Vec<Hint> {
    let mut lint = Lint {
        text,
        around,
        errexit: errexit || around.errexit,
        hints: Vec::new(),
        quiet: 0,
        depth: 0,
        repeats: 0,
        vars: Vars::default(),
        functions: Vec::new(),
        written: Vec::new(),
        read: Vec::new(),
    };
    lint.script(file);
    lint.unassigned();
    let mut hints = lint.hints;
    hints.sort_unstable();
    hints.dedup();
    hints
}

struct Function<'t> {
    name: &'t str,
    body: &'t Stmt,
    seen: bool,
}

struct Read<'t> {
    name: &'t str,
    start: usize,
    end: usize,
    /// `${x:-…}` and the like: made for variables that may be unset.
    guarded: bool,
}

struct Lint<'t, 'a> {
    text: &'t str,
    around: &'a Surroundings<'a>,
    /// Whether the script sets `-e` anywhere.
    errexit: bool,
    hints: Vec<Hint>,
    /// Above 0 nothing is said: a second look at what was or will be judged.
    quiet: usize,
    depth: usize,
    repeats: usize,
    vars: Vars<'t>,
    functions: Vec<Function<'t>>,
    /// Variables that are set anywhere, and where last.
    written: Vec<(&'t str, usize, usize)>,
    read: Vec<Read<'t>>,
}

/// Where a command stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Something asks whether it worked.
    condition: bool,
    /// Its output goes to another command.
    captured: bool,
    /// Inside a function.
    function: bool,
}

impl<'t> Lint<'t, '_> {
    fn hint(&mut self, code: u16, start: usize, end: usize, subject: (usize, usize)) {
        if self.quiet == 0 {
            let (start, end) = self.within(start, end);
            self.hints.push(Hint {
                start,
                end,
                code,
                subject: self.within(subject.0, subject.1),
            });
        }
    }

    /// A place as far as it lies in the text: of what is never closed, the parser makes up the end.
    fn within(&self, start: usize, end: usize) -> (usize, usize) {
        let end = self.text.floor_char_boundary(end);
        (self.text.floor_char_boundary(start.min(end)), end)
    }

    fn hint_at(&mut self, code: u16, span: Span) {
        let (start, end) = range(span);
        self.hint(code, start, end, (start, end));
    }

    fn slice(&self, span: Span) -> &'t str {
        let (start, end) = range(span);
        self.text.get(start..end).unwrap_or_default()
    }

    /// Where a piece of the text stands in it.
    fn place_of(&self, piece: &str) -> (usize, usize) {
        let start = (piece.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let start = if start <= self.text.len() { start } else { 0 };
        (start, (start + piece.len()).min(self.text.len()))
    }

    fn value(&self, name: &str) -> Value {
        self.vars.get(name).unwrap_or_else(|| self.outside(name))
    }

    fn outside(&self, name: &str) -> Value {
        if (self.around.is_set)(name) || vars::is_plain_internal(name) {
            Value::Plain
        } else {
            Value::Any
        }
    }

    fn assign(&mut self, name: &'t str, value: Value, start: usize, end: usize) {
        self.vars.set(name, value);
        self.write(name, start, end);
    }

    /// Keeps where a variable was set last.
    fn write(&mut self, name: &'t str, start: usize, end: usize) {
        match self.written.iter().position(|(known, ..)| *known == name) {
            Some(at) => self.written[at] = (name, start, end),
            None if self.written.len() < NAME_LIMIT => self.written.push((name, start, end)),
            None => {}
        }
    }

    /// Joins what is known behind another way.
    fn meet(&mut self, other: &Vars<'t>) {
        let mut here = std::mem::take(&mut self.vars);
        here.meet(other, |name| self.outside(name));
        self.vars = here;
    }
}

fn range(span: Span) -> (usize, usize) {
    let end = span.end.offset();
    (span.start.offset().min(end), end)
}

/// Whether a text is a variable's name.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Dialect, parse};

    fn codes_in(text: &str, flavour: Flavour) -> Vec<u16> {
        let around = Surroundings {
            flavour,
            errexit: false,
            is_set: &|name| name == "VERSION",
            has_close: &|_| false,
        };
        let hints = parse(text, Dialect::Bash).lint(text, &around);
        for hint in &hints {
            assert!(text.get(hint.start..hint.end).is_some(), "{text} {hint:?}");
            let (start, end) = hint.subject;
            assert!(text.get(start..end).is_some(), "{text} {hint:?}");
        }
        hints.into_iter().map(|hint| hint.code).collect()
    }

    #[test]
    fn slips_go_by_their_numbers() {
        for (text, expected) in [
            ("x=$(y); z $x", &[2086][..]),
            ("x=abc; z $x", &[]),
            ("x='a b'; z $x", &[2086]),
            ("x=$(y); z \"$x\" ${#x} ${x:+$x}", &[]),
            ("z $VERSION/$?", &[]),
            (
                "exec {fd}</x; read -r a <&$fd; exec {fd}<&-; b \"$a\"",
                &[3022, 3022],
            ),
            ("case \"$a\" in A) x=1;; *) exit 1;; esac; z $x", &[2154]),
            ("if t; then x=1; else x=$(y); fi; z $x", &[2086]),
            ("for f in a b; do z $f; done", &[]),
            ("for f in $(y); do z $f; done", &[2086]),
            ("x=1; (x=$(y)); z $x", &[]),
            ("z $(y)", &[2046]),
            ("z \"$(y)\" $(seq 3)", &[]),
            ("export A=\"$(y)\"", &[2155]),
            ("A=$(y) && export A", &[]),
            ("cd /a; z", &[2164]),
            ("cd /a && z", &[]),
            ("set -e; cd /a; z", &[]),
            ("rm -rf \"$VERSION\"/*", &[2115]),
            ("rm -rf \"${VERSION:?}\"/* /tmp/*", &[]),
            ("echo '$x'", &[2016]),
            ("awk '{print $1}' f; sed '$d' f", &[]),
            ("echo a\\\\n; echo 'a\\nb'", &[2028, 2028]),
            ("rm *.deb; rm -- *.deb", &[2035]),
            ("z `y`", &[2006, 2046]),
            ("find . | xargs rm; find . -print0 | xargs -0 rm", &[2038]),
            ("set -e; ! grep x f; y", &[2251]),
            ("y > f 2>&1; y 2>&1 > f", &[2069]),
            ("for x in a; do y $x; done", &[2043]),
            (
                "mkdir {a,b}; [ a == b ]; [[ a ]]; y &> f",
                &[3009, 3014, 3010, 3020],
            ),
            ("A= b", &[1007]),
            ("z \"$((x++))\" \"$((1 - -1))\" \"$(($(y --z)))\"", &[3018]),
        ] {
            assert_eq!(codes_in(text, Flavour::Posix), expected, "{text}");
        }
        let text = "mkdir {a,b}; [ a == b ]; [[ a ]]; y &> f; source /x; export A=$VERSION";
        assert_eq!(codes_in(text, Flavour::Bash), [0; 0]);
    }

    #[test]
    fn hostile_text_ends_soon() {
        let many = |unit: &str| unit.repeat(60_000 / unit.len());
        let names: String = (0..6_000).map(|at| format!("v{at}=1&&")).collect();
        let reads: String = (0..6_000).map(|at| format!("z $V{at};")).collect();
        for text in [
            many("if a; then "),
            many("for i in a; do x=$i; "),
            many("while a; do x=$y; done;"),
            many("$("),
            many("`"),
            many("f() { f; }; f;"),
            many("${a:-"),
            many("case x in x) "),
            many("'$a'[aa]\\="),
            many("ä$ö*"),
            names,
            reads,
        ] {
            codes_in(&text, Flavour::Posix);
        }
    }

    #[test]
    fn what_is_never_closed_ends_with_the_text() {
        for text in ["\\;<<*'';{\"\"`*", "\\;<<*'';{\"\"`ä", "z <<`"] {
            codes_in(text, Flavour::Posix);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[ a-z$\"'`{}()\\[\\]\\\\;&|<>=*#!~\nä-]{0,60}") {
            codes_in(&text, Flavour::Posix);
            codes_in(&text, Flavour::Bash);
        }
    }
}
