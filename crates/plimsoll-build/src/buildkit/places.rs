//! Which instruction a vertex or a history entry speaks of.

use plimsoll_model::{HistoryEntry, Span, filled_steps};
use plimsoll_syntax::dockerfile::{Base, Dockerfile, Resolution};

use crate::StepRecord;

/// The steps of every stage as BuildKit numbers them (`[stage 2/5] …`), and the instructions that
/// leave an entry in the image's history.
#[derive(Debug)]
pub(crate) struct Places {
    stages: Vec<StageSteps>,
    /// Keyword and place of what the target's history is made of, oldest first.
    history: Vec<(String, Span)>,
}

#[derive(Debug)]
struct StageSteps {
    name: String,
    /// Place of FROM, where it is a step of its own.
    from: Option<Span>,
    /// RUN, COPY, ADD and WORKDIR.
    steps: Vec<Span>,
}

impl Places {
    pub(crate) fn new(file: &Dockerfile, resolution: &Resolution) -> Self {
        let instructions: Vec<_> = file.instructions().collect();
        let keyword = |index: usize| {
            instructions
                .get(index)
                .map(|instruction| instruction.keyword.value.to_ascii_uppercase())
        };
        let span = |index: usize| instructions.get(index).map(|instruction| instruction.span);
        let stages = resolution
            .stages
            .iter()
            .map(|stage| StageSteps {
                name: match (&stage.name, resolution.stages.len()) {
                    (_, 1) => String::new(),
                    (Some(name), _) => name.clone(),
                    (None, _) => format!("stage-{}", stage.index),
                },
                from: match stage.base {
                    Base::Scratch | Base::Stage(_) => None,
                    _ => span(stage.from),
                },
                steps: stage
                    .steps
                    .iter()
                    .filter(|step| {
                        keyword(step.instruction).is_some_and(|keyword| {
                            matches!(keyword.as_str(), "RUN" | "COPY" | "ADD" | "WORKDIR")
                        })
                    })
                    .filter_map(|step| span(step.instruction))
                    .collect(),
            })
            .collect();
        let mut history = Vec::new();
        let mut next = resolution.target;
        // A stage stands on one before it: there are no more steps than stages.
        for _ in 0..resolution.stages.len() {
            let Some(stage) = next.and_then(|index| resolution.stages.get(index)) else {
                break;
            };
            for step in stage.steps.iter().rev() {
                if let (Some(keyword), Some(span)) =
                    (keyword(step.instruction), span(step.instruction))
                    && keyword != "ONBUILD"
                {
                    history.push((keyword, span));
                }
            }
            next = match stage.base {
                Base::Stage(index) => Some(index),
                _ => None,
            };
        }
        history.reverse();
        Self { stages, history }
    }

    /// The instruction of a vertex by its name.
    pub(crate) fn vertex(&self, name: &str) -> Option<Span> {
        let step = StepName::parse(name)?;
        let stage = self
            .stages
            .iter()
            .find(|stage| stage.name.eq_ignore_ascii_case(step.stage))?;
        if step.text.starts_with("FROM ") && step.index == 1 {
            return stage.from;
        }
        // Triggers of the base's ONBUILD are counted too, in front of the stage's own steps.
        let own = stage.steps.len();
        let foreign = step.total.checked_sub(own)?;
        let index = step.index.checked_sub(foreign + 1)?;
        stage.steps.get(index).copied()
    }

    /// Tells for every entry of the image's history which instruction left it.
    pub(crate) fn entries(&self, history: &[HistoryEntry]) -> Vec<Option<Span>> {
        // The history begins with the base's; the end is where both lists meet.
        let mut own = self.history.iter().rev().peekable();
        let mut spans: Vec<Option<Span>> = history
            .iter()
            .rev()
            .map(|entry| {
                let told = entry.step().keyword;
                own.next_if(|(keyword, _)| keyword == told)
                    .map(|(_, span)| *span)
            })
            .collect();
        spans.reverse();
        spans
    }

    /// Tells for every layer which instruction made it, from the image's history.
    pub(crate) fn layers(&self, history: &[HistoryEntry], layers: usize) -> Vec<StepRecord> {
        layers_of(history, &self.entries(history), layers)
    }

    /// Keyword and place of what the target's history is made of, oldest first.
    pub(crate) fn history(&self) -> &[(String, Span)] {
        &self.history
    }
}

/// Tells for every layer which instruction made it, where that is known of the entries of the history
/// and it is one alone.
pub(crate) fn layers_of(
    history: &[HistoryEntry],
    spans: &[Option<Span>],
    layers: usize,
) -> Vec<StepRecord> {
    let filled = filled_steps(history);
    // A base whose history tells fewer layers than it has leaves its lowest ones unnamed.
    let unnamed = layers.saturating_sub(filled.len());
    filled
        .into_iter()
        .enumerate()
        .filter(|(index, _)| index + unnamed < layers)
        .map(|(index, (at, is_alone))| StepRecord {
            layer: index + unnamed,
            span: spans.get(at).copied().flatten().filter(|_| is_alone),
            created_by: history
                .get(at)
                .and_then(|entry| entry.created_by.clone())
                .unwrap_or_default(),
        })
        .collect()
}

/// `[stage 2/5] RUN make`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StepName<'a> {
    /// Name of the stage; empty where the file has one stage only.
    pub(crate) stage: &'a str,
    /// Number of the step, from 1.
    pub(crate) index: usize,
    /// How many there are.
    pub(crate) total: usize,
    /// The instruction.
    pub(crate) text: &'a str,
}

