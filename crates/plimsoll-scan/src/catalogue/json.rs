//! Parts of the JSON that package managers write, in no more memory than they say something: a few
//! bytes may be a large structure, and what is of no use is not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::license::MAX_NAMES;

/// Items of one list or object: many times those of the largest projects.
pub(super) const MAX_PARTS: usize = 50_000;

fn too_many<E: Error>() -> E {
    E::custom(format_args!("it lists more than {MAX_PARTS} parts"))
}

/// A list; one of more than [`MAX_PARTS`] items is an error.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> List<T> {
    /// Takes what is left of a list.
    pub(super) fn take<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() >= MAX_PARTS {
                return Err(too_many());
            }
            list.push(item);
        }
        Ok(Self(list))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<List<T>, A::Error> {
                List::take(items)
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// The fields of an object, sorted; one of more than [`MAX_PARTS`] is an error.
#[derive(Debug)]
pub(super) struct Map<T>(pub(super) BTreeMap<String, T>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Map<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Map<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map<T>, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    if fields.len() >= MAX_PARTS {
                        return Err(too_many());
                    }
                    fields.insert(name, value);
                }
                Ok(Map(fields))
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// What is taken of a value that may have any form. A form that says nothing is passed over.
pub(super) trait Take: Default {
    fn text(&mut self, _text: &str) {}

    fn truth(&mut self, _value: bool) {}

    fn list<'de, A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn object<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// A value of any form, and what is taken of it.
#[derive(Debug, Default)]
pub(super) struct Any<T>(pub(super) T);

impl<'de, T: Take> Deserialize<'de> for Any<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value<T>(T);
        impl<'de, T: Take> Visitor<'de> for Value<T> {
            type Value = Any<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E: Error>(mut self, value: bool) -> Result<Any<T>, E> {
                self.0.truth(value);
                Ok(Any(self.0))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Any<T>, E> {
                Ok(Any(self.0))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Any<T>, E> {
                Ok(Any(self.0))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Any<T>, E> {
                Ok(Any(self.0))
            }

            fn visit_unit<E: Error>(self) -> Result<Any<T>, E> {
                Ok(Any(self.0))
            }

            fn visit_str<E: Error>(mut self, text: &str) -> Result<Any<T>, E> {
                self.0.text(text);
                Ok(Any(self.0))
            }

            fn visit_seq<A: SeqAccess<'de>>(mut self, items: A) -> Result<Any<T>, A::Error> {
                self.0.list(items)?;
                Ok(Any(self.0))
            }

            fn visit_map<A: MapAccess<'de>>(mut self, fields: A) -> Result<Any<T>, A::Error> {
                self.0.object(fields)?;
                Ok(Any(self.0))
            }
        }
        deserializer.deserialize_any(Value(T::default()))
    }
}

/// A text; of anything else nothing.
impl Take for Option<String> {
    fn text(&mut self, text: &str) {
        *self = Some(text.to_owned());
    }
}

/// The names of the fields of an object; of anything else none.
#[derive(Debug, Default)]
pub(super) struct Keys(pub(super) BTreeSet<String>);

impl Take for Keys {
    fn object<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some((name, IgnoredAny)) = fields.next_entry()? {
            if self.0.len() >= MAX_PARTS {
                return Err(too_many());
            }
            self.0.insert(name);
        }
        Ok(())
    }
}

/// The fields of an object with their texts, empty where they are anything else; of anything else none.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) BTreeMap<String, String>);

impl Take for Texts {
    fn object<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some((name, value)) = fields.next_entry::<_, Any<Option<String>>>()? {
            if self.0.len() >= MAX_PARTS {
                return Err(too_many());
            }
            self.0.insert(name, value.0.unwrap_or_default());
        }
        Ok(())
    }
}

