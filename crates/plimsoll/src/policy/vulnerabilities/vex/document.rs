//! The JSON of a document, of which only so much is read: what takes two bytes there takes many
//! times that in memory.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Values that are read of one document: more than [`super::MAX_PARTS`] parts of statements have.
const MAX_VALUES: usize = 2_500_000;
/// As how many values an object counts, since it takes that many times as much memory.
const OBJECT: usize = 4;

/// Reads a document.
pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Part { left: &left }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The next value of a document, of which so many more are read.
#[derive(Clone, Copy)]
struct Part<'c> {
    left: &'c Cell<usize>,
}

impl Part<'_> {
    fn take<E: serde::de::Error>(self, values: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(values);
        let left = left.ok_or_else(|| E::custom("too many values for one document"))?;
        self.left.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.take::<D::Error>(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(part) = parts.next_element_seed(self)? {
            list.push(part);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        self.take::<A::Error>(OBJECT - 1)?;
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            object.insert(name, fields.next_value_seed(self)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_a_document_only_so_much_is_read() {
        let list = |part: &str, parts: usize| format!("[{}0]", format!("{part},").repeat(parts));
        assert!(parse(list("0", MAX_VALUES - 2).as_bytes()).is_ok());
        for (part, parts) in [("0", MAX_VALUES), ("{\"id\":0}", MAX_VALUES / (OBJECT + 1))] {
            let failure = parse(list(part, parts).as_bytes()).unwrap_err();
            let failure = failure.to_string();
            assert!(failure.starts_with("too many values"), "{failure}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_any_reader_of_json_does(
            text in "(\\[|\\]|\\{|\\}|,|:|\"[a-z]{0,2}\"|-?[0-9.]{1,3}|true|null| ){0,20}",
        ) {
            let plain: Option<Value> = serde_json::from_str(&text).ok();
            prop_assert_eq!(parse(text.as_bytes()).ok(), plain);
        }
    }
}
