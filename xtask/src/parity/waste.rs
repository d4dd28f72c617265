//! Wasted bytes: against dive's, and against what is true: the bytes of files in layers that the
//! final file system does not show.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::inspect::{self, Request, read_json, short_name};
use super::layers::{self, Entry, Form};

/// Measures every image.
pub(super) fn run(request: &Request) -> anyhow::Result<()> {
    println!(
        "{:14} {:>14} {:>14} {:>14} {:>14} {:>10} {:>10} {:>10}",
        "image", "files", "wasted: true", "dive", "ours", "true", "dive", "ours"
    );
    let mut wrong = 0;
    for image in &request.paths {
        wrong += usize::from(!one(request, image)?);
    }
    if wrong > 0 {
        bail!("{wrong} images where ours is neither dive's count nor the true one");
    }
    Ok(())
}

fn one(request: &Request, image: &Path) -> anyhow::Result<bool> {
    let name = short_name(image);
    let mut model = Model::default();
    layers::walk(image, |layer, entry| model.entry(layer, entry))?;
    model.finish();
    let dive = dive(request, image)?;
    let report = inspect::inspect(request, image)?;
    let ours = &report["waste"];
    let wasted = ours["wasted"].as_u64();
    // In millionths, or as a share.
    let efficiency = ours["efficiency"]
        .as_f64()
        .map(|number| if number > 1.0 { number / 1e6 } else { number });
    let counted = dive
        .as_ref()
        .map_or((model.dive_wasted, model.dive_efficiency()), |dive| *dive);
    let share = |part: u64| 1.0 - part as f64 / model.total.max(1) as f64;
    let shown = |number: Option<f64>| number.map_or("-".to_owned(), |one| format!("{one:.6}"));
    println!(
        "{name:14} {:>14} {:>14} {:>14} {:>14} {:>10.6} {:>10.6} {:>10}",
        model.total,
        model.wasted,
        counted.0,
        wasted.map_or("-".to_owned(), |bytes| bytes.to_string()),
        share(model.wasted),
        counted.1,
        shown(efficiency),
    );
    for (what, bytes) in [
        (
            "counted by dive besides: the copy that stays",
            model.survivors,
        ),
        (
            "not counted by dive: under a deleted or replaced folder",
            model.unseen,
        ),
        (
            "counted by dive, but still shown under another name",
            model.linked,
        ),
    ] {
        if bytes > 0 {
            println!("  {bytes:>14} {what}");
        }
    }
    if dive.is_some_and(|dive| dive.0 != model.dive_wasted) {
        println!(
            "  dive's own number by our reading of its rules: {}",
            model.dive_wasted
        );
    }
    let total = ours["total"].as_u64();
    if total.is_some_and(|total| total != model.total) {
        println!("  bytes of all files, ours: {}", total.unwrap_or_default());
        return Ok(false);
    }
    Ok(wasted == Some(counted.0) || wasted == Some(model.wasted))
}

/// dive's wasted bytes and efficiency, where it is at hand.
fn dive(request: &Request, image: &Path) -> anyhow::Result<Option<(u64, f64)>> {
    let program = request.peers.as_ref().map(|folder| folder.join("dive"));
    let Some(program) = program.filter(|program| program.exists() && image.is_file()) else {
        return Ok(None);
    };
    let folder = tempfile::tempdir()?;
    let document = folder.path().join("dive.json");
    let status = Command::new(&program)
        .arg("--json")
        .arg(&document)
        .arg(format!("docker-archive://{}", image.display()))
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !status.success() {
        bail!("dive failed on {}", image.display());
    }
    let said: Value = read_json(&document)?;
    let said = &said["image"];
    let wasted = said["inefficientBytes"]
        .as_u64()
        .context("no inefficientBytes")?;
    let efficiency = said["efficiencyScore"]
        .as_f64()
        .context("no efficiencyScore")?;
    Ok(Some((wasted, efficiency)))
}

