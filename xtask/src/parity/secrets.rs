//! Credentials in images: what was planted is found where it lies, and hardly anything else is.
//! Values are read from the list of planted ones and never shown.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::inspect::{self, Request, read_json, short_name};
use super::plants::{self, Planted};
use super::text;
use super::verdicts::Verdicts;

/// Sightings that are allowed in an image of public packages, each explained.
const NOISE: usize = 3;

/// Measures every image; a `.json` behind one is the list of what was planted in it.
pub(super) fn run(request: &Request) -> anyhow::Result<()> {
    let verdicts = if request.list {
        Verdicts::read()?
    } else {
        Verdicts::default()
    };
    let mut images: Vec<(&Path, Option<&PathBuf>)> = Vec::new();
    for path in &request.paths {
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let last = images.last_mut().context(super::USAGE)?;
            last.1 = Some(path);
        } else {
            images.push((path, None));
        }
    }
    let mut wrong = 0;
    for (image, planted) in &images {
        wrong += one(request, image, planted.map(PathBuf::as_path), &verdicts)?;
    }
    let names: Vec<String> = images.iter().map(|(image, _)| short_name(image)).collect();
    for entry in verdicts.unused_sightings(&names) {
        println!("explanation that nothing needs: {entry}");
    }
    if wrong > 0 {
        bail!("{wrong} planted values not found as they lie, or sightings too many");
    }
    Ok(())
}

/// What has to be found.
#[derive(Default)]
struct Wanted {
    name: String,
    /// Of the value; none where only the place is known.
    fingerprint: Option<String>,
    kind: Option<String>,
    /// The place, or what it begins with.
    place: Option<String>,
    whole_place: bool,
    layer: Option<usize>,
    line: Option<usize>,
}

impl Wanted {
    /// Everything asked of a sighting that it does not meet.
    fn faults(&self, sighting: &Value) -> Option<Vec<String>> {
        let place = sighting["place"].as_str().unwrap_or_default();
        let place_fits = self.place.as_ref().is_none_or(|wanted| {
            // A member of an archive stands behind the archive's path.
            place
                .strip_prefix(wanted.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('!') || !self.whole_place)
        });
        let same = self
            .fingerprint
            .as_ref()
            .is_none_or(|wanted| sighting["fingerprint"].as_str() == Some(wanted));
        if !place_fits || !same {
            return None;
        }
        let mut faults = Vec::new();
        let number = |key: &str| {
            let number = sighting[key].as_u64();
            number.and_then(|number| usize::try_from(number).ok())
        };
        if self.layer.is_some() && number("layer") != self.layer {
            faults.push(format!("layer {:?}, not {:?}", number("layer"), self.layer));
        }
        if self.line.is_some() && number("place_line") != self.line {
            faults.push(format!(
                "line {:?}, not {:?}",
                number("place_line"),
                self.line
            ));
        }
        if let Some(kind) = &self.kind
            && sighting["kind"].as_str() != Some(kind)
        {
            faults.push(format!("kind {}, not {kind}", sighting["kind"]));
        }
        Some(faults)
    }
}

fn one(
    request: &Request,
    image: &Path,
    planted: Option<&Path>,
    verdicts: &Verdicts,
) -> anyhow::Result<usize> {
    let name = short_name(image);
    println!("== {name} ({})", image.display());
    let report = inspect::inspect(request, image)?;
    let sightings = report["secrets"].as_array().context("no secrets")?;
    let wanted = match planted {
        Some(list) => wanted(image, &read_json(list)?)?,
        None => Vec::new(),
    };
    let mut wrong = 0;
    let mut known = vec![false; sightings.len()];
    for one in &wanted {
        let mut best: Option<(usize, Vec<String>)> = None;
        for (index, sighting) in sightings.iter().enumerate() {
            if let Some(faults) = one.faults(sighting)
                && best
                    .as_ref()
                    .is_none_or(|(_, other)| faults.len() < other.len())
            {
                best = Some((index, faults));
            }
        }
        let lies = format!(
            "{:14} {} layer {} line {}",
            one.name,
            one.place.as_deref().unwrap_or("anywhere"),
            one.layer
                .map_or_else(|| "-".to_owned(), |layer| layer.to_string()),
            one.line
                .map_or_else(|| "-".to_owned(), |line| line.to_string()),
        );
        match best {
            Some((index, faults)) => {
                known[index] = true;
                let sighting = &sightings[index];
                let kind = sighting["kind"].as_str().unwrap_or_default();
                let deleted = sighting["deleted_later"].as_bool() == Some(true);
                let deleted = if deleted { ", deleted later" } else { "" };
                if faults.is_empty() {
                    println!("  found    {lies}: {kind}{deleted}");
                } else {
                    wrong += 1;
                    println!("  WRONG    {lies}: {kind}{deleted}: {}", faults.join(", "));
                }
            }
            None => {
                wrong += 1;
                println!("  MISSING  {lies}");
            }
        }
    }
    if planted.is_some() {
        println!(
            "  {} of {} places as they lie",
            wanted.len() - wrong,
            wanted.len()
        );
    }
    wrong += noise(&name, sightings, &known, planted.is_some(), verdicts);
    Ok(wrong)
}

