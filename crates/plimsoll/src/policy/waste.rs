//! What an image may waste before a pipeline stops it. The names are dive's, and its `.dive-ci` is
//! read; what is measured is told in `plimsoll_scan`'s waste.

use std::path::Path;

use plimsoll_model::{Inventory, human_size};
use plimsoll_report::{efficiency as efficiency_text, share};
use plimsoll_syntax::yaml;

use crate::config::parse_size;
use crate::failure::Failure;

/// Nothing that people write by hand is longer.
const MAX_FILE: u64 = 1 << 20;

/// Bounds; those that are not set hold nothing back.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct WasteLimits {
    /// Least efficiency, from 0 to 1.
    pub(crate) lowest_efficiency: Option<f64>,
    /// Most bytes wasted.
    pub(crate) highest_wasted_bytes: Option<u64>,
    /// Most of what was built on the base that may be wasted by it, from 0 to 1.
    pub(crate) highest_user_wasted: Option<f64>,
}

impl WasteLimits {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Where nothing is said here, what is said there.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            lowest_efficiency: self.lowest_efficiency.or(other.lowest_efficiency),
            highest_wasted_bytes: self.highest_wasted_bytes.or(other.highest_wasted_bytes),
            highest_user_wasted: self.highest_user_wasted.or(other.highest_user_wasted),
        }
    }

    /// Reads dive's file. As in dive, what it leaves out has dive's default.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let metadata = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?;
        if !metadata.is_file() || metadata.len() > MAX_FILE {
            return Err(Failure::usage(format!(
                "{}: is no file of thresholds",
                path.display()
            )));
        }
        let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
        Self::parse(&String::from_utf8_lossy(&bytes))
            .map_err(|problem| Failure::usage(format!("{}:{problem}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut thresholds = Self {
            lowest_efficiency: Some(0.9),
            highest_wasted_bytes: None,
            highest_user_wasted: Some(0.1),
        };
        let document =
            yaml::parse(text).map_err(|error| format!("{}: {}", error.line, error.message))?;
        let Some(root) = document.root().filter(|root| !root.is_null()) else {
            return Ok(thresholds);
        };
        let refuse = |line: usize, problem: &str| Err(format!("{line}: {problem}"));
        let Some(mut entries) = root.map() else {
            return refuse(root.line(), "keys and values are expected");
        };
        let Some((_, rules)) = entries.find(|(key, _)| key.text() == Some("rules")) else {
            return Ok(thresholds);
        };
        if rules.is_null() {
            return Ok(thresholds);
        }
        let Some(rules) = rules.map() else {
            return refuse(rules.line(), "rules: keys and values are expected");
        };
        for (key, value) in rules {
            let line = value.line();
            let written = value.text().unwrap_or_default();
            let off = matches!(
                written.to_ascii_lowercase().as_str(),
                "" | "disabled" | "off" | "false"
            );
            match key.text().unwrap_or_default() {
                "lowest-efficiency" | "lowestEfficiency" if off => {
                    thresholds.lowest_efficiency = None;
                }
                "lowest-efficiency" | "lowestEfficiency" => match parse_share(written) {
                    Ok(share) => thresholds.lowest_efficiency = Some(share),
                    Err(problem) => return refuse(line, &format!("lowest-efficiency: {problem}")),
                },
                "highest-wasted-bytes" | "highestWastedBytes" if off => {
                    thresholds.highest_wasted_bytes = None;
                }
                "highest-wasted-bytes" | "highestWastedBytes" => match parse_bytes(written) {
                    Ok(bytes) => thresholds.highest_wasted_bytes = Some(bytes),
                    Err(problem) => {
                        return refuse(line, &format!("highest-wasted-bytes: {problem}"));
                    }
                },
                "highest-user-wasted-percent" | "highestUserWastedPercent" if off => {
                    thresholds.highest_user_wasted = None;
                }
                "highest-user-wasted-percent" | "highestUserWastedPercent" => {
                    match parse_share(written) {
                        Ok(share) => thresholds.highest_user_wasted = Some(share),
                        Err(problem) => {
                            return refuse(
                                line,
                                &format!("highest-user-wasted-percent: {problem}"),
                            );
                        }
                    }
                }
                other => {
                    return refuse(
                        key.line(),
                        &format!("`{}` is no rule", other.escape_debug()),
                    );
                }
            }
        }
        Ok(thresholds)
    }

    /// What an image breaks, one sentence each.
    pub(crate) fn broken_by(&self, inventory: &Inventory) -> Vec<String> {
        let waste = &inventory.waste;
        let mut reasons = Vec::new();
        let efficiency = f64::from(waste.efficiency) / 1e6;
        if let Some(least) = self.lowest_efficiency
            && efficiency < least
        {
            reasons.push(format!(
                "efficiency is {}, at least {:.2} % is asked for",
                efficiency_text(waste.efficiency),
                least * 100.0
            ));
        }
        if let Some(most) = self.highest_wasted_bytes
            && waste.wasted > most
        {
            reasons.push(format!(
                "{} are wasted, at most {} are allowed",
                human_size(waste.wasted),
                human_size(most)
            ));
        }
        if let Some(most) = self.highest_user_wasted {
            let (wasted, total) = user_part(inventory);
            if total > 0 && wasted as f64 / total as f64 > most {
                reasons.push(format!(
                    "layers above the base waste {}, {} of what they add; at most {:.1} % is allowed",
                    human_size(wasted),
                    share(wasted, total),
                    most * 100.0
                ));
            }
        }
        reasons
    }
}

