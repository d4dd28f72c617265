//! Steps that only the image's history tells of, judged by the rules for a Dockerfile's lines.

use plimsoll_model::{Confidence, Finding, HistoryStep, SourceFile, Writing};

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
    // What holds several lines is not one: what a here-document held is not told apart from what it was.
    if created_by.trim().contains(['\n', '\r']) {
        return None;
    }
    let step = HistoryStep::read(created_by);
    let command = step.own.trim_start();
    let is_command = !command.is_empty() && !command.starts_with(['[', '-', '<', '#']);
    let is_told = match step.keyword {
        "ADD" => step.writing == Writing::BuildKit,
        _ => step.is_shell_text && is_command,
    };
    is_told.then(|| format!("{} {command}", step.keyword))
}

#[cfg(test)]
mod tests {
    use super::as_written;

    #[test]
    fn steps_are_lines_again() {
        for (step, line) in [
            ("RUN /bin/sh -c sudo make # buildkit", Some("RUN sudo make")),
            ("|1 V=1 /bin/sh -c make -c x", Some("RUN make -c x")),
            ("/bin/sh -c make", Some("RUN make")),
            ("RUN |2 A=b sh -c sudo", None),
            ("RUN make sh -c sudo # buildkit", None),
            ("RUN /bin/sh -c [ -e x ]", None),
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
