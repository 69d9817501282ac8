//! A record as key-values that keep their types.
//!
//! The order is that of a line, and the limits are those of a line of JSON.
//! Texts stay where they are, in the arena; what has no type of its own (ids,
//! times, lists, fragments) is written into the scratch line first, so that
//! nothing is left to be formatted inside the logger.

use crate::base::clock::Stamp;
use crate::config::names::{Name, TIMER_SUFFIXES};
use crate::encode::fixed::{room, with_job};
use crate::encode::ids::IdValue;
use crate::encode::job::{Job, Moment};
use crate::encode::line::{Full, Line, Written};
use crate::encode::names::FieldNames;
use crate::encode::number::StampText;
use crate::encode::scalar::TimerPart;
use crate::encode::{fit, ids, json, losses, names, number, scalar, text};
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::field::{Field, FieldKey};
use crate::unit::store::scratch::{Pair, PairText, PairValue, Piece, Scratch, text_at};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::kind::STARS;
use crate::value::owned::OwnedValue;

/// The pairs that stand first in every record that goes out as key-values.
#[cold]
pub(super) fn pairs(of: &Entry) -> Vec<(String, OwnedValue)> {
    with_job(of, |job| owned_fields(job, &mut room(of)))
}

/// Fills `scratch.pairs`, and `scratch.line` with the texts that were written;
/// returns where the message lies in the arena.
pub(crate) fn gather(entry: &Entry, moment: &Moment<'_>, scratch: &mut Scratch) -> Piece {
    let settings = &entry.settings;
    if !settings.fixed.is_empty() {
        settings.fixed_pairs.get_or_init(|| pairs(entry));
    }
    let names = names::for_unit(entry);
    let mut job = Job::new(entry, moment, names.as_ref());
    fit::measure(&mut job, scratch);
    while all(&job, scratch).is_err() {
        let more = (scratch.line.len() * 2).max(512);
        scratch.line.resize(more, 0);
    }
    let name = entry.name;
    Piece {
        start: name.start(),
        end: text::cut_at(&job, name, text::main_fit(&job)),
    }
}

fn all(job: &Job<'_>, scratch: &mut Scratch) -> Written {
    scratch.pairs.clear();
    let mut out = Out {
        job,
        line: Line::new(&mut scratch.line),
        pairs: &mut scratch.pairs,
    };
    out.head()?;
    out.fields()?;
    out.errors();
    out.fragments()?;
    out.accounting();
    Ok(())
}

/// The fields alone: those of a configuration.
pub(super) fn owned_fields(job: &Job<'_>, room: &mut [u8]) -> Vec<(String, OwnedValue)> {
    let mut pairs = Vec::new();
    let mut out = Out {
        job,
        line: Line::new(room),
        pairs: &mut pairs,
    };
    if out.fields().is_err() {
        return Vec::new();
    }
    let arena = job.entry.arena.buffer();
    let text = |text: PairText| match text {
        PairText::Arena(piece) => text_at(arena, piece).to_owned(),
        PairText::Line(piece) => text_at(room, piece).to_owned(),
        PairText::Static(text) => text.to_owned(),
        PairText::Fixed(_) | PairText::Name(_) => String::new(),
    };
    let value = |value| match value {
        PairValue::Bool(value) => OwnedValue::Bool(value),
        PairValue::U64(n) => OwnedValue::U64(n),
        PairValue::I64(n) => OwnedValue::I64(n),
        PairValue::U128(n) => OwnedValue::U128(n),
        PairValue::I128(n) => OwnedValue::I128(n),
        PairValue::F64(x) => OwnedValue::F64(x),
        PairValue::Text(at) => OwnedValue::Text(text(at)),
    };
    let owned = pairs.iter().map(|pair| (text(pair.key), value(pair.value)));
    owned.collect()
}

struct Out<'a, 'b> {
    job: &'a Job<'a>,
    line: Line<'b>,
    pairs: &'b mut Vec<Pair>,
}

impl Out<'_, '_> {
    fn put(&mut self, key: PairText, value: PairValue) {
        self.pairs.push(Pair { key, value });
    }

    fn name(&mut self, name: Name, value: PairValue) {
        self.put(PairText::Name(name), value);
    }

