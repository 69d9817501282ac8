//! The accounting at the end of a record: how much of the unit is not in it, how
//! many units it stands for, and whether the unit still runs.

use crate::config::names::Name;
use crate::encode::job::Job;
use crate::encode::line::{Line, Written};
use crate::encode::number;
use crate::encode::scalar::boolean;
use crate::encode::text::{error_texts, main_fit};
use crate::unit::store::arena::Span;
use crate::unit::store::field::Field;
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::stored::Tag;

/// The names of [`losses`].
const NAMES: [Name; 4] = [
    Name::DroppedFields,
    Name::DroppedFragments,
    Name::LostParts,
    Name::Truncated,
];

/// Writes how much was lost, and whether the unit still runs.
#[inline(always)]
pub(super) fn accounting(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let moment = job.moment;
    if moment.sample_rate.is_none() & moment.partial.is_none() && losses(job) == [0; 4] {
        return Ok(());
    }
    line.apart(|line| counts(line, job))
}

/// Writes the accounting, which few records have: kept out of the usual path.
#[cold]
fn counts(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let names = &job.settings().names;
    each_count(job, |name, count| {
        line.put(names.prefix(name))?;
        number::u64(line, count)
    })?;
    if let Some(seq) = job.moment.partial {
        line.put(names.prefix(Name::Partial))?;
        boolean(line, true)?;
        line.put(names.prefix(Name::Seq))?;
        number::u64(line, seq.into())?;
    }
    Ok(())
}

/// Passes each loss to `see`, then how many units the record stands for.
pub(super) fn each_count(job: &Job<'_>, mut see: impl FnMut(Name, u64) -> Written) -> Written {
    for (name, count) in NAMES.into_iter().zip(losses(job)) {
        if count > 0 {
            see(name, count)?;
        }
    }
    match job.moment.sample_rate {
        Some(rate) => see(Name::SampleRate, rate.into()),
        None => Ok(()),
    }
}

/// Returns how much of the unit is not in this record, in the order of [`NAMES`].
#[inline(always)]
fn losses(job: &Job<'_>) -> [u64; 4] {
    let (entry, fit) = (job.entry, job.fit);
    let (fields, fragments) = (&entry.fields, &entry.fragments);
    let left_out = fragments.len().saturating_sub(fit.fragments) as u64;
    // A part that still runs is not lost.
    let is_over = job.moment.partial.is_none();
    let may_cut = entry.arena.has_cut() || fit.text != usize::MAX;
    [
        fields.dropped.saturating_add(fields.live_from(fit.fields)),
        fragments.lost().saturating_add(left_out),
        if is_over { entry.lost_parts.into() } else { 0 },
        if may_cut { truncated(job) } else { 0 },
    ]
}

/// Returns how many of the texts in this record were cut.
#[cold]
fn truncated(job: &Job<'_>) -> u64 {
    let (entry, fit) = (job.entry, job.fit);
    let is_cut_to = |span: Span, fit| span.is_cut() || span.len() > fit;
    let is_cut = |span: &Span| is_cut_to(*span, fit.text);
    let has_cut = |field: &&Field| {
        let value = field.value();
        let key_cut = field.has_cut_key();
        match value.tag {
            Tag::Absent => false,
            // A timer is not written before its first lap is over.
            Tag::Timer => key_cut && value.to_laps(&entry.arena).count > 0,
            Tag::Text | Tag::List | Tag::Json => {
                key_cut || value.span().as_ref().is_some_and(is_cut)
            }
            _ => key_cut,
        }
    };
    let fields = entry.fields.as_slice().iter().take(fit.fields);
    let fragments = entry.fragments.runs(fit.fragments).into_iter().flatten();
    let log_record = job.moment.log_record.into_iter().flat_map(LogRecord::texts);
    let texts = fragments.map(|fragment| fragment.text).chain(log_record);
    let main = error_texts(job).map(|(_, span)| span);
    let main = main.chain([entry.name]).chain(entry.request_id);
    let main = main.filter(|span| is_cut_to(*span, main_fit(job)));
    (fields.filter(has_cut).count() + texts.filter(is_cut).count() + main.count()) as u64
}
