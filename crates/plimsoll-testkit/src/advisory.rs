//! Advisories in OSV's form, made of a few words.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// A record about one flaw.
#[derive(Clone, Debug)]
pub struct Advisory(Value);

impl Advisory {
    /// One that affects nothing yet.
    pub fn new(id: &str) -> Self {
        Self(json!({"id": id, "modified": "2026-01-01T00:00:00Z", "affected": []}))
    }

    /// One on all versions of a package.
    pub fn of(id: &str, ecosystem: &str, name: &str) -> Self {
        Self::new(id).affecting(ecosystem, name, json!([{"introduced": "0"}]))
    }

    /// One on the versions of a package below one.
    pub fn below(id: &str, ecosystem: &str, name: &str, fixed: &str) -> Self {
        let events = json!([{"introduced": "0"}, {"fixed": fixed}]);
        Self::new(id).affecting(ecosystem, name, events)
    }

    /// One on some versions of a package.
    pub fn listing(id: &str, ecosystem: &str, name: &str, versions: &[&str]) -> Self {
        let package = json!({"ecosystem": ecosystem, "name": name});
        Self::new(id).with_affected(json!({"package": package, "versions": versions}))
    }

    /// The same, also on the versions of one range's events.
    #[must_use]
    pub fn affecting(self, ecosystem: &str, name: &str, events: Value) -> Self {
        self.with_affected(json!({
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }))
    }

    fn with_affected(mut self, affected: Value) -> Self {
        if let Some(list) = self.0["affected"].as_array_mut() {
            list.push(affected);
        }
        self
    }

    /// The same with more fields, or others.
    #[must_use]
    pub fn with(mut self, fields: Value) -> Self {
        if let (Value::Object(record), Value::Object(fields)) = (&mut self.0, fields) {
            record.extend(fields);
        }
        self
    }

    /// The same, changed on a day: `2026-01-03`.
    #[must_use]
    pub fn changed(self, day: &str) -> Self {
        self.with(json!({"modified": format!("{day}T00:00:00Z")}))
    }

    /// The same, rated by its database: `HIGH`, `MODERATE`.
    #[must_use]
    pub fn rated(self, severity: &str) -> Self {
        self.with(json!({"database_specific": {"severity": severity}}))
    }

    /// The same, scored by a vector of CVSS 3.1: `AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H`.
    #[must_use]
    pub fn scored(self, vector: &str) -> Self {
        let score = format!("CVSS:3.1/{vector}");
        self.with(json!({"severity": [{"type": "CVSS_V3", "score": score}]}))
    }

    /// The same, by another name as well.
    #[must_use]
    pub fn also(self, alias: &str) -> Self {
        self.with(json!({"aliases": [alias]}))
    }

    /// The record.
    pub fn record(self) -> Value {
        self.0
    }

    /// The record as a file has it.
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

/// Writes records to a folder, a file each; where they lie.
///
/// # Errors
/// The disk.
pub fn write(records: &[Value], folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let records = records.iter().enumerate();
    records
        .map(|(number, record)| {
            let path = folder.join(format!("{number}.json"));
            std::fs::write(&path, record.to_string())?;
            Ok(path)
        })
        .collect()
}
