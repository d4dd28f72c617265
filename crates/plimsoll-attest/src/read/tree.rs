//! A JSON document, as far as the readers ask for it: texts stay where they lie in its bytes, and
//! fields whose names nobody asks for are passed over. Of thousands of components, a tree of
//! everything takes longer than all that is done with it.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};

/// Parts of a document that are read: many times what those of the largest images have. A part can
/// be two bytes long, and takes sixteen times that here.
const MAX_PARTS: usize = 5_000_000;

/// A part of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tree<'d> {
    /// A number, a truth value, nothing.
    Other,
    /// A text.
    Text(Cow<'d, str>),
    /// A list.
    List(Vec<Self>),
    /// An object: its fields that have one of the [`NAMES`], by that name's position. Of several
    /// with one name it is the last.
    Object(Vec<(usize, Self)>),
}

/// Every name that a reader asks for.
const NAMES: [&str; 58] = [
    "id",
    "to",
    "Data",
    "from",
    "name",
    "purl",
    "sbom",
    "type",
    "group",
    "value",
    "@graph",
    "SPDXID",
    "digest",
    "sha256",
    "spdxId",
    "bom-ref",
    "comment",
    "license",
    "payload",
    "subject",
    "version",
    "licenses",
    "metadata",
    "packages",
    "supplier",
    "aggregate",
    "bomFormat",
    "component",
    "predicate",
    "publisher",
    "assemblies",
    "components",
    "expression",
    "identifier",
    "properties",
    "sourceInfo",
    "description",
    "spdxVersion",
    "specVersion",
    "versionInfo",
    "compositions",
    "dsseEnvelope",
    "externalRefs",
    "serialNumber",
    "referenceType",
    "relationships",
    "spdxElementId",
    "licenseDeclared",
    "referenceLocator",
    "relationshipType",
    "externalIdentifier",
    "relatedSpdxElement",
    "software_packageUrl",
    "software_sourceInfo",
    "primaryPackagePurpose",
    "externalIdentifierType",
    "software_packageVersion",
    "software_primaryPurpose",
];

/// Which of the [`NAMES`] has a slot, where one has: every field of every component is asked for by its
/// name. No two have the same.
const BY_SLOT: [u8; 256] = {
    let mut slots = [u8::MAX; 256];
    let mut at = 0;
    while at < NAMES.len() {
        let slot = slot(NAMES[at].as_bytes());
        assert!(slots[slot] == u8::MAX, "another factor parts the names");
        slots[slot] = at as u8;
        at += 1;
    }
    slots
};

/// The slot of a name, by its length and three of its letters.
const fn slot(name: &[u8]) -> usize {
    let [first, .., last] = name else {
        return 0;
    };
    let within = name[name.len() / 4] as usize;
    (name.len() + *first as usize + *last as usize * 7 + within * 39) % 256
}

/// Which of the [`NAMES`] a text is.
fn position(name: &str) -> Option<usize> {
    let at = likely(name);
    (NAMES.get(at) == Some(&name)).then_some(at)
}

/// Which of the [`NAMES`] a text is if it is one.
fn likely(name: &str) -> usize {
    usize::from(BY_SLOT[slot(name.as_bytes())])
}

impl<'d> Tree<'d> {
    /// A field of an object. The name must be one of the [`NAMES`].
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let wanted = likely(name);
        debug_assert_eq!(position(name), Some(wanted), "{name} is passed over");
        let Self::Object(fields) = self else {
            return None;
        };
        let mut fields = fields.iter();
        let found = fields.find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value)
    }

    /// The text, where it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its parts, where it is a list.
    pub(super) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// Whether it has fields.
    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

/// Why there is no tree.
#[derive(Debug)]
pub(super) enum NoTree {
    /// It is no JSON.
    Json(serde_json::Error),
    /// It has more parts than [`MAX_PARTS`].
    Large,
    /// Its parts lie deeper in each other than the reader goes.
    Deep,
}

