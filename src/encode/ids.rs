//! The ids of a unit, in the form of the schema.

use crate::base::bytes::SLACK;
use crate::config::names::Name;
use crate::config::schema::IdForm;
use crate::encode::job::{Job, Syntax};
use crate::encode::line::{Line, Written};
use crate::encode::scalar::boolean;
use crate::encode::text::main_text;
use crate::ids::hex;
use crate::ids::id::SpanId;

/// The ids, each as text: one of digits alone looks like a number.
#[inline(never)]
pub(super) fn all_ids<S: Syntax>(line: &mut Line<'_>, job: &Job<'_>) -> Written {
    let settings = job.settings();
    let names = &settings.names;
    each_id(job, |name, text, len| {
        line.put(names.prefix(name))?;
        if settings.forms.ids() == IdForm::Hex {
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

/// The longest name of a transaction as a resource: `ConfigBuilder::build` bounds the project's.
const MAX_RESOURCE: usize = 160;

/// An id in the form of a schema.
pub(crate) enum IdValue {
    /// Room to read 16 bytes at a time is behind it.
    Text([u8; MAX_RESOURCE + SLACK], usize),
    Bool(bool),
}

/// An id, of which the hex digits are given, in the form of the schema.
#[cold]
pub(crate) fn id_value(job: &Job<'_>, name: Name, hex: &[u8]) -> IdValue {
    let forms = &job.settings().forms;
    let transaction = job.entry.ids;
    let mut digits = itoa::Buffer::new();
    let number = |id: SpanId| u64::from_be_bytes(id.to_bytes());
    let text = |parts: [&[u8]; 2]| {
        let mut text = [0; MAX_RESOURCE + SLACK];
        let mut line = Line::new(&mut text);
        // `ConfigBuilder::build` saw that it fits.
        let _ = parts.into_iter().try_for_each(|part| line.put(part));
        let len = line.len();
        IdValue::Text(text, len)
    };
    match (forms.ids(), name, transaction) {
        (IdForm::Google, Name::TraceId, _) => text([forms.trace_prefix().as_bytes(), hex]),
        (IdForm::Google, Name::TraceFlags, Some(ids)) => IdValue::Bool(ids.parent().is_sampled()),
        (IdForm::Datadog, Name::SpanId, Some(ids)) => {
            text([digits.format(number(ids.span_id)).as_bytes(), b""])
        }
        (IdForm::Datadog, Name::ParentId, Some(ids)) => match ids.parent_id {
            Some(parent) => text([digits.format(number(parent)).as_bytes(), b""]),
            None => text([hex, b""]),
        },
        _ => text([hex, b""]),
    }
}

/// 32 hex digits at most, and room behind them to read 16 bytes at a time.
pub(crate) type IdText = [u8; 32 + SLACK];

/// Shows the ids as text one after the other, with the number of their digits.
#[inline(always)]
pub(crate) fn each_id(
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