/// The text that an object has as its field `name`.
pub(super) fn field<'de, A: MapAccess<'de>>(
    mut fields: A,
    name: &str,
) -> Result<Option<String>, A::Error> {
    let mut found = None;
    while let Some(own) = fields.next_key::<String>()? {
        if own == name {
            found = fields.next_value::<Any<Option<String>>>()?.0;
        } else {
            fields.next_value::<IgnoredAny>()?;
        }
    }
    Ok(found)
}

/// Licences: a text, an object with a `type`, or a list of such.
#[derive(Debug, Default)]
pub(super) struct Licenses {
    /// The one, where it is no list.
    pub(super) one: Option<String>,
    /// Those of a list.
    pub(super) list: Vec<String>,
}

impl Take for Licenses {
    fn text(&mut self, text: &str) {
        self.one = Some(text.to_owned()).filter(|text| !text.is_empty());
    }

    fn list<'de, A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(Any(item)) = items.next_element::<Any<License>>()? {
            if self.list.len() < MAX_NAMES {
                self.list.extend(item.0);
            }
        }
        Ok(())
    }

    fn object<'de, A: MapAccess<'de>>(&mut self, fields: A) -> Result<(), A::Error> {
        self.one = field(fields, "type")?.filter(|name| !name.is_empty());
        Ok(())
    }
}

/// One of a list of licences.
#[derive(Debug, Default)]
struct License(Option<String>);

impl Take for License {
    fn text(&mut self, text: &str) {
        self.0 = Some(text.to_owned()).filter(|text| !text.is_empty());
    }

    fn object<'de, A: MapAccess<'de>>(&mut self, fields: A) -> Result<(), A::Error> {
        self.0 = field(fields, "type")?.filter(|name| !name.is_empty());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn lists_and_objects_have_a_bound() {
        let list = |items: usize| of::<List<u8>>(&format!("[{}0]", "0,".repeat(items - 1)));
        assert_eq!(list(MAX_PARTS).unwrap().0.len(), MAX_PARTS);
        assert!(list(MAX_PARTS + 1).is_none());
        let fields = |count: usize| {
            let fields = (0..count).map(|field| format!("\"{field}\":0"));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        };
        let (fit, over) = (fields(MAX_PARTS), fields(MAX_PARTS + 1));
        assert_eq!(of::<Map<u8>>(&fit).unwrap().0.len(), MAX_PARTS);
        assert!(of::<Map<u8>>(&over).is_none());
        assert_eq!(of::<Any<Keys>>(&fit).unwrap().0.0.len(), MAX_PARTS);
        assert!(of::<Any<Keys>>(&over).is_none());
        let licenses = of::<Any<Licenses>>(&format!("[{}\"b\"]", "\"a\",".repeat(9_000)));
        assert_eq!(licenses.unwrap().0.list.len(), MAX_NAMES);
    }

    #[test]
    fn of_each_form_what_it_says() {
        let text = |text: &str| of::<Any<Option<String>>>(text).unwrap().0;
        assert_eq!(text("\"\\u00e4\"").as_deref(), Some("\u{e4}"));
        for other in ["null", "true", "-1", "1", "1.5", "[[1]]", "{\"a\":{}}"] {
            assert_eq!(text(other), None, "{other}");
            let Any(licenses) = of::<Any<Licenses>>(other).unwrap();
            assert!(licenses.one.is_none() && licenses.list.is_empty());
        }
        let Any(licenses) =
            of::<Any<Licenses>>(r#"[{"type":"A","x":[]},"B",["C"],"",{"type":1}]"#).unwrap();
        assert_eq!(licenses.list, ["A", "B"]);
        assert!(of::<Any<Keys>>("[1]").unwrap().0.0.is_empty());
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "([\\[\\]{},:0]|\"(a|type)\"|null|true|1){0,30}") {
            let any: Result<IgnoredAny, _> = serde_json::from_str(&text);
            prop_assert_eq!(of::<Any<Licenses>>(&text).is_some(), any.is_ok());
            prop_assert_eq!(of::<Any<Keys>>(&text).is_some(), any.is_ok());
        }
    }
}
