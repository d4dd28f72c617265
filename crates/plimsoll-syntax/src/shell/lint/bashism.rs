//! What Bash has and plain `sh` lacks.

use shuck_ast::{Redirect, RedirectKind, Span, Word};

use super::command::Call;
use super::word::{Expansion, has_glob};
use super::{Flavour, Lint, range};

impl<'t> Lint<'t, '_> {
    /// Says that the text uses what its shell lacks.
    pub(super) fn bashism(&mut self, code: u16, span: Span) {
        if self.lacks(code) {
            self.hint_at(code, span);
        }
    }

    /// Whether the shell lacks what goes by a number.
    fn lacks(&self, code: u16) -> bool {
        match self.around.flavour {
            Flavour::Bash | Flavour::Ksh => false,
            Flavour::Posix => true,
            Flavour::Dash => !matches!(
                code,
                3012 | 3037 | 3040..=3043 | 3049 | 3065..=3067
            ),
            Flavour::BusyBox => !matches!(
                code,
                3010 | 3012 | 3014 | 3020 | 3037 | 3040..=3043 | 3046 | 3048 | 3049 | 3051
                    | 3057 | 3058 | 3060 | 3065..=3067
            ),
        }
    }

    pub(super) fn unary_test(&mut self, operator: &str, span: Span) {
        let code = match operator {
            "-v" => 3016,
            "-a" => 3017,
            "-o" => 3062,
            "-R" => 3063,
            "-N" => 3064,
            "-k" => 3065,
            "-G" => 3066,
            "-O" => 3067,
            _ => return,
        };
        self.bashism(code, span);
    }

    pub(super) fn bash_expansion(&mut self, expansion: &Expansion<'t>, span: Span) {
        if !self.around.flavour.lacks_bash() {
            return;
        }
        let name = expansion.name;
        let modifier = expansion.modifier;
        let after_index = match modifier.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(_, rest)| rest),
            None => None,
        };
        let wordy = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'*'));
        if expansion.indirect {
            self.bashism(3053, span);
            match modifier {
                "[@]" | "[*]" => self.bashism(3055, span),
                "@" | "*" => self.bashism(3056, span),
                _ => {}
            }
        } else if after_index == Some("") {
            self.bashism(3054, span);
        } else if wordy && !expansion.counts {
            let rest = after_index.unwrap_or(modifier);
            if rest.starts_with([',', '^']) {
                self.bashism(3059, span);
            } else if rest.starts_with('/') {
                self.bashism(3060, span);
            } else if after_index.is_none()
                && rest.starts_with(':')
                && rest.len() > 1
                && !rest[1..].starts_with(['-', '=', '?', '+'])
            {
                self.bashism(3057, span);
            }
            if matches!(name, "@" | "*") && rest.starts_with(['%', '#']) {
                self.bashism(3058, span);
            }
        } else if expansion.counts && matches!(name, "@" | "*") {
            self.bashism(3058, span);
        }
        if is_bash_variable(name) && self.value_is_outside(name) {
            let is_known = name == "_" && self.around.flavour != Flavour::Posix;
            if !is_known {
                self.bashism(3028, span);
            }
        }
    }

    fn value_is_outside(&self, name: &str) -> bool {
        let always = matches!(
            name,
            "EPOCHREALTIME" | "EPOCHSECONDS" | "RANDOM" | "SECONDS" | "SRANDOM"
        );
        always
            || !(self.written.iter().any(|(known, ..)| *known == name)
                || (self.around.is_set)(name))
    }

    /// `$((…))` and its kin: what is read, and what `sh` lacks there.
    pub(super) fn arithmetic(&mut self, span: Span) {
        let text = self.slice(span);
        if text.starts_with("$[") {
            self.bashism(3007, span);
        }
        // What a command in it is given is none of the expression's.
        let has_command = text.contains('`') || text.get(2..).is_some_and(|it| it.contains("$("));
        if !has_command && steps(text) {
            self.bashism(3018, span);
        }
        if !has_command && text.contains("**") {
            self.bashism(3019, span);
        }
        let (start, _) = range(span);
        let mut at = 0;
        for name in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if super::is_name(name) {
                self.read.push(super::Read {
                    name,
                    start: start + at,
                    end: start + at + name.len(),
                    guarded: true,
                });
            }
            at += name.len() + 1;
        }
    }

    pub(super) fn redirect_bashisms(&mut self, redirect: &'t Redirect, target: &'t Word) {
        if !self.around.flavour.lacks_bash() {
            return;
        }
        let written = self.slice(redirect.span);
        let file = self.slice(target.span);
        match redirect.kind {
            RedirectKind::OutputBoth if written.starts_with('&') => {
                self.bashism(3020, redirect.span);
            }
            RedirectKind::OutputBoth => self.bashism(3021, redirect.span),
            RedirectKind::DupOutput
                if redirect.fd.is_none()
                    && !file.is_empty()
                    && file != "-"
                    && !file.starts_with('$')
                    && !file.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                self.bashism(3021, redirect.span);
            }
            _ => {}
        }
        if redirect.fd_var.is_some() {
            self.bashism(3022, redirect.span);
        }
        if redirect.fd.is_some_and(|descriptor| descriptor > 9) {
            self.bashism(3023, redirect.span);
        }
        if file.starts_with("/dev/tcp") || file.starts_with("/dev/udp") {
            self.bashism(3025, redirect.span);
        }
        let plain = !file.starts_with(['"', '\'', '$']);
        if plain && redirect.kind != RedirectKind::HereString && has_glob(file) {
            self.bashism(3031, redirect.span);
        }
    }

    pub(super) fn builtin_bashisms_of_simple(&mut self, call: &Call<'_, 't>) {
        if !self.around.flavour.lacks_bash() {
            return;
        }
        let (start, end) = call.span;
        let command = (start, end);
        let subject = range(call.name_span);
        let tell = |lint: &mut Self, code| {
            if lint.lacks(code) {
                lint.hint(code, command.0, command.1, subject);
            }
        };
        match call.name {
            "let" => {
                tell(self, 3039);
                tell(self, 3044);
            }
            "caller" | "builtin" | "complete" | "compgen" | "declare" | "dirs" | "disown"
            | "enable" | "mapfile" | "readarray" | "pushd" | "popd" | "shopt" | "suspend"
            | "typeset" => tell(self, 3044),
            "source" => tell(self, 3046),
            "local" => tell(self, 3043),
            "echo" => {
                if let Some(first) = call.arguments.first() {
                    self.echo_flags(first);
                }
            }
            "set" => self.set_options(call.arguments),
            "trap" => {
                for word in call.arguments.iter().skip(1) {
                    let signal = self.slice(word.span);
                    if ["ERR", "DEBUG", "RETURN"]
                        .iter()
                        .any(|name| signal.eq_ignore_ascii_case(name))
                    {
                        self.bashism(3047, word.span);
                    }
                    if signal.len() > 3 && signal.as_bytes()[..3].eq_ignore_ascii_case(b"SIG") {
                        self.bashism(3048, word.span);
                    }
                    let has_lower = signal.bytes().any(|byte| byte.is_ascii_lowercase());
                    let is_word = signal.bytes().all(|byte| byte.is_ascii_alphabetic());
                    if has_lower && is_word {
                        self.bashism(3049, word.span);
                    }
                }
            }
            "exec" => {
                if let Some(first) = call.arguments.first()
                    && self.slice(first.span).starts_with('-')
                {
                    self.bashism(3038, first.span);
                }
            }
            _ => {}
        }
        for word in call.arguments {
            if !self.slice(word.span).starts_with('-') {
                break;
            }
            self.flag_bashism(call.name, word);
        }
    }

    pub(super) fn builtin_bashisms(&mut self, name: &str, whole: Span, word: Span) {
        if !self.around.flavour.lacks_bash() {
            return;
        }
        let (start, end) = range(whole);
        let code = match name {
            "local" => 3043,
            "declare" | "typeset" => 3044,
            _ => return,
        };
        if self.lacks(code) {
            self.hint(code, start, end, range(word));
        }
    }

    /// An option of a builtin that only Bash has.
    pub(super) fn flag_bashism(&mut self, name: &str, word: &'t Word) {
        if !self.around.flavour.lacks_bash() {
            return;
        }
        let is_dash = self.around.flavour != Flavour::Posix;
        let allowed = match name {
            "cd" => "LP",
            "exec" | "printf" | "trap" | "wait" => "",
            "export" | "readonly" => "p",
            "hash" if is_dash => "rv",
            "hash" => "r",
            "jobs" => "lp",
            "read" if is_dash => "rp",
            "read" => "r",
            "type" if self.around.flavour == Flavour::BusyBox => "p",
            "type" => "",
            "ulimit" if is_dash => "HSacdflmnprstvw",
            "ulimit" => "f",
            "umask" => "S",
            "unset" => "fv",
            _ => return,
        };
        let flag = self.slice(word.span);
        if let Some(letters) = flag.strip_prefix('-')
            && !letters.is_empty()
            && letters != "-"
            && let Some(letter) = letters.chars().find(|letter| !allowed.contains(*letter))
            && letter.is_ascii_alphanumeric()
        {
            self.bashism(3045, word.span);
        }
    }

    fn echo_flags(&mut self, word: &'t Word) {
        let flag = self.only_literal(word);
        let Some(letters) = flag.strip_prefix('-') else {
            return;
        };
        if letters.is_empty()
            || !letters
                .bytes()
                .all(|b| matches!(b, b'e' | b'E' | b's' | b'n'))
        {
            return;
        }
        match self.around.flavour {
            Flavour::Posix => self.hint_at(3037, word.span),
            Flavour::Dash if letters != "n" => self.hint_at(3036, word.span),
            Flavour::BusyBox if letters.contains(['E', 's']) => self.hint_at(3036, word.span),
            _ => {}
        }
    }

    fn set_options(&mut self, arguments: &[&'t Word]) {
        if self.around.flavour != Flavour::Posix {
            return;
        }
        const LONG: &[&str] = &[
            "allexport",
            "errexit",
            "ignoreeof",
            "monitor",
            "noclobber",
            "noexec",
            "noglob",
            "nolog",
            "notify",
            "nounset",
            "verbose",
            "vi",
            "xtrace",
        ];
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            let text = self.slice(word.span);
            if text.len() > 2 && text.starts_with("--") {
                self.bashism(3042, word.span);
                continue;
            }
            let Some(letters) = text.strip_prefix(['-', '+']) else {
                break;
            };
            if letters.is_empty() || letters == "-" {
                break;
            }
            if letters.bytes().any(|b| !b"abCefhmnuvxo".contains(&b)) {
                self.bashism(3041, word.span);
            }
            if letters.ends_with('o')
                && let Some(option) = rest.next()
                && !LONG.contains(&self.slice(option.span))
            {
                self.bashism(3040, option.span);
            }
        }
    }
}

