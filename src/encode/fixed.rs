//! The fixed fields of a configuration, encoded once for all its records.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use log::Level;

use super::json::Json;
use super::logfmt::Logfmt;
use super::{Fit, Job, Line, Moment, pretty, record};
use crate::bytes::SLACK;
use crate::config::{Format, Settings};
use crate::entry::{Entry, Origin};
use crate::key::KeyRef;
use crate::value::ToValue;

/// The text that stands after the message in every record.
///
/// They are set on an entry of their own, so that they follow the rules of fields.
#[cold]
pub(super) fn text(of: &Entry) -> Vec<u8> {
    let settings = &of.settings;
    let origin = Origin {
        name: Cow::Borrowed(""),
        target: Cow::Borrowed(""),
        module: None,
        location: Location::caller(),
        level: Level::Info,
    };
    // The limits are those of users' fields; `ConfigBuilder::build` saw that these fit.
    let mut roomy = Settings::clone(settings);
    roomy.limits.fields = settings.fixed.len();
    roomy.limits.value = settings.limits.record;
    let mut entry = Entry::new(Arc::new(roomy), origin, of.start);
    for (key, value) in &settings.fixed {
        entry.set_any(KeyRef::Text(key), value.to_value().0);
    }
    let moment = Moment {
        stamp: None,
        level: Level::Info,
        outcome: None,
        duration_nanos: 0,
        partial: None,
        ordinary: None,
    };
    let job = Job {
        entry: &entry,
        moment: &moment,
        fit: Fit::ALL,
        names: None,
        fixed: &[],
    };
    let mut text = vec![0; settings.limits.record + SLACK];
    let mut line = Line::new(&mut text);
    let mut room = Vec::new();
    let written = match settings.format {
        Format::Json => record::fixed::<Json>(&mut line, &job, &mut room),
        Format::Logfmt => record::fixed::<Logfmt>(&mut line, &job, &mut room),
        Format::Pretty => pretty::fields(&mut line, &job, &mut room),
    };
    let len = if written.is_ok() { line.len() } else { 0 };
    text.truncate(len);
    text.shrink_to_fit();
    text
}
