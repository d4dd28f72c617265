use plimsoll_model::{Confidence, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::InstructionKind;

use super::dependencies::Brought;
use super::manifests;
use crate::declare::declare_rule;
use crate::placement::base_name;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `pip install -r FILE` reads a file of the build context in which packages have no
    /// exact version. It reads the file, and points into it.
    ///
    /// ## Why it hurts in production
    /// Every build takes what is newest that day: an image that is built again to mend one line
    /// brings other packages, and nobody tested them together.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY requirements.txt .
    /// RUN pip install --no-cache-dir -r requirements.txt
    /// ```
    /// ```text:requirements.txt
    /// boto3==1.35.0
    /// pandas>=2
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY requirements.txt .
    /// RUN pip install --no-cache-dir -r requirements.txt
    /// ```
    /// ```text:requirements.txt
    /// boto3==1.35.0
    /// pandas==2.2.3
    /// ```
    ///
    /// ## Fix
    /// None: which version was tested is not known here.
    ///
    /// ## References
    /// - <https://pip.pypa.io/en/stable/topics/repeatable-installs/>
    UnpinnedRequirement = "unpinned-requirement",
    summary: "A requirements file names packages without an exact version",
    severity: Low,
    confidence: High,
    category: Reproducibility,
    depth: Context,
    aliases: [],
    audience: Default,
    edition: 2026,
}

/// So many packages are named.
const NAMED: usize = 3;

impl Rule for UnpinnedRequirement {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut brought: Option<Option<Brought<'_>>> = None;
        for view in file.built_steps() {
            if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
                continue;
            }
            for (script, command) in file.commands(view) {
                let Some(found) = manifests::installation(command) else {
                    continue;
                };
                // A file of constraints fixes what the other leaves open.
                let constrained = command.words.iter().any(|word| {
                    word.raw == "-c" || word.raw.starts_with("--constraint")
                });
                if constrained || found.installer != manifests::PIP {
                    continue;
                }
                for name in &found.named {
                    let brought = brought.get_or_insert_with(|| Brought::new(file));
                    let Some(brought) = brought else { return };
                    let context = brought.context();
                    let Some(entry) = brought.nearest(file, view, base_name(name)) else {
                        continue;
                    };
                    let Some(text) = context.text(&entry.path) else {
                        continue;
                    };
                    let open = unpinned(text);
                    let Some((_, first)) = open.first() else {
                        continue;
                    };
                    let names: Vec<String> = open
                        .iter()
                        .take(NAMED)
                        .map(|(name, _)| format!("`{}`", name.escape_debug()))
                        .collect();
                    let more = match open.len() - names.len() {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    let reported = sink
                        .report(
                            file.place(script.command_span(command)),
                            format!(
                                "`{}` gives no exact version for {}{more}.",
                                entry.path.escape_debug(),
                                names.join(", ")
                            ),
                        )
                        .help("Pin each with `==`; `uv pip compile --generate-hashes` or `pip-compile` writes such a file from the one you have.")
                        .confidence(if open.len() == 1 && text.lines().count() > 20 {
                            Confidence::Medium
                        } else {
                            Confidence::High
                        });
                    if let Some(source) = context.contents.get(&entry.path) {
                        reported.related(
                            SourceOrigin::new(source, *first),
                            "This is the first of them.",
                        );
                    }
                }
            }
        }
    }
}

/// The packages a requirements file leaves open, and where: PEP 508 names without `==`, `===`, a
/// URL or a hash.
fn unpinned(text: &str) -> Vec<(&str, Span)> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut continued = false;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let body = line.trim_end();
        let was_continued = continued;
        continued = body.ends_with('\\');
        let plain = body.split(" #").next().unwrap_or(body).trim();
        if was_continued || plain.is_empty() || plain.starts_with(['#', '-', '.', '/']) {
            continue;
        }
        let requirement = plain.split(';').next().unwrap_or(plain).trim();
        let end = requirement
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .unwrap_or(requirement.len());
        let (name, rest) = requirement.split_at(end);
        let exact = rest.contains("==") || rest.contains('@') || rest.contains("--hash");
        // A path or URL of its own.
        let elsewhere = requirement.contains("://") || rest.starts_with('/');
        if !name.is_empty() && !exact && !elsewhere {
            let indent = line.len() - line.trim_start().len();
            found.push((
                name,
                Span::new(start + indent, start + indent + requirement.len()),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;

    const RULE: &str = "unpinned-requirement";

    #[test]
    fn requirements_are_read_as_pip_does() {
        let text = "# c\n\nflask\ndjango>=4 # why\nrequests[socks]==2.32.3\nnumpy===1.26; python_version<'3.12'\n-r other.txt\n-e .\n./local\ngit+https://x/y.git\npkg @ https://x/y.whl\nattrs==23.1 \\\n    --hash=sha256:0\nuvicorn[standard]~=0.30 ; x\n";
        let names: Vec<&str> = unpinned(text).iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["flask", "django", "uvicorn"]);
        let (_, span) = unpinned(text)[1];
        assert_eq!(&text[span.start..span.end], "django>=4");
    }

    #[test]
    fn the_file_that_reaches_the_step_counts() {
        let files = [("a/requirements.txt", "x\n"), ("requirements.txt", "y==1\n")];
        for (dockerfile, count) in [
            ("FROM a:1\nCOPY a /w\nRUN pip install -r /w/requirements.txt\n", 1),
            ("FROM a:1\nCOPY requirements.txt /w/\nRUN pip install -r /w/requirements.txt\n", 0),
            ("FROM a:1\nRUN pip install -r /w/requirements.txt\n", 0),
            ("FROM a:1\nCOPY a /w\nRUN pip install -r /w/requirements.txt -c c.txt\n", 0),
            ("FROM a:1\nRUN --mount=type=bind,source=a/requirements.txt,target=r.txt pip install -r requirements.txt\n", 1),
        ] {
            assert_eq!(run(RULE, dockerfile, &files).findings.len(), count, "{dockerfile}");
        }
    }
}
