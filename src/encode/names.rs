//! The names of fields that cannot be written as they were given.
//!
//! Keys are unique in a record: a key that is a name of the library's, that
//! equals another once it is cleaned, or that has two fields of different kinds
//! gets `_2`, `_3` …, the first free one. Few records need this, so it may
//! allocate; a set keeps a hostile one from being quadratic.

use std::collections::{HashMap, HashSet};

use crate::bytes;
use crate::config::{Format, OrdinaryNames, Settings, TIMER_SUFFIXES};
use crate::entry::{Entry, Field, Tag};

/// The names of each field: one, three of a timer, none of an absent one.
#[derive(Debug)]
pub(crate) struct FieldNames {
    names: Vec<Vec<String>>,
}

impl FieldNames {
    pub(crate) fn of(&self, field: usize) -> &[String] {
        self.names.get(field).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Works out the names of all fields, in their order.
#[cold]
pub(super) fn resolve(entry: &Entry, more: Option<&'static OrdinaryNames>) -> FieldNames {
    let mut taken = Taken {
        more,
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

/// Those of an ordinary record, if any key is not written as it is.
pub(super) fn of_ordinary(entry: &Entry) -> Option<FieldNames> {
    let more = entry.settings.forms.ordinary();
    let is_taken = |field: &Field| {
        let key = std::str::from_utf8(field.given(&entry.arena)).unwrap_or_default();
        more.has(key)
    };
    let odd = entry.fields.special || entry.fields.as_slice().iter().any(is_taken);
    odd.then(|| resolve(entry, Some(more)))
}

struct Taken<'a> {
    /// Names of the library in this record alone.
    more: Option<&'static OrdinaryNames>,
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
        while self
            .settings
            .is_reserved(&name, bytes::hash(name.as_bytes()))
            || self.more.is_some_and(|more| more.has(&name))
            || self.used.contains(&name)
        {
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