/// Tells what else was seen. What was planted may be seen under a second kind in the same place.
fn noise(
    image: &str,
    sightings: &[Value],
    known: &[bool],
    planted: bool,
    verdicts: &Verdicts,
) -> usize {
    let of = |sighting: &Value, key: &str| sighting[key].as_str().unwrap_or_default().to_owned();
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    let mut unexplained = 0;
    let mut others = 0;
    for (sighting, known) in sightings.iter().zip(known) {
        if *known {
            continue;
        }
        let severity = of(sighting, "severity");
        *counts.entry(severity.clone()).or_default() += 1;
        let counts = severity != "info";
        others += usize::from(counts);
        let (kind, place) = (of(sighting, "kind"), of(sighting, "place"));
        let why = verdicts.sighting(image, &kind, &place);
        unexplained += usize::from(counts && why.is_none());
        println!(
            "  also     {severity} {kind} {place}:{} layer {} {}: {}",
            sighting["place_line"],
            sighting["layer"],
            of(sighting, "fingerprint"),
            why.map_or("not explained", |entry| entry.why.as_str())
        );
    }
    println!("  others, by severity: {counts:?}; {unexplained} above info not explained");
    if planted {
        unexplained
    } else {
        unexplained.max(others.saturating_sub(NOISE))
    }
}

/// What has to be found: `{NAME: value}`, or a list of objects with `name`, `value` or
/// `fingerprint`, and where they are known `kind`, `place`, `layer` and `line`. Values without a
/// place are searched for in the image.
fn wanted(image: &Path, list: &Value) -> anyhow::Result<Vec<Wanted>> {
    let mut wanted = Vec::new();
    let mut searched: Vec<(Planted, Option<String>)> = Vec::new();
    let mut search = |name: &str, value: String, kind: Option<String>| {
        let name = name.to_owned();
        searched.push((Planted { name, value }, kind));
    };
    if let Some(values) = list.as_object() {
        for (name, value) in values {
            search(
                name,
                value.as_str().context("a value is a text")?.to_owned(),
                None,
            );
        }
    }
    let number = |entry: &Value, key: &str| -> Option<usize> {
        entry[key]
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
    };
    for entry in list.as_array().into_iter().flatten() {
        let name = text(entry, "name").context("a planted value without its name")?;
        match (text(entry, "value"), text(entry, "place")) {
            (Some(value), None) => search(&name, value, text(entry, "kind")),
            (value, place) => wanted.push(Wanted {
                name,
                fingerprint: value
                    .as_deref()
                    .map(fingerprint)
                    .or_else(|| text(entry, "fingerprint")),
                kind: text(entry, "kind"),
                place,
                whole_place: false,
                layer: number(entry, "layer"),
                line: number(entry, "line"),
            }),
        }
    }
    let kinds: Vec<Option<String>> = searched.iter().map(|(_, kind)| kind.clone()).collect();
    let planted: Vec<Planted> = searched.into_iter().map(|(planted, _)| planted).collect();
    for place in plants::places(image, &planted)? {
        let index = planted.iter().position(|other| other.name == place.name);
        let Some((value, kind)) = index.map(|index| (&planted[index].value, &kinds[index])) else {
            continue;
        };
        wanted.push(Wanted {
            name: place.name,
            fingerprint: Some(fingerprint(value)),
            kind: kind.clone(),
            whole_place: place.layer.is_some() && !place.archived,
            place: Some(place.place),
            layer: place.layer,
            line: place.line,
        });
    }
    Ok(wanted)
}

/// The first twelve hexadecimal digits of SHA-256 of a value.
fn fingerprint(value: &str) -> String {
    let digest = Sha256::digest(value.as_bytes());
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sighting_elsewhere_is_no_fault_but_another() {
        let wanted = Wanted {
            place: Some("app/.env".to_owned()),
            whole_place: true,
            layer: Some(5),
            line: Some(2),
            ..Wanted::default()
        };
        let sighting = |place: &str, layer: u64, line: u64| json!({"place": place, "layer": layer, "place_line": line});
        assert_eq!(wanted.faults(&sighting("app/.envrc", 5, 2)), None);
        assert_eq!(wanted.faults(&sighting("app/.env", 5, 2)), Some(Vec::new()));
        assert_eq!(wanted.faults(&sighting("app/.env", 4, 1)).unwrap().len(), 2);
    }

    #[test]
    fn the_fingerprint_is_that_of_reports() {
        assert_eq!(fingerprint("abc"), "ba7816bf8f01");
    }
}
