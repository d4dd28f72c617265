//! The script that a container starts with, found in the build context through COPY.

use plimsoll_model::{SourceFile, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{Base, Command, CommandForm, InstructionKind, Stage, Text, Word};
use plimsoll_syntax::shell::{self, Dialect, Script, ShellCommand, ShellWord, wrapper};

use crate::placement::joined;
use crate::project::{ProjectFile, StepView};
use crate::script;
use crate::shell::kind::{Shell, ShellKind};

/// A shell script that ENTRYPOINT or CMD starts, with its text.
#[derive(Debug)]
pub struct ContextScript<'a> {
    /// The path below the build context; for a COPY of a heredoc the path in the image.
    pub path: String,
    /// The path in the image.
    pub image_path: String,
    /// The file it stands in: one of the context, or the Dockerfile for a COPY of a heredoc.
    pub source: SourceFile,
    /// The shell that reads it.
    pub shell: Shell,
    /// Its commands. Offsets count bytes of [`Self::text`].
    pub script: Script,
    /// The shell text. Bytes that are not UTF-8 end it.
    pub text: String,
    /// Index of the ENTRYPOINT or CMD that starts it.
    pub started_by: usize,
    /// Index of the COPY or ADD that brings it.
    pub copied_by: usize,
    /// What the script is started with behind its own name, where that is known.
    pub arguments: Vec<String>,
    /// The heredoc it stands in.
    heredoc: Option<&'a Text>,
}

impl ContextScript<'_> {
    /// Where the bytes `start..end` of the text stand.
    pub fn place(&self, start: usize, end: usize) -> SourceOrigin {
        SourceOrigin::new(&self.source, self.span(start, end))
    }

    /// The span of the bytes `start..end` of the text in [`Self::source`].
    pub fn span(&self, start: usize, end: usize) -> Span {
        match self.heredoc {
            Some(text) => text.source_span(start, end),
            None => Span::new(start, end.max(start)),
        }
    }

    /// Where a word stands.
    pub fn word_place(&self, word: &ShellWord) -> SourceOrigin {
        self.place(word.start, word.end)
    }

    /// Where a command stands, from its first word to its last.
    pub fn command_place(&self, command: &ShellCommand) -> SourceOrigin {
        let (start, end) = command.range();
        self.place(start, end)
    }
}

/// How many stages a file is followed through.
const DEPTH_LIMIT: usize = 8;

/// Finds the script that the target starts with.
pub(crate) fn find<'a>(file: &ProjectFile<'a>) -> Option<ContextScript<'a>> {
    let target = file.target()?;
    let (words, started_by) = started(file)?;
    let mut words = words.as_slice();
    let mut named_shell = None;
    // Whatever stands in front of the script only starts it.
    let program = loop {
        let at = wrapper::program_index(words, |word| Some(word.as_str()));
        let (first, behind) = words.get(at..)?.split_first()?;
        words = behind;
        if !script::is_posix_shell(first) {
            break first.as_str();
        }
        named_shell = Some(first.as_str());
        let options = words.iter().take_while(|word| word.starts_with('-'));
        words = words.get(options.count()..)?;
    };
    let finder = Finder {
        file,
        workdir: target.end.workdir.as_deref(),
    };
    let found = if program.contains('/') {
        let path = absolute(program, finder.workdir)?;
        finder.in_stage(target, &path, 0).map(|found| (found, path))
    } else {
        let path = target.end.variables.get("PATH");
        let path = path.and_then(|variable| variable.value.as_deref());
        path.unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .split(':')
            .filter(|folder| folder.starts_with('/'))
            .find_map(|folder| {
                let path = absolute(program, Some(folder))?;
                let found = finder.in_stage(target, &path, 0)?;
                Some((found, path))
            })
    };
    let (found, image_path) = found?;
    let (source, text, heredoc, path) = match found.content {
        Content::Context(path) => {
            let source = file.context?.contents.get(&path)?.clone();
            // A script with a stray byte is a script up to there.
            let text = match std::str::from_utf8(source.bytes()) {
                Ok(text) => text,
                Err(error) => {
                    std::str::from_utf8(&source.bytes()[..error.valid_up_to()]).unwrap_or_default()
                }
            };
            let text = text.to_owned();
            (source, text, None, path)
        }
        Content::Heredoc(body) => (
            file.dockerfile.source.clone(),
            body.value.clone(),
            Some(body),
            image_path.clone(),
        ),
    };
    let sh = file.sh(target);
    let line = text
        .strip_prefix("#!")
        .and_then(|rest| rest.lines().next())
        .map(|line| line.split_whitespace());
    let shell = match (line, named_shell) {
        // A shell that is named outright does not look at the first line.
        (_, Some(program)) => Shell::of_words([program], sh),
        (Some(words), None) => Shell::of_words(words, sh),
        // What has no first line the kernel refuses, and a shell that tried runs itself.
        (None, None) if image_path.ends_with(".sh") => Shell::default_of(sh),
        (None, None) => return None,
    };
    if !shell.kind.is_bourne() && shell.kind != ShellKind::Absent || text.contains('\0') {
        return None;
    }
    Some(ContextScript {
        script: shell::parse(&text, Dialect::Bash),
        path,
        image_path,
        source,
        shell,
        text,
        started_by,
        copied_by: found.copied_by,
        arguments: words.to_vec(),
        heredoc,
    })
}

