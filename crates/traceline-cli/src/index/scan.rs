//! One line after the other, into the index.

use super::ids::{span_id, trace_id};
use super::{Index, NO_DURATION, NO_TIME, Rejected, SAMPLE_BYTES, SAMPLES, Sample, Unit};
use crate::filter::Filter;
use crate::names::Names;
use crate::query::Seen;
use crate::record::pieces::{self, Joined, Piece};
use crate::record::wrap::{self, DEEPEST};
use crate::record::{self, Around, Record, Reject};
use crate::source::{LONGEST_LINE, Line, Span};

/// Puts the lines of one source into an index.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) index: &'a mut Index,
    pub(crate) names: &'a Names,
    pub(crate) filter: &'a Filter,
    pub(crate) name: &'a str,
    pub(crate) source: u16,
    pub(crate) line: u64,
    /// Lines that go on, of the standard output and the standard error of a container.
    pub(crate) pieces: [Option<Joined>; 2],
}

impl Scan<'_> {
    #[inline(always)]
    pub(crate) fn line(&mut self, at: u64, line: Line<'_>) {
        self.line += 1;
        match line {
            Line::Whole(b"") => {}
            Line::Whole(line) => {
                let goes_on = pieces::may_go_on(line) || self.pieces.iter().any(Option::is_some);
                if goes_on
                    && let Some(piece) = pieces::piece(line)
                    && self.is_piece(&piece)
                {
                    return self.piece(&piece, at, line);
                }
                let len = line.len() as u32;
                let (span, around) = (Span { at, len }, Around::default());
                // A line of Docker is no record itself.
                if line.starts_with(b"{\"log\":\"")
                    && let Some(Ok(())) = self.inner(line, span, around, DEEPEST)
                {
                    return;
                }
                if let Err(reject) = self.text(line, span, around) {
                    self.other(line, at, reject);
                }
            }
            Line::TooLong(line) => self.reject(line, Reject::Bad("a line longer than 16 MiB")),
            Line::Cut(line) => {
                self.reject(
                    line,
                    Reject::Bad("the last line has no end and is not counted"),
                );
            }
        }
    }

    /// Whether a line goes on, or is the rest of one.
    fn is_piece(&self, piece: &Piece<'_>) -> bool {
        let before = &self.pieces[usize::from(piece.is_error)];
        piece.goes_on || before.is_some()
    }

    #[cold]
    fn piece(&mut self, piece: &Piece<'_>, at: u64, line: &[u8]) {
        let place = usize::from(piece.is_error);
        let mut joined = self.pieces[place].take().unwrap_or(Joined {
            at,
            ..Joined::default()
        });
        joined.push(&piece.text);
        if piece.goes_on {
            self.pieces[place] = Some(joined);
            return;
        }
        let len = at + line.len() as u64 - joined.at;
        if joined.too_long || len > LONGEST_LINE as u64 {
            return self.reject(line, Reject::Bad("a line longer than 16 MiB"));
        }
        let (at, len) = (joined.at, len as u32);
        let (text, span) = (joined.text.trim_ascii_end(), Span { at, len });
        let taken = self.text(text, span, piece.around).or_else(|reject| {
            let inner = self.inner(text, span, piece.around, DEEPEST);
            inner.unwrap_or(Err(reject))
        });
        if let Err(reject) = taken {
            self.reject(text, reject);
        }
    }

    /// Tells what is left at the end of a source.
    pub(crate) fn end(&mut self) {
        for joined in std::mem::take(&mut self.pieces).into_iter().flatten() {
            let why = "the last line has no end and is not counted";
            self.reject(&joined.text, Reject::Bad(why));
        }
    }

    /// Takes a line, if it is a record.
    #[inline(always)]
    fn text(&mut self, text: &[u8], span: Span, around: Around) -> Result<(), Reject> {
        let query = &self.filter.query;
        let mut seen = Seen::default();
        let record = match query.is_empty() {
            true => record::parse_with(text, self.names, around, |_| ()),
            false => record::parse_with(text, self.names, around, |field| {
                query.see(&mut seen, field)
            }),
        }?;
        let selected =
            self.filter.takes(&record) && (query.is_empty() || query.takes(seen, text, &record));
        self.take(span, &record, selected);
        Ok(())
    }

    /// A line that is not a record may hold one, or many.
    #[inline(never)]
    fn other(&mut self, line: &[u8], at: u64, reject: Reject) {
        let len = line.len() as u32;
        match self.inner(line, Span { at, len }, Around::default(), DEEPEST) {
            Some(Ok(())) => return,
            Some(Err(reject @ Reject::Bad(_))) => return self.reject(line, reject),
            _ => {}
        }
        let mut answer = Vec::new();
        wrap::answer(line, &mut |item| answer.push(item));
        for item in &answer {
            let offset = item.as_ptr().addr() - line.as_ptr().addr();
            let (at, len) = (at + offset as u64, item.len() as u32);
            let span = Span { at, len };
            let around = Around::default();
            let taken = self.text(item, span, around).or_else(|reject| {
                self.inner(item, span, around, DEEPEST)
                    .unwrap_or(Err(reject))
            });
            if let Err(reject) = taken {
                self.reject(item, reject);
            }
        }
        if answer.is_empty() {
            self.reject(line, reject);
        }
    }

    /// Takes the record that stands within a line; `None` if nothing does.
    fn inner(
        &mut self,
        line: &[u8],
        span: Span,
        around: Around,
        depth: usize,
    ) -> Option<Result<(), Reject>> {
        let inner = wrap::inner(line, around).filter(|_| depth > 0)?;
        let taken = self.text(&inner.text, span, inner.around);
        let deeper = taken.or_else(|reject| {
            let deeper = self.inner(&inner.text, span, inner.around, depth - 1);
            deeper.unwrap_or(Err(reject))
        });
        Some(deeper)
    }

    #[inline(always)]
    fn take(&mut self, span: Span, record: &Record<'_>, selected: bool) {
        let index = &mut *self.index;
        if record.faults != record::Faults::default() {
            index.count_faults(record);
        }
        let [trace, own, parent] = record.ids;
        let failed = record.outcome.is_failure();
        index.units.push(Unit {
            at: span.at,
            end: record.end.unwrap_or(NO_TIME),
            duration: record.duration.unwrap_or(NO_DURATION),
            trace: trace_id(&index.ids, trace),
            span: span_id(&index.ids, own, record.decimal),
            parent: span_id(&index.ids, parent, record.decimal),
            len: span.len,
            name: index.texts.name(record),
            service: index.texts.number(record.service),
            error: if failed { index.texts.error(record) } else { 0 },
            rate: record.rate,
            source: self.source,
            status: record.status,
            level: record.level,
            outcome: record.outcome,
            partial: record.partial,
            selected,
            duplicate: false,
        });
    }

    #[cold]
    fn reject(&mut self, line: &[u8], reject: Reject) {
        let (rejected, why) = match reject {
            Reject::Bad(why) => (&mut self.index.bad, why),
            Reject::Other => {
                self.index.keys.see(line, self.names);
                (&mut self.index.other, "")
            }
        };
        let Rejected { count, samples } = rejected;
        *count += 1;
        if samples.len() < SAMPLES {
            let text = line.get(..SAMPLE_BYTES).unwrap_or(line);
            samples.push(Sample {
                place: format!("{}:{}", self.name, self.line),
                text: String::from_utf8_lossy(text).into_owned(),
                why,
            });
        }
    }
}