/// Whether an expression counts a variable up or down in passing.
fn steps(expression: &str) -> bool {
    let bytes = expression.as_bytes();
    let is_name = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    bytes.windows(2).enumerate().any(|(at, pair)| {
        (pair == b"++" || pair == b"--") && (is_name(at.checked_sub(1)) != is_name(Some(at + 2)))
    })
}

fn is_bash_variable(name: &str) -> bool {
    matches!(
        name,
        "OSTYPE"
            | "MACHTYPE"
            | "HOSTTYPE"
            | "HOSTNAME"
            | "DIRSTACK"
            | "EUID"
            | "UID"
            | "SHLVL"
            | "PIPESTATUS"
            | "SHELLOPTS"
            | "_"
            | "BASH"
            | "BASHOPTS"
            | "BASHPID"
            | "BASH_ALIASES"
            | "BASH_ARGC"
            | "BASH_ARGV"
            | "BASH_ARGV0"
            | "BASH_CMDS"
            | "BASH_COMMAND"
            | "BASH_EXECUTION_STRING"
            | "BASH_LINENO"
            | "BASH_LOADABLES_PATH"
            | "BASH_REMATCH"
            | "BASH_SOURCE"
            | "BASH_SUBSHELL"
            | "BASH_VERSINFO"
            | "COMP_CWORD"
            | "COMP_KEY"
            | "COMP_LINE"
            | "COMP_POINT"
            | "COMP_TYPE"
            | "COMP_WORDBREAKS"
            | "COMP_WORDS"
            | "COPROC"
            | "FUNCNAME"
            | "GROUPS"
            | "HISTCMD"
            | "MAPFILE"
            | "BASH_MONOSECONDS"
            | "EPOCHREALTIME"
            | "EPOCHSECONDS"
            | "RANDOM"
            | "SECONDS"
            | "SRANDOM"
    )
}
