//! What the objects of all commands have in common.

use std::borrow::Cow;

use plimsoll_model::{BaseImage, Digest, LayerFacts, Skipped, SourceOrigin};
use serde::Serialize;

use crate::Verdict;

/// Something that was not looked at.
#[derive(Serialize)]
pub(crate) struct WireSkipped<'a> {
    what: &'a str,
    why: &'a str,
    blocking: bool,
    about: &'static str,
    files: &'a [String],
    left_out: usize,
    waiver: Option<&'a str>,
}

impl<'a> WireSkipped<'a> {
    /// What was not looked at, with the files that a line stands for.
    pub(crate) fn list(skipped: &'a [Skipped]) -> Vec<Self> {
        let wire = |one: &'a Skipped| Self {
            what: &one.what,
            why: &one.why,
            blocking: one.blocking,
            about: one.about.as_str(),
            files: &one.files,
            left_out: one.left_out,
            waiver: one.waiver.as_deref(),
        };
        skipped.iter().map(wire).collect()
    }
}

/// Whether it holds.
#[derive(Serialize)]
pub(crate) struct WireVerdict<'a> {
    holds: bool,
    standing: &'static str,
    reasons: Vec<Cow<'a, str>>,
}

impl<'a> WireVerdict<'a> {
    pub(crate) fn new(verdict: &'a Verdict) -> Self {
        Self {
            holds: verdict.holds(),
            standing: verdict.standing().as_str(),
            reasons: verdict.told().collect(),
        }
    }
}

/// The image that another was built on.
#[derive(Serialize)]
pub(crate) struct WireBase<'a> {
    layers: usize,
    name: Option<&'a str>,
    digest: Option<&'a str>,
    evidence: &'a str,
}

impl<'a> WireBase<'a> {
    pub(crate) fn new(base: &'a BaseImage) -> Self {
        Self {
            layers: base.layers,
            name: base.name.as_deref(),
            digest: base.digest.as_ref().map(Digest::as_str),
            evidence: &base.evidence,
        }
    }
}

/// The Dockerfile's line, where the Dockerfile is known.
#[derive(Serialize)]
pub(crate) struct WireLine<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
}

impl<'a> WireLine<'a> {
    pub(crate) fn new(source: Option<&'a SourceOrigin>) -> Self {
        Self {
            file: source.map(|source| source.file.as_str()),
            line: source.map(|source| source.start.line),
        }
    }

    /// The line that made a layer.
    pub(crate) fn of_layer(layer: Option<&'a LayerFacts>) -> Self {
        Self::new(layer.and_then(|layer| layer.source.as_ref()))
    }
}
