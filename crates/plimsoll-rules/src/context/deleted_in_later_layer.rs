use plimsoll_model::{Confidence, Severity, Span, human_size};
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use super::{files, source};
use crate::declare::declare_rule;
use crate::mounts;
use crate::placement::{self, absolute, base_name, is_within, joined};
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` deletes a file that an earlier instruction brought: a `COPY`, an `ADD`, a
    /// download or a checkout. It follows paths it can read, in the stages that ship.
    ///
    /// ## Why it hurts in production
    /// Layers only add. The file is hidden, not gone: its bytes are pulled with every image, and if
    /// it was a key, everyone who can pull the image can read it.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// COPY agent.deb /tmp/
    /// RUN dpkg -i /tmp/agent.deb && rm /tmp/agent.deb
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN --mount=type=bind,source=agent.deb,target=/tmp/agent.deb dpkg -i /tmp/agent.deb
    /// ```
    ///
    /// ## Fix
    /// None: whether a mount, a stage or one step is right is the author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#add-or-copy>
    /// - <https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>
    DeletedInLaterLayer = "deleted-in-later-layer",
    summary: "A file is deleted in a later layer than the one that brought it",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

/// Something that an instruction brought.
struct Brought {
    /// Absolute path, which may be a pattern.
    path: String,
    /// What is below it where it is a folder of the context: path in the context.
    source: Option<String>,
    /// Where it is brought.
    place: Span,
    instruction: usize,
    /// How sure the path is.
    confidence: Confidence,
}

impl Rule for DeletedInLaterLayer {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut brought: Vec<Brought> = Vec::new();
        for view in file.shipped_steps() {
            match &view.instruction.kind {
                InstructionKind::Copy(_) | InstructionKind::Add(_) => {
                    brought_by_copy(file, view, &mut brought);
                }
                InstructionKind::Run(_) => in_run(file, view, &mut brought, sink),
                _ => {}
            }
        }
    }
}

fn brought_by_copy(file: &ProjectFile<'_>, view: StepView<'_>, brought: &mut Vec<Brought>) {
    let is_add = matches!(view.instruction.kind, InstructionKind::Add(_));
    let from_context = view.instruction.flag("from").is_none();
    for placed in placement::placed(file, view) {
        let source = placed.source.trim_end_matches('/');
        let is_url = source.contains("://");
        // What ADD unpacks goes where its inside says.
        if is_add && !is_url && !crate::instruction::is_plain(source) {
            continue;
        }
        let name = base_name(source);
        let named = !matches!(name, "" | "." | "..");
        let folder = from_context
            .then(|| source.trim_start_matches("./").trim_start_matches('/').to_owned());
        let mut add = |path: String, source: Option<String>, confidence| {
            brought.push(Brought {
                path,
                source,
                place: view.instruction.span,
                instruction: view.step.instruction,
                confidence,
            });
        };
        let inside = joined(&placed.destination, name);
        match (named, placed.into_folder) {
            (true, true) => {
                add(inside, None, Confidence::High);
                // Were it a folder, its content would lie in the destination itself.
                if folder.is_some() {
                    add(placed.destination, folder, Confidence::High);
                }
            }
            (true, false) => {
                add(placed.destination.clone(), folder, Confidence::High);
                add(inside, None, Confidence::Low);
            }
            (false, _) => add(placed.destination, folder, Confidence::High),
        }
    }
}

