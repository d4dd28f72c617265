use plimsoll_model::human_size;
use super::copies;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells what a broad `COPY` really takes into the image, after the ignore file, though it comes
    /// from working on the project and not from the project: version control, packages installed on
    /// another machine, caches, editors' files. A folder that a `COPY` names itself is taken for
    /// wanted.
    ///
    /// ## Why it hurts in production
    /// The image is larger than it need be and changes with every commit though no line of the
    /// program did. `.git` also brings every secret that was ever committed and removed, and
    /// packages of another machine may be built for another system.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22-slim
    /// COPY . /srv
    /// CMD ["node", "/srv/app.js"]
    /// ```
    /// ```text:.git/HEAD
    /// ref: refs/heads/main
    /// ```
    /// ```text:app.js
    /// serve()
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22-slim
    /// COPY . /srv
    /// CMD ["node", "/srv/app.js"]
    /// ```
    /// ```text:.dockerignore
    /// .git
    /// ```
    /// ```text:.git/HEAD
    /// ref: refs/heads/main
    /// ```
    /// ```text:app.js
    /// serve()
    /// ```
    ///
    /// ## Fix
    /// None: the line belongs into the ignore file, which other builds share.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/concepts/context/#dockerignore-files>
    ContextHoldsJunk = "context-holds-junk",
    summary: "Files that come from working on the project enter the image",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Context,
    aliases: ["DKL-LI-0003"],
    audience: Default,
    edition: 2026,
}

impl Rule for ContextHoldsJunk {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(context) = file.context else { return };
        let junk = context.junk();
        if junk.is_empty() {
            return;
        }
        let copies = copies::of(file);
        for junk in junk {
            let broad = copies
                .iter()
                .find(|copy| copy.ships && copy.takes(&junk.path) && !copy.names(&junk.path));
            let Some(copy) = broad else { continue };
            let path = junk.path.escape_debug();
            let amount = match junk.files {
                1 => human_size(junk.bytes),
                files => format!("{} in {files} files", human_size(junk.bytes)),
            };
            sink.report(
                file.place(copy.place),
                format!("`{path}` enters the image, {}: {amount}.", junk.kind.what),
            )
            .help(format!("Put `{path}` into the ignore file."))
            .severity(junk.kind.severity)
            .path(junk.path.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const RULE: &str = "context-holds-junk";
    const FILES: &[(&str, &str)] = &[
        (".git/HEAD", "x"),
        ("web/node_modules/a/i.js", "12345"),
        ("web/node_modules/b/i.js", "12345"),
        ("web/src/a.js", ""),
    ];

    #[test]
    fn only_what_enters_what_ships_counts() {
        for (dockerfile, count) in [
            ("FROM a:1\nCOPY . /\n", 2),
            ("FROM a:1\nADD ./ /\n", 2),
            ("FROM a:1\nCOPY web /w\n", 1),
            ("FROM a:1\nCOPY web/node_modules /w\n", 0),
            ("FROM a:1\nCOPY .git/HEAD /w\n", 0),
            ("FROM a:1\nCOPY web/src /w\n", 0),
            ("FROM a:1\nCOPY --exclude=.git . /w\n", 1),
            ("FROM a:1 AS b\nCOPY . /\nFROM a:1\nCOPY --from=b /x /\n", 0),
        ] {
            let found = run(RULE, dockerfile, FILES).findings;
            assert_eq!(found.len(), count, "{dockerfile}{found:#?}");
        }
    }

    #[test]
    fn it_tells_how_much() {
        let found = run(RULE, "FROM a:1\nCOPY web /w\n", FILES).findings;
        assert!(found[0].message.ends_with("10 B in 2 files."), "{found:#?}");
    }

    #[test]
    fn the_ignore_file_counts() {
        for (ignore, count) in [(".git\n**/node_modules\n", 0), (".git/*\n", 1), ("*\n!web/src\n", 0)] {
            let mut files = FILES.to_vec();
            files.push((".dockerignore", ignore));
            let found = run(RULE, "FROM a:1\nCOPY . /\n", &files).findings;
            assert_eq!(found.len(), count, "{ignore}{found:#?}");
        }
    }
}
