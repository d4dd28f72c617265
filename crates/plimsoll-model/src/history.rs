//! The steps that an image was made in, as its builder wrote them down.

use std::fmt;

/// One step of an image's history, as its author recorded it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// RFC 3339 time.
    pub created: Option<String>,
    /// The instruction.
    pub created_by: Option<String>,
    /// Free text, such as `buildkit.dockerfile.v0`.
    pub comment: Option<String>,
    /// Whether the step made no layer.
    pub empty_layer: bool,
}

impl HistoryEntry {
    /// What it tells of.
    pub fn step(&self) -> HistoryStep<'_> {
        HistoryStep::read(self.created_by.as_deref().unwrap_or_default())
    }
}

/// The instruction that a step of a history tells of.
///
/// BuildKit and Kaniko begin with its keyword. Buildah, Podman and Docker's builder before BuildKit
/// write what RUN ran as the command with its shell, behind a `|` and the build arguments where there
/// are any, and of every other instruction a shell's comment: `/bin/sh -c #(nop) COPY file:… in /`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryStep<'h> {
    /// The keyword; empty where none is told, and any word where it is no builder's.
    pub keyword: &'h str,
    /// What stands behind it; of a RUN what was run, without the shell and the build arguments.
    pub own: &'h str,
    /// Who wrote it.
    pub writing: Writing,
    /// Whether it is a RUN of which it is certain that `own` is what a shell was given.
    pub is_shell_text: bool,
    /// What stands behind the keyword as it was written, with the shell and the build arguments of a RUN.
    pub whole: &'h str,
}

/// In which manner a step of a history is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// BuildKit's, by what it ends with.
    BuildKit,
    /// A shell's comment, with sums in place of the files that are brought.
    Comment,
    /// Anybody's.
    Plain,
}

impl<'h> HistoryStep<'h> {
    /// Reads what a builder wrote (`created_by`).
    pub fn read(created_by: &'h str) -> Self {
        let text = created_by.trim();
        let (text, writing) = match text.strip_suffix("# buildkit") {
            Some(text) => (text.trim_end(), Writing::BuildKit),
            None => (text, Writing::Plain),
        };
        // Some write the shell without its path.
        let is_run = text.starts_with(['|', '/']) || shell_text(text).is_some();
        let (keyword, run) = if is_run {
            ("RUN", text)
        } else {
            first_word(text)
        };
        if keyword != "RUN" {
            return Self {
                keyword,
                own: run,
                writing,
                is_shell_text: false,
                whole: run,
            };
        }
        let shell = shell_text(run);
        // Of a shell that is none by its name as much is likely.
        let given = shell.or_else(|| {
            let parts = run.split_once(" -c ");
            parts
                .filter(|_| run.starts_with(['|', '/']))
                .map(|(_, given)| given)
        });
        let own = given.unwrap_or(run).trim_start();
        if let Some(instruction) = own.strip_prefix("#(nop)").filter(|_| is_run) {
            let (keyword, own) = first_word(instruction.trim_start());
            return Self {
                keyword,
                own,
                writing: Writing::Comment,
                is_shell_text: false,
                whole: own,
            };
        }
        let is_told = !text.starts_with('/') || given.is_some();
        Self {
            keyword: if is_told { "RUN" } else { "" },
            own,
            writing,
            is_shell_text: shell.is_some(),
            whole: run,
        }
    }
}

impl fmt::Display for HistoryStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A program that may be no shell is a part of what was run.
        let shown = match self.is_shell_text {
            true => self.own,
            false => self.whole,
        };
        f.write_str(self.keyword)?;
        if !self.keyword.is_empty() && !shown.is_empty() {
            f.write_str(" ")?;
        }
        f.write_str(shown)
    }
}

/// The first word, and what stands behind it.
fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_start())
}

/// Words between a shell and the option that its command follows.
const MAX_OPTIONS: usize = 8;