/// A file whose bytes lie in a layer.
#[derive(Clone, Copy)]
struct Body {
    size: u64,
    /// Names in the tree as it is now.
    names: u32,
}

#[derive(Clone, Copy)]
enum Node {
    /// Index of the body.
    File(usize),
    Folder,
    Other,
}

/// What dive adds up for one path.
#[derive(Clone, Copy, Default)]
struct Count {
    times: u32,
    bytes: u64,
    least: u64,
    /// Bytes of the last file that was written there.
    last: u64,
}

/// The tree as layers build it, and dive's sums beside it.
#[derive(Default)]
struct Model {
    total: u64,
    wasted: u64,
    dive_wasted: u64,
    survivors: u64,
    unseen: u64,
    linked: u64,
    tree: BTreeMap<String, Node>,
    bodies: Vec<Body>,
    counts: BTreeMap<String, Count>,
    layer: usize,
    /// Entries of the layer at hand: dive looks at them in its own order.
    pending: BTreeMap<String, (Form, u64)>,
    /// What dive's tree of lower layers holds: sizes by path, folders too.
    stack: BTreeMap<String, (bool, u64)>,
}

impl Model {
    fn entry(&mut self, layer: usize, entry: &Entry) {
        if layer != self.layer {
            self.end_layer();
            self.layer = layer;
        }
        self.total += entry.size;
        if !entry.path.is_empty() {
            let size = entry.size;
            self.pending.insert(entry.path.clone(), (entry.form, size));
            self.lay(entry);
        }
    }

    /// Lays one entry over the tree, as a runtime does.
    fn lay(&mut self, entry: &Entry) {
        let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        if name == ".wh..wh..opq" {
            // Only what lower layers brought; entries of this layer follow.
            self.remove_below(folder);
            return;
        }
        if let Some(name) = name.strip_prefix(".wh.") {
            let path = if folder.is_empty() {
                name.to_owned()
            } else {
                format!("{folder}/{name}")
            };
            self.remove(&path);
            return;
        }
        let node = match entry.form {
            Form::Folder if matches!(self.tree.get(&entry.path), Some(Node::Folder)) => return,
            Form::Folder => Node::Folder,
            Form::File => {
                self.bodies.push(Body {
                    size: entry.size,
                    names: 1,
                });
                Node::File(self.bodies.len() - 1)
            }
            Form::Link => match self.tree.get(&entry.target) {
                Some(Node::File(body)) => {
                    let body = *body;
                    self.bodies[body].names += 1;
                    Node::File(body)
                }
                _ => Node::Other,
            },
            Form::Other => Node::Other,
        };
        self.remove(&entry.path);
        self.tree.insert(entry.path.clone(), node);
    }

    fn remove(&mut self, path: &str) {
        self.forget(path);
        self.remove_below(path);
    }

    fn remove_below(&mut self, folder: &str) {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let below: Vec<String> = self
            .tree
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .map(|(path, _)| path.clone())
            .collect();
        for path in below {
            self.forget(&path);
        }
    }

    fn forget(&mut self, path: &str) {
        if let Some(Node::File(body)) = self.tree.remove(path) {
            let body = &mut self.bodies[body];
            body.names -= 1;
            if body.names == 0 {
                self.wasted += body.size;
            }
        }
    }

