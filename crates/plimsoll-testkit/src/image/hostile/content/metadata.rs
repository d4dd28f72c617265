//! JSON and text without end or bottom.

use super::{HostileContent, MEBI, file, quiet, told};
use crate::image::Layer;
use crate::image::hostile::archive;

const PACKAGE: &str = "srv/node_modules/big/package.json";
const METADATA: &str = "usr/lib/python3/dist-packages/a-1.dist-info/METADATA";

fn deep_lists() -> String {
    "[".repeat(100_000)
}

fn deep_objects() -> String {
    "{\"a\":".repeat(100_000)
}

pub(super) fn cases() -> Vec<HostileContent> {
    vec![
        told("long-package-json", PACKAGE, |_| {
            let name = "n".repeat(50 * MEBI);
            file(
                PACKAGE,
                format!("{{\"name\":\"{name}\",\"version\":\"1\"}}"),
            )
        }),
        quiet("wide-package-json", |_| {
            file(PACKAGE, format!("{{\"x\":[{}0]}}", "0,".repeat(12 * MEBI)))
        }),
        told("deep-package-json", PACKAGE, |_| {
            file(PACKAGE, deep_objects())
        }),
        told("deep-list-package-json", PACKAGE, |_| {
            file(PACKAGE, deep_lists())
        }),
        quiet("deep-json-everywhere", |_| {
            let places = [
                "srv/vendor/composer/installed.json",
                "srv/node_modules/.package-lock.json",
                "srv/.pnp.data.json",
                "usr/lib/python3/dist-packages/a-1.dist-info/direct_url.json",
                "opt/conda/conda-meta/a-1-0.json",
                "usr/share/dotnet/a.deps.json",
                "root/.docker/config.json",
            ];
            let mut layer = Layer::new();
            for (index, path) in places.into_iter().enumerate() {
                let deep = match index % 2 {
                    0 => deep_lists(),
                    _ => deep_objects(),
                };
                layer = layer.file(path, deep);
            }
            vec![layer]
        }),
        quiet("metadata-of-many-lines", |_| {
            let lines = "Name: a\nVersion: 1\nRequires-Dist: b\n".repeat(200_000);
            file(METADATA, lines)
        }),
        quiet("metadata-of-one-line", |_| {
            file(METADATA, format!("Name: {}", "a".repeat(20 * MEBI)))
        }),
        quiet("deep-pom", |_| {
            let pom = "<a>".repeat(200_000);
            let members = [("META-INF/maven/a/b/pom.xml", pom.as_bytes())];
            file("srv/a.jar", archive::zip(&members))
        }),
        quiet("deep-license", |_| {
            let deep = "(".repeat(100_000);
            file(
                METADATA,
                format!("Name: a\nVersion: 1\nLicense: {deep}MIT\n"),
            )
        }),
    ]
}
