//! What a hook reads from a unit whose record is about to be written, on the
//! library and on the reference.

use std::time::Duration;

use traceline::config::FinishedUnit;

use super::datum::tell;
use super::fields::Held;
use super::laps::{ENDS, numbers_of};
use super::record::hex;
use super::run;
use super::transaction::traceparent;
use super::unit::Unit;
use super::world::World;

pub fn told(unit: &FinishedUnit<'_>) -> String {
    let fields: Vec<String> = unit
        .fields()
        .iter()
        .map(|(key, value)| format!("{key:?} {}", run::tell(value)))
        .collect();
    let fragments: Vec<String> = unit
        .fragments()
        .iter()
        .map(|said| {
            format!(
                "{:?} {} {:?} {:?}",
                said.at, said.line, said.level, said.text
            )
        })
        .collect();
    format!(
        "{:?} {} {} {:?} {:?} {} {:?} {:?} {:?} {fields:?} {fragments:?}",
        unit.name(),
        unit.target(),
        unit.level(),
        unit.outcome(),
        unit.duration(),
        unit.is_partial(),
        (
            unit.traceparent().map(|ids| ids.to_string()),
            unit.parent_id().map(|id| id.to_string())
        ),
        unit.request_id(),
        unit.error(),
    )
}

impl World<'_> {
    pub fn hooked(&self, unit: &Unit, is_partial: bool) -> String {
        let mut unit = unit.clone();
        unit.drop_held();
        let micros = (self.now - unit.start) / 1_000;
        format!(
            "{:?} {} {} {:?} {:?} {is_partial} {:?} {:?} {:?} {:?} {:?}",
            unit.whole_name,
            unit.target,
            unit.level(),
            unit.outcome(),
            Duration::from_micros(micros as u64),
            (
                unit.ids.as_ref().map(traceparent),
                unit.ids
                    .as_ref()
                    .and_then(|ids| ids.parent)
                    .map(|id| hex(&id))
            ),
            unit.request_id,
            unit.error.as_ref().map(|error| &error.text.0),
            fields(&unit),
            fragments(&unit),
        )
    }
}

/// Looks fields up by the keys that were given, not by their names in the record.
fn fields(unit: &Unit) -> Vec<String> {
    let mut fields = Vec::new();
    for field in unit.fields.iter().filter(|field| field.is_written()) {
        let key = &field.shown_key;
        match &field.held {
            Held::Nothing => {}
            Held::Plain { datum, .. } => fields.push(format!("{key:?} {}", tell(datum))),
            Held::Sum(total) | Held::Max(total) => {
                fields.push(format!("{key:?} {}", tell(&total.datum())));
            }
            Held::Timer(laps) => {
                let ends = ENDS.into_iter().zip(numbers_of(laps));
                fields.extend(ends.filter_map(|(end, datum)| {
                    Some(format!("{:?} {}", format!("{key}{end}"), tell(&datum?)))
                }));
            }
        }
    }
    fields
}

fn fragments(unit: &Unit) -> Vec<String> {
    let kept = unit.fragments.kept();
    let told = kept.iter().map(|said| {
        let at = Duration::from_nanos(said.at as u64);
        format!("{at:?} {} {:?} {:?}", said.line, said.level, said.text.0)
    });
    told.collect()
}
