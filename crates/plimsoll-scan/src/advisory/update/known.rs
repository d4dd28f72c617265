//! What is known of a file that an update put in place, and what may take its place.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::DAY;
use crate::advisory::compile::Holding;

/// What is known of an archive that lies here.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) mirror: String,
    pub(super) version: Option<String>,
    #[serde(default)]
    pub(super) holding: Holding,
    /// When its mirror last said that this is the newest, in seconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checked: Option<i64>,
    /// SHA-256 of a list, in hexadecimal: half of one reads like a shorter one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

impl Known {
    /// What is known of the archive at a path; nothing where it is not there.
    pub(super) fn of(archive: &Path) -> Self {
        fs::read(archive.with_extension("json"))
            .ok()
            .filter(|_| archive.exists())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// What it holds, without a time that was still to come when it was fetched: one record that is
    /// wrong about when it was changed must not keep everything else out.
    pub(super) fn holding_by(&self, now: i64) -> Holding {
        let until = self.checked.unwrap_or(now).min(now).saturating_add(DAY);
        Holding {
            newest: self.holding.newest.filter(|newest| *newest <= until),
            ..self.holding
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Whether what came can take the place of what is here: a mirror that was set back, or lost half of
/// its records, is none to be heard.
pub(super) fn follows(new: Holding, old: Holding) -> Result<(), String> {
    if let (Some(new), Some(old)) = (new.newest, old.newest)
        && old - new > DAY
    {
        let day = |seconds| match jiff::Timestamp::from_second(seconds) {
            Ok(moment) => moment.strftime("%F").to_string(),
            Err(_) => "no day".to_owned(),
        };
        return Err(format!(
            "older than what is here: it is as of {}, and one of {} is here",
            day(new),
            day(old)
        ));
    }
    if new.records < old.records / 2 {
        let (new, old) = (new.records, old.records);
        return Err(format!(
            "less than what is here: it holds {new} records, and {old} are here"
        ));
    }
    Ok(())
}
