//! What an image wastes, on the wire.

use plimsoll_model::{LayerFacts, Saving, Waste, WastedPath};
use serde::Serialize;

use super::WireLine;

#[derive(Serialize)]
pub(crate) struct WireWaste<'a> {
    total: u64,
    wasted: u64,
    deleted: u64,
    overwritten: u64,
    rewritten: u64,
    duplicated: u64,
    /// From 0 to 1.
    efficiency: f64,
    paths: Vec<WireWastedPath<'a>>,
    savings: Vec<WireSaving<'a>>,
}

#[derive(Serialize)]
struct WireWastedPath<'a> {
    path: &'a str,
    kind: &'static str,
    bytes: u64,
    layers: &'a [usize],
    by: Option<usize>,
    also_at: &'a [String],
    left_out: usize,
}

#[derive(Serialize)]
struct WireSaving<'a> {
    advice: &'a str,
    bytes: u64,
    layer: usize,
    instruction: Option<&'a str>,
    #[serde(flatten)]
    line: WireLine<'a>,
    paths: &'a [String],
}

impl<'a> WireWaste<'a> {
    pub(crate) fn new(waste: &'a Waste, layers: &'a [LayerFacts]) -> Self {
        Self {
            total: waste.total,
            wasted: waste.wasted,
            deleted: waste.deleted,
            overwritten: waste.overwritten,
            rewritten: waste.rewritten,
            duplicated: waste.duplicated,
            efficiency: f64::from(waste.efficiency) / 1e6,
            paths: waste.paths.iter().map(WireWastedPath::new).collect(),
            savings: waste
                .savings
                .iter()
                .map(|saving| WireSaving::new(saving, layers))
                .collect(),
        }
    }
}

impl<'a> WireWastedPath<'a> {
    fn new(path: &'a WastedPath) -> Self {
        Self {
            path: &path.path,
            kind: path.kind.as_str(),
            bytes: path.bytes,
            layers: &path.layers,
            by: path.by,
            also_at: &path.also_at,
            left_out: path.left_out,
        }
    }
}

impl<'a> WireSaving<'a> {
    fn new(saving: &'a Saving, layers: &'a [LayerFacts]) -> Self {
        let layer = layers.get(saving.layer);
        Self {
            advice: &saving.advice,
            bytes: saving.bytes,
            layer: saving.layer,
            instruction: layer.and_then(|layer| layer.instruction.as_deref()),
            line: WireLine::new(saving.source.as_ref()),
            paths: &saving.paths,
        }
    }
}
