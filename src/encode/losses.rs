//! How much of a unit is not in its record, and whether the unit still runs.

use crate::config::names::Name;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::number;
use crate::encode::scalar::boolean;
use crate::encode::text::{error_texts, main_fit};
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::field::{Field, FieldKey};
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::stored::Tag;

/// What was lost, and whether the unit still runs.
#[inline(always)]
pub(super) fn accounting<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let losses = losses(job);
    let settings = job.settings();
    if losses.any() {
        for (name, count) in losses.named() {
            if count > 0 {
                line.put(settings.names.prefix(name))?;
                number::u64(line, count)?;
            }
        }
    }
    if let Some(rate) = job.moment.sample_rate {
        line.put(settings.names.prefix(Name::SampleRate))?;
        number::u64(line, rate.into())?;
    }
    if let Some(seq) = job.moment.partial {
        line.put(settings.names.prefix(Name::Partial))?;
        boolean(line, true)?;
        line.put(settings.names.prefix(Name::Seq))?;
        number::u64(line, seq.into())?;
    }
    Ok(())
}

/// How much of the unit is not in this record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Losses {
    fields: u64,
    fragments: u64,
    parts: u64,
    truncated: u64,
}

impl Losses {
    #[inline]
    fn any(self) -> bool {
        self.fields | self.fragments | self.parts | self.truncated != 0
    }

    pub(crate) fn named(self) -> [(Name, u64); 4] {
        [
            (Name::DroppedFields, self.fields),
            (Name::DroppedFragments, self.fragments),
            (Name::LostParts, self.parts),
            (Name::Truncated, self.truncated),
        ]
    }
}

#[inline(always)]
pub(crate) fn losses(job: &Job<'_>) -> Losses {
    let (entry, fit) = (job.entry, job.fit);
    let left_out = entry.fragments.len().saturating_sub(fit.fragments) as u64;
    Losses {
        fields: entry
            .fields
            .dropped
            .saturating_add(entry.fields.live_from(fit.fields)),
        fragments: entry.fragments.lost().saturating_add(left_out),
        // A part that still runs is not lost.
        parts: match job.moment.partial {
            Some(_) => 0,
            None => entry.parts.lost(),
        },
        truncated: if entry.arena.has_cut() || fit.text != usize::MAX {
            truncated(job)
        } else {
            0
        },
    }
}

/// Whether a field is in this record: not if it was removed, nor a timer before
/// its first lap is over.
fn is_written(field: &Field, arena: &Arena) -> bool {
    let value = field.value();
    match value.tag {
        Tag::Absent => false,
        Tag::Timer => value.to_laps(arena).count > 0,
        _ => true,
    }
}

/// How many of the texts in this record are not whole.
#[cold]
fn truncated(job: &Job<'_>) -> u64 {
    let (entry, fit) = (job.entry, job.fit);
    let is_cut = |span: Span| span.is_cut() || span.len() > fit.text;
    let fields = entry
        .fields
        .as_slice()
        .iter()
        .take(fit.fields)
        .filter(|field| {
            if !is_written(field, &entry.arena) {
                return false;
            }
            let key_cut = matches!(field.key, FieldKey::Text(key) if key.is_cut());
            let value = field.value();
            let may_cut = matches!(value.tag, Tag::Text | Tag::List | Tag::Json);
            key_cut || may_cut && value.span().is_some_and(is_cut)
        });
    let fragments = entry
        .fragments
        .runs(fit.fragments)
        .into_iter()
        .flatten()
        .filter(|fragment| is_cut(fragment.text));
    let others = error_texts(job)
        .into_iter()
        .filter_map(|(_, span)| span)
        .chain([entry.name])
        .chain(entry.request_id)
        .filter(|span| span.is_cut() || span.len() > main_fit(job));
    let log_record = job.moment.log_record.into_iter().flat_map(LogRecord::texts);
    let log_record = log_record.filter(|span| is_cut(*span));
    (fields.count() + fragments.count() + others.count() + log_record.count()) as u64
}