/// What the layers above the base waste, and what they add. Where nothing tells where the base
/// ends, it is the lowest layer, as dive takes it.
fn user_part(inventory: &Inventory) -> (u64, u64) {
    let base = inventory.base.as_ref().map_or(1, |base| base.layers);
    inventory
        .layers
        .iter()
        .skip(base)
        .fold((0, 0), |(wasted, total), layer| {
            (
                layer.wasted.saturating_add(wasted),
                layer.file_bytes.saturating_add(total),
            )
        })
}

/// `0.95` or `95%`.
pub(crate) fn parse_share(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|number| number / 100.0),
        None => text.parse::<f64>(),
    };
    number
        .ok()
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| "expected a share such as 0.95 or 95%".to_owned())
}

/// `20MB`, `512KiB`.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| "expected a size such as 20MB".to_owned())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Digest, LayerFacts, Waste};

    use super::*;

    #[test]
    fn dives_file_is_read_with_its_defaults() {
        let defaults = WasteLimits::parse("").unwrap();
        assert_eq!(defaults.lowest_efficiency, Some(0.9));
        assert_eq!(defaults.highest_wasted_bytes, None);
        let set = WasteLimits::parse(
            "rules:\n  lowest-efficiency: 0.95\n  highestWastedBytes: 20MB\n  highest-user-wasted-percent: disabled\n",
        )
        .unwrap();
        assert_eq!(
            set,
            WasteLimits {
                lowest_efficiency: Some(0.95),
                highest_wasted_bytes: Some(20_000_000),
                highest_user_wasted: None,
            }
        );
        for (bad, said) in [
            ("rules:\n  lowest-efficiency: 7\n", "2: lowest-efficiency: "),
            ("rules:\n  lowest: 1\n", "2: `lowest` is no rule"),
            ("- a\n", "1: keys"),
            ("rules: 3\n", "1: rules: "),
        ] {
            let error = WasteLimits::parse(bad).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn what_is_broken_is_said() {
        let digest = Digest::from_sha256([1; 32]);
        let layer = |file_bytes, wasted| LayerFacts {
            digest: digest.clone(),
            diff_id: digest.clone(),
            compressed_size: 0,
            size: 0,
            entries: 0,
            instruction: None,
            source: None,
            file_bytes,
            wasted,
            hidden: 0,
        };
        let inventory = Inventory {
            layers: vec![layer(900, 0), layer(100, 50)],
            waste: Waste {
                total: 1000,
                wasted: 50,
                efficiency: 950_000,
                ..Waste::default()
            },
            ..Inventory::default()
        };
        let broken = |thresholds: WasteLimits| thresholds.broken_by(&inventory).len();
        let none = WasteLimits::default();
        assert_eq!(broken(none), 0);
        assert_eq!(
            broken(WasteLimits {
                lowest_efficiency: Some(0.95),
                ..none
            }),
            0
        );
        assert_eq!(
            broken(WasteLimits {
                lowest_efficiency: Some(0.951),
                ..none
            }),
            1
        );
        assert_eq!(
            broken(WasteLimits {
                highest_wasted_bytes: Some(50),
                ..none
            }),
            0
        );
        assert_eq!(
            broken(WasteLimits {
                highest_wasted_bytes: Some(49),
                ..none
            }),
            1
        );
        assert_eq!(
            broken(WasteLimits {
                highest_user_wasted: Some(0.5),
                ..none
            }),
            0
        );
        assert_eq!(
            broken(WasteLimits {
                highest_user_wasted: Some(0.49),
                ..none
            }),
            1
        );
    }
}
