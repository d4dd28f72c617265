//! YAML as a tree of values that know their lines. The one place that knows the parser behind it.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};

/// A document nested deeper than this is refused.
const DEPTH: usize = 64;
/// So is one with more values.
const VALUES: usize = 200_000;

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The first document of a file.
#[derive(Clone, Debug, Default)]
pub struct Document {
    nodes: Vec<Node>,
    root: Option<usize>,
    has_more: bool,
}

#[derive(Clone, Debug)]
struct Node {
    line: usize,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<usize>),
    Map(Vec<(usize, usize)>),
}

/// One value of a document.
#[derive(Clone, Copy, Debug)]
pub struct Value<'d> {
    document: &'d Document,
    node: &'d Node,
}

/// Reads the first document of a text. An empty text is an empty document.
///
/// # Errors
/// What the grammar does not allow, and what is too deep or too large to be a configuration.
pub fn parse(text: &str) -> Result<Document, YamlError> {
    let mut document = Document::default();
    let mut anchors: HashMap<usize, usize> = HashMap::new();
    // Open lists and maps: the node, and the key that waits for its value.
    let mut open: Vec<(usize, Option<usize>)> = Vec::new();
    let mut events = Parser::new_from_str(text);
    while let Some(next) = events.next() {
        let (event, span) = next.map_err(|error| YamlError {
            line: error.marker().line(),
            message: error.info(),
        })?;
        let line = span.start.line();
        let refuse = |message: &str| YamlError {
            line,
            message: message.to_owned(),
        };
        let (kind, anchor, opens) = match event {
            Event::Scalar(text, style, anchor, _) => (
                Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                },
                anchor,
                false,
            ),
            Event::SequenceStart(_, anchor, _) => (Kind::List(Vec::new()), anchor, true),
            Event::MappingStart(_, anchor, _) => (Kind::Map(Vec::new()), anchor, true),
            Event::Alias(anchor) => {
                if let Some(node) = anchors.get(&anchor) {
                    document.put(*node, &mut open);
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                continue;
            }
            Event::DocumentEnd => {
                document.has_more =
                    !matches!(events.next(), None | Some(Ok((Event::StreamEnd, _))));
                break;
            }
            _ => continue,
        };
        if document.nodes.len() >= VALUES || open.len() >= DEPTH {
            return Err(refuse("too large or too deep for a configuration"));
        }
        let node = document.nodes.len();
        document.nodes.push(Node { line, kind });
        if anchor != 0 {
            anchors.insert(anchor, node);
        }
        document.put(node, &mut open);
        if opens {
            open.push((node, None));
        }
    }
    Ok(document)
}

impl Document {
    /// Hangs a node into the innermost list or map that is open.
    fn put(&mut self, node: usize, open: &mut [(usize, Option<usize>)]) {
        let Some((parent, key)) = open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut self.nodes[*parent].kind {
            Kind::List(items) => items.push(node),
            Kind::Map(entries) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node),
            },
            Kind::Scalar { .. } => {}
        }
    }

    /// Whether something follows it in the file.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// The outermost value; `None` where there is none.
    pub fn root(&self) -> Option<Value<'_>> {
        self.root.map(|node| self.value(node))
    }

    fn value(&self, node: usize) -> Value<'_> {
        Value {
            document: self,
            node: &self.nodes[node],
        }
    }
}

impl<'d> Value<'d> {
    /// The line it starts in, from 1.
    pub fn line(self) -> usize {
        self.node.line
    }

    /// Its text, where it is neither a list nor a map nor nothing.
    pub fn text(self) -> Option<&'d str> {
        match &self.node.kind {
            Kind::Scalar { .. } if self.is_null() => None,
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether it is nothing.
    pub fn is_null(self) -> bool {
        matches!(&self.node.kind, Kind::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Its truth, where it is one of the words for it.
    pub fn truth(self) -> Option<bool> {
        match self.text()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// Its values, where it is a list.
    pub fn list(self) -> Option<impl Iterator<Item = Value<'d>>> {
        match &self.node.kind {
            Kind::List(items) => Some(items.iter().map(move |node| self.document.value(*node))),
            _ => None,
        }
    }

    /// Its keys and values, where it is a map.
    pub fn map(self) -> Option<impl Iterator<Item = (Value<'d>, Value<'d>)>> {
        match &self.node.kind {
            Kind::Map(entries) => {
                Some(entries.iter().map(move |(key, value)| {
                    (self.document.value(*key), self.document.value(*value))
                }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_lines() {
        let document =
            parse("# c\nignored:\n  - DL3008 # why\n  - 'x: y'\nno-fail: true\n").unwrap();
        let entries: Vec<_> = document.root().unwrap().map().unwrap().collect();
        assert_eq!(entries[0].0.text(), Some("ignored"));
        let items: Vec<_> = entries[0].1.list().unwrap().collect();
        assert_eq!((items[0].text(), items[0].line()), (Some("DL3008"), 3));
        assert_eq!(items[1].text(), Some("x: y"));
        assert_eq!(entries[1].1.truth(), Some(true));
    }

    #[test]
    fn aliases_are_what_they_stand_for() {
        let document = parse("a: &x [1]\nb: *x\nc:\n").unwrap();
        let entries: Vec<_> = document.root().unwrap().map().unwrap().collect();
        assert_eq!(entries[1].1.list().unwrap().count(), 1);
        assert!(entries[2].1.is_null());
        assert!(parse("").unwrap().root().is_none());
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        assert_eq!(parse("a: [1\nb: 2\n").unwrap_err().line, 2);
        assert!(parse(&"[".repeat(100)).is_err());
        assert!(parse(&"- ".repeat(100)).is_err());
    }
}
