//! A record as key-values that keep their types.
//!
//! The order is that of a line, and the limits are those of a line of JSON.
//! Texts stay where they are, in the arena; values without a type of their own
//! (ids, times, lists, fragments) are written into the scratch line first, so that
//! nothing is left to be formatted inside the logger.

use crate::base::clock;
use crate::base::clock::Stamp;
use crate::config::names::{Name, TIMER_SUFFIXES};
use crate::config::settings::PairValue;
use crate::encode::ids::IdValue;
use crate::encode::job::{Job, Moment};
use crate::encode::kv_source::Pairs;
use crate::encode::line::{Full, Line, Written};
use crate::encode::scalar::TimerPart;
use crate::encode::{fit, fixed, ids, json, losses, names, scalar, text};
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::field::{Field, FieldKey};
use crate::unit::store::scratch::{Pair, PairText, Piece, Scratch, text_at};
use crate::unit::store::stored::{Stored, Tag};
use crate::value::kind::STARS;
use crate::value::number::Amount;

type Typed = PairValue<PairText>;

/// Gathers the pairs of an entry in `scratch`, and returns its message and the pairs.
pub(crate) fn gather<'a>(
    entry: &'a Entry,
    moment: &Moment<'_>,
    scratch: &'a mut Scratch,
) -> (&'a str, Pairs<'a>) {
    let settings = &entry.settings;
    if !settings.fixed.is_empty() {
        settings.fixed_pairs.get_or_init(|| fixed_pairs(entry));
    }
    let names = names::for_entry(entry, None);
    let mut job = Job::new(entry, moment, names.as_ref(), fixed::text(entry));
    fit::measure(&mut job, scratch);
    while all(&job, scratch).is_err() {
        let more = (scratch.line.len() * 2).max(512);
        scratch.line.resize(more, 0);
    }
    let name = piece(&job, entry.name, text::main_fit(&job));
    let pairs = Pairs {
        settings,
        pairs: &scratch.pairs,
        arena: entry.arena.buffer(),
        line: &scratch.line,
    };
    (text_at(pairs.arena, name), pairs)
}

fn all(job: &Job<'_>, scratch: &mut Scratch) -> Written {
    scratch.pairs.clear();
    let mut out = Out {
        job,
        line: Line::new(&mut scratch.line),
        pairs: &mut scratch.pairs,
    };
    out.ids()?;
    out.course();
    out.fields()?;
    out.errors();
    out.fragments()?;
    out.accounting()
}

/// Gathers the pairs that come first in every record: the fixed fields.
#[cold]
fn fixed_pairs(of: &Entry) -> Vec<(String, PairValue<String>)> {
    fixed::with_job(of, |job| {
        let (mut line, mut pairs) = (fixed::room(of), Vec::new());
        let mut out = Out {
            job,
            line: Line::new(&mut line),
            pairs: &mut pairs,
        };
        if out.fields().is_err() {
            return Vec::new();
        }
        let texts = Pairs {
            settings: job.settings(),
            pairs: &[],
            arena: job.entry.arena.buffer(),
            line: &line,
        };
        let owned = |text: PairText| texts.text(text).to_owned();
        let pair = |pair: &Pair| (owned(pair.key), pair.value.with_text(|text| owned(*text)));
        pairs.iter().map(pair).collect()
    })
}

/// Returns the place of a text of the arena, cut to `fit` bytes.
fn piece(job: &Job<'_>, span: Span, fit: usize) -> Piece {
    Piece {
        start: span.start(),
        end: text::end_of(job, span, fit),
    }
}

/// Collects pairs; the texts that have to be written for them go into the line.
struct Out<'a, 'b> {
    job: &'a Job<'a>,
    line: Line<'b>,
    pairs: &'b mut Vec<Pair>,
}

impl Out<'_, '_> {
    fn put(&mut self, key: PairText, value: Typed) {
        self.pairs.push(Pair { key, value });
    }

    fn name(&mut self, name: Name, value: Typed) {
        self.put(PairText::Name(name), value);
    }

