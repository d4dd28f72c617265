use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::expand::Lexer;
use plimsoll_syntax::dockerfile::{InstructionKind, KeyValue, State, Variable, Word};

use super::mend;
use crate::declare::declare_rule;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an instruction uses a variable that neither the file nor, as far as it is known,
    /// the base image sets; and that an `ENV` uses a variable that the same `ENV` sets, which
    /// still has its old value there. Where only the base image could tell, it speaks of names
    /// that look mistyped. `RUN` is the shell's affair.
    ///
    /// ## Why it hurts in production
    /// An unset variable is an empty text, without an error: `COPY app $TARGET/` copies to `/`.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// ENV APP_HOME=/opt/app PATH=$APP_HOME/bin:$PATH
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// ENV APP_HOME=/opt/app
    /// ENV PATH=$APP_HOME/bin:$PATH
    /// ```
    ///
    /// ## Fix
    /// None in general: where the value should come from is a guess. A name that looks mistyped
    /// gets an unsafe fix, the name that is set.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/undefined-var/>
    /// - <https://docs.docker.com/reference/dockerfile/#environment-replacement>
    UndefinedVariable = "undefined-variable",
    summary: "A variable is used that is not set there",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["UndefinedVar", "DL3044", "S6579"],
    audience: Default,
    edition: 2026,
}

const UNDEFINED: &[&str] = &["UndefinedVar", "S6579"];

impl Rule for UndefinedVariable {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let memory = Memory {
            first_set: OnceCell::new(),
            comparisons: Cell::new(COMPARISON_LIMIT),
        };
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                judge(file, view, &memory, sink);
            }
        }
    }
}

/// Names that may be compared with mistyped ones in one file: each comparison takes the product of
/// two lengths.
const COMPARISON_LIMIT: usize = 1 << 17;

/// Variables that may be told of one instruction.
const TOLD_LIMIT: usize = 100;

/// What is found out once per file.
struct Memory<'a> {
    /// For each name the first ENV or ARG that sets it, in whatever stage: hadolint's idea of
    /// "known".
    first_set: OnceCell<BTreeMap<&'a str, usize>>,
    comparisons: Cell<usize>,
}

impl<'a> Memory<'a> {
    /// Whether any instruction in front of this one sets a variable.
    fn sets_before(&self, file: &ProjectFile<'a>, name: &str, instruction: usize) -> bool {
        let first_set = self.first_set.get_or_init(|| {
            let mut first = BTreeMap::new();
            for (at, instruction) in file.dockerfile.instructions().enumerate() {
                if let InstructionKind::Env(pairs) | InstructionKind::Arg(pairs) = &instruction.kind
                {
                    for pair in pairs {
                        first.entry(pair.name.value.as_str()).or_insert(at);
                    }
                }
            }
            first
        });
        first_set.get(name).is_some_and(|at| *at < instruction)
    }
}

fn judge<'a>(
    file: &ProjectFile<'a>,
    view: StepView<'a>,
    memory: &Memory<'a>,
    sink: &mut Sink<'_>,
) {
    let instruction = view.instruction;
    let mut scan = Scan {
        file,
        view,
        memory,
        own: BTreeMap::new(),
        told: Vec::new(),
        sink,
    };
    match &instruction.kind {
        InstructionKind::Env(pairs) => {
            let refers = |pair: &KeyValue| {
                let value = pair.value.as_ref();
                value.is_some_and(|value| value.value.contains('$'))
            };
            if pairs.len() > 1 && pairs.iter().any(refers) {
                for (at, pair) in pairs.iter().enumerate() {
                    let own = scan.own.entry(pair.name.value.as_str());
                    own.and_modify(|(_, last)| *last = at).or_insert((at, at));
                }
            }
            scan.pairs(pairs);
        }
        InstructionKind::Label(pairs) => scan.pairs(pairs),
        InstructionKind::Arg(pairs) => {
            let mut before = view.step.before.clone();
            let mut declared_to = 0;
            for (at, pair) in pairs.iter().enumerate() {
                let Some(value) = &pair.value else { continue };
                if !value.value.contains('$') {
                    continue;
                }
                // Each sees those in front of it.
                if at > declared_to {
                    let state = Arc::make_mut(&mut before);
                    for earlier in &pairs[declared_to..at] {
                        let name = &earlier.name.value;
                        if !state.variables.contains_key(name) {
                            state.variables.insert(name.clone(), declared());
                        }
                    }
                }
                declared_to = at;
                scan.word(value, &before, None);
            }
        }
        InstructionKind::Copy(words) | InstructionKind::Add(words) => {
            for name in ["chown", "chmod", "checksum"] {
                if let Some(word) = instruction.flag(name) {
                    scan.plain(word);
                }
            }
            for word in words.iter().filter(|word| !word.value.starts_with("<<")) {
                scan.plain(word);
            }
            for heredoc in instruction.heredocs.iter().filter(|heredoc| heredoc.expand) {
                scan.heredoc(heredoc.body.value.as_str(), heredoc.body.span);
            }
        }
        InstructionKind::Volume(words) => words.iter().for_each(|word| scan.plain(word)),
        InstructionKind::Workdir(word)
        | InstructionKind::User(word)
        | InstructionKind::Stopsignal(word) => scan.plain(word),
        InstructionKind::Run(_) => {
            for flag in instruction.flags.iter().filter(|flag| flag.name == "mount") {
                if let Some(word) = &flag.value {
                    scan.plain(word);
                }
            }
        }
        _ => {}
    }
}