/// What stands behind `SHELL [OPTION]... -c`, and behind the build arguments that the step knew:
/// `|2 A=b C=d e /bin/sh -c COMMAND`. Nothing there is quoted.
fn shell_text(run: &str) -> Option<&str> {
    let arguments: usize = match run.strip_prefix('|') {
        Some(rest) => rest.split(' ').next()?.parse().ok()?,
        None => 0,
    };
    let mut words: Vec<&str> = Vec::new();
    let mut by_name = None;
    let mut at = 0;
    for word in run.split(' ') {
        at += word.len() + 1;
        if is_command_option(word)
            && let Some(shell) = shell_before(&words)
        {
            let command = run.get(at..);
            if arguments == 0 {
                return command.filter(|_| shell == 0);
            }
            // One without a path may be the last word of an argument.
            match words.get(shell).is_some_and(|word| word.starts_with('/')) {
                _ if shell <= arguments => {}
                true => return command,
                false => by_name = by_name.or(command),
            }
        }
        words.push(word);
    }
    by_name
}

/// `-c`, alone or behind other letters: `-lc`.
fn is_command_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| {
        letters.ends_with('c') && letters.bytes().all(|letter| letter.is_ascii_alphabetic())
    })
}

/// Where the shell stands whose options these words end in.
fn shell_before(words: &[&str]) -> Option<usize> {
    let mut end = words.len();
    for _ in 0..=MAX_OPTIONS {
        let (word, before) = words.get(..end)?.split_last()?;
        let is_option = |word: &str| word.starts_with(['-', '+']);
        // `-o pipefail`, `-eo pipefail`.
        let is_named = |word: &&str| is_option(word) && word.ends_with('o');
        end = before.len();
        if !is_option(word) && !before.last().is_some_and(is_named) {
            return (word.ends_with("sh") && !word.contains('=')).then_some(end);
        }
    }
    None
}

/// Instructions that put no file into an image, whatever they say.
const WITHOUT_FILES: &[&str] = &[
    "ARG",
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "SHELL",
    "STOPSIGNAL",
    "USER",
];

