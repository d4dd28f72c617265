//! Where known values lie in an image: in files of every layer, in the configuration, in history;
//! plain, in archives, and in base64. Searches for the values themselves, as nobody could who does
//! not know them: that makes it the truth about a search that has to recognise them.

use std::io::{Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::layers;

/// Files above this are not searched.
const MAX_FILE: u64 = 256 << 20;

/// How deep archives in archives are followed.
const MAX_DEPTH: usize = 4;

/// A value by its name.
pub(super) struct Planted {
    pub(super) name: String,
    pub(super) value: String,
}

/// Where a value lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Name of the value.
    pub(super) name: String,
    /// A path in a layer, `env NAME`, `label NAME`, `history`, `healthcheck`, ….
    pub(super) place: String,
    /// Index of the layer, for a file.
    pub(super) layer: Option<usize>,
    /// 1-based line of a text file.
    pub(super) line: Option<usize>,
    /// Whether it lies in an archive in that file.
    pub(super) archived: bool,
}

/// Every place of every value.
pub(super) fn places(image: &Path, planted: &[Planted]) -> anyhow::Result<Vec<Place>> {
    let mut search = Search {
        needles: planted.iter().map(Needle::new).collect(),
        found: Vec::new(),
    };
    let config = layers::read(image, |layer, reader| search.layer(layer, reader))?;
    search.config(&config);
    search.found.sort();
    search.found.dedup();
    Ok(search.found)
}

/// A value in every form that is looked for.
struct Needle {
    name: String,
    forms: Vec<Vec<u8>>,
}

impl Needle {
    fn new(planted: &Planted) -> Self {
        let value = planted.value.as_bytes();
        let mut forms = vec![value.to_vec()];
        // Base64 of any text around it holds one of three forms, by where the value begins.
        for before in 0..3_usize {
            let skipped = (3 - before) % 3;
            if value.len() > skipped + 9 {
                let whole = (value.len() - skipped) / 3 * 3;
                forms.push(base64(&value[skipped..skipped + whole]));
            }
        }
        Self {
            name: planted.name.clone(),
            forms,
        }
    }

    fn at(&self, bytes: &[u8]) -> Option<usize> {
        self.forms.iter().find_map(|form| find(bytes, form))
    }
}

struct Search {
    needles: Vec<Needle>,
    found: Vec<Place>,
}

/// What goes by one layer.
#[derive(Clone, Copy)]
struct At<'a> {
    layer: usize,
    path: &'a str,
    depth: usize,
}

impl Search {
    fn config(&mut self, config: &Value) {
        let inner = &config["config"];
        for variable in inner["Env"].as_array().into_iter().flatten() {
            let text = variable.as_str().unwrap_or_default();
            let name = text.split('=').next().unwrap_or_default();
            self.setting(&format!("env {name}"), text);
        }
        for (name, value) in inner["Labels"].as_object().into_iter().flatten() {
            self.setting(&format!("label {name}"), value.as_str().unwrap_or_default());
        }
        for key in ["Cmd", "Entrypoint", "Healthcheck", "OnBuild", "Shell"] {
            self.setting(&key.to_lowercase(), &inner[key].to_string());
        }
        for step in config["history"].as_array().into_iter().flatten() {
            self.setting("history", step["created_by"].as_str().unwrap_or_default());
        }
    }

    fn setting(&mut self, place: &str, text: &str) {
        for needle in &self.needles {
            // History repeats what the configuration says.
            let repeated = place == "history"
                && self
                    .found
                    .iter()
                    .any(|other| other.name == needle.name && other.layer.is_none());
            if !repeated && needle.at(text.as_bytes()).is_some() {
                self.found.push(Place {
                    name: needle.name.clone(),
                    place: place.to_owned(),
                    layer: None,
                    line: None,
                    archived: false,
                });
            }
        }
    }

    fn layer(&mut self, layer: usize, reader: impl Read) -> anyhow::Result<()> {
        let mut archive = tar::Archive::new(reader);
        for entry in archive.entries()? {
            let mut entry = entry?;
            if !entry.header().entry_type().is_file() || entry.size() > MAX_FILE {
                continue;
            }
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            self.file(
                At {
                    layer,
                    path: path.trim_start_matches("./"),
                    depth: 0,
                },
                &bytes,
            );
        }
        Ok(())
    }

    fn file(&mut self, at: At<'_>, bytes: &[u8]) {
        for needle in &self.needles {
            // A plain tar in a layer is a file that holds the value, and an archive.
            let seen = self.found.iter().any(|other| {
                other.name == needle.name && other.layer == Some(at.layer) && other.place == at.path
            });
            if let Some(offset) = needle.at(bytes).filter(|_| !seen) {
                let lines = bytes[..offset]
                    .iter()
                    .filter(|&&byte| byte == b'\n')
                    .count();
                let text = !bytes.contains(&0);
                self.found.push(Place {
                    name: needle.name.clone(),
                    place: at.path.to_owned(),
                    layer: Some(at.layer),
                    line: (text && at.depth == 0).then_some(lines + 1),
                    archived: at.depth > 0,
                });
            }
        }
        if at.depth >= MAX_DEPTH {
            return;
        }
        let deeper = At {
            depth: at.depth + 1,
            ..at
        };
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut inflated = Vec::new();
            let inflate = MultiGzDecoder::new(bytes).take(MAX_FILE);
            // A broken end is no reason to leave what came before it.
            let _broken = { inflate }.read_to_end(&mut inflated);
            self.file(deeper, &inflated);
        } else if bytes.get(257..262) == Some(b"ustar") {
            let mut archive = tar::Archive::new(Cursor::new(bytes));
            for entry in archive.entries().into_iter().flatten().flatten() {
                let mut member = Vec::new();
                if { entry }.read_to_end(&mut member).is_ok() {
                    self.file(deeper, &member);
                }
            }
        }
    }
}

/// Where a text begins in others (Horspool).
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let last = needle.len().checked_sub(1)?;
    let mut skip = [needle.len(); 256];
    for (index, &byte) in needle[..last].iter().enumerate() {
        skip[usize::from(byte)] = last - index;
    }
    let mut at = 0;
    while let Some(window) = bytes.get(at..at + needle.len()) {
        if window == needle {
            return Some(at);
        }
        at += skip[usize::from(window[last])];
    }
    None
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = Vec::new();
    for group in bytes.chunks_exact(3) {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for shift in [18, 12, 6, 0] {
            encoded.push(LETTERS[(bits >> shift & 63) as usize]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_value_plain_and_encoded_behind_any_text() {
        let needle = Needle::new(&Planted {
            name: "x".to_owned(),
            value: "a-value-of-some-length".to_owned(),
        });
        assert_eq!(needle.at(b"key: a-value-of-some-length\n"), Some(5));
        assert_eq!(needle.at(b"key: a-value-of-some\n"), None);
        for text in [
            "YS12YWx1ZS1vZi1zb21lLWxlbmd0aA==",
            "Ym9iOmEtdmFsdWUtb2Ytc29tZS1sZW5ndGg=",
            "eDphLXZhbHVlLW9mLXNvbWUtbGVuZ3Ro",
            "eHg6YS12YWx1ZS1vZi1zb21lLWxlbmd0aAo=",
        ] {
            assert!(needle.at(text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn the_search_for_a_text_knows_begin_end_and_nothing() {
        assert_eq!(find(b"abcabd", b"abd"), Some(3));
        assert_eq!(find(b"abcabd", b"abcabd"), Some(0));
        assert_eq!(find(b"ab", b"abc"), None);
        assert_eq!(find(b"", b""), None);
    }
}
