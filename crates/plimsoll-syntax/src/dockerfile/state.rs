//! What an instruction inherits from those before it.

use std::collections::BTreeMap;

use plimsoll_model::{ImageConfig, Span};

use super::Word;
use super::expand::{ExpandError, Expansion, Lexer, Variables};

/// The longest value of a variable: more than this the kernel hands to no program.
const VALUE_LIMIT: usize = 128 * 1024;

/// `PATH` where the base image sets none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A variable and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Expanded value; `None` for a declared ARG without one, or one that cannot be known.
    pub value: Option<String>,
    /// The `NAME=value` that set it; `None` where the base image or the builder did.
    pub span: Option<Span>,
    /// Whether it is an ARG (not part of the image).
    pub is_arg: bool,
}

/// Everything that an instruction inherits from those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Environment and build arguments in scope; ENV wins over ARG.
    pub variables: BTreeMap<String, Variable>,
    /// Effective user, empty for the default (root); `None` where only the base image knows.
    pub user: Option<String>,
    /// Index of the USER instruction that set it, in the file.
    pub user_set_by: Option<usize>,
    /// Effective working directory, absolute; `None` where only the base image knows.
    pub workdir: Option<String>,
    /// SHELL as set in the file or known from the base; `None` means the default `/bin/sh -c`.
    pub shell: Option<Vec<String>>,
    /// Whether base and everything above it is known, so that an absent variable is really unset.
    pub base_known: bool,
}

impl Variables for State {
    fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.value.as_deref()
    }
}

impl State {
    /// The state on top of an image.
    pub fn of_image(config: &ImageConfig) -> Self {
        let mut state = Self {
            user: Some(config.user.clone()),
            workdir: Some(if config.working_dir.is_empty() {
                "/".to_owned()
            } else {
                config.working_dir.clone()
            }),
            shell: config.shell.clone().filter(|shell| !shell.is_empty()),
            base_known: true,
            ..Self::default()
        };
        let path = [("PATH", DEFAULT_PATH)];
        let variables = config
            .env
            .iter()
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        for (name, value) in path.into_iter().chain(variables) {
            state.variables.insert(
                name.to_owned(),
                Variable {
                    value: Some(value.to_owned()),
                    span: None,
                    is_arg: false,
                },
            );
        }
        state
    }

    /// Expands a word with the variables in scope.
    ///
    /// # Errors
    /// See `Lexer::expand`.
    pub fn expansion(&self, word: &str, escape: u8) -> Result<Expansion, ExpandError> {
        let lexer = Lexer {
            limit: VALUE_LIMIT,
            ..Lexer::new(escape)
        };
        lexer.expand(word, self)
    }

    /// The value of `word` with the variables in scope.
    ///
    /// # Errors
    /// See `Lexer::expand`.
    pub fn expand(&self, word: &Word, escape: u8) -> Result<String, ExpandError> {
        Ok(self.expansion(&word.value, escape)?.value)
    }

    /// The words that `word` becomes: EXPOSE splits what its variables hold.
    ///
    /// # Errors
    /// See `Lexer::expand`.
    pub fn expand_words(&self, word: &Word, escape: u8) -> Result<Vec<String>, ExpandError> {
        Ok(self.expansion(&word.value, escape)?.words)
    }

    /// Whether it can be known from the file (and the base, if that is known) that `name` is unset
    /// or what its value is.
    pub fn knows(&self, name: &str) -> bool {
        match self.variables.get(name) {
            Some(variable) => variable.value.is_some() || variable.is_arg,
            None => self.base_known,
        }
    }

    /// Whether an expansion is sure to be what the build sees.
    pub fn is_certain(&self, expansion: &Expansion) -> bool {
        expansion.unset.iter().all(|name| self.knows(name))
    }

    /// What the variables take in memory, roughly.
    pub(super) fn weight(&self) -> usize {
        self.variables
            .iter()
            .map(|(name, variable)| {
                name.len() + variable.value.as_ref().map_or(0, String::len) + 128
            })
            .sum()
    }
}
