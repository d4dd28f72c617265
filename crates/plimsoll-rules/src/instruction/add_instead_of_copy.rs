use plimsoll_model::{Applicability, Confidence, Edit, Fix};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind};

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `ADD` takes files where `COPY` would do: no source is a URL, a repository or an
    /// archive.
    ///
    /// ## Why it hurts in production
    /// `ADD` unpacks what turns out to be an archive and fetches what turns out to be a URL. The day
    /// a file is renamed, or a variable holds something else, the image holds something else too.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// ADD --chown=10001 app.py /srv/
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// COPY --chown=10001 app.py /srv/
    /// ```
    ///
    /// ## Fix
    /// Safe: the keyword is replaced.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#add-or-copy>
    AddInsteadOfCopy = "add-instead-of-copy",
    summary: "ADD is used where COPY would do",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3020", "DS-0005", "DS005", "CKV_DOCKER_4", "CIS-DI-0009", "S7029"],
    audience: Default,
    edition: 2026,
}

impl Rule for AddInsteadOfCopy {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                judge(
                    file,
                    unwrapped(view.instruction),
                    stage.reaches_target,
                    sink,
                );
            }
        }
    }
}

fn judge(file: &ProjectFile<'_>, add: &Instruction, built: bool, sink: &mut Sink<'_>) {
    let InstructionKind::Add(words) = &add.kind else {
        return;
    };
    let Some((_, sources)) = words.split_last() else {
        return;
    };
    // Flags that only ADD has say that its ways are wanted.
    let wanted = ["checksum", "keep-git-dir", "unpack"];
    if add
        .flags
        .iter()
        .any(|flag| wanted.contains(&flag.name.as_str()))
        || sources.is_empty()
    {
        return;
    }
    if !sources.iter().all(|source| is_plain(&source.value)) {
        // By its name, some source is neither archive nor URL: other tools say so, and what a
        // variable or a pattern stands for they do not ask.
        if let Some(source) = sources.iter().find(|source| {
            let kind = kind(&source.value);
            kind == Kind::Plain || kind == Kind::Open
        }) {
            sink.report(
                file.place(source.span),
                "`COPY` would do here if this is a file and no archive.",
            )
            .help("Write a `COPY` of its own for what is neither an archive nor a URL.")
            .aliases(&["DL3020"])
            .confidence(Confidence::Low);
        }
        return;
    }
    let what = match sources {
        [one] if !one.value.starts_with("<<") => format!("`{}`", one.value.escape_debug()),
        [_] => "this text".to_owned(),
        _ => "these files".to_owned(),
    };
    let keyword = if add.keyword.value == add.keyword.value.to_lowercase() {
        "copy"
    } else {
        "COPY"
    };
    sink.report(
        file.place(add.span),
        format!("`ADD` does nothing for {what} that `COPY` does not do."),
    )
    .help("Write `COPY`, and keep `ADD` for archives to unpack and URLs with a checksum.")
    .confidence(if built {
        Confidence::High
    } else {
        Confidence::Low
    })
    .fix(Fix {
        title: "Replace `ADD` by `COPY`".to_owned(),
        applicability: Applicability::Safe,
        edits: vec![Edit {
            file: file.dockerfile.source.path().to_owned(),
            span: add.keyword.span,
            text: keyword.to_owned(),
        }],
    });
}

/// What a source of `ADD` is, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing that `ADD` treats in its own way.
    Plain,
    /// A variable or a pattern decides.
    Open,
    /// An archive, a URL or a repository.
    Special,
}

/// Whether a source is nothing that `ADD` treats in its own way, as far as its name tells.
pub(crate) fn is_plain(source: &str) -> bool {
    kind(source) == Kind::Plain
}

fn kind(source: &str) -> Kind {
    const ARCHIVES: &[&str] = &[
        ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".tb2", ".tz2", ".tpz", ".xz", ".txz",
        ".lz", ".tlz", ".lzma", ".lzo", ".zst", ".tzst", ".z", ".tz",
    ];
    const REMOTES: &[&str] = &["http:", "https:", "ftp:", "git:", "ssh:", "git@"];
    let source = source.trim_matches(['"', '\'']);
    let name = source.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit('.').next().unwrap_or_default();
    let ends = |end: &str| {
        name.len()
            .checked_sub(end.len())
            .and_then(|at| name.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    let starts = |start: &str| {
        source
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    if ARCHIVES.iter().any(|end| ends(end))
        || REMOTES.iter().any(|start| starts(start))
        || source.ends_with(".git")
    {
        Kind::Special
    } else if source.starts_with('$') || extension.contains(['$', '*', '?', '[', '}']) {
        // What a variable holds at the front or at the end decides, and is not known here.
        Kind::Open
    } else {
        Kind::Plain
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "add-instead-of-copy",
            &[
                ("a file", "FROM debian:12\nADD file /usr/src/app/\n", &[2]),
                ("the folder itself", "FROM debian:12\nADD . /app\n", &[2]),
                (
                    "zip is not unpacked",
                    "FROM debian:12\nADD \"file.zip\" /x/\n",
                    &[2],
                ),
                (
                    "JSON form",
                    "FROM debian:12\nADD [\"a b\", \"/x/\"]\n",
                    &[2],
                ),
                (
                    "a version inside the name",
                    "FROM debian:12\nADD app-${V}.jar /x/\n",
                    &[2],
                ),
                (
                    "for those who build on it",
                    "FROM debian:12\nONBUILD ADD . /app\n",
                    &[2],
                ),
            ],
        );
        silent(
            "add-instead-of-copy",
            &[
                (
                    "archives are unpacked",
                    "FROM debian:12\nADD rootfs.tar.xz /\n",
                ),
                (
                    "any archive among them",
                    "FROM debian:12\nADD a.xz b.tgz /x/\n",
                ),
                (
                    "a URL is fetched",
                    "FROM debian:12\nADD \"https://example.com/x\" /x/\n",
                ),
                (
                    "a repository is cloned",
                    "FROM debian:12\nADD git@example.com:a/b.git /x/\n",
                ),
                (
                    "the variable may hold a URL",
                    "FROM debian:12\nADD $SOURCE /x/\n",
                ),
                (
                    "the pattern may match archives",
                    "FROM debian:12\nADD dist/* /x/\n",
                ),
                (
                    "only ADD has a checksum",
                    "FROM debian:12\nADD --checksum=sha256:00 file /x/\n",
                ),
                ("COPY is COPY", "FROM debian:12\nCOPY file /x/\n"),
            ],
        );
        unsure(
            "add-instead-of-copy",
            &[
                (
                    "a stage that is not built",
                    "FROM debian:12 AS test\nADD x /\nFROM scratch\n",
                ),
                (
                    "a file among archives",
                    "FROM debian:12\nADD a.tgz b.txt /x/\n",
                ),
            ],
        );
    }

    #[test]
    fn the_keyword_keeps_its_case() {
        let after = fixed(
            "add-instead-of-copy",
            "FROM a:1\nadd  x \\\n  # why\n  /\nONBUILD ADD . /\n",
            &[],
        );
        assert_eq!(
            after,
            "FROM a:1\ncopy  x \\\n  # why\n  /\nONBUILD COPY . /\n"
        );
    }
}
