//! The fixed fields of a configuration, worked out once for all its records.

use std::sync::Arc;

use log::Level;

use crate::base::bytes::SLACK;
use crate::config::settings::Settings;
use crate::encode::job::{Job, Moment};
use crate::encode::line::Line;
use crate::encode::write;
use crate::unit::Entry;
use crate::unit::store::origin::Origin;
use crate::value::key::KeyRef;
use crate::value::to_value::ToValue;

/// Returns the text that stands after the message in every record.
#[inline]
pub(super) fn text(of: &Entry) -> &[u8] {
    match of.settings.fixed.is_empty() {
        true => &[],
        false => of.settings.fixed_text.get_or_init(|| encoded(of)),
    }
}

#[cold]
fn encoded(of: &Entry) -> Vec<u8> {
    let mut text = room(of);
    let mut line = Line::new(&mut text);
    let written = with_job(of, |job| write::fields(&mut line, job));
    let len = if written.is_ok() { line.len() } else { 0 };
    text.truncate(len);
    text.shrink_to_fit();
    text
}

/// Returns room for the fixed fields: `ConfigBuilder::build` made sure that they
/// fit into a record.
pub(super) fn room(of: &Entry) -> Vec<u8> {
    vec![0; of.settings.limits.record + SLACK]
}

/// Sets the fields on an entry of their own, so that they follow the rules of fields.
pub(super) fn with_job<R>(of: &Entry, work: impl FnOnce(&Job<'_>) -> R) -> R {
    let settings = &of.settings;
    // The limits are those of users' fields.
    let mut roomy = Settings::clone(settings);
    roomy.limits.fields = settings.fixed.len();
    roomy.limits.value = settings.limits.record;
    let origin = Origin::internal("", Level::Info);
    let mut entry = Entry::new(Arc::new(roomy), origin, of.start);
    for (key, value) in &settings.fixed {
        entry.set_any(KeyRef::Text(key), value.to_value().0);
    }
    // Their keys are reserved, so they are written as they are.
    work(&Job::new(&entry, &Moment::new(Level::Info), None, &[]))
}