/// The words that a container of the target starts with, and the instruction they stand in.
fn started(file: &ProjectFile<'_>) -> Option<(Vec<String>, usize)> {
    let (entrypoint, cmd) = file.starting_commands();
    let (view, command) = entrypoint.or(cmd)?;
    let mut words = words_of(file, view, command)?;
    if let (Some(_), Some((_, arguments))) = (entrypoint, cmd)
        && let (CommandForm::Exec(_), CommandForm::Exec(arguments)) =
            (&command.form, &arguments.form)
    {
        words.extend(arguments.iter().map(|word| word.value.clone()));
    }
    Some((words, view.step.instruction))
}

/// The words of a command that runs one program.
fn words_of(file: &ProjectFile<'_>, view: StepView<'_>, command: &Command) -> Option<Vec<String>> {
    if let CommandForm::Exec(words) = &command.form {
        let is_text = words.get(1).is_some_and(|word| {
            script::is_posix_shell(&words[0].value)
                && word.value.starts_with('-')
                && word.value.ends_with('c')
        });
        if !is_text {
            return Some(words.iter().map(|word| word.value.clone()).collect());
        }
    }
    let [script] = file.scripts(view) else {
        return None;
    };
    let [one] = script.script.commands.as_slice() else {
        return None;
    };
    // Behind the first word that only the shell knows nothing is certain.
    let words: Vec<String> = one
        .words
        .iter()
        .map_while(|word| word.literal.clone())
        .collect();
    (!words.is_empty()).then_some(words)
}

struct Finder<'f, 'a> {
    file: &'f ProjectFile<'a>,
    workdir: Option<&'f str>,
}

struct Found<'a> {
    content: Content<'a>,
    copied_by: usize,
}

enum Content<'a> {
    /// A path below the context.
    Context(String),
    Heredoc(&'a Text),
}