fn in_run(
    file: &ProjectFile<'_>,
    view: StepView<'_>,
    brought: &mut Vec<Brought>,
    sink: &mut Sink<'_>,
) {
    // `None` once the folder is not known any more.
    let mut folder = view.step.before.workdir.clone();
    for (script, command) in file.commands(view) {
        let Some(program) = command.program() else {
            continue;
        };
        let path = |text: &str| -> Option<String> {
            if text.starts_with('/') {
                absolute(text, &view.step.before)
            } else {
                Some(joined(folder.as_deref()?, text))
            }
        };
        match program {
            "cd" | "pushd" => {
                folder = match command.arguments() {
                    [to] if command.depth == 0 => to.literal.as_deref().and_then(path),
                    _ => None,
                };
                continue;
            }
            "rm" | "unlink" if !command.substituted => {
                for word in operands(command) {
                    let Some(target) = word.literal.as_deref().and_then(path) else {
                        continue;
                    };
                    if !mounts::covers(view.instruction, &target) {
                        judge(file, view, script.word_span(word), &target, brought, sink);
                    }
                }
                continue;
            }
            _ => {}
        }
        for target in written(program, command)
            .into_iter()
            .filter_map(|target| path(&target))
        {
            if !mounts::covers(view.instruction, &target) {
                brought.push(Brought {
                    path: target,
                    source: None,
                    place: script.command_span(command),
                    instruction: view.step.instruction,
                    confidence: Confidence::High,
                });
            }
        }
    }
}

fn operands(command: &ShellCommand) -> impl Iterator<Item = &ShellWord> {
    command
        .arguments()
        .iter()
        .filter(|word| !word.raw.starts_with('-'))
}

/// The paths a download or a checkout writes, as written.
fn written(program: &str, command: &ShellCommand) -> Vec<String> {
    let words = command.arguments();
    let text = |at: usize| words.get(at).and_then(|word| word.literal.clone());
    let value_of = |short: char, long: &str| -> Option<String> {
        words.iter().enumerate().find_map(|(at, word)| {
            let raw = word.literal.as_deref()?;
            if let Some(rest) = raw.strip_prefix(long) {
                return match rest.strip_prefix('=') {
                    Some(value) => Some(value.to_owned()),
                    None => rest.is_empty().then(|| text(at + 1)).flatten(),
                };
            }
            let cluster = raw.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
            let (flags, value) = cluster.split_once(short)?;
            if !flags.bytes().all(|b| b.is_ascii_alphabetic()) {
                return None;
            }
            if value.is_empty() {
                text(at + 1)
            } else {
                Some(value.to_owned())
            }
        })
    };
    let urls = || {
        words
            .iter()
            .filter_map(|word| word.literal.as_deref())
            .filter(|word| word.contains("://"))
    };
    let last_part = |url: &str| {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        base_name(path).to_owned()
    };
    let redirected = || {
        command
            .writes
            .iter()
            .filter_map(|word| word.literal.clone())
            .filter(|path| !path.starts_with("/dev/"))
    };
    match program {
        "curl" => match value_of('o', "--output") {
            Some(path) => vec![path],
            None if words.iter().any(|word| {
                word.raw == "--remote-name"
                    || (word.raw.starts_with('-')
                        && !word.raw.starts_with("--")
                        && word.raw.contains('O'))
            }) =>
            {
                urls().map(last_part).collect()
            }
            None => redirected().collect(),
        },
        "wget" => match value_of('O', "--output-document") {
            Some(path) if path == "-" => redirected().collect(),
            Some(path) => vec![path],
            None if value_of('P', "--directory-prefix").is_some() => {
                let folder = value_of('P', "--directory-prefix").unwrap_or_default();
                urls()
                    .map(|url| format!("{folder}/{}", last_part(url)))
                    .collect()
            }
            None => urls().map(last_part).collect(),
        },
        "git" if text(0).as_deref() == Some("clone") => {
            let mut plain = words
                .iter()
                .skip(1)
                .filter_map(|word| word.literal.as_deref())
                .skip_while(|word| !word.contains("://") && !word.contains('@'));
            let Some(url) = plain.next() else {
                return Vec::new();
            };
            let folder = plain.find(|word| !word.starts_with('-'));
            let own = last_part(url);
            vec![folder.map_or_else(
                || own.strip_suffix(".git").unwrap_or(&own).to_owned(),
                str::to_owned,
            )]
        }
        _ => Vec::new(),
    }
}