    /// Writes a text into the line.
    fn written(&mut self, write: impl FnOnce(&mut Line<'_>) -> Written) -> Result<PairText, Full> {
        let start = self.line.len();
        write(&mut self.line)?;
        let end = self.line.len();
        Ok(PairText::Line(Piece { start, end }))
    }

    fn head(&mut self) -> Written {
        let (job, moment) = (self.job, self.job.moment);
        let fixed = job.settings().fixed_pairs.get();
        for at in 0..fixed.map_or(0, Vec::len) {
            let value = fixed.and_then(|fixed| Some(fixed_value(at, &fixed.get(at)?.1)));
            if let Some(value) = value {
                self.put(PairText::Fixed(at), value);
            }
        }
        self.ids()?;
        let forms = &job.settings().forms;
        if let Some(outcome) = moment.outcome {
            let (text, reason) = forms.outcome_texts(outcome);
            self.name(Name::Outcome, word(text));
            if let Some((name, reason)) = reason {
                self.put(PairText::Static(name), word(reason));
            }
        }
        let duration = match forms.in_nanos() {
            false => millis(moment.duration_nanos / 1_000),
            true => PairValue::U64(moment.duration_nanos),
        };
        self.name(Name::DurationMs, duration);
        Ok(())
    }

    fn ids(&mut self) -> Written {
        ids::each_id(self.job, |name, text, len| {
            let hex = text.get(..len).unwrap_or_default();
            let value = match ids::id_value(self.job, name, hex) {
                IdValue::Bool(value) => PairValue::Bool(value),
                IdValue::Text(text, len) => {
                    let text = text.get(..len).unwrap_or_default();
                    PairValue::Text(self.written(|line| line.put(text))?)
                }
            };
            self.name(name, value);
            Ok(())
        })?;
        if let Some(id) = self.job.entry.request_id {
            let id = self.arena_up_to(id, text::main_fit(self.job));
            self.name(Name::RequestId, id);
        }
        Ok(())
    }

    fn fields(&mut self) -> Written {
        let job = self.job;
        let fields = job.entry.fields.as_slice().iter().enumerate();
        for (at, field) in fields.take(job.fit.fields) {
            let stored = field.value();
            match stored.tag {
                Tag::Absent | Tag::Null => {}
                Tag::Timer => self.timer(at, field, stored)?,
                _ => {
                    let key = self.key(job.names, at, 0, field, "")?;
                    if let Some(value) = self.value(stored)? {
                        self.put(key, value);
                    }
                }
            }
        }
        Ok(())
    }

    fn timer(&mut self, at: usize, field: &Field, stored: Stored) -> Written {
        let job = self.job;
        let parts = scalar::timer_parts(field, stored.to_laps(&job.entry.arena));
        for (number, (suffix, part)) in TIMER_SUFFIXES.into_iter().zip(parts).enumerate() {
            let Some(part) = part else { continue };
            let key = self.key(job.names, at, number, field, suffix)?;
            self.put(
                key,
                match part {
                    TimerPart::Count(n) => PairValue::U64(n),
                    TimerPart::Micros(micros) => millis(micros),
                    TimerPart::Redacted => word(STARS),
                },
            );
        }
        Ok(())
    }

    /// The name of a field, the one worked out for it if there is one.
    fn key(
        &mut self,
        names: Option<&FieldNames>,
        at: usize,
        number: usize,
        field: &Field,
        suffix: &str,
    ) -> Result<PairText, Full> {
        if let Some(names) = names {
            let name = names.of_field(at).get(number).map_or("", String::as_str);
            return self.written(|line| line.put(name.as_bytes()));
        }
        match field.key {
            FieldKey::Static(key) if suffix.is_empty() => Ok(PairText::Static(key)),
            FieldKey::Text(span) if suffix.is_empty() => Ok(PairText::Arena(Piece {
                start: span.start(),
                end: span.end(),
            })),
            _ => {
                let given = field.given(&self.job.entry.arena);
                self.written(|line| {
                    line.put(given)?;
                    line.put(suffix.as_bytes())
                })
            }
        }
    }

    fn value(&mut self, stored: Stored) -> Result<Option<PairValue>, Full> {
        let job = self.job;
        let arena = &job.entry.arena;
        Ok(Some(match stored.tag {
            Tag::Bool => PairValue::Bool(stored.bits != 0),
            Tag::U64 => PairValue::U64(stored.bits),
            Tag::I64 => PairValue::I64(stored.bits as i64),
            Tag::U128 => PairValue::U128(stored.to_u128(arena)),
            Tag::I128 => PairValue::I128(stored.to_u128(arena) as i128),
            Tag::F64 => PairValue::F64(f64::from_bits(stored.bits)),
            Tag::F32 => PairValue::F64(widened(f32::from_bits(stored.bits as u32))),
            Tag::Micros => millis(stored.bits),
            Tag::Text => self.arena(Span::from_bits(stored.bits)),
            Tag::Stamp => self.stamp(stored.to_stamp(arena))?,
            Tag::Json => {
                let span = Span::from_bits(stored.bits);
                match text::json_cut(job, span) {
                    None => self.arena(span),
                    Some((end, closers)) => {
                        let text = arena.get(span).get(..end).unwrap_or_default();
                        PairValue::Text(self.written(|line| {
                            line.put(text)?;
                            line.put(&closers)
                        })?)
                    }
                }
            }
            Tag::List => {
                let items = text::list_items(job, stored);
                let text = self.written(|line| json::list(line, job, items))?;
                PairValue::Text(text)
            }
            // Left out, or written by the caller.
            Tag::Absent | Tag::Null | Tag::Timer => return Ok(None),
        }))
    }

    fn stamp(&mut self, stamp: Stamp) -> Result<PairValue, Full> {
        Ok(
            match number::stamp(stamp, self.job.settings().fraction_digits) {
                StampText::Rfc3339(text, len) => {
                    let text = text.get(..len).unwrap_or_default();
                    PairValue::Text(self.written(|line| line.put(text))?)
                }
                StampText::Unix(secs) => PairValue::I64(secs),
            },
        )
    }

    /// A text of the arena, as much of it as there is room for.
    fn arena(&self, span: Span) -> PairValue {
        self.arena_up_to(span, self.job.fit.text)
    }

    fn arena_up_to(&self, span: Span, fit: usize) -> PairValue {
        PairValue::Text(PairText::Arena(Piece {
            start: span.start(),
            end: text::cut_at(self.job, span, fit),
        }))
    }

    fn errors(&mut self) {
        for (name, span) in text::error_texts(self.job) {
            if let Some(span) = span {
                let text = self.arena_up_to(span, text::main_fit(self.job));
                self.name(name, text);
            }
        }
    }

    fn fragments(&mut self) -> Written {
        let job = self.job;
        if job.entry.fragments.len().min(job.fit.fragments) == 0 {
            return Ok(());
        }
        let text = self.written(|line| json::fragments(line, job))?;
        self.name(Name::Fragments, PairValue::Text(text));
        Ok(())
    }

    fn accounting(&mut self) {
        for (name, count) in losses::losses(self.job).named() {
            if count > 0 {
                self.name(name, PairValue::U64(count));
            }
        }
        if let Some(rate) = self.job.moment.sample_rate {
            self.name(Name::SampleRate, PairValue::U64(rate.into()));
        }
        if let Some(seq) = self.job.moment.partial {
            self.name(Name::Partial, PairValue::Bool(true));
            self.name(Name::Seq, PairValue::U64(seq.into()));
        }
    }
}

fn word(text: &'static str) -> PairValue {
    PairValue::Text(PairText::Static(text))
}

fn millis(micros: u64) -> PairValue {
    PairValue::F64(micros as f64 / 1_000.0)
}

/// The double that has the digits of a single: 0.1, not 0.10000000149.
fn widened(x: f32) -> f64 {
    if !x.is_finite() {
        return x.into();
    }
    let mut digits = ryu::Buffer::new();
    digits.format_finite(x).parse().unwrap_or(x.into())
}

fn fixed_value(at: usize, value: &OwnedValue) -> PairValue {
    match value {
        OwnedValue::Bool(value) => PairValue::Bool(*value),
        OwnedValue::U64(n) => PairValue::U64(*n),
        OwnedValue::I64(n) => PairValue::I64(*n),
        OwnedValue::U128(n) => PairValue::U128(*n),
        OwnedValue::I128(n) => PairValue::I128(*n),
        OwnedValue::F64(x) => PairValue::F64(*x),
        // Serialized by `owned_fields`, which makes no others.
        _ => PairValue::Text(PairText::Fixed(at)),
    }
}
