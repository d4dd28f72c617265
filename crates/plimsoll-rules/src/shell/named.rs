//! `# hadolint shell=bash`, `# tally shell=bash`: the author says which shell reads what follows,
//! where neither SHELL nor the base image tells it. Above the first FROM it speaks of every stage,
//! inside of one of what follows there, until SHELL says something else.

use plimsoll_syntax::dockerfile::{Dockerfile, InstructionKind, Item};

/// What a comment, or a SHELL or FROM behind it, says from an offset of the file on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Named(String),
    Shell,
    From,
}

/// The words of a file, in order; empty where no comment names a shell.
#[derive(Debug, Default)]
pub(crate) struct NamedShells {
    words: Vec<(usize, Word)>,
}

impl NamedShells {
    /// Collects them.
    pub(crate) fn read(dockerfile: &Dockerfile) -> Self {
        let mut words = Vec::new();
        let mut named = false;
        for item in &dockerfile.items {
            let word = match item {
                Item::Comment(comment) => read(&comment.text).map(Word::Named),
                Item::Instruction(instruction) => match instruction.kind {
                    InstructionKind::From(_) => Some(Word::From),
                    InstructionKind::Shell(_) => Some(Word::Shell),
                    _ => None,
                },
                _ => None,
            };
            if let Some(word) = word {
                named |= matches!(word, Word::Named(_));
                words.push((item.span().start, word));
            }
        }
        if !named {
            words.clear();
        }
        Self { words }
    }

    /// The shell that is named for what stands at an offset.
    pub(crate) fn at(&self, offset: usize) -> Option<&str> {
        if self.words.is_empty() {
            return None;
        }
        let mut everywhere = None;
        let mut here = None;
        let mut inside = false;
        for (_, word) in self.words.iter().take_while(|(at, _)| *at < offset) {
            match word {
                Word::Named(name) if inside => here = Some(name.as_str()),
                Word::Named(name) => everywhere = Some(name.as_str()),
                Word::Shell => here = None,
                Word::From => {
                    inside = true;
                    here = everywhere;
                }
            }
        }
        here
    }
}

fn read(text: &str) -> Option<String> {
    let text = text.trim_start();
    let rest = text
        .strip_prefix("hadolint")
        .or_else(|| text.strip_prefix("tally"))?;
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let rest = rest.strip_prefix("shell")?.trim_start();
    let rest = rest.strip_prefix('=')?.trim_start();
    let name = rest.split([' ', '\t', '#']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::SourceFile;

    #[test]
    fn a_shell_is_named_until_another_word() {
        let text = "# hadolint shell=ksh # all\nFROM a\nRUN 1\n# tally shell = bash\nRUN 2\n\
                    SHELL [\"x\", \"-c\"]\nRUN 3\nFROM b\nRUN 4\n";
        let (tree, _) = plimsoll_syntax::dockerfile::parse(SourceFile::new("Dockerfile", text));
        let named = NamedShells::read(&tree);
        let at = |word: &str| named.at(text.find(word).unwrap());
        assert_eq!(at("RUN 1"), Some("ksh"));
        assert_eq!(at("RUN 2"), Some("bash"));
        assert_eq!(at("RUN 3"), None);
        assert_eq!(at("RUN 4"), Some("ksh"));
        assert_eq!(read("hadolint shellshell=x"), None);
    }
}
