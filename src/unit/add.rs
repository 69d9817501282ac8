//! Fragments, errors and panics: the texts of a unit besides its fields.

use std::fmt;
use std::fmt::Write;
use std::panic::Location;

use log::{Level, Record};

use crate::unit::Entry;
use crate::unit::store::arena::{Arena, Span, Writer};
use crate::unit::store::fragments::{RawFragment, Site};
use crate::unit::store::text;
use crate::value::eager;
use crate::value::failure::{Cause, ErrorTexts, write_sources};
use crate::value::message::Text;
use crate::value::outcome::Outcome;

impl Entry {
    /// Adds a fragment. Inlined, so that the match is resolved where it is called.
    #[inline(always)]
    pub(crate) fn add(
        &mut self,
        text: Text<'_>,
        level: Option<Level>,
        location: &'static Location<'static>,
    ) {
        match text {
            Text::Plain(text) => {
                self.add_at(location, level, |arena, max| arena.push_text(text, max))
            }
            Text::Args(args) => self.add_at(location, level, |arena, max| {
                text::message(args, arena, max)
            }),
        }
    }

    /// Takes the time before the text is formatted.
    #[inline(never)]
    fn add_at(
        &mut self,
        location: &'static Location<'static>,
        level: Option<Level>,
        store: impl FnOnce(&mut Arena, usize) -> Span,
    ) {
        let at_nanos = self.nanos_at(self.now());
        let text = store(&mut self.arena, self.limits.value);
        self.push_fragment(RawFragment {
            at_nanos,
            site: Site::Code(location),
            text,
            level,
            held: false,
        });
        if let Some(level) = level {
            self.severity.raise(level);
            // An error is more than a level: the unit has failed.
            if level == Level::Error {
                self.severity.set_outcome(Outcome::Error);
            }
        }
    }

    /// Adds an ordinary log call as a fragment. If `raises`, its level raises that
    /// of the unit; if `held`, only a severe record has it.
    pub(crate) fn add_logged(&mut self, call: &Record<'_>, text: &str, raises: bool, held: bool) {
        let at_nanos = self.nanos_at(self.now());
        let file = call.file().unwrap_or(call.target());
        let site = Site::Log {
            file: self.arena.push_text(file, self.limits.value),
            line: call.line().unwrap_or(0),
        };
        let text = self.arena.push_text(text, self.limits.value);
        self.push_fragment(RawFragment {
            at_nanos,
            site,
            text,
            level: Some(call.level()),
            held,
        });
        if raises {
            self.severity.raise(call.level());
        }
    }

    #[inline(always)]
    fn push_fragment(&mut self, fragment: RawFragment) {
        if let Some(gone) = self.fragments.push(fragment, self.limits.fragments) {
            self.note_gone(gone);
            self.tidy();
        }
    }

    /// Counts the texts of a dropped fragment as dead.
    pub(super) fn note_gone(&mut self, gone: RawFragment) {
        self.arena.note_dead(Some(gone.text));
        if let Site::Log { file, .. } = gone.site {
            self.arena.note_dead(Some(file));
        }
    }

    /// Drops the held fragments, unless the record is a severe one.
    #[inline]
    pub(crate) fn drop_held(&mut self) {
        if self.fragments.has_held() && self.severity.level() > Level::Warn {
            self.fragments.drop_held();
        }
    }

    /// Keeps a text as `error` and clears the chain of an earlier one.
    fn set_error(&mut self, format: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        self.arena.note_dead(self.error);
        self.arena.note_dead(self.chain.take());
        self.error = Some(text::formatted(&mut self.arena, self.limits.value, format));
        self.severity.set_outcome(Outcome::Error);
        self.tidy();
    }

    /// Keeps a text as `error.chain`, unless it is empty. `format` returns
    /// whether it left out any sources.
    fn set_chain(&mut self, format: impl FnOnce(&mut Writer<'_>) -> Result<bool, fmt::Error>) {
        let span = text::formatted(&mut self.arena, self.limits.value, |out| {
            if format(out)? {
                out.mark_cut();
            }
            Ok(())
        });
        self.chain = Some(span).filter(|span| span.len() > 0);
        self.tidy();
    }

    /// Takes back the outcome `error`, and makes a fragment of the error's text.
    pub(crate) fn recover(&mut self, location: &'static Location<'static>) {
        self.severity.recover();
        let Some(error) = self.error.take() else {
            return;
        };
        let chain = self.chain.take();
        let text = eager::format(self.limits.value, |out| {
            write!(out, "recovered from: {}", self.arena.text(error))?;
            chain.map_or(Ok(()), |chain| write!(out, ": {}", self.arena.text(chain)))
        });
        let was_cut = error.is_cut() || chain.is_some_and(Span::is_cut);
        self.arena.note_dead(Some(error));
        self.arena.note_dead(chain);
        self.add_at(location, None, |arena, max| {
            let text = arena.push_text(text.as_str(), max);
            text.cut(was_cut || text.is_cut())
        });
        self.tidy();
    }

    /// Keeps the message and the place of a panic: those of the last one, because earlier
    /// ones were caught.
    pub(crate) fn set_panic(&mut self, message: &str, place: &str) {
        // Inside a panic hook, or in a destructor during a panic, a lack of memory would
        // end the process. Even without these texts, the record has `outcome=panic`.
        let limit = self.limits.value;
        if !(self.arena).make_room(message.len().min(limit) + place.len().min(limit)) {
            return;
        }
        for old in self.panic.into_iter().flatten() {
            self.arena.note_dead(Some(old));
        }
        self.panic = Some([message, place].map(|text| self.arena.push_text(text, limit)));
        self.tidy();
    }
}

/// Keeps the text of an error and those of its sources. Runs user code.
pub(crate) fn record(entry: &mut Entry, cause: Cause<'_>) {
    match cause {
        Cause::Text(text) => entry.set_error(|out| out.write_str(text)),
        Cause::Error(error) => {
            entry.set_error(|out| write!(out, "{error}"));
            entry.set_chain(|out| write_sources(out, error));
        }
    }
}

/// Keeps an error whose texts have been written already.
pub(crate) fn record_texts(entry: &mut Entry, texts: &ErrorTexts) {
    entry.set_error(|out| out.write_str(texts.error.as_str()));
    entry.set_chain(|out| {
        out.write_str(texts.sources.as_str())?;
        Ok(texts.has_more)
    });
}
