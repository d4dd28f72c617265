//! The slips in a file's shell texts, found once for all the rules that speak of them.

use std::cell::OnceCell;

use plimsoll_model::{Confidence, Edit, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{CommandForm, InstructionKind, State};
use plimsoll_syntax::shell::lint::{self, Flavour, Hint, Surroundings};
use plimsoll_syntax::shell::{Script, ShellCommand};

use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Reported, Sink};
use crate::script::RunScript;
use crate::shell::kind::{Shell, ShellKind};
use crate::start_script::ContextScript;

/// Variables that a builder sets in every RUN.
const PROXIES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// A slip and where it was found, as it is kept.
#[derive(Clone, Copy, Debug)]
struct Kept {
    hint: Hint,
    at: At,
}

#[derive(Clone, Copy, Debug)]
enum At {
    /// The script of a step: stage, step and script.
    Step(usize, usize, usize),
    /// The script that a container starts with.
    Entry,
}

/// The slips of a file, sorted by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Hints(OnceCell<Vec<Kept>>);

/// A slip in one of a file's shell texts.
pub(crate) struct Slip<'f, 'a> {
    /// What and where.
    pub(crate) hint: Hint,
    /// The shell text it is in.
    pub(crate) text: &'f str,
    /// The text's commands.
    pub(crate) script: &'f Script,
    /// The shell that reads it.
    pub(crate) shell: Shell,
    /// What is set around it; the end of the image for a script of the context.
    pub(crate) state: &'f State,
    file: &'f ProjectFile<'a>,
    place: Place<'f, 'a>,
    /// Whether a build of the target runs it, or the image does.
    runs: bool,
    /// Whether those who look at RUN only see it too.
    pub(crate) in_run: bool,
}

enum Place<'f, 'a> {
    Run(&'f RunScript<'a>),
    Entry(&'f ContextScript<'a>),
}

impl<'f> Slip<'f, '_> {
    /// The number it goes by.
    pub(crate) fn code(&self) -> u16 {
        self.hint.code
    }

    /// What it is about, as written.
    pub(crate) fn subject(&self) -> &'f str {
        let (start, end) = self.hint.subject;
        self.text.get(start..end).unwrap_or_default()
    }

    /// The text it covers.
    pub(crate) fn written(&self) -> &'f str {
        self.text
            .get(self.hint.start..self.hint.end)
            .unwrap_or_default()
    }

    /// Where it stands.
    pub(crate) fn origin(&self) -> SourceOrigin {
        match self.place {
            Place::Run(script) => self.file.place(script.span(self.hint.start, self.hint.end)),
            Place::Entry(script) => script.place(self.hint.start, self.hint.end),
        }
    }

    /// Reports it under its number, as sure as the rule is of it.
    pub(crate) fn report<'s>(
        &self,
        sink: &'s mut Sink<'_>,
        confidence: Confidence,
        message: String,
    ) -> Reported<'s> {
        let aliases = if self.in_run {
            aliases(self.hint.code)
        } else {
            &[]
        };
        let confidence = if self.runs {
            confidence
        } else {
            Confidence::Low
        };
        sink.report(self.origin(), message)
            .aliases(aliases)
            .confidence(confidence)
    }

    /// An edit of bytes of the text, where they stand in the file as they are here.
    pub(crate) fn edit(&self, start: usize, end: usize, text: String) -> Option<Edit> {
        let (source, span) = match self.place {
            Place::Run(script) => (&self.file.dockerfile.source, script.span(start, end)),
            Place::Entry(script) => (&script.source, script.span(start, end)),
        };
        // An insertion stands in front of the byte behind it.
        let span = match start == end {
            true => Span::new(span.start, span.start),
            false => span,
        };
        let same = span.of(source.bytes()) == self.text.get(start..end)?.as_bytes();
        same.then(|| Edit {
            file: source.path().to_owned(),
            span,
            text,
        })
    }

    /// Whether a command stands behind it.
    pub(crate) fn has_more(&self) -> bool {
        self.script.commands.iter().any(|command: &ShellCommand| {
            command
                .words
                .first()
                .is_some_and(|word| word.start > self.hint.end)
        })
    }
}