impl<'a> Finder<'_, 'a> {
    /// What put a file of that path into a stage last.
    fn in_stage(&self, stage: &'a Stage, path: &str, depth: usize) -> Option<Found<'a>> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        let found = self
            .file
            .steps(stage)
            .rev()
            .find_map(|view| self.in_step(view, path, depth));
        if found.is_some() {
            return found;
        }
        match stage.base {
            Base::Stage(below) if below < stage.index => {
                let below = self.file.resolution.stages.get(below)?;
                self.in_stage(below, path, depth + 1)
            }
            _ => None,
        }
    }

    fn in_step(&self, view: StepView<'a>, path: &str, depth: usize) -> Option<Found<'a>> {
        let (InstructionKind::Copy(words) | InstructionKind::Add(words)) = &view.instruction.kind
        else {
            return None;
        };
        let (destination, sources) = words.split_last()?;
        let state = &view.step.before;
        let written = self.file.expand(&destination.value, state)?;
        let to = absolute(&written, state.workdir.as_deref())?;
        let below = below(path, &to)?;
        let into_folder = written.ends_with(['/', '.']) || sources.len() > 1;
        let copied_by = view.step.instruction;
        sources.iter().rev().find_map(|source| {
            if let Some(heredoc) = heredoc_of(view, source) {
                let is_it = if into_folder {
                    below == heredoc.name
                } else {
                    below.is_empty()
                };
                return is_it.then_some(Found {
                    content: Content::Heredoc(&heredoc.body),
                    copied_by,
                });
            }
            let source = self.file.expand(&source.value, state)?;
            match view.step.from.first() {
                None if view.instruction.flag("from").is_none() => {
                    let path = self.in_context(&source, below)?;
                    Some(Found {
                        content: Content::Context(path),
                        copied_by,
                    })
                }
                Some(Base::Stage(other)) => {
                    let other = self.file.resolution.stages.get(*other)?;
                    let source = absolute(&source, Some("/"))?;
                    candidates(&source, below)
                        .into_iter()
                        .find_map(|path| self.in_stage(other, &path, depth + 1))
                }
                _ => None,
            }
        })
    }

    /// The file of the context that `source` brings to `below` its destination.
    fn in_context(&self, source: &str, below: &str) -> Option<String> {
        let context = self.file.context?;
        let source = absolute(source, Some("/"))?;
        let source = source.trim_start_matches('/');
        let path = if source.contains(['*', '?', '[']) {
            let entry = context
                .taken_by(source)
                .find(|entry| entry.path.rsplit('/').next() == Some(below))?;
            entry.path.clone()
        } else {
            candidates(source, below)
                .into_iter()
                .find(|path| context.contents.contains_key(path))?
        };
        context.enters(&path).then_some(path)
    }
}

/// What may have been copied from `source` to `below` its destination: the file itself, the file
/// into a folder of its own name, or one in the folder that `source` is.
fn candidates(source: &str, below: &str) -> Vec<String> {
    let name = source.rsplit('/').next().unwrap_or(source);
    let mut paths = Vec::new();
    if below.is_empty() || below == name {
        paths.push(source.to_owned());
    }
    if !below.is_empty() {
        paths.push(match source.trim_end_matches('/') {
            "" if source.starts_with('/') => format!("/{below}"),
            "" => below.to_owned(),
            folder => format!("{folder}/{below}"),
        });
    }
    paths
}

/// The rest of `path` below `folder`; nothing where they are the same.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() {
        return Some("");
    }
    rest.strip_prefix('/')
}

fn heredoc_of<'a>(
    view: StepView<'a>,
    source: &Word,
) -> Option<&'a plimsoll_syntax::dockerfile::Heredoc> {
    let name = source.value.strip_prefix("<<")?;
    let name = name.trim_start_matches('-').trim_matches(['"', '\'']);
    view.instruction
        .heredocs
        .iter()
        .find(|heredoc| heredoc.name == name)
}

/// A path from the root, cleaned.
fn absolute(path: &str, folder: Option<&str>) -> Option<String> {
    let folder = if path.starts_with('/') { "/" } else { folder? };
    Some(joined(folder, path))
}

#[cfg(test)]
mod tests {
    use plimsoll_syntax::dockerfile::{self, ResolveInput};

    use crate::project::ProjectFile;
    use crate::shell::kind::ShellKind;
    use crate::testing;

    /// Path, kind and arguments of the script that a container starts with.
    fn found(text: &str, files: &[(&str, &str)]) -> Option<(String, ShellKind, String)> {
        let project = testing::project(text, files);
        let (tree, errors) = dockerfile::parse(project.file);
        let resolution = dockerfile::resolve(&tree, &ResolveInput::default());
        let options = testing::options("ALL");
        let file = ProjectFile::new(
            &tree,
            &errors,
            &resolution,
            project.context.as_deref(),
            &options.settings,
        );
        let script = file.entry_script()?;
        assert!(!script.script.commands.is_empty());
        let place = script.command_place(&script.script.commands[0]);
        assert_eq!(place.file, script.source.path());
        Some((
            script.path.clone(),
            script.shell.kind,
            script.arguments.join(" "),
        ))
    }

    const SCRIPT: &str = "#!/bin/sh\nset -e\nexec \"$@\"\n";

