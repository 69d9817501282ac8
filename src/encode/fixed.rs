//! The fixed fields of a configuration, worked out once for all its records.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use log::Level;

use crate::base::bytes::SLACK;
use crate::config::choices::Format;
use crate::config::settings::Settings;
use crate::encode::job::{Fit, Job, Moment};
use crate::encode::json::Json;
use crate::encode::line::Line;
use crate::encode::logfmt::Logfmt;
use crate::encode::{pretty, record};
use crate::unit::Entry;
use crate::unit::store::origin::Origin;
use crate::value::key::KeyRef;
use crate::value::to_value::ToValue;

/// The text that stands after the message in every record.
#[inline]
pub(super) fn text_for(of: &Entry) -> &[u8] {
    match of.settings.fixed.is_empty() {
        true => &[],
        false => of.settings.fixed_text.get_or_init(|| text(of)),
    }
}

#[cold]
fn text(of: &Entry) -> Vec<u8> {
    let mut text = room(of);
    let mut line = Line::new(&mut text);
    let written = with_job(of, |job| match job.format {
        Format::Json => record::fixed::<Json>(&mut line, job, &mut Vec::new()),
        Format::Logfmt => record::fixed::<Logfmt>(&mut line, job, &mut Vec::new()),
        Format::Pretty => pretty::fields(&mut line, job, &mut Vec::new()),
    });
    let len = if written.is_ok() { line.len() } else { 0 };
    text.truncate(len);
    text.shrink_to_fit();
    text
}

/// `ConfigBuilder::build` saw that the fixed fields fit into a record.
pub(crate) fn room(of: &Entry) -> Vec<u8> {
    vec![0; of.settings.limits.record + SLACK]
}

/// Sets the fields on an entry of their own, so that they follow the rules of fields.
pub(crate) fn with_job<R>(of: &Entry, work: impl FnOnce(&Job<'_>) -> R) -> R {
    let settings = &of.settings;
    let origin = Origin {
        name: Cow::Borrowed(""),
        target: Cow::Borrowed(""),
        module: None,
        location: Location::caller(),
        level: Level::Info,
    };
    // The limits are those of users' fields.
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
        log_record: None,
        sample_rate: None,
    };
    work(&Job {
        entry: &entry,
        moment: &moment,
        format: settings.format,
        fit: Fit::ALL,
        names: None,
        fixed: &[],
    })
}