fn judge(
    file: &ProjectFile<'_>,
    view: StepView<'_>,
    place: Span,
    target: &str,
    brought: &[Brought],
    sink: &mut Sink<'_>,
) {
    let earlier = brought
        .iter()
        .filter(|one| one.instruction != view.step.instruction)
        .filter_map(|one| Some((one, hit(file, one, target)?)))
        // What is sure, and the last that wrote it.
        .max_by_key(|(one, _)| (one.confidence, one.instruction));
    let Some((one, bytes)) = earlier else { return };
    let name = base_name(target);
    let secret = files::may_hold_credential(target.trim_start_matches('/'));
    let shown = target.escape_debug();
    let line = file.place(one.place).start.line;
    let size = match bytes {
        0 => String::new(),
        bytes => format!(" and its {}", human_size(bytes)),
    };
    let message = if secret {
        format!("`{shown}` is deleted here, but everyone can still read it in the layer of line {line}.")
    } else {
        format!("`{shown}`{size} still ships: deleting it here does not take it out of the layer of line {line}.")
    };
    let help = if secret {
        format!("Give the step `{}` by `RUN --mount=type=secret`, and replace the secret.", name.escape_debug())
    } else {
        "Bring, use and delete it in one `RUN`, mount it with `RUN --mount=type=bind`, or do it in a build stage.".to_owned()
    };
    sink.report(file.place(place), message)
        .help(help)
        .severity(if secret { Severity::High } else { Severity::Low })
        .confidence(if !secret && bytes < MATTERS && is_small_text(name) {
            Confidence::Low
        } else {
            one.confidence
        })
        .related(file.place(one.place), "It was brought here.");
}

/// Bytes from which on a text matters too.
const MATTERS: u64 = 1_000_000;

/// Whether a file is a text of some lines, by its name: that it still ships costs nobody anything.
fn is_small_text(name: &str) -> bool {
    const TEXTS: &[&str] = &[
        "asc", "bat", "c", "cc", "cfg", "conf", "cpp", "gpg", "h", "ini", "js", "json", "list",
        "lock", "md", "patch", "pl", "properties", "ps1", "py", "rb", "repo", "service", "sh",
        "sql", "toml", "ts", "txt", "xml", "yaml", "yml",
    ];
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| TEXTS.contains(&extension))
}