    /// dive's way: the leaves of the layer, deepest first, in the order of their names.
    fn end_layer(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let is_leaf = |path: &str| {
            let prefix = format!("{path}/");
            pending
                .range(prefix.clone()..)
                .take_while(|(other, _)| other.starts_with(&prefix))
                .all(|(other, _)| other.contains(".wh..wh.."))
        };
        let mut leaves: Vec<&String> = pending.keys().filter(|path| is_leaf(path)).collect();
        // Children of a folder in the order of names, not of whole paths.
        leaves.sort_by(|a, b| a.split('/').cmp(b.split('/')));
        for path in leaves {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            if name.starts_with(".wh..wh..") {
                continue;
            }
            let (form, size) = pending[path];
            let size = if matches!(form, Form::File) { size } else { 0 };
            let (at, bytes, last) = match name.strip_prefix(".wh.") {
                Some(name) => {
                    let at = if folder.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{folder}/{name}")
                    };
                    match self.stack.get(&at) {
                        // It was not there: dive leaves the rest of this layer.
                        None => break,
                        Some((false, _)) => (at, 0, 0),
                        Some((true, _)) => {
                            let prefix = format!("{at}/");
                            let below = self.stack.range(prefix.clone()..);
                            let below = below.take_while(|(path, _)| path.starts_with(&prefix));
                            let bytes = below.map(|(_, (_, size))| size).sum();
                            (at, bytes, 0)
                        }
                    }
                }
                None => (path.clone(), size, size),
            };
            let count = self.counts.entry(at).or_default();
            count.least = if count.times == 0 {
                bytes
            } else {
                count.least.min(bytes)
            };
            count.times += 1;
            count.bytes += bytes;
            count.last = last;
        }
        let mut whiteouts = Vec::new();
        for (path, (form, size)) in &pending {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            if let Some(name) = name.strip_prefix(".wh.") {
                whiteouts.push(if folder.is_empty() {
                    name.to_owned()
                } else {
                    format!("{folder}/{name}")
                });
            } else {
                let folder = matches!(form, Form::Folder);
                let size = if matches!(form, Form::File) { *size } else { 0 };
                self.stack.insert(path.clone(), (folder, size));
            }
        }
        for path in whiteouts {
            if pending.contains_key(&path) {
                continue;
            }
            let prefix = format!("{path}/");
            self.stack.remove(&path);
            self.stack.retain(|other, _| !other.starts_with(&prefix));
        }
    }

    fn finish(&mut self) {
        self.end_layer();
        for count in self.counts.values().filter(|count| count.times > 1) {
            self.dive_wasted += count.bytes;
            self.survivors += count.last;
        }
        let seen = self.dive_wasted - self.survivors;
        self.unseen = self.wasted.saturating_sub(seen);
        self.linked = seen.saturating_sub(self.wasted);
    }

    fn dive_efficiency(&self) -> f64 {
        let least: u64 = self.counts.values().map(|count| count.least).sum();
        let bytes: u64 = self.counts.values().map(|count| count.bytes).sum();
        if bytes == 0 {
            1.0
        } else {
            least as f64 / bytes as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64) -> Entry {
        Entry {
            path: path.to_owned(),
            form: Form::File,
            size,
            target: String::new(),
        }
    }

    fn model(layers: &[&[Entry]]) -> Model {
        let mut model = Model::default();
        for (index, layer) in layers.iter().enumerate() {
            for entry in *layer {
                model.entry(index, entry);
            }
        }
        model.finish();
        model
    }

    #[test]
    fn a_file_written_twice_wastes_one_copy_and_dive_counts_both() {
        let model = model(&[&[file("a", 10)], &[file("a", 7)]]);
        assert_eq!(
            (model.wasted, model.dive_wasted, model.survivors),
            (10, 17, 7)
        );
    }

    #[test]
    fn a_deleted_folder_is_waste_that_dive_does_not_see() {
        let folder = Entry {
            path: "d".to_owned(),
            form: Form::Folder,
            size: 0,
            target: String::new(),
        };
        let model = model(&[&[folder, file("d/a", 10)], &[file(".wh.d", 0)]]);
        assert_eq!((model.wasted, model.dive_wasted, model.unseen), (10, 0, 10));
    }

    #[test]
    fn bytes_with_another_name_are_not_wasted() {
        let link = Entry {
            path: "b".to_owned(),
            form: Form::Link,
            size: 0,
            target: "a".to_owned(),
        };
        let model = model(&[&[file("a", 10), link], &[file(".wh.a", 0)]]);
        assert_eq!((model.wasted, model.dive_wasted, model.linked), (0, 10, 10));
    }
}