impl<'a> StepName<'a> {
    pub(crate) fn parse(name: &'a str) -> Option<Self> {
        let (head, text) = name.strip_prefix('[')?.split_once("] ")?;
        let mut words = head.split_whitespace().rev();
        let (index, total) = words.next()?.split_once('/')?;
        Some(Self {
            stage: words.next().unwrap_or_default(),
            index: index.parse().ok()?,
            total: total.parse().ok()?,
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::SourceFile;
    use plimsoll_syntax::dockerfile::{ResolveInput, parse, resolve};

    use super::*;

    const FILE: &str = "FROM debian AS build\nWORKDIR /w\nENV A=1\nRUN make\n\
                        FROM build\nONBUILD RUN x\nUSER me\nCOPY a b\n\
                        FROM scratch\nCOPY --from=build /w /w\nADD c d\n";

    fn places(target: Option<&str>) -> Places {
        let (file, errors) = parse(SourceFile::new("Dockerfile", FILE));
        assert!(errors.is_empty(), "{errors:?}");
        let input = ResolveInput {
            target: target.map(str::to_owned),
            ..ResolveInput::default()
        };
        Places::new(&file, &resolve(&file, &input))
    }

    fn text(span: Option<Span>) -> &'static str {
        span.map_or("", |span| &FILE[span.start..span.end])
    }

    #[test]
    fn vertices_are_found_by_stage_and_number() {
        let places = places(None);
        for (name, instruction) in [
            (
                "[build 1/3] FROM docker.io/library/debian",
                "FROM debian AS build",
            ),
            ("[build 2/3] WORKDIR /w", "WORKDIR /w"),
            ("[build 3/3] RUN make", "RUN make"),
            ("[linux/arm64 build 3/3] RUN make", "RUN make"),
            ("[stage-1 1/1] COPY a b", "COPY a b"),
            (
                "[stage-2 1/2] COPY --from=build /w /w",
                "COPY --from=build /w /w",
            ),
            ("[stage-2 2/2] ADD c d", "ADD c d"),
            // Two triggers of the base stand between.
            ("[stage-1 3/3] COPY a b", "COPY a b"),
            ("[stage-1 2/3] RUN trigger", ""),
            ("[stage-2 3/2] ADD c d", ""),
            ("[other 1/1] RUN x", ""),
            ("[internal] load build context", ""),
            ("exporting", ""),
        ] {
            assert_eq!(text(places.vertex(name)), instruction, "{name}");
        }
    }

    #[test]
    fn layers_are_told_from_history() {
        let entry = |created_by: &str, empty_layer| HistoryEntry {
            created_by: Some(created_by.to_owned()),
            empty_layer,
            ..HistoryEntry::default()
        };
        let history = [
            entry("/bin/sh -c #(nop) ADD file:1 in / ", false),
            entry("/bin/sh -c #(nop)  CMD [\"bash\"]", true),
            entry("WORKDIR /w", false),
            entry("ENV A=1", true),
            entry("RUN |1 X=1 /bin/sh -c make # buildkit", false),
            entry("USER me", true),
            entry("COPY a b # buildkit", false),
        ];
        let steps = places(Some("1")).layers(&history, 5);
        let told: Vec<_> = steps
            .iter()
            .map(|step| (step.layer, text(step.span)))
            .collect();
        assert_eq!(
            told,
            [(1, ""), (2, "WORKDIR /w"), (3, "RUN make"), (4, "COPY a b")]
        );
        assert!(places(None).layers(&history, 0).is_empty());
    }

    #[test]
    fn layers_of_buildah_find_their_lines() {
        let file = SourceFile::new(
            "Dockerfile",
            "FROM debian\nARG V\nRUN make\nCOPY a /a\nRUN x \\\n  && y\nUSER 1\nCMD [\"x\"]\n",
        );
        let (tree, _) = parse(file);
        let resolution = resolve(&tree, &ResolveInput::default());
        let entry = |created_by: &str, empty_layer| HistoryEntry {
            created_by: Some(created_by.to_owned()),
            empty_layer,
            ..HistoryEntry::default()
        };
        let history = [
            entry("/bin/sh -c #(nop) ADD file:1 in / ", false),
            entry("/bin/sh -c #(nop)  CMD [\"bash\"]", true),
            entry("/bin/sh -c #(nop) ARG V", true),
            entry("|1 V=1 /bin/sh -c make", false),
            entry("/bin/sh -c #(nop) COPY dir:a5 in /a ", false),
            entry("|1 V=1 /bin/sh -c x   && y", false),
            entry("/bin/sh -c #(nop) USER 1", true),
            entry("/bin/sh -c #(nop) CMD [\"x\"]", true),
        ];
        let places = Places::new(&tree, &resolution);
        let steps = places.layers(&history, 4);
        let known: Vec<bool> = steps.iter().map(|step| step.span.is_some()).collect();
        assert_eq!(known, [false, true, true, true]);
        let starts: Vec<usize> = steps
            .iter()
            .filter_map(|step| step.span)
            .map(|span| span.start)
            .collect();
        assert!(starts.is_sorted(), "{starts:?}");
        // In one layer, as `--layers=false` has it: none of its lines made it alone.
        let history: Vec<HistoryEntry> = history
            .into_iter()
            .enumerate()
            .map(|(at, entry)| HistoryEntry {
                empty_layer: !matches!(at, 0 | 7),
                ..entry
            })
            .collect();
        let steps = places.layers(&history, 2);
        assert!(steps.iter().all(|step| step.span.is_none()), "{steps:?}");
    }
}