/// Whether deleting `target` deletes what was brought, or a part of it: the bytes that were, as far
/// as they are known.
fn hit(file: &ProjectFile<'_>, one: &Brought, target: &str) -> Option<u64> {
    let size_below = |source: &str| -> u64 {
        file.context.map_or(0, |context| {
            context
                .entering()
                .filter(|entry| {
                    source.is_empty()
                        || entry.path == source
                        || entry
                            .path
                            .strip_prefix(source)
                            .is_some_and(|rest| rest.starts_with('/'))
                })
                .map(|entry| entry.size)
                .sum()
        })
    };
    // The root and the folders of the system are not what somebody brought.
    if target == "/" {
        return None;
    }
    if one.path == target || is_within(&one.path, target) || source::takes(target, &one.path) {
        return Some(one.source.as_deref().map_or(0, size_below));
    }
    // A part of a folder of the context: only where it is known to lie there.
    let below = target.strip_prefix(one.path.as_str())?.strip_prefix('/')?;
    let source = one.source.as_deref()?;
    let path = match source {
        "" | "." => below.to_owned(),
        source => format!("{source}/{below}"),
    };
    let context = file.context?;
    let there = context.taken_by(&path).next().is_some();
    there.then(|| size_below(&path))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Severity;

    use crate::testing::{fires, run, silent, unsure};

    const RULE: &str = "deleted-in-later-layer";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a package", "FROM a:1\nCOPY x.deb /tmp/x.deb\nRUN dpkg -i /tmp/x.deb \\\n && rm -f /tmp/x.deb\n", &[4]),
                ("a folder", "FROM a:1\nCOPY src /build\nRUN make -C /build && rm -rf /build\n", &[3]),
                ("a relative path", "FROM a:1\nWORKDIR /w\nCOPY x.deb .\nRUN dpkg -i x.deb; rm x.deb\n", &[4]),
                ("behind cd", "FROM a:1\nCOPY x.deb /tmp/\nRUN cd /tmp && dpkg -i x.deb && rm x.deb\n", &[3]),
                ("a pattern", "FROM a:1\nCOPY *.deb /tmp/\nRUN rm /tmp/*.deb\n", &[3]),
                ("a download", "FROM a:1\nRUN curl -fsSLo /tmp/x.tgz https://example.com/x\nRUN tar xf /tmp/x.tgz && rm /tmp/x.tgz\n", &[3]),
                ("wget by name", "FROM a:1\nWORKDIR /w\nRUN wget https://example.com/x.tgz?v=1\nRUN rm x.tgz\n", &[4]),
                ("a checkout", "FROM a:1\nRUN git clone --depth 1 https://example.com/x.git /src\nRUN make -C /src && rm -rf /src\n", &[3]),
                ("from another stage", "FROM a:1 AS b\nFROM a:1\nCOPY --from=b /x.whl /tmp/\nRUN rm /tmp/x.whl\n", &[4]),
                ("in the stage it stands on", "FROM a:1 AS b\nCOPY x /x\nFROM b\nRUN rm /x\n", &[4]),
            ],
        );
        silent(
            RULE,
            &[
                ("one step", "FROM a:1\nRUN curl -o /tmp/x https://example.com/x && rm /tmp/x\n"),
                ("something else", "FROM a:1\nCOPY x /tmp/x\nRUN rm /tmp/y\n"),
                ("a neighbour by name", "FROM a:1\nCOPY x /opt/app\nRUN rm -rf /opt/app2\n"),
                ("a stage that does not ship", "FROM a:1 AS b\nCOPY x /x\nRUN rm /x\nFROM a:1\n"),
                ("what the base brought", "FROM a:1\nRUN rm -rf /usr/share/doc\n"),
                ("a path nobody knows", "FROM a:1\nCOPY x /x\nRUN rm $FILE\n"),
                ("the folder is not known", "FROM a:1\nCOPY x y/\nRUN rm x\n"),
                ("a cache mount", "FROM a:1\nCOPY x /c/x\nRUN --mount=type=cache,target=/c rm /c/x\n"),
                ("a part nobody can see", "FROM a:1\nCOPY src /srv\nRUN rm -rf /srv/tests\n"),
            ],
        );
    }

    #[test]
    fn a_text_of_some_lines_is_not_worth_a_word() {
        unsure(
            RULE,
            &[("a script", "FROM a:1\nCOPY setup.sh /tmp/\nRUN sh /tmp/setup.sh && rm /tmp/setup.sh\n")],
        );
    }

    #[test]
    fn parts_of_a_folder_are_found_in_the_context() {
        let files = [("app/main.py", "x"), ("app/tests/t.bin", "12345")];
        let found = run(RULE, "FROM a:1\nCOPY . /srv\nRUN rm -rf /srv/app/tests\n", &files).findings;
        assert!(found[0].message.contains("and its 5 B"), "{found:#?}");
        let none = run(RULE, "FROM a:1\nCOPY . /srv\nRUN rm -rf /srv/cache\n", &files).findings;
        assert!(none.is_empty());
    }

    #[test]
    fn a_key_is_worse() {
        let found = run(RULE, "FROM a:1\nCOPY id_rsa /root/.ssh/id_rsa\nRUN git clone git@x:y && rm /root/.ssh/id_rsa\n", &[]).findings;
        assert_eq!(found[0].severity, Severity::High);
    }
}