/// A variable that is set, to whatever.
fn declared() -> Variable {
    Variable {
        value: Some(String::new()),
        span: None,
        is_arg: true,
    }
}

struct Scan<'s, 'a, 'b> {
    file: &'s ProjectFile<'a>,
    view: StepView<'a>,
    memory: &'s Memory<'a>,
    /// For each name that the ENV sets its first and its last pair; empty where nothing in it could
    /// refer to another.
    own: BTreeMap<&'a str, (usize, usize)>,
    /// What was told of this instruction: once is enough.
    told: Vec<String>,
    sink: &'s mut Sink<'b>,
}

impl Scan<'_, '_, '_> {
    fn pairs(&mut self, pairs: &[KeyValue]) {
        for (at, pair) in pairs.iter().enumerate() {
            self.plain(&pair.name);
            if let Some(value) = &pair.value
                && value.value.contains('$')
            {
                let before = self.view.step.before.clone();
                self.word(value, &before, Some(at));
            }
        }
    }

    fn plain(&mut self, word: &Word) {
        if word.value.contains('$') {
            let before = self.view.step.before.clone();
            self.word(word, &before, None);
        }
    }

    fn heredoc(&mut self, body: &str, span: Span) {
        if !body.contains('$') {
            return;
        }
        let lexer = Lexer::heredoc_body(b'\\');
        let before = self.view.step.before.clone();
        let Ok(expansion) = lexer.expand(body, before.as_ref()) else {
            return;
        };
        let word = Word {
            value: String::new(),
            span,
        };
        for name in &expansion.unset {
            self.report(name, &word, &before, None, &expansion.missing);
        }
    }

    fn word(&mut self, word: &Word, state: &State, own: Option<usize>) {
        let expansion = match state.expansion(&word.value, self.file.dockerfile.escape) {
            Ok(expansion) => expansion,
            Err(error) => {
                // What is wrong with the word is told elsewhere.
                for name in &error.unset {
                    self.report(name, word, state, None, &[]);
                }
                return;
            }
        };
        for name in &expansion.unset {
            self.report(name, word, state, own, &expansion.missing);
        }
        // Known, and yet not with the value that this very ENV gives it.
        if let Some(own) = own {
            for name in &expansion.used {
                if self.sets(name, own)
                    && self.is_news(name)
                    && self.told.len() < TOLD_LIMIT
                    && !self.told.contains(name)
                {
                    self.told.push(name.clone());
                    self.stale(name, word, &["DL3044"], Confidence::Medium);
                }
            }
        }
    }

    /// Whether another pair of this ENV sets a variable.
    fn sets(&self, name: &str, but: usize) -> bool {
        let pairs = self.own.get(name);
        pairs.is_some_and(|(first, last)| *first != but || *last != but)
    }

    /// Whether nothing in front of this instruction sets a variable.
    fn is_news(&self, name: &str) -> bool {
        let here = self.view.step.instruction;
        !self.memory.sets_before(self.file, name, here)
    }

    /// Tells of a variable without a value. `missing` are the names whose lack makes an empty text:
    /// that of `${name:-default}` does not.
    fn report(
        &mut self,
        name: &str,
        word: &Word,
        state: &State,
        own: Option<usize>,
        missing: &[String],
    ) {
        // An ARG without a value is declared, and that is enough; PATH is always there.
        let is_known = name == "PATH" || state.variables.contains_key(name);
        let is_own = own.is_some_and(|own| self.sets(name, own));
        if is_known && !is_own
            || self.told.len() >= TOLD_LIMIT
            || self.told.iter().any(|told| told == name)
            || name.starts_with("BUILDKIT_SBOM_SCAN_")
        {
            return;
        }
        let is_news = is_own && self.is_news(name);
        if is_known && !is_news {
            return;
        }
        let empty = missing.iter().any(|missing| missing == name);
        self.told.push(name.to_owned());
        if is_own {
            let (aliases, confidence): (&[&str], _) = match (is_known, is_news) {
                (true, _) => (&["DL3044"], Confidence::Medium),
                (false, true) => (&["UndefinedVar", "DL3044", "S6579"], Confidence::High),
                (false, false) => (UNDEFINED, Confidence::High),
            };
            return self.stale(name, word, aliases, confidence);
        }
        let certain = state.base_known && empty;
        let left = self.memory.comparisons.get();
        let meant = left.checked_sub(state.variables.len() + 1).and_then(|left| {
            self.memory.comparisons.set(left);
            let known = state.variables.keys().map(String::as_str);
            mend::meant(name, known.chain((!state.base_known).then_some("PATH")))
        });
        let meant = meant.map(str::to_owned);
        let confidence = match (&meant, certain) {
            (_, true) => Confidence::High,
            (Some(_), false) if empty => Confidence::Medium,
            _ => Confidence::Low,
        };
        let confidence = if self.view.stage.reaches_target {
            confidence
        } else {
            Confidence::Low
        };
        let place = mend::variable_span(self.file, word, name);
        let shown = name.escape_debug();
        if empty && confidence == Confidence::Low && self.view.stage.reaches_target {
            self.sink.note(
                self.file.place(place),
                format!("only the base image knows whether `${shown}` is set; it is taken to be"),
            );
        }
        let reported = self
            .sink
            .report(
                self.file.place(place),
                if certain {
                    format!("`${shown}` is not set here, and so it is empty.")
                } else {
                    format!("Nothing in this file sets `${shown}`; if the base image does not, it is empty.")
                },
            )
            .aliases(UNDEFINED)
            .confidence(confidence);
        let Some(meant) = meant else {
            reported.help(format!("Declare it above, with `ARG {shown}` or `ENV {shown}=…`."));
            return;
        };
        let reported = reported.help(format!("Did you mean `${meant}`?"));
        let text = mend::written(self.file, place);
        if text.starts_with(b"$")
            && let Some(at) = memchr::memmem::find(text, name.as_bytes())
        {
            let start = place.start + at;
            reported.fix(mend::fix(
                self.file,
                format!("Write `${meant}`"),
                plimsoll_model::Applicability::Unsafe,
                [(Span::new(start, start + name.len()), meant)],
            ));
        }
    }

    fn stale(
        &mut self,
        name: &str,
        word: &Word,
        aliases: &'static [&'static str],
        confidence: Confidence,
    ) {
        let confidence = if self.view.stage.reaches_target {
            confidence
        } else {
            Confidence::Low
        };
        let shown = name.escape_debug();
        self.sink
            .report(
                self.file.place(mend::variable_span(self.file, word, name)),
                format!("`${shown}` still has the value here that it had in front of this `ENV`."),
            )
            .help(format!("Set `{shown}` in an `ENV` of its own, in front of this one."))
            .aliases(aliases)
            .confidence(confidence);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "undefined-variable";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("on an empty base", "FROM scratch\nCOPY $foo .\n", &[2]),
                ("declared too late", "FROM scratch\nCOPY $foo .\nARG foo=bar\n", &[2]),
                (
                    "declared in front of FROM only",
                    "ARG foo=1\nFROM scratch\nCOPY $foo .\n",
                    &[3],
                ),
                ("mistyped", "FROM a:1\nARG DIR_ASSETS=a/\nCOPY $DIR_ASSET .\n", &[3]),
                ("mistyped PATH", "FROM a:1\nENV PATH=$PAHT:/bin\n", &[2]),
                ("of the same ENV", "FROM a:1\nENV A=1 \\\n  B=\"$A/b\"\n", &[3]),
                (
                    "of the same ENV, set by the base",
                    "FROM a:1\nENV PATH=/x B=$PATH\n",
                    &[2],
                ),
                ("in a heredoc", "FROM scratch\nCOPY <<EOF /a\n$foo\nEOF\n", &[3]),
                ("told once", "FROM scratch\nCOPY $foo ${foo} /\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("declared", "FROM scratch\nARG foo\nCOPY $foo .\n"),
                ("in the stage below", "FROM a:1 AS x\nARG foo=1\nFROM x\nCOPY $foo .\n"),
                ("a default says that it may be unset", "FROM a:1\nENV A=b\nENV A=$A:c\n"),
                ("a word for when it is unset", "FROM scratch\nENV A=${B:-c}\n"),
                ("PATH is always set", "FROM scratch\nENV PATH=/x:$PATH\n"),
                ("the shell's own", "FROM scratch\nRUN echo $foo\nCMD echo $foo\n"),
                ("in single quotes", "FROM scratch\nENV A='$foo'\n"),
                ("a heredoc with a quoted name", "FROM scratch\nCOPY <<'EOF' /a\n$foo\nEOF\n"),
                ("each ARG sees those in front", "FROM scratch\nARG a=1 b=$a\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("the base may set it", "FROM golang:1.24\nWORKDIR $GOPATH/src\n"),
                ("a stage that nothing needs", "FROM scratch AS x\nCOPY $f .\nFROM a:1\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM a:1\nARG DIR_ASSETS=a/\nCOPY ${DIR_ASSET}x .\n", &[]),
            "FROM a:1\nARG DIR_ASSETS=a/\nCOPY ${DIR_ASSETS}x .\n"
        );
    }
}
