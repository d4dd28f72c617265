//! The ports that EXPOSE names, read as BuildKit does: `[address:][host:]container[/protocol]`.

use plimsoll_syntax::dockerfile::{InstructionKind, Word};

use crate::project::{ProjectFile, StepView};

/// One word of EXPOSE.
pub(crate) struct Port<'a> {
    /// The word as written.
    pub(crate) word: &'a Word,
    /// The word with its variables replaced.
    pub(crate) text: String,
}

/// The parts of one port.
pub(crate) struct Parts<'a> {
    /// Address and port on the host, with the colons; empty where there is none.
    pub(crate) host: &'a str,
    /// Port or range in the container.
    pub(crate) container: &'a str,
    /// Protocol, where one is written.
    pub(crate) protocol: Option<&'a str>,
}

impl Port<'_> {
    /// Takes the text apart.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let container = self.text.rfind(':').map_or(0, |colon| colon + 1);
        let (host, rest) = self.text.split_at(container);
        let (container, protocol) = match rest.split_once('/') {
            Some((container, protocol)) => (container, Some(protocol)),
            None => (rest, None),
        };
        Parts {
            host,
            container,
            protocol,
        }
    }
}

/// The ports of an EXPOSE whose variables are known.
pub(crate) fn of<'a>(file: &ProjectFile<'a>, view: StepView<'a>) -> Vec<Port<'a>> {
    let InstructionKind::Expose(words) = &view.instruction.kind else {
        return Vec::new();
    };
    let mut ports = Vec::with_capacity(words.len());
    for word in words {
        if !word.value.contains(['$', '"', '\'', '\\', '`']) {
            ports.push(Port {
                word,
                text: word.value.clone(),
            });
            continue;
        }
        let state = &view.step.before;
        let Ok(expansion) = state.expansion(&word.value, file.dockerfile.escape) else {
            continue;
        };
        if expansion.unset.is_empty() {
            ports.extend(expansion.words.into_iter().map(|text| Port { word, text }));
        }
    }
    ports
}
