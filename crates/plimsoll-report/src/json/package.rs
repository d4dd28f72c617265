//! Packages on the wire.

use plimsoll_model::{Inventory, Package};
use serde::{Serialize, Serializer};

use super::parts::WireLine;

/// Packages of an inventory, each made when it is written: there can be many thousands.
pub(super) struct WirePackages<'a>(pub(super) &'a [Package], pub(super) &'a Inventory);

impl Serialize for WirePackages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(packages, inventory) = self;
        serializer.collect_seq(
            packages
                .iter()
                .map(|package| WirePackage::new(package, inventory)),
        )
    }
}

#[derive(Serialize)]
struct WirePackage<'a> {
    purl: &'a str,
    name: &'a str,
    version: &'a str,
    kind: &'a str,
    architecture: Option<&'a str>,
    layer: usize,
    instruction: Option<&'a str>,
    #[serde(flatten)]
    line: WireLine<'a>,
    in_base: Option<bool>,
    path: &'a str,
    evidence: &'static str,
    source: Option<WireSourcePackage<'a>>,
    license: Option<&'a str>,
    license_expression: Option<&'a str>,
    size: Option<u64>,
    files: Option<u32>,
    direct: Option<bool>,
    owned_by: Option<&'a str>,
    removed_in: Option<usize>,
}

#[derive(Serialize)]
struct WireSourcePackage<'a> {
    name: &'a str,
    version: &'a str,
}

impl<'a> WirePackage<'a> {
    fn new(package: &'a Package, inventory: &'a Inventory) -> Self {
        let layer = inventory.layers.get(package.layer);
        Self {
            purl: &package.purl,
            name: &package.name,
            version: &package.version,
            kind: package.kind.as_str(),
            architecture: package.architecture.as_deref(),
            layer: package.layer,
            instruction: layer.and_then(|layer| layer.instruction.as_deref()),
            line: WireLine::of_layer(layer),
            in_base: in_base(inventory, package.layer),
            path: &package.path,
            evidence: package.evidence.as_str(),
            source: package
                .source
                .as_ref()
                .map(|(name, version)| WireSourcePackage { name, version }),
            license: package.license.as_deref(),
            license_expression: package.license_expression.as_deref(),
            size: package.size,
            files: package.files,
            direct: package.direct,
            owned_by: package.owned_by.as_deref(),
            removed_in: package.removed_in,
        }
    }
}

/// Whether a layer belongs to the base, where it is known where that ends.
fn in_base(inventory: &Inventory, layer: usize) -> Option<bool> {
    inventory.base.as_ref().map(|base| layer < base.layers)
}
