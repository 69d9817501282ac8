//! Reading a field back, as a value that outlives the entry.

use std::time::Duration;

use crate::config::names::TIMER_SUFFIXES;
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::field::{Field, GivenKey, flag};
use crate::unit::store::items::Items;
use crate::unit::store::stored::{Stored, Tag};
use crate::value::json_text::JsonText;
use crate::value::key::KeyRef;
use crate::value::kind::STARS;
use crate::value::owned::OwnedValue;

impl Entry {
    /// Returns whether anything was written to it that a merge takes over.
    pub(crate) fn has_content(&self) -> bool {
        let fields = self.fields.live_from(0) + self.fields.dropped;
        fields > 0
            || self.fragments.len() > 0
            || self.error.is_some()
            || self.panic.is_some()
            || self.severity.is_merged()
    }

    /// Returns the value of a key as the user gave it, or of one of a timer's names.
    pub(crate) fn get(&self, key: &str) -> Option<OwnedValue> {
        let [_, total, ..] = TIMER_SUFFIXES;
        let Some(field) = self.look_up(key, |tag| tag != Tag::Absent) else {
            return self.timer_part(key);
        };
        let timer = self.timer_value(field, total);
        timer.or_else(|| self.owned(field.value()))
    }

    fn look_up(&self, key: &str, is_meant: impl Fn(Tag) -> bool) -> Option<&Field> {
        let key = GivenKey::new(KeyRef::Text(key), self.limits.value);
        self.fields.look_up(key, &self.arena, is_meant)
    }

    /// Returns the value of a key, if it is a text.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let value = self.look_up(key, |tag| tag != Tag::Absent)?.value();
        let span = value.span().filter(|_| value.tag == Tag::Text)?;
        Some(self.arena.text(span))
    }

    fn timer_part(&self, key: &str) -> Option<OwnedValue> {
        let mut suffixes = TIMER_SUFFIXES.into_iter();
        let suffix = suffixes.find(|suffix| key.ends_with(suffix))?;
        // A plain field with the timer's key may come first: it is passed over.
        let timer = self.look_up(key.strip_suffix(suffix)?, |tag| tag == Tag::Timer)?;
        self.timer_value(timer, suffix)
    }

    /// Returns one of the values of a timer.
    pub(crate) fn timer_value(&self, field: &Field, suffix: &str) -> Option<OwnedValue> {
        let timer = field.value();
        if timer.tag != Tag::Timer {
            return None;
        }
        let [count, total, max, wall] = TIMER_SUFFIXES;
        let laps = timer.to_laps(&self.arena);
        let value = match suffix {
            _ if suffix == count => OwnedValue::U64(laps.count),
            _ if suffix == total => duration(laps.total_micros),
            _ if suffix == max => duration(laps.max_micros),
            _ => duration(laps.wall_micros()?),
        };
        match field.has(flag::REDACTED) {
            true => (suffix != wall).then(|| OwnedValue::Text(STARS.into())),
            false => Some(value),
        }
    }

    pub(crate) fn owned(&self, value: Stored) -> Option<OwnedValue> {
        let arena = &self.arena;
        let text = || arena.text(Span::from_bits(value.bits)).to_owned();
        Some(match value.tag {
            Tag::Absent => return None,
            Tag::Null => OwnedValue::Null,
            Tag::Bool => OwnedValue::Bool(value.bits != 0),
            Tag::U64 => OwnedValue::U64(value.bits),
            Tag::I64 => OwnedValue::I64(value.bits as i64),
            Tag::F64 => OwnedValue::F64(f64::from_bits(value.bits)),
            Tag::F32 => OwnedValue::F32(f32::from_bits(value.bits as u32)),
            Tag::Micros => duration(value.bits),
            Tag::Text => OwnedValue::Text(text()),
            Tag::U128 => OwnedValue::U128(value.to_u128(arena)),
            Tag::I128 => OwnedValue::I128(value.to_u128(arena) as i128),
            Tag::Stamp => OwnedValue::from_stamp(value.to_stamp(arena)),
            Tag::Json => OwnedValue::Json(JsonText::new(text())),
            Tag::List => self.list(&mut Items::new(arena, value)),
            Tag::Timer => duration(value.to_laps(arena).total_micros),
        })
    }

    /// Reads the items up to the end of this list. The recursion is as deep as the
    /// list was nested, which is limited.
    fn list(&self, items: &mut Items<'_>) -> OwnedValue {
        let mut values = Vec::new();
        while let Some((item, _)) = items.next() {
            match item.tag {
                Tag::Absent => break,
                Tag::List => values.push(self.list(items)),
                _ => values.extend(self.owned(item)),
            }
        }
        OwnedValue::List(values)
    }
}

fn duration(micros: u64) -> OwnedValue {
    OwnedValue::Duration(Duration::from_micros(micros))
}
