//! Whether text is JSON in which no object has a key twice.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Error;
use smallvec::SmallVec;

pub(super) fn are_unique(text: &str) -> Result<bool, Error> {
    let repeated = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_any(Reader(&repeated))?;
    reader.end()?;
    Ok(!repeated.get())
}

/// Keys of one object.
#[derive(Default)]
struct Keys<'t> {
    few: SmallVec<[Cow<'t, str>; FEW]>,
    many: HashSet<Cow<'t, str>>,
}

/// Up to so many keys are compared one by one: twenty objects of six members take
/// 124,000 instructions, with a set for each 169,000.
const FEW: usize = 16;

impl<'t> Keys<'t> {
    /// Adds a key; false if it is there.
    fn insert(&mut self, key: Cow<'t, str>) -> bool {
        if self.few.contains(&key) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

/// Reads one value and notes whether a key comes twice.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a Cell<bool>);

impl<'t> DeserializeSeed<'t> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

/// Nothing is to be known of these but that they are there.
macro_rules! scalars {
    ($($visit:ident: $type:ty,)*) => {
        $(fn $visit<E>(self, _: $type) -> Result<(), E> {
            Ok(())
        })*
    };
}

impl<'t> Visitor<'t> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_f64: f64,
        visit_str: &str,
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<(), A::Error> {
        let mut keys = Keys::default();
        while let Some(key) = members.next_key_seed(Key)? {
            if !keys.insert(key) {
                self.0.set(true);
            }
            members.next_value_seed(self)?;
        }
        Ok(())
    }
}

/// Reads a key, without a copy where it has no escapes.
struct Key;

impl<'t> DeserializeSeed<'t> for Key {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<Cow<'t, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Key {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'t str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
