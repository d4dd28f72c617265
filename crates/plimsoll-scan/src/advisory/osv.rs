//! Records in OSV form as databases publish them: schema 1.x,
//! <https://ossf.github.io/osv-schema/>.
//!
//! Which versions of which package a record names must be readable, or the record is broken. All
//! else is taken where it can be: a field that is missing, null or of another type is as if it was
//! not there, and fields that nobody knows are passed over.

pub(super) mod yaml;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;
use serde_json::value::RawValue;

/// Largest record that is read, in bytes. The largest that were seen have some five million.
pub(crate) const MAX_RECORD: usize = 16 << 20;

/// Most elements of a list.
const MAX_LIST: usize = 1 << 16;

/// Largest free-form object that is looked into, in bytes.
const MAX_FREE: usize = 2 << 20;

/// A record.
#[derive(Debug, Deserialize)]
pub(crate) struct Record<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) modified: Loose<Option<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) published: Loose<Option<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) withdrawn: Loose<Option<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) aliases: Loose<List<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) upstream: Loose<List<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) related: Loose<List<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) summary: Loose<Option<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) details: Loose<Option<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) severity: Loose<List<Severity<'a>>>,
    #[serde(borrow, default)]
    pub(crate) affected: List<Affected<'a>>,
    #[serde(borrow, default)]
    pub(crate) references: Loose<List<Reference<'a>>>,
    #[serde(default)]
    pub(crate) database_specific: Loose<Value>,
}

/// What a record says of one package.
#[derive(Debug, Deserialize)]
pub(crate) struct Affected<'a> {
    #[serde(borrow)]
    pub(crate) package: Option<Package<'a>>,
    #[serde(borrow, default)]
    pub(crate) ranges: List<Range<'a>>,
    #[serde(borrow, default)]
    pub(crate) versions: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) severity: Loose<List<Severity<'a>>>,
    #[serde(default)]
    pub(crate) ecosystem_specific: Loose<Value>,
    #[serde(default)]
    pub(crate) database_specific: Loose<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package<'a> {
    #[serde(borrow)]
    pub(crate) ecosystem: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) purl: Loose<Option<Text<'a>>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Range<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) events: List<Event<'a>>,
}

/// One event; some databases write two into one object.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow)]
    pub(crate) introduced: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) fixed: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) last_affected: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) limit: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Severity<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) score: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reference<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) url: Text<'a>,
}

/// Reads a record.
///
/// # Errors
/// It is no JSON, or what must be there is not, or is of another type.
pub(crate) fn read(bytes: &[u8]) -> Result<Record<'_>, String> {
    if bytes.len() > MAX_RECORD {
        return Err(format!(
            "it is longer than the {} MiB that are read of one record",
            MAX_RECORD >> 20
        ));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err("it is a list; a record is an object, and alone in its file".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// Text that borrows from the record where it has no escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A list that may be null, and is not too long.
#[derive(Clone, Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E: de::Error>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = from.next_element()? {
                    if list.len() == MAX_LIST {
                        return Err(de::Error::custom("a list in it has too many elements"));
                    }
                    list.push(element);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
    }
}

/// What is nice to have: its default where it is something else than expected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loose<T>(pub(crate) T);

impl<'de: 'a, 'a, T: Deserialize<'a> + Default> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        // A tree of values takes many times the memory of its text.
        if raw.len() > MAX_FREE {
            return Ok(Self::default());
        }
        Ok(Self(serde_json::from_str(raw).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_nice_to_have_may_be_anything() {
        let record = read(
            br#"{"id":"X-1","modified":7,"aliases":null,"related":["a",1],"severity":"HIGH",
                "affected":null,"references":[{"type":"WEB"}],"database_specific":[1],"new":{}}"#,
        )
        .unwrap();
        assert_eq!(record.id.as_str(), "X-1");
        assert!(record.modified.0.is_none() && record.affected.0.is_empty());
        assert!(record.severity.0.0.is_empty() && record.references.0.0.is_empty());
    }

    #[test]
    fn what_is_judged_by_must_be_right() {
        for broken in [
            "",
            "[]",
            "{}",
            r#"{"id":1}"#,
            r#"{"id":"X","affected":{}}"#,
            r#"{"id":"X","affected":[{"package":{"name":"a"}}]}"#,
            r#"{"id":"X","affected":[{"ranges":[{"events":[]}]}]}"#,
            r#"{"id":"X","affected":[{"ranges":[{"type":"SEMVER","events":[{"fixed":1}]}]}]}"#,
            r#"{"id":"X","affected":[{"versions":[1]}]}"#,
            r#"{"id":"X"} x"#,
        ] {
            assert!(read(broken.as_bytes()).is_err(), "{broken}");
        }
        let deep = format!(r#"{{"id":"X","new":{}"#, "[".repeat(200_000));
        assert!(read(deep.as_bytes()).is_err());
        let many = format!(r#"{{"id":"X","affected":[{}null]}}"#, "{},".repeat(70_000));
        assert!(read(many.as_bytes()).is_err());
    }

    #[test]
    fn texts_are_borrowed_unless_they_have_escapes() {
        let record = read(br#"{"id":"X","summary":"a\"b","aliases":["c"]}"#).unwrap();
        assert!(matches!(record.id.0, Cow::Borrowed("X")));
        assert_eq!(record.summary.0.unwrap().as_str(), "a\"b");
        assert!(matches!(record.aliases.0.0[0].0, Cow::Borrowed("c")));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }
    }
}
