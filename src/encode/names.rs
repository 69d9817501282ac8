//! The names of fields that cannot be written as they were given.
//!
//! Keys are unique in a record: a key that is one of the library's names, that
//! equals another once it is cleaned, or that has two fields of different kinds
//! gets `_2`, `_3` …, whichever is free first. Few records need this, so it may
//! allocate; a set keeps a hostile record from taking quadratic time.

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

/// The names of each field: one, or those of a timer, none for an absent field.
#[derive(Debug)]
pub(super) struct FieldNames(Vec<Vec<String>>);

impl FieldNames {
    /// Returns the name of a field, or of one of a timer's values.
    pub(super) fn get(&self, field: usize, part: usize) -> &str {
        let name = self.0.get(field).and_then(|names| names.get(part));
        name.map_or("", String::as_str)
    }
}

/// Returns the names of all fields, if any cannot be written as it is.
pub(super) fn for_entry(entry: &Entry, log_record: Option<&LogRecord>) -> Option<FieldNames> {
    let reserved = match log_record {
        None => Reserved::InUnits,
        Some(log_record) if log_record.of_unit => Reserved::Head,
        Some(_) => Reserved::And(&entry.settings.forms.log_record),
    };
    let is_taken = |field: &Field| {
        let key = std::str::from_utf8(field.given(&entry.arena)).unwrap_or_default();
        matches!(reserved, Reserved::And(more) if more.has(key))
    };
    let is_odd = entry.fields.has_special()
        || log_record.is_some() && entry.fields.as_slice().iter().any(is_taken);
    is_odd.then(|| resolve(entry, reserved))
}

/// The names that fields must not have.
#[derive(Clone, Copy)]
enum Reserved<'a> {
    /// All that the library may ever write in the record of a unit.
    InUnits,
    /// The same names, and these.
    And(&'a LogRecordNames),
    /// Only time, level and message: the fields are those of a unit.
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

/// Works out the names of all fields, in order.
#[cold]
fn resolve(entry: &Entry, reserved: Reserved<'_>) -> FieldNames {
    let mut taken = TakenNames {
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
    FieldNames(names.collect())
}

struct TakenNames<'a> {
    reserved: Reserved<'a>,
    settings: &'a Settings,
    used: HashSet<String>,
    /// The next number to try for a key, so that equal keys do not all start at 2.
    next: HashMap<String, usize>,
}

impl TakenNames<'_> {
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

/// Returns a key as the format can write it: never empty, and in logfmt only
/// characters that readers accept.
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
