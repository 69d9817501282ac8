use std::fmt;
use std::fmt::Write;
use std::panic::Location;

use log::Level;

use crate::unit::Entry;
use crate::unit::store::arena::{Span, Writer};
use crate::unit::store::fragments::{Fragment, Place};
use crate::unit::store::text;
use crate::value::failure::{Cause, ErrorTexts, write_sources};
use crate::value::message::Text;
use crate::value::outcome::Outcome;

/// An ordinary log record on its way to become a fragment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logged<'a> {
    pub(crate) text: &'a str,
    pub(crate) file: &'a str,
    pub(crate) line: u32,
    pub(crate) level: Level,
    /// Whether its level raises that of the unit.
    pub(crate) raises: bool,
    pub(crate) held: bool,
}

impl Entry {
    /// Adds a fragment. Inlined, so that the match is formatted_text where it is called.
    #[inline(always)]
    pub(crate) fn add(
        &mut self,
        text: Text<'_>,
        level: Option<Level>,
        location: &'static Location<'static>,
    ) {
        match text {
            Text::Plain(text) => self.add_text(text, level, location),
            Text::Args(args) => self.add_args(args, level, location),
        }
    }

    #[inline(never)]
    fn add_text(&mut self, text: &str, level: Option<Level>, location: &'static Location<'static>) {
        let at_nanos = self.nanos_at(self.now());
        let text = self.arena.push_text(text, self.limits.value);
        self.push_fragment(Fragment {
            at_nanos,
            place: Place::Code(location),
            text,
            level,
            held: false,
        });
    }

    /// The time is that of the call, before formatting.
    #[inline(never)]
    fn add_args(
        &mut self,
        args: fmt::Arguments<'_>,
        level: Option<Level>,
        location: &'static Location<'static>,
    ) {
        let at_nanos = self.nanos_at(self.now());
        let text = text::message(args, &mut self.arena, self.limits.value);
        self.push_fragment(Fragment {
            at_nanos,
            place: Place::Code(location),
            text,
            level,
            held: false,
        });
    }

    /// Adds an ordinary log record as a fragment.
    pub(crate) fn add_logged(&mut self, logged: Logged<'_>) {
        let at_nanos = self.nanos_at(self.now());
        let file = self.arena.push_text(logged.file, self.limits.value);
        let text = self.arena.push_text(logged.text, self.limits.value);
        let fragment = Fragment {
            at_nanos,
            place: Place::Log {
                file,
                line: logged.line,
            },
            text,
            level: Some(logged.level),
            held: logged.held,
        };
        self.has_held |= logged.held;
        let limit = self.limits.fragments;
        let gone = match logged.held {
            true => self.fragments.push_held(fragment, limit),
            false => self.fragments.push(fragment, limit),
        };
        if let Some(gone) = gone {
            self.note_gone(gone);
        }
        if logged.raises {
            self.severity.raise(logged.level);
        }
        self.tidy();
    }

    /// Before the record: takes out what is only for severe ones.
    #[inline]
    pub(crate) fn drop_held(&mut self) {
        if self.has_held && self.severity.level() > Level::Warn {
            self.fragments.drop_held();
            self.has_held = false;
        }
    }

    #[inline(always)]
    fn push_fragment(&mut self, fragment: Fragment) {
        if self.fragments.is_full(self.limits.fragments) {
            self.push_over(fragment);
        } else {
            self.fragments.push(fragment, self.limits.fragments);
        }
        if let Some(level) = fragment.level {
            self.severity.raise(level);
            // An error is more than a level: the unit has failed.
            if level == Level::Error {
                self.severity.set_outcome(Outcome::Error);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn push_over(&mut self, fragment: Fragment) {
        if let Some(gone) = self.fragments.push(fragment, self.limits.fragments) {
            self.note_gone(gone);
        }
        self.tidy();
    }

    /// Counts the texts of a fragment that found no room any more.
    pub(crate) fn note_gone(&mut self, gone: Fragment) {
        self.arena.note_dead(Some(gone.text));
        if let Place::Log { file, .. } = gone.place {
            self.arena.note_dead(Some(file));
        }
    }

    /// Keeps a text as `error` and clears the chain of an earlier one.
    pub(crate) fn set_error(&mut self, format: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        self.arena.note_dead(self.error);
        self.arena.note_dead(self.chain);
        self.error = Some(text::described(&mut self.arena, self.limits.value, format));
        self.chain = None;
        self.severity.set_outcome(Outcome::Error);
        self.tidy();
    }

    /// Keeps message and place of a panic: the last one, as those before were caught.
    pub(crate) fn set_panic(&mut self, message: &str, place: &str) {
        // Inside a panic hook, or in a destructor of a panic: a lack of memory would
        // be the end of the process. The record says `outcome=panic` without this too.
        let limit = self.limits.value;
        if !(self.arena).make_room(message.len().min(limit) + place.len().min(limit)) {
            return;
        }
        for old in self.panic.into_iter().flat_map(<[Span; 2]>::from) {
            self.arena.note_dead(Some(old));
        }
        let message = self.arena.push_text(message, self.limits.value);
        let place = self.arena.push_text(place, self.limits.value);
        self.panic = Some((message, place));
        self.tidy();
    }

    /// Keeps a text as `error.chain`, unless it is empty.
    pub(crate) fn set_chain(&mut self, format: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let span = text::described(&mut self.arena, self.limits.value, format);
        self.chain = Some(span).filter(|span| span.len() > 0);
        self.tidy();
    }
}

/// Keeps the text of an error and those of its sources. Runs user code.
pub(crate) fn record(entry: &mut Entry, cause: Cause<'_>) {
    match cause {
        Cause::Text(text) => entry.set_error(|out| out.write_str(text)),
        Cause::Error(error) => {
            entry.set_error(|out| write!(out, "{error}"));
            entry.set_chain(|out| {
                if write_sources(out, error)? {
                    out.mark_cut();
                }
                Ok(())
            });
        }
    }
}

/// Keeps an error that was texts before.
pub(crate) fn record_texts(entry: &mut Entry, texts: &ErrorTexts) {
    entry.set_error(|out| out.write_str(texts.error.as_str()));
    entry.set_chain(|out| {
        out.write_str(texts.sources.as_str())?;
        if texts.has_more {
            out.mark_cut();
        }
        Ok(())
    });
}
