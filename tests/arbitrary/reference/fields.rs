//! The fields of a unit: a vector that is searched from the front.

use super::datum::{Datum, Total, store, tell};
use super::laps::{ENDS, Laps, numbers_of};
use super::program::{Key, Num, Val};
use super::record::stars;
use super::text::cut;
use super::unit::Unit;

/// The longest key that is kept whole.
const KEY: usize = 1024;

#[derive(Clone)]
pub struct Field {
    pub key: String,
    pub shown_key: String,
    pub held: Held,
}

#[derive(Clone)]
pub enum Held {
    /// It was removed, and its place is kept for the key.
    Nothing,
    Plain {
        datum: Datum,
        cut: bool,
    },
    Sum(Total),
    Max(Total),
    Timer(Laps),
}

impl Unit {
    pub fn set(&mut self, key: &str, value: &Val) {
        match store(value, self.limits.value) {
            None => self.set_none(key),
            Some(_) if self.is_redacted(key) => self.put(key, stars(), false),
            Some((datum, cut)) => self.put(key, datum, cut),
        }
    }

    pub fn put(&mut self, key: &str, datum: Datum, cut: bool) {
        let at = self.replaced_by_set(key);
        if let Some(at) = at.or_else(|| self.room_for(key)) {
            self.fields[at].held = Held::Plain { datum, cut };
        }
    }

    /// Removes what `set` would replace. A key that was not there has a place from
    /// now on; if there is no room for one, nothing counts as lost.
    fn set_none(&mut self, key: &str) {
        match self.replaced_by_set(key) {
            Some(at) => self.fields[at].held = Held::Nothing,
            None => {
                let dropped = self.dropped_fields;
                self.room_for(key);
                self.dropped_fields = dropped;
            }
        }
    }

    /// The plain field of a key, else the first one that adds up. The documented
    /// rules for counters also hold for timers.
    fn replaced_by_set(&self, key: &str) -> Option<usize> {
        let plain = |held: &Held| matches!(held, Held::Plain { .. });
        let other = |held: &Held| !matches!(held, Held::Plain { .. } | Held::Nothing);
        self.find(key, plain).or_else(|| self.find(key, other))
    }

    pub fn unset(&mut self, key: &str) {
        for field in self.fields.iter_mut().filter(|field| field.key == key) {
            field.held = Held::Nothing;
        }
    }

    pub fn sum(&mut self, key: &str, number: Num) {
        if self.is_redacted(key) {
            return self.put(key, stars(), false);
        }
        self.add(key, Total::of(number));
    }

    pub fn add(&mut self, key: &str, total: Total) {
        match self.find(key, |held| matches!(held, Held::Sum(_))) {
            Some(at) => {
                if let Held::Sum(sum) = &mut self.fields[at].held {
                    *sum = sum.plus(total);
                }
            }
            None => self.begin(key, Held::Sum(total)),
        }
    }

    pub fn max(&mut self, key: &str, number: Num) {
        if self.is_redacted(key) {
            return self.put(key, stars(), false);
        }
        self.compare(key, Total::of(number));
    }

    pub fn compare(&mut self, key: &str, total: Total) {
        match self.find(key, |held| matches!(held, Held::Max(_))) {
            Some(at) => {
                if let Held::Max(max) = &mut self.fields[at].held {
                    *max = max.larger(total);
                }
            }
            None => self.begin(key, Held::Max(total)),
        }
    }

    fn begin(&mut self, key: &str, held: Held) {
        if let Some(at) = self.room_for(key) {
            self.fields[at].held = held;
        }
    }

    pub fn find(&self, key: &str, is: impl Fn(&Held) -> bool) -> Option<usize> {
        let found = |field: &Field| field.key == key && is(&field.held);
        self.fields.iter().position(found)
    }

    /// A place for a new field: the one left by the only field of this key, or one
    /// at the end, for which other removed fields make room.
    pub fn room_for(&mut self, key: &str) -> Option<usize> {
        let is_left = |held: &Held| matches!(held, Held::Nothing);
        let left = self.find(key, is_left);
        // No other field of the key has a name that depends on this place.
        if left.is_some() && self.find(key, |held| !is_left(held)).is_none() {
            return left;
        }
        if self.fields.len() >= self.limits.fields {
            self.fields
                .retain(|field| !matches!(field.held, Held::Nothing));
        }
        if self.fields.len() >= self.limits.fields {
            self.dropped_fields += 1;
            return None;
        }
        self.fields.push(Field {
            key: key.to_owned(),
            shown_key: cut(key, KEY.min(self.limits.value)).to_owned(),
            held: Held::Nothing,
        });
        Some(self.fields.len() - 1)
    }

    pub fn is_redacted(&self, key: &str) -> bool {
        self.redact.contains(&key)
    }

    // ----- reading

    /// Whether the first field of a key has this text.
    pub fn has_text(&self, key: &str, text: &str) -> bool {
        let found = self.find(key, |held| !matches!(held, Held::Nothing));
        let text = Datum::Text(text.to_owned());
        found.is_some_and(
            |at| matches!(&self.fields[at].held, Held::Plain { datum, .. } if *datum == text),
        )
    }

    /// The first field of a key; else a number of the timer that the key names.
    pub fn get(&self, key: &Key) -> String {
        let key = key.as_str();
        let found = self.find(key, |held| !matches!(held, Held::Nothing));
        match found.map(|at| &self.fields[at].held) {
            Some(Held::Plain { datum, .. }) => tell(datum),
            Some(Held::Sum(total) | Held::Max(total)) => tell(&total.datum()),
            Some(Held::Timer(laps)) => tell_number(laps, 1),
            Some(Held::Nothing) | None => self.get_number_of_timer(key),
        }
    }

    fn get_number_of_timer(&self, key: &str) -> String {
        for field in &self.fields {
            let end = key.strip_prefix(&field.key);
            let number = end.and_then(|end| ENDS.iter().position(|own| *own == end));
            if let (Some(number), Held::Timer(laps)) = (number, &field.held) {
                return tell_number(laps, number);
            }
        }
        "none".to_owned()
    }
}

fn tell_number(laps: &Laps, number: usize) -> String {
    let datum = &numbers_of(laps)[number];
    datum.as_ref().map_or("none".to_owned(), tell)
}

impl Field {
    /// Whether it is in the record: a removed field is not, nor is a timer before one
    /// of its laps is over.
    pub fn is_written(&self) -> bool {
        match &self.held {
            Held::Nothing => false,
            Held::Timer(laps) => laps.count > 0,
            _ => true,
        }
    }

    /// Whether its key was shortened.
    pub fn key_is_cut(&self) -> bool {
        self.shown_key.len() < self.key.len()
    }
}