/// The slips of a file that go by one of `codes`.
pub(crate) fn of<'f, 'a>(
    file: &'f ProjectFile<'a>,
    codes: &'static [u16],
) -> impl Iterator<Item = Slip<'f, 'a>> {
    let all = file.hints.0.get_or_init(|| find(file));
    codes.iter().flat_map(move |code| {
        let from = all.partition_point(|kept| kept.hint.code < *code);
        let to = all.partition_point(|kept| kept.hint.code <= *code);
        all[from..to].iter().filter_map(|kept| slip(file, *kept))
    })
}

fn slip<'f, 'a>(file: &'f ProjectFile<'a>, kept: Kept) -> Option<Slip<'f, 'a>> {
    let stages = &file.resolution.stages;
    Some(match kept.at {
        At::Step(stage, step, script) => {
            let stage = stages.get(stage)?;
            let view = file.steps(stage).nth(step)?;
            let run = file.scripts(view).get(script)?;
            let in_run = match &unwrapped(view.instruction).kind {
                InstructionKind::Run(command) => matches!(command.form, CommandForm::Shell(_)),
                _ => false,
            };
            Slip {
                hint: kept.hint,
                text: run.text(),
                script: &run.script,
                shell: run.shell,
                state: &view.step.before,
                file,
                place: Place::Run(run),
                runs: stage.reaches_target,
                in_run,
            }
        }
        At::Entry => {
            let script = file.entry_script()?;
            Slip {
                hint: kept.hint,
                text: &script.text,
                script: &script.script,
                shell: script.shell,
                state: &file.target()?.end,
                file,
                place: Place::Entry(script),
                runs: true,
                in_run: false,
            }
        }
    })
}

fn find(file: &ProjectFile<'_>) -> Vec<Kept> {
    let mut all = Vec::new();
    for (stage_at, stage) in file.resolution.stages.iter().enumerate() {
        for (step_at, view) in file.steps(stage).enumerate() {
            // What an ONBUILD holds is judged where it stands.
            if view.step.triggered {
                continue;
            }
            for (script_at, run) in file.scripts(view).iter().enumerate() {
                let at = At::Step(stage_at, step_at, script_at);
                judge(
                    &run.script,
                    run.text(),
                    run.shell,
                    &view.step.before,
                    at,
                    &mut all,
                );
            }
        }
    }
    if let (Some(script), Some(target)) = (file.entry_script(), file.target()) {
        let (text, shell) = (&script.text, script.shell);
        judge(
            &script.script,
            text,
            shell,
            &target.end,
            At::Entry,
            &mut all,
        );
    }
    all.sort_by_key(|kept| kept.hint.code);
    all
}

fn judge(script: &Script, text: &str, shell: Shell, state: &State, at: At, all: &mut Vec<Kept>) {
    let flavour = match shell.written {
        ShellKind::Sh => Flavour::Posix,
        ShellKind::Dash => Flavour::Dash,
        ShellKind::BusyBox => Flavour::BusyBox,
        ShellKind::Bash | ShellKind::BashAsSh => Flavour::Bash,
        ShellKind::Ksh => Flavour::Ksh,
        _ => return,
    };
    let is_set = |name: &str| state.variables.contains_key(name) || PROXIES.contains(&name);
    let has_close = |name: &str| {
        let known = state.variables.keys().map(String::as_str);
        known
            .chain(PROXIES)
            .any(|known| lint::is_close(name, known))
    };
    let hints = script.lint(
        text,
        &Surroundings {
            flavour,
            errexit: false,
            is_set: &is_set,
            has_close: &has_close,
        },
    );
    if hints.is_empty() {
        return;
    }
    let allowed = Allowed::read(text);
    all.extend(
        hints
            .into_iter()
            .filter(|hint| !allowed.covers(hint))
            .map(|hint| Kept { hint, at }),
    );
}

/// `# shellcheck disable=SC2086`: what a script's author set aside.
#[derive(Default)]
struct Allowed(Vec<(u16, usize, usize)>);

impl Allowed {
    fn read(text: &str) -> Self {
        let mut allowed = Vec::new();
        if !text.contains("shellcheck") {
            return Self(allowed);
        }
        let mut at = 0;
        let mut in_front = true;
        let mut pending: Vec<u16> = Vec::new();
        for line in text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                let Some(directive) = comment.trim().strip_prefix("shellcheck ") else {
                    continue;
                };
                let codes = directive
                    .split_whitespace()
                    .filter_map(|word| word.strip_prefix("disable="))
                    .flat_map(|list| list.split(','))
                    .filter_map(|code| code.trim_start_matches("SC").parse::<u16>().ok());
                pending.extend(codes);
            } else if !line.is_empty() {
                let reach = if in_front { text.len() } else { end };
                allowed.extend(pending.iter().map(|code| (*code, start, reach)));
                in_front = false;
                // The command may go on in the next line.
                if !line.ends_with(['\\', '|']) && !line.ends_with("&&") {
                    pending.clear();
                }
            }
        }
        Self(allowed)
    }

    fn covers(&self, hint: &Hint) -> bool {
        self.0
            .iter()
            .any(|(code, start, end)| *code == hint.code && (*start..*end).contains(&hint.start))
    }
}

