//! The ids of a unit, in the form of the schema.

use crate::base::bytes::SLACK;
use crate::config::names::Name;
use crate::config::presets::IdForm;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::scalar::boolean;
use crate::encode::text::main_text;
use crate::ids::hex;

/// Writes the ids as text, which needs quotes in logfmt if it has only digits.
#[inline(never)]
pub(super) fn all_ids<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let settings = job.settings();
    let names = &settings.names;
    each_id(job, |name, text, len| {
        line.put(names.prefix(name))?;
        if settings.forms.preset.ids == IdForm::Hex {
            return S::hex(line, text, len);
        }
        match id_value(job, name, text.get(..len).unwrap_or_default()) {
            IdValue::Bool(value) => boolean(line, value),
            IdValue::Text(text, len) => S::text(line, &text, 0, len),
        }
    })?;
    if let Some(id) = job.entry.request_id {
        line.put(names.prefix(Name::RequestId))?;
        main_text::<S>(line, job, id)?;
    }
    Ok(())
}

/// The longest resource name of a trace; `ConfigBuilder::build` limits the project in it.
const MAX_RESOURCE: usize = 160;

/// An id in the form of a schema.
pub(super) enum IdValue {
    /// Followed by room to read 16 bytes at a time.
    Text([u8; MAX_RESOURCE + SLACK], usize),
    Bool(bool),
}

/// Returns an id, given as hex digits, in the form of the schema.
#[cold]
pub(super) fn id_value(job: &Job<'_>, name: Name, hex: &[u8]) -> IdValue {
    let (forms, ids) = (&job.settings().forms, job.entry.ids);
    let (before, number) = match (forms.preset.ids, name) {
        (IdForm::Google, Name::TraceId) => (forms.trace_prefix.as_str(), None),
        (IdForm::Google, Name::TraceFlags) => {
            return IdValue::Bool(ids.is_some_and(|ids| ids.parent().is_sampled()));
        }
        (IdForm::Datadog, Name::SpanId) => ("", ids.map(|ids| ids.span_id)),
        (IdForm::Datadog, Name::ParentId) => ("", ids.and_then(|ids| ids.parent_id)),
        _ => ("", None),
    };
    let mut digits = itoa::Buffer::new();
    let id = match number {
        Some(id) => digits.format(u64::from_be_bytes(id.to_bytes())).as_bytes(),
        None => hex,
    };
    let mut text = [0; MAX_RESOURCE + SLACK];
    let mut line = Line::new(&mut text);
    // `ConfigBuilder::build` made sure that it fits.
    let _ = line.put(before.as_bytes()).and_then(|()| line.put(id));
    let len = line.len();
    IdValue::Text(text, len)
}

/// At most 32 hex digits, followed by room to read 16 bytes at a time.
pub(super) type IdText = [u8; 32 + SLACK];

/// Passes each id to `see`: its hex digits and how many there are.
#[inline(always)]
pub(super) fn each_id(
    job: &Job<'_>,
    mut see: impl FnMut(Name, &IdText, usize) -> Written,
) -> Written {
    let Some(ids) = &job.entry.ids else {
        return Ok(());
    };
    see(Name::TraceId, &hex(ids.trace_id.to_bytes()), 32)?;
    see(Name::SpanId, &hex(ids.span_id.to_bytes()), 16)?;
    if let Some(parent) = ids.parent_id {
        see(Name::ParentId, &hex(parent.to_bytes()), 16)?;
    }
    see(Name::TraceFlags, &hex([ids.parent().flags()]), 2)
}

#[inline(always)]
fn hex<const N: usize>(bytes: [u8; N]) -> IdText {
    let mut text = [0; 32 + SLACK];
    hex::encode(&bytes, text.get_mut(..2 * N).unwrap_or_default());
    text
}
