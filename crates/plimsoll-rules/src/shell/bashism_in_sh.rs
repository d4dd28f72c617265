use plimsoll_model::{Confidence, Severity};

use crate::shell::kind::{Shell, ShellKind};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds syntax and builtins of Bash in what another shell reads: `[[ ]]`, brace expansion,
    /// `&>`, arrays, `source`, `echo -e` and many more. Which shell that is comes from `SHELL`, the
    /// first line of a heredoc or script, or the family of the base image. What that very shell
    /// does have is left out: BusyBox knows `[[ ]]`, `&>` and `pipefail`, and on Fedora and its kin
    /// `sh` is Bash. Where the shell is not known only those who ask are told.
    ///
    /// ## Why it hurts in production
    /// Often nothing fails: dash makes one folder called `{a,b}`, runs `command &>log` in the
    /// background, and writes `-e` into the file. The image is built and wrong.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN mkdir -p /srv/{data,logs}
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// SHELL ["/bin/bash", "-c"]
    /// RUN mkdir -p /srv/{data,logs}
    /// ```
    ///
    /// ## Fix
    /// None: either the shell or the script has to change.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC3009>
    /// - <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>
    BashismInSh = "bashism-in-sh",
    summary: "The script uses what its shell does not have",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC3009", "SC3001", "SC3002", "SC3003", "SC3004", "SC3005", "SC3006", "SC3007", "SC3008", "SC3010", "SC3011", "SC3012", "SC3014", "SC3015", "SC3016", "SC3017", "SC3018", "SC3019", "SC3020", "SC3021", "SC3022", "SC3023", "SC3024", "SC3025", "SC3026", "SC3028", "SC3029", "SC3030", "SC3031", "SC3032", "SC3033", "SC3034", "SC3035", "SC3036", "SC3037", "SC3038", "SC3039", "SC3040", "SC3041", "SC3042", "SC3043", "SC3044", "SC3045", "SC3046", "SC3047", "SC3048", "SC3049", "SC3050", "SC3051", "SC3053", "SC3054", "SC3055", "SC3056", "SC3057", "SC3058", "SC3059", "SC3060", "SC3061", "SC3062", "SC3063", "SC3064", "SC3065", "SC3066", "SC3067", "SC2112", "SC2113"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2112, 2113, 3001, 3002, 3003, 3004, 3005, 3006, 3007, 3008, 3009, 3010, 3011, 3012, 3014, 3015, 3016, 3017, 3018, 3019, 3020, 3021, 3022, 3023, 3024, 3025, 3026, 3028, 3029, 3030, 3031, 3032, 3033, 3034, 3035, 3036, 3037, 3038, 3039, 3040, 3041, 3042, 3043, 3044, 3045, 3046, 3047, 3048, 3049, 3050, 3051, 3053, 3054, 3055, 3056, 3057, 3058, 3059, 3060, 3061, 3062, 3063, 3064, 3065, 3066, 3067];

impl Rule for BashismInSh {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let feature = feature(slip.code(), slip.written());
            let (confidence, who) = judge(slip.shell, slip.code(), slip.written());
            let severity = severity(slip.code());
            let message = match who {
                Some(who) => format!("{who} does not have {feature}."),
                None => format!("POSIX `sh` does not have {feature}."),
            };
            slip.report(sink, confidence, message)
                .severity(severity)
                .help("Write it in plain `sh`, or name the shell with `SHELL [\"/bin/bash\", \"-c\"]`.");
        }
    }
}

/// How sure it is that the shell lacks what goes by a number, and the shell's name.
fn judge(shell: Shell, code: u16, written: &str) -> (Confidence, Option<&'static str>) {
    match shell.kind {
        ShellKind::Dash => {
            // Dash knows these, whatever POSIX says.
            let has = matches!(code, 2112 | 3012 | 3041..=3043 | 3049 | 3065..=3067)
                || (code == 3037 && written == "-n")
                || (code == 3045 && matches!(written, "-p" | "-n" | "-v"));
            match has {
                true => (Confidence::Low, None),
                false => (Confidence::High, Some("Dash, the `sh` here,")),
            }
        }
        ShellKind::BusyBox => {
            let has = matches!(
                code,
                2112 | 2113 | 3001 | 3010 | 3012 | 3014 | 3015 | 3018..=3021 | 3028 | 3037
                    | 3039..=3043 | 3045 | 3046 | 3048 | 3049 | 3051 | 3057 | 3060 | 3061
                    | 3065..=3067
            );
            match has {
                true => (Confidence::Low, None),
                false => (Confidence::High, Some("BusyBox, the `sh` here,")),
            }
        }
        // What it is, nobody knows: it may well be Bash.
        _ => (Confidence::Low, None),
    }
}

/// What only fails loudly hurts less than what goes wrong in silence.
fn severity(code: u16) -> Severity {
    match code {
        3009 | 3010 | 3014 | 3020 | 3021 | 3037 | 3036 | 3030 | 3040 => Severity::Medium,
        _ => Severity::Low,
    }
}

fn feature(code: u16, written: &str) -> String {
    let quoted = |what: &str| {
        let short: String = written.chars().take(24).collect();
        format!("{what} (`{}`)", short.escape_debug())
    };
    match code {
        2112 | 2113 => "the keyword `function`".to_owned(),
        3001 => "process substitution".to_owned(),
        3002 => "extended patterns".to_owned(),
        3004 => "`$\"…\"`".to_owned(),
        3005 => "arithmetic `for` loops".to_owned(),
        3006 => "`((…))` as a command".to_owned(),
        3007 => "`$[…]`".to_owned(),
        3008 => "`select`".to_owned(),
        3009 => quoted("brace expansion"),
        3010 => "`[[ ]]`".to_owned(),
        3011 => "`<<<`".to_owned(),
        3012 => quoted("comparison by order in tests"),
        3014 => "`==` in tests".to_owned(),
        3015 => "`=~`".to_owned(),
        3016 | 3017 | 3062..=3067 => quoted("this test"),
        3018 | 3019 => quoted("this arithmetic"),
        3020 => "`&>`".to_owned(),
        3021 => "`>&` with a file".to_owned(),
        3022 | 3023 => quoted("such file descriptors"),
        3024 => "`+=`".to_owned(),
        3025 => "`/dev/tcp` and `/dev/udp`".to_owned(),
        3026 => "`^` in bracket patterns".to_owned(),
        3028 => quoted("this variable"),
        3029 => "`|&`".to_owned(),
        3030 | 3054 => "arrays".to_owned(),
        3031 => "patterns behind redirections".to_owned(),
        3032 => "`coproc`".to_owned(),
        3036 | 3037 => quoted("options of `echo`"),
        3040..=3042 => quoted("this option of `set`"),
        3043 => "`local`".to_owned(),
        3046 | 3051 => "`source`".to_owned(),
        3047..=3049 => quoted("this signal name"),
        3050 => "`%q` in `printf`".to_owned(),
        3053 | 3055 | 3056 => quoted("indirect expansion"),
        3057 => quoted("slices of a value"),
        3059 => quoted("change of case"),
        3060 => quoted("replacement in a value"),
        _ => quoted("this"),
    }
}
