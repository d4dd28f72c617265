//! Steps that only the image's history tells of, judged by the rules for a Dockerfile's lines.

use plimsoll_model::{Confidence, Finding, SourceFile};

use crate::check::check_project;
use crate::options::CheckOptions;
use crate::project::Project;
use crate::rule::ImageFacts;

/// What the rule called `rule` is sure of about steps whose text holds `mark`, each with the number of
/// its layer. The base's steps are the base's, and of a line of a Dockerfile that is judged too the rule
/// itself speaks.
pub(super) fn judged(image: &ImageFacts<'_>, rule: &str, mark: &str) -> Vec<(usize, Finding)> {
    let base = image.inventory.base.as_ref().map_or(0, |base| base.layers);
    let options = CheckOptions {
        select: vec![rule.to_owned()],
        ignore_comments: true,
        ..CheckOptions::default()
    };
    let mut found = Vec::new();
    for (index, layer) in image.inventory.layers.iter().enumerate().skip(base) {
        let has_line =
            layer.source.is_some() || image.layer_sources.get(index).is_some_and(Option::is_some);
        let is_judged = image.is_dockerfile_judged && has_line;
        let text = layer.instruction.as_deref().unwrap_or_default();
        let Some(line) = Some(text)
            .filter(|text| !is_judged && text.contains(mark))
            .and_then(as_written)
        else {
            continue;
        };
        let project = Project {
            file: SourceFile::new("history", format!("FROM scratch\n{line}\n")),
            context: None,
        };
        let findings = check_project(&project, &options).findings.into_iter();
        let sure = findings.filter(|finding| finding.confidence > Confidence::Low);
        found.extend(sure.map(|finding| (index, finding)));
    }
    found
}

/// A step of history as a Dockerfile's line, where it tells what was written there: the classic builder
/// has sums in place of the files it adds.
fn as_written(created_by: &str) -> Option<String> {
    let text = created_by.trim();
    let plain = text.strip_suffix("# buildkit").map(str::trim_end);
    // It is not one line: what a here-document held is not told apart from what it was.
    if text.contains(['\n', '\r']) {
        return None;
    }
    if let Some(sources) = plain.and_then(|text| text.strip_prefix("ADD ")) {
        return Some(format!("ADD {sources}"));
    }
    let text = plain.unwrap_or(text);
    let command = shell_command(text.strip_prefix("RUN ").unwrap_or(text))?.trim_start();
    let is_command = !command.is_empty() && !command.starts_with(['[', '-', '<', '#']);
    is_command.then(|| format!("RUN {command}"))
}

/// Words between a shell and the option that its command follows.
const MAX_OPTIONS: usize = 8;

/// What stands behind `SHELL [OPTION]... -c`, and behind the build arguments that the step knew:
/// `|2 A=b C=d e /bin/sh -c COMMAND`. Nothing there is quoted.
fn shell_command(run: &str) -> Option<&str> {
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

#[cfg(test)]
mod tests {
    use super::as_written;

    #[test]
    fn steps_are_lines_again() {
        for (step, line) in [
            ("RUN /bin/sh -c sudo make # buildkit", Some("RUN sudo make")),
            (
                "RUN |2 A=b C=d e /bin/sh -c make # buildkit",
                Some("RUN make"),
            ),
            ("|1 V=1 /bin/sh -c make -c x", Some("RUN make -c x")),
            ("/bin/sh -c make", Some("RUN make")),
            (
                "RUN /bin/bash -o pipefail -c a | b # buildkit",
                Some("RUN a | b"),
            ),
            (
                "RUN |1 A=b /usr/bin/bash -eo pipefail -c sudo make # buildkit",
                Some("RUN sudo make"),
            ),
            (
                "RUN |1 A=x /bin/y /bin/sh -c sudo make",
                Some("RUN sudo make"),
            ),
            ("RUN |1 A=b bash -c make # buildkit", Some("RUN make")),
            ("RUN |1 A= bash -lc make # buildkit", Some("RUN make")),
            // Which of two it is the one with a path tells, and what is an argument's is none.
            ("RUN |1 A=exec sh -c sudo /bin/sh -c make", Some("RUN make")),
            ("RUN |2 A=b sh -c sudo", None),
            ("RUN |1 A=/bin/sh -c sudo", None),
            ("RUN |x A=b /bin/sh -c sudo", None),
            ("RUN make sh -c sudo # buildkit", None),
            ("RUN /bin/sh -o -c # buildkit", None),
            ("ADD a.txt b /x/ # buildkit", Some("ADD a.txt b /x/")),
            ("/bin/sh -c #(nop) ADD file:0a1b in / ", None),
            ("ADD file:0a1b in /", None),
            ("RUN /bin/sh -c cat <<E\nsudo make\nE # buildkit", None),
            ("COPY a b # buildkit", None),
            ("debootstrap", None),
            ("", None),
        ] {
            assert_eq!(as_written(step).as_deref(), line, "{step}");
        }
    }
}