/// For each entry of a history that made a layer, its place and whether that holds what it tells of,
/// and nothing else.
///
/// Some builders put what several instructions wrote into one layer and name the last of them, be it
/// `CMD` (`buildah build --layers=false`, `--squash`, Kaniko's single snapshot): a `COPY` or `ADD` that
/// made no layer of its own shows that. BuildKit joins nothing: what it leaves out brought nothing new.
pub fn filled_steps(history: &[HistoryEntry]) -> Vec<(usize, bool)> {
    let mut is_joined = false;
    let mut steps = Vec::new();
    for (at, entry) in history.iter().enumerate() {
        let step = entry.step();
        if entry.empty_layer {
            is_joined |=
                matches!(step.keyword, "COPY" | "ADD") && step.writing != Writing::BuildKit;
            continue;
        }
        steps.push((at, !is_joined && !WITHOUT_FILES.contains(&step.keyword)));
        is_joined = false;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builder_tells_its_instructions() {
        for (created_by, told) in [
            ("RUN /bin/sh -c make # buildkit", "RUN make"),
            ("RUN |2 A=b c C=d /bin/sh -c make # buildkit", "RUN make"),
            ("RUN |1 A=b make", "RUN |1 A=b make"),
            ("RUN make all # buildkit", "RUN make all"),
            // Any shell, and options of its own.
            ("RUN /bin/bash -o pipefail -c a | b # buildkit", "RUN a | b"),
            ("RUN |1 A=b /bin/ash -c make # buildkit", "RUN make"),
            ("RUN |1 A= bash -lc make # buildkit", "RUN make"),
            ("bash -o pipefail -c sudo make", "RUN sudo make"),
            // What may be a program with options is told whole.
            (
                "RUN /usr/bin/gcc -c x.c # buildkit",
                "RUN /usr/bin/gcc -c x.c",
            ),
            ("RUN /a.sh && python -c 'b'", "RUN /a.sh && python -c 'b'"),
            ("|1 V=1 /bin/sh -c make -c x", "RUN make -c x"),
            ("/bin/sh -c make -c x", "RUN make -c x"),
            ("/bin/bash -o pipefail -c make | tee", "RUN make | tee"),
            ("/bin/sh -c #(nop) ADD file:1 in / ", "ADD file:1 in /"),
            ("/bin/sh -c #(nop)  CMD [\"bash\"]", "CMD [\"bash\"]"),
            ("COPY . . # buildkit", "COPY . ."),
            ("WORKDIR /app", "WORKDIR /app"),
            ("/bin/sh", "/bin/sh"),
            ("|1", "RUN |1"),
            ("", ""),
            ("debootstrap", "debootstrap"),
            ("kiwi  10.1", "kiwi 10.1"),
        ] {
            assert_eq!(
                HistoryStep::read(created_by).to_string(),
                told,
                "{created_by}"
            );
        }
    }

    #[test]
    fn what_a_shell_was_given_is_certain_or_not() {
        for (created_by, own) in [
            ("RUN /bin/sh -c sudo make # buildkit", Some("sudo make")),
            ("RUN |2 A=b C=d e /bin/sh -c make # buildkit", Some("make")),
            (
                "RUN |1 A=b /usr/bin/bash -eo pipefail -c sudo make # buildkit",
                Some("sudo make"),
            ),
            ("RUN |1 A=x /bin/y /bin/sh -c sudo make", Some("sudo make")),
            ("RUN |1 A=b bash -c make # buildkit", Some("make")),
            // Which of two it is the one with a path tells, and what is an argument's is none.
            ("RUN |1 A=exec sh -c sudo /bin/sh -c make", Some("make")),
            ("RUN |2 A=b sh -c sudo", None),
            ("RUN |1 A=/bin/sh -c sudo", None),
            ("RUN |x A=b /bin/sh -c sudo", None),
            ("RUN make sh -c sudo # buildkit", None),
            ("RUN /usr/bin/python3 -c print()", None),
            ("RUN /bin/sh -o -c # buildkit", None),
            ("COPY /bin/sh -c", None),
        ] {
            let step = HistoryStep::read(created_by);
            let given = step.is_shell_text.then_some(step.own);
            assert_eq!(given, own, "{created_by}");
        }
    }

    #[test]
    fn layers_that_hold_more_than_they_are_said_to() {
        let history = |steps: &[&str]| -> Vec<HistoryEntry> {
            let entry = |step: &&str| HistoryEntry {
                created_by: Some(step.trim_start_matches('-').to_owned()),
                empty_layer: step.starts_with('-'),
                ..HistoryEntry::default()
            };
            steps.iter().map(entry).collect()
        };
        for (steps, expected) in [
            (
                &["ADD a /", "-CMD x", "RUN /bin/sh -c make"][..],
                &[(0, true), (2, true)][..],
            ),
            (
                &["debootstrap", "-RUN /bin/sh -c true", "COPY a b"],
                &[(0, true), (2, true)],
            ),
            // Buildah without layers, Kaniko's single snapshot.
            (
                &[
                    "",
                    "-/bin/sh -c make",
                    "-COPY a b",
                    "/bin/sh -c #(nop) CMD [\"x\"]",
                ],
                &[(0, true), (3, false)],
            ),
            (
                &["-COPY a b", "-ENV A=b", "/bin/sh -c make", "RUN x"],
                &[(2, false), (3, true)],
            ),
            // BuildKit leaves out what brought nothing new.
            (
                &[
                    "ADD a / # buildkit",
                    "-COPY b /c # buildkit",
                    "RUN make # buildkit",
                ],
                &[(0, true), (2, true)],
            ),
            (&["ENV A=b"], &[(0, false)]),
        ] {
            assert_eq!(filled_steps(&history(steps)), expected, "{steps:?}");
        }
    }
}