/// What ShellCheck's users call it.
macro_rules! numbers {
    ($($code:literal $name:literal),* $(,)?) => {
        fn aliases(code: u16) -> &'static [&'static str] {
            match code {
                $($code => &[$name],)*
                _ => &[],
            }
        }
    };
}

numbers! {
    1001 "SC1001",
    1007 "SC1007",
    1012 "SC1012",
    2005 "SC2005",
    2006 "SC2006",
    2009 "SC2009",
    2010 "SC2010",
    2011 "SC2011",
    2012 "SC2012",
    2013 "SC2013",
    2016 "SC2016",
    2018 "SC2018",
    2019 "SC2019",
    2020 "SC2020",
    2021 "SC2021",
    2028 "SC2028",
    2034 "SC2034",
    2035 "SC2035",
    2038 "SC2038",
    2041 "SC2041",
    2042 "SC2042",
    2043 "SC2043",
    2044 "SC2044",
    2045 "SC2045",
    2046 "SC2046",
    2059 "SC2059",
    2060 "SC2060",
    2066 "SC2066",
    2069 "SC2069",
    2071 "SC2071",
    2073 "SC2073",
    2086 "SC2086",
    2102 "SC2102",
    2112 "SC2112",
    2113 "SC2113",
    2114 "SC2114",
    2115 "SC2115",
    2126 "SC2126",
    2129 "SC2129",
    2143 "SC2143",
    2153 "SC2153",
    2154 "SC2154",
    2155 "SC2155",
    2162 "SC2162",
    2164 "SC2164",
    2174 "SC2174",
    2196 "SC2196",
    2197 "SC2197",
    2215 "SC2215",
    2223 "SC2223",
    2224 "SC2224",
    2225 "SC2225",
    2226 "SC2226",
    2227 "SC2227",
    2238 "SC2238",
    2251 "SC2251",
    2283 "SC2283",
    2284 "SC2284",
    2285 "SC2285",
    2286 "SC2286",
    2287 "SC2287",
    2288 "SC2288",
    2289 "SC2289",
    2308 "SC2308",
    3001 "SC3001",
    3002 "SC3002",
    3003 "SC3003",
    3004 "SC3004",
    3005 "SC3005",
    3006 "SC3006",
    3007 "SC3007",
    3008 "SC3008",
    3009 "SC3009",
    3010 "SC3010",
    3011 "SC3011",
    3012 "SC3012",
    3014 "SC3014",
    3015 "SC3015",
    3016 "SC3016",
    3017 "SC3017",
    3018 "SC3018",
    3019 "SC3019",
    3020 "SC3020",
    3021 "SC3021",
    3022 "SC3022",
    3023 "SC3023",
    3024 "SC3024",
    3025 "SC3025",
    3026 "SC3026",
    3028 "SC3028",
    3029 "SC3029",
    3030 "SC3030",
    3031 "SC3031",
    3032 "SC3032",
    3033 "SC3033",
    3034 "SC3034",
    3035 "SC3035",
    3036 "SC3036",
    3037 "SC3037",
    3038 "SC3038",
    3039 "SC3039",
    3040 "SC3040",
    3041 "SC3041",
    3042 "SC3042",
    3043 "SC3043",
    3044 "SC3044",
    3045 "SC3045",
    3046 "SC3046",
    3047 "SC3047",
    3048 "SC3048",
    3049 "SC3049",
    3050 "SC3050",
    3051 "SC3051",
    3053 "SC3053",
    3054 "SC3054",
    3055 "SC3055",
    3056 "SC3056",
    3057 "SC3057",
    3058 "SC3058",
    3059 "SC3059",
    3060 "SC3060",
    3061 "SC3061",
    3062 "SC3062",
    3063 "SC3063",
    3064 "SC3064",
    3065 "SC3065",
    3066 "SC3066",
    3067 "SC3067",
}