    /// Writes a text into the line.
    fn written(&mut self, write: impl FnOnce(&mut Line<'_>) -> Written) -> Result<PairText, Full> {
        let start = self.line.len();
        write(&mut self.line)?;
        let end = self.line.len();
        Ok(PairText::Line(Piece { start, end }))
    }

    fn bytes(&mut self, text: &[u8]) -> Result<PairText, Full> {
        self.written(|line| line.put(text))
    }

    fn ids(&mut self) -> Written {
        let job = self.job;
        ids::each_id(job, |name, digits, len| {
            let hex = digits.get(..len).unwrap_or_default();
            let value = match ids::id_value(job, name, hex) {
                IdValue::Bool(value) => PairValue::Bool(value),
                IdValue::Text(text, len) => {
                    PairValue::Text(self.bytes(text.get(..len).unwrap_or_default())?)
                }
            };
            self.name(name, value);
            Ok(())
        })?;
        if let Some(id) = job.entry.request_id {
            self.name(Name::RequestId, self.main_text(id));
        }
        Ok(())
    }

    /// Adds outcome and duration.
    fn course(&mut self) {
        let (forms, moment) = (&self.job.settings().forms, self.job.moment);
        if let Some(outcome) = moment.outcome {
            let (text, reason) = forms.outcome_texts(outcome);
            self.name(Name::Outcome, word(text));
            if let Some((name, reason)) = reason {
                self.put(PairText::Static(name), word(reason));
            }
        }
        let duration = match forms.preset.in_nanos {
            false => millis(moment.duration_nanos / 1_000),
            true => whole(moment.duration_nanos),
        };
        self.name(Name::DurationMs, duration);
    }

    fn fields(&mut self) -> Written {
        let job = self.job;
        let fields = job.entry.fields.as_slice().iter().enumerate();
        for (at, field) in fields.take(job.fit.fields) {
            let stored = field.value();
            match stored.tag {
                Tag::Absent | Tag::Null => {}
                Tag::Timer => self.timer(at, field)?,
                _ => {
                    let key = self.key(at, 0, field, "")?;
                    if let Some(value) = self.value(stored)? {
                        self.put(key, value);
                    }
                }
            }
        }
        Ok(())
    }

    fn timer(&mut self, at: usize, field: &Field) -> Written {
        let values = scalar::timer_parts(field, &self.job.entry.arena);
        let values = values.into_iter().flatten();
        for (part, (suffix, value)) in TIMER_SUFFIXES.iter().zip(values).enumerate() {
            let key = self.key(at, part, field, suffix)?;
            let value = match value {
                TimerPart::Count(n) => whole(n),
                TimerPart::Micros(micros) => millis(micros),
                TimerPart::Redacted => word(STARS),
            };
            self.put(key, value);
        }
        Ok(())
    }

    /// Returns the key of a field or of one part of a timer: the name worked out for
    /// it, if there is one.
    fn key(
        &mut self,
        at: usize,
        part: usize,
        field: &Field,
        suffix: &str,
    ) -> Result<PairText, Full> {
        if let Some(names) = self.job.names {
            return self.bytes(names.get(at, part).as_bytes());
        }
        match field.key {
            FieldKey::Static(key) if suffix.is_empty() => Ok(PairText::Static(key)),
            FieldKey::Text(span) if suffix.is_empty() => {
                Ok(PairText::Arena(piece(self.job, span, usize::MAX)))
            }
            _ => {
                let given = field.given(&self.job.entry.arena);
                self.bytes(&[given, suffix.as_bytes()].concat())
            }
        }
    }

    /// Returns the value of a field that is neither left out nor a timer.
    fn value(&mut self, stored: Stored) -> Result<Option<Typed>, Full> {
        let job = self.job;
        let (arena, fit) = (&job.entry.arena, job.fit.text);
        let span = Span::from_bits(stored.bits);
        Ok(Some(match stored.tag {
            Tag::Bool => PairValue::Bool(stored.bits != 0),
            Tag::F32 => widened(f32::from_bits(stored.bits as u32)),
            Tag::Micros => millis(stored.bits),
            Tag::Stamp => self.stamp(stored.to_stamp(arena))?,
            Tag::Json | Tag::List if stored.tag == Tag::List || span.len() > fit => {
                PairValue::Text(self.written(|line| json::nested(line, job, stored))?)
            }
            Tag::Text | Tag::Json => self.arena(span, fit),
            _ => return Ok(stored.to_amount(arena).map(PairValue::Number)),
        }))
    }

    fn stamp(&mut self, at: Stamp) -> Result<Typed, Full> {
        Ok(
            match clock::rfc3339(at, self.job.settings().fraction_digits) {
                Some((text, len)) => {
                    PairValue::Text(self.bytes(text.get(..len).unwrap_or_default())?)
                }
                None => PairValue::Number(Amount::I64(at.secs)),
            },
        )
    }

    fn arena(&self, span: Span, fit: usize) -> Typed {
        PairValue::Text(PairText::Arena(piece(self.job, span, fit)))
    }

    fn main_text(&self, span: Span) -> Typed {
        self.arena(span, text::main_fit(self.job))
    }

    fn errors(&mut self) {
        for (name, span) in text::error_texts(self.job) {
            self.name(name, self.main_text(span));
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

    fn accounting(&mut self) -> Written {
        losses::each_count(self.job, |name, count| {
            self.name(name, whole(count));
            Ok(())
        })?;
        if let Some(seq) = self.job.moment.partial {
            self.name(Name::Partial, PairValue::Bool(true));
            self.name(Name::Seq, whole(seq.into()));
        }
        Ok(())
    }
}

fn word(text: &'static str) -> Typed {
    PairValue::Text(PairText::Static(text))
}

fn whole(n: u64) -> Typed {
    PairValue::Number(Amount::U64(n))
}

fn millis(micros: u64) -> Typed {
    PairValue::Number(Amount::F64(micros as f64 / 1_000.0))
}

/// Returns the double with the digits of a single: 0.1, not 0.10000000149.
fn widened(x: f32) -> Typed {
    let mut digits = ryu::Buffer::new();
    let digits = digits.format(x).parse();
    PairValue::Number(Amount::F64(digits.unwrap_or(x.into())))
}
