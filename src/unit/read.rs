//! Reading a field back, as a value that outlives the entry.

use std::time::Duration;

use crate::config::names::TIMER_SUFFIXES;
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::field::{Field, GivenKey, flag};
use crate::unit::store::items::{Item, Items};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::json_text::JsonText;
use crate::value::key::KeyRef;
use crate::value::kind::STARS;
use crate::value::owned::OwnedValue;

impl Entry {
    /// The value of a key as the user gave it, or of one of a timer's names.
    pub(crate) fn get(&self, key: &str) -> Option<OwnedValue> {
        let [_, total, _] = TIMER_SUFFIXES;
        match self.look_up(key) {
            Some(field) => self
                .timer_value(field, total)
                .or_else(|| self.owned(field.value())),
            None => self.timer_part(key),
        }
    }

    fn look_up(&self, key: &str) -> Option<&Field> {
        self.look_up_of(key, |tag| tag != Tag::Absent)
    }

    fn look_up_of(&self, key: &str, is_meant: impl Fn(Tag) -> bool) -> Option<&Field> {
        let key = GivenKey::new(KeyRef::Text(key), self.limits.value);
        self.fields.look_up(key, &self.arena, is_meant)
    }

    /// The value of a key, if it is a text.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let value = self.look_up(key)?.value();
        let span = value.span().filter(|_| value.tag == Tag::Text)?;
        Some(self.arena.text(span))
    }

    fn timer_part(&self, key: &str) -> Option<OwnedValue> {
        let mut suffixes = TIMER_SUFFIXES.into_iter();
        let suffix = suffixes.find(|suffix| key.ends_with(suffix))?;
        // A field of the timer's key, which may stand before it, is not asked.
        let timer = self.look_up_of(key.strip_suffix(suffix)?, |tag| tag == Tag::Timer)?;
        self.timer_value(timer, suffix)
    }

    /// One of the three values of a timer.
    pub(crate) fn timer_value(&self, field: &Field, suffix: &str) -> Option<OwnedValue> {
        let [count, total, _] = TIMER_SUFFIXES;
        let timer = field.value();
        if timer.tag != Tag::Timer {
            return None;
        }
        if field.has(flag::REDACTED) {
            return Some(OwnedValue::Text(STARS.into()));
        }
        let laps = timer.to_laps(&self.arena);
        Some(if suffix == count {
            OwnedValue::U64(laps.count)
        } else if suffix == total {
            OwnedValue::Duration(Duration::from_micros(laps.total_micros))
        } else {
            OwnedValue::Duration(Duration::from_micros(laps.max_micros))
        })
    }

    pub(crate) fn owned(&self, value: Stored) -> Option<OwnedValue> {
        let arena = &self.arena;
        let span = Span::from_bits(value.bits);
        Some(match value.tag {
            Tag::Absent => return None,
            Tag::Null => OwnedValue::Null,
            Tag::Bool => OwnedValue::Bool(value.bits != 0),
            Tag::U64 => OwnedValue::U64(value.bits),
            Tag::I64 => OwnedValue::I64(value.bits as i64),
            Tag::F64 => OwnedValue::F64(f64::from_bits(value.bits)),
            Tag::F32 => OwnedValue::F32(f32::from_bits(value.bits as u32)),
            Tag::Micros => OwnedValue::Duration(Duration::from_micros(value.bits)),
            Tag::Text => OwnedValue::Text(arena.text(span).to_owned()),
            Tag::U128 => OwnedValue::U128(value.to_u128(arena)),
            Tag::I128 => OwnedValue::I128(value.to_i128(arena)),
            Tag::Stamp => OwnedValue::from_stamp(value.to_stamp(arena)),
            Tag::Json => OwnedValue::Json(JsonText::new(arena.text(span).to_owned())),
            Tag::List => list(&mut Items::new(arena.get(span))),
            Tag::Timer => {
                OwnedValue::Duration(Duration::from_micros(value.to_laps(arena).total_micros))
            }
        })
    }
}

/// The items up to the end of this list. Nesting is as deep as the type was.
fn list(items: &mut Items<'_>) -> OwnedValue {
    let mut values = Vec::new();
    while let Some(item) = items.next() {
        values.push(match item {
            Item::Close => break,
            Item::Open => list(items),
            Item::Null => OwnedValue::Null,
            Item::Bool(value) => OwnedValue::Bool(value),
            Item::U64(n) => OwnedValue::U64(n),
            Item::I64(n) => OwnedValue::I64(n),
            Item::U128(n) => OwnedValue::U128(n),
            Item::I128(n) => OwnedValue::I128(n),
            Item::F64(x) => OwnedValue::F64(x),
            Item::F32(x) => OwnedValue::F32(x),
            Item::Micros(micros) => OwnedValue::Duration(Duration::from_micros(micros)),
            Item::Stamp(stamp) => OwnedValue::from_stamp(stamp),
            Item::Json(text) => {
                OwnedValue::Json(JsonText::new(String::from_utf8_lossy(text).into_owned()))
            }
            Item::Text(text) => OwnedValue::Text(String::from_utf8_lossy(text).into_owned()),
        });
    }
    OwnedValue::List(values)
}