/// Reads a document.
pub(super) fn parse(bytes: &[u8]) -> Result<Tree<'_>, NoTree> {
    let left = Cell::new(MAX_PARTS);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let tree = Part { left: &left }.deserialize(&mut reader);
    let tree = tree.and_then(|tree| reader.end().map(|()| tree));
    tree.map_err(|error| match left.get() {
        0 => NoTree::Large,
        // The library has no other way to say so.
        _ if error.to_string().starts_with("recursion limit") => NoTree::Deep,
        _ => NoTree::Json(error),
    })
}

/// The next part of a document, of which so many more are read.
#[derive(Clone, Copy)]
struct Part<'c> {
    left: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Tree<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree<'de>, D::Error> {
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() == 0 {
            return Err(D::Error::custom("it has too many parts"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Tree<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Other)
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Tree<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(part) = parts.next_element_seed(self)? {
            list.push(part);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree<'de>, A::Error> {
        let mut fields: Vec<(usize, Tree<'de>)> = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            let Some(name) = name else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value_seed(self)?;
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => fields.push((name, value)),
            }
        }
        Ok(Tree::Object(fields))
    }
}

/// The name of a field, where it is one of the [`NAMES`].
struct Name(Option<usize>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(Name(position(name)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Tree<'_>, NoTree> {
        parse(text.as_bytes())
    }

    #[test]
    fn a_document_of_too_many_parts_is_not_read() {
        let list = |parts: usize| format!("[{}0]", "0,".repeat(parts - 2));
        assert!(read(&list(MAX_PARTS - 1)).is_ok());
        assert!(matches!(read(&list(MAX_PARTS)), Err(NoTree::Large)));
        assert!(matches!(read(&"[".repeat(200)), Err(NoTree::Deep)));
        assert!(matches!(read("[0"), Err(NoTree::Json(_))));
        assert!(matches!(read("[0] 1"), Err(NoTree::Json(_))));
    }

    #[test]
    fn every_name_is_found() {
        for (at, name) in NAMES.iter().enumerate() {
            assert_eq!(position(name), Some(at), "{name}");
        }
        for none in ["", "x", "names", "nbme", &"n".repeat(31), &"n".repeat(99)] {
            assert_eq!(position(none), None, "{none}");
        }
    }

    #[test]
    fn what_nobody_asks_for_is_passed_over() {
        let text = r#"{"unknown":[{"name":"a"},1e99],"name":"a\u0062","version":1,
            "components":[{"name":"b"},null,true,-1,2.5,[]],"name":"last"}"#;
        let tree = read(text).unwrap();
        let Tree::Object(fields) = &tree else {
            panic!("an object: {tree:?}")
        };
        assert_eq!(fields.len(), 3);
        assert_eq!(tree.get("name").and_then(Tree::as_str), Some("last"));
        assert_eq!(tree.get("version"), Some(&Tree::Other));
        let parts = tree.get("components").and_then(Tree::as_array).unwrap();
        assert_eq!(parts.len(), 6);
        assert!(matches!(
            parts[0].get("name"),
            Some(Tree::Text(Cow::Borrowed("b")))
        ));
        assert!(parts[1].get("name").is_none() && !parts[1].is_object());
        assert!(read("{\"name\":\"a").is_err());
        assert!(read("[]").unwrap().get("name").is_none());
    }

    #[test]
    fn depth_has_an_end() {
        for open in ["[", "{\"components\":", "{\"unknown\":["] {
            let text = open.repeat(200_000);
            assert!(read(&text).is_err());
        }
    }

    proptest! {
        /// Every text that the whole document has at a place is there.
        #[test]
        fn it_has_what_the_whole_document_has(
            names in proptest::collection::vec("name|type|other|purl", 0..6),
            values in proptest::collection::vec("\\PC{0,8}", 6),
        ) {
            let object: serde_json::Map<String, serde_json::Value> = names
                .iter()
                .zip(&values)
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect();
            let text = serde_json::to_string(&object).unwrap();
            let tree = read(&text).unwrap();
            for name in ["name", "type", "purl"] {
                let expected = object.get(name).and_then(serde_json::Value::as_str);
                prop_assert_eq!(tree.get(name).and_then(Tree::as_str), expected);
            }
        }
    }
}
