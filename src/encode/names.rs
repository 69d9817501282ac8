//! The names of fields that cannot be written as they were given.
//!
//! Keys are unique in a record: a key that is a name of the library's, that
//! equals another once it is cleaned, or that has two fields of different kinds
//! gets `_2`, `_3` …, the first free one. Few records need this, so it may
//! allocate; a set keeps a hostile one from being quadratic.

use std::collections::{HashMap, HashSet};

use crate::base::bytes;
use crate::config::choices::Format;
use crate::config::names::{Name, TIMER_SUFFIXES};
use crate::config::schema::LogRecordNames;
use crate::config::settings::Settings;
use crate::unit::Entry;
use crate::unit::store::field::Field;
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::stored::Tag;

/// The names of each field: one, three of a timer, none of an absent one.
#[derive(Debug)]
pub(crate) struct FieldNames {
    names: Vec<Vec<String>>,
}

impl FieldNames {
    pub(crate) fn of_field(&self, field: usize) -> &[String] {
        self.names.get(field).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The names of a unit's fields, if any is not written as it is.
pub(super) fn for_unit(entry: &Entry) -> Option<FieldNames> {
    entry
        .fields
        .has_special()
        .then(|| resolve(entry, Reserved::InUnits))
}

/// Those of an ordinary record.
pub(super) fn for_log_record(entry: &Entry, log_record: &LogRecord) -> Option<FieldNames> {
    let reserved = match log_record.of_unit {
        true => Reserved::Head,
        false => Reserved::And(entry.settings.forms.log_record()),
    };
    let is_taken = |field: &Field| {
        let key = std::str::from_utf8(field.given(&entry.arena)).unwrap_or_default();
        matches!(reserved, Reserved::And(more) if more.has(key))
    };
    let odd = entry.fields.has_special() || entry.fields.as_slice().iter().any(is_taken);
    odd.then(|| resolve(entry, reserved))
}

/// Which names no field may have.
#[derive(Clone, Copy)]
enum Reserved<'a> {
    /// All that the library may ever write in the record of a unit.
    InUnits,
    /// These, too.
    And(&'a LogRecordNames),
    /// Time, level and message alone: the fields are those of a unit.
    Head,
}

impl Reserved<'_> {
    fn has(self, name: &str, settings: &Settings) -> bool {
        let in_units = || settings.is_reserved(name, bytes::hash(name.as_bytes()));
        match self {
            Reserved::InUnits => in_units(),
            Reserved::And(more) => more.has(name) || in_units(),
            Reserved::Head => {
                let head = [Name::Ts, Name::Level, Name::Msg];
                head.map(|head| settings.names.text(head)).contains(&name)
                    || settings.forms.level_number() == Some(name)
            }
        }
    }
}

/// Works out the names of all fields, in their order.
#[cold]
fn resolve(entry: &Entry, reserved: Reserved<'_>) -> FieldNames {
    let mut taken = Taken {
        reserved,
        settings: &entry.settings,
        used: HashSet::new(),
        next: HashMap::new(),
    };
    let names = entry.fields.as_slice().iter().map(|field| {
        let given = String::from_utf8_lossy(field.given(&entry.arena));
        let suffixes: &[&str] = match field.value().tag {
            Tag::Absent => &[],
            Tag::Timer => &TIMER_SUFFIXES,
            _ => &[""],
        };
        let name = |suffix: &&str| taken.claim(&format!("{given}{suffix}"));
        suffixes.iter().map(name).collect()
    });
    FieldNames {
        names: names.collect(),
    }
}

struct Taken<'a> {
    reserved: Reserved<'a>,
    settings: &'a Settings,
    used: HashSet<String>,
    /// The next number to try for a key, so that equal ones do not all begin at 2.
    next: HashMap<String, usize>,
}

impl Taken<'_> {
    /// Returns the name of a key and keeps others from taking it.
    fn claim(&mut self, key: &str) -> String {
        let base = clean(key, self.settings);
        let mut name = base.clone();
        while self.reserved.has(&name, self.settings) || self.used.contains(&name) {
            let number = self.next.entry(base.clone()).or_insert(2);
            name = format!("{base}_{number}");
            *number += 1;
        }
        self.used.insert(name.clone());
        name
    }
}

/// A key as the format can write it: never empty; in logfmt only of characters
/// that readers take.
fn clean(key: &str, settings: &Settings) -> String {
    if key.is_empty() {
        return "_".into();
    }
    if settings.format != Format::Logfmt {
        return key.into();
    }
    key.chars()
        .map(|char| if settings.keeps(char) { char } else { '_' })
        .collect()
}
