use plimsoll_model::human_size;
use std::collections::BTreeMap;

use plimsoll_syntax::context::EntryKind;

use super::copies;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `COPY` of the whole context, or of a pattern, brings more than 100 MB into the
    /// image, and which of its folders and files are the largest.
    ///
    /// ## Why it hurts in production
    /// Every node pulls it before the container starts, and every release pushes it again. It is
    /// mostly data that lay beside the program by chance.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY . /srv
    /// ```
    /// ```text:app.py
    /// run()
    /// ```
    /// ```bytes:data/sample.parquet
    /// 250000000
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY . /srv
    /// ```
    /// ```text:app.py
    /// run()
    /// ```
    /// ```text:.dockerignore
    /// data
    /// ```
    /// ```bytes:data/sample.parquet
    /// 250000000
    /// ```
    ///
    /// ## Fix
    /// None: what the program needs is its author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/concepts/context/#dockerignore-files>
    OversizedCopy = "oversized-copy",
    summary: "A broad COPY brings more than 100 MB into the image",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Context,
    aliases: [],
    audience: Default,
    edition: 2026,
}

/// Bytes from which on it is told.
const LIMIT: u64 = 100_000_000;

/// So many of its parts are named.
const NAMED: usize = 3;

impl Rule for OversizedCopy {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(context) = file.context else { return };
        if context.size() < LIMIT {
            return;
        }
        for copy in copies::of(file).iter().filter(|copy| copy.ships) {
            // The largest folders and files of what it takes, at the top of the context.
            let mut parts: BTreeMap<&str, u64> = BTreeMap::new();
            let mut total = 0;
            for entry in context.entering() {
                if entry.kind == EntryKind::File && copy.takes(&entry.path) {
                    let top = entry.path.split('/').next().unwrap_or_default();
                    if copy.names(top) {
                        continue;
                    }
                    total += entry.size;
                    *parts.entry(top).or_default() += entry.size;
                }
            }
            if total < LIMIT {
                continue;
            }
            let mut parts: Vec<(&str, u64)> = parts.into_iter().collect();
            parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
            let named: Vec<String> = parts
                .iter()
                .take(NAMED)
                .filter(|(_, bytes)| *bytes >= LIMIT / 100)
                .map(|(name, bytes)| format!("`{}` {}", name.escape_debug(), human_size(*bytes)))
                .collect();
            sink.report(
                file.place(copy.place),
                format!(
                    "This brings {} into the image: {}.",
                    human_size(total),
                    named.join(", ")
                ),
            )
            .help("Put what the program does not need into the ignore file, or copy what it needs by name.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run_sized;

    const RULE: &str = "oversized-copy";

    #[test]
    fn only_broad_copies_of_much_count() {
        let files = [("app.py", 100), ("data/a", 90_000_000), ("data/b", 20_000_000)];
        for (dockerfile, count) in [
            ("FROM a:1\nCOPY . /\n", 1),
            ("FROM a:1\nCOPY * /\n", 1),
            ("FROM a:1\nCOPY data /\n", 0),
            ("FROM a:1\nCOPY data/b /\n", 0),
            ("FROM a:1\nCOPY app.py /\n", 0),
            ("FROM a:1 AS b\nCOPY . /\nFROM a:1\nCOPY --from=b /x /\n", 0),
        ] {
            let found = run_sized(RULE, dockerfile, &files).findings;
            assert_eq!(found.len(), count, "{dockerfile}{found:#?}");
        }
        let found = run_sized(RULE, "FROM a:1\nCOPY . /\n", &files).findings;
        assert_eq!(found[0].message, "This brings 110.0 MB into the image: `data` 110.0 MB.");
        let little = run_sized(RULE, "FROM a:1\nCOPY . /\n", &files[..2]).findings;
        assert!(little.is_empty());
    }
}