    #[test]
    fn scripts_are_found_through_copy() {
        for (text, path) in [
            (
                "FROM alpine\nCOPY docker-entrypoint.sh /\nENTRYPOINT [\"/docker-entrypoint.sh\"]\n",
                "docker-entrypoint.sh",
            ),
            (
                "FROM alpine\nCOPY --chmod=755 docker-entrypoint.sh /usr/local/bin/\nENTRYPOINT [\"docker-entrypoint.sh\"]\n",
                "docker-entrypoint.sh",
            ),
            (
                "FROM alpine\nCOPY docker-entrypoint.sh /usr/local/bin\nENTRYPOINT [\"docker-entrypoint.sh\"]\n",
                "docker-entrypoint.sh",
            ),
            (
                "FROM alpine\nCOPY docker-entrypoint.sh /go\nENTRYPOINT /go\n",
                "docker-entrypoint.sh",
            ),
            (
                "FROM alpine\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./bin/start.sh\"]\n",
                "bin/start.sh",
            ),
            (
                "FROM alpine\nCOPY bin /srv/bin\nCMD [\"sh\", \"/srv/bin/start.sh\"]\n",
                "bin/start.sh",
            ),
            (
                "FROM alpine\nCOPY *.sh /x/\nENTRYPOINT [\"/sbin/tini\", \"--\", \"/x/docker-entrypoint.sh\"]\n",
                "docker-entrypoint.sh",
            ),
            (
                "FROM alpine\nCOPY bin /x/\nENTRYPOINT [\"tini\", \"-p\", \"SIGTERM\", \"--\", \"nice\", \"-n\", \"5\", \"sh\", \"-e\", \"/x/start.sh\"]\n",
                "bin/start.sh",
            ),
            (
                "FROM alpine\nARG N=docker-entrypoint.sh\nADD ./${N} /e.sh\nENTRYPOINT [\"/bin/sh\", \"-c\", \"/e.sh\"]\n",
                "docker-entrypoint.sh",
            ),
            (
                "FROM alpine AS b\nCOPY . /src\nFROM alpine\nCOPY --from=b /src/bin/start.sh /s.sh\nCMD /s.sh\n",
                "bin/start.sh",
            ),
            (
                "FROM alpine AS b\nCOPY bin/start.sh /s.sh\nENTRYPOINT [\"/s.sh\"]\nFROM b\nRUN x\n",
                "bin/start.sh",
            ),
        ] {
            let files = [("docker-entrypoint.sh", SCRIPT), ("bin/start.sh", SCRIPT)];
            let found = found(text, &files);
            assert_eq!(found.map(|found| found.0).as_deref(), Some(path), "{text}");
        }
    }

    #[test]
    fn what_is_not_sure_is_not_there() {
        for (text, files) in [
            // Nothing copies it.
            (
                "FROM alpine\nCOPY a.sh /\nENTRYPOINT [\"/b.sh\"]\n",
                [("a.sh", SCRIPT)],
            ),
            // It is kept out, or no shell's.
            (
                "FROM alpine\nCOPY . /\nENTRYPOINT [\"/a.sh\"]\n",
                [("b.sh", SCRIPT)],
            ),
            (
                "FROM alpine\nCOPY . /\nENTRYPOINT [\"/entrypoint\"]\n",
                [("entrypoint", "#!/usr/bin/python3\nx\n")],
            ),
            ("FROM alpine\nENTRYPOINT [\"/a.sh\"]\n", [("a.sh", SCRIPT)]),
            ("FROM alpine\nCOPY . /\n", [("a.sh", SCRIPT)]),
            (
                "FROM alpine\nCOPY a.sh $X/\nENTRYPOINT [\"/a.sh\"]\n",
                [("a.sh", SCRIPT)],
            ),
        ] {
            assert_eq!(found(text, &files), None, "{text}");
        }
    }

    #[test]
    fn first_lines_and_arguments_count() {
        assert_eq!(
            found(
                "FROM debian:12\nCOPY entrypoint /\nENTRYPOINT [\"/entrypoint\", \"-v\"]\nCMD [\"app\"]\n",
                &[("entrypoint", "#!/usr/bin/env bash\nexec \"$@\"\n")]
            ),
            Some((
                "entrypoint".to_owned(),
                ShellKind::Bash,
                "-v app".to_owned()
            ))
        );
        assert_eq!(
            found(
                "FROM debian:12\nCOPY <<EOF /start.sh\n#!/bin/sh\nexec app\nEOF\nCMD [\"/start.sh\"]\n",
                &[]
            ),
            Some(("/start.sh".to_owned(), ShellKind::Dash, String::new()))
        );
    }
}
