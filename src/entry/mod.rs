//! The data of one unit of work, as it is gathered and as encoders read it.
//!
//! Values are stored typed and encoded late: a record that is filtered or
//! discarded costs no encoding, counters and overwrites are plain stores, and
//! tests look at data instead of text. An `Entry` is boxed once and recycled
//! (`pool.rs`); its inline space holds 128 fields, 64 fragments and 2 KiB of
//! text, so the first unit of a thread costs two allocations.

mod arena;
mod capture;
mod fields;
mod fragments;
mod items;
mod laps;
#[cfg(feature = "testing")]
mod normal;
mod ordinary;
mod pairs;
mod parts;
mod read;
mod severity;
mod stored;
mod transaction;

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use log::Level;
use smallvec::SmallVec;

use crate::clock::Stamp;
use crate::config::{Limits, Settings};
use crate::key::KeyRef;
use crate::message::Text;
use crate::number::Amount;
use crate::outcome::Outcome;
use crate::value::{Kind, STARS};

pub(crate) use arena::{Arena, Span, Writer};
pub(crate) use fields::{Field, FieldKey, Fields, GivenKey, Role, flag};
pub(crate) use fragments::{Fragment, Fragments, Place};
pub(crate) use items::{Item, Items};
use laps::Lap;
pub(crate) use laps::Lapse;
pub(crate) use ordinary::{Around, Ordinary, base_name};
pub(crate) use pairs::{Pair, PairText, PairValue, Piece};
use parts::Parts;
pub(crate) use severity::Severity;
pub(crate) use stored::{Laps, Stored, Tag};
pub(crate) use transaction::{Outgoing, Passing, Transaction};

/// Text below this size is never worth tidying up.
const TIDY_FLOOR: usize = 16 * 1024;

/// A larger arena or line is not kept for the next unit.
const KEEP: usize = 64 * 1024;

/// What a unit is called and where it began.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) name: Cow<'static, str>,
    pub(crate) target: Cow<'static, str>,
    /// Known to macros only.
    pub(crate) module: Option<&'static str>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) level: Level,
}

/// Buffers that encoding fills; recycled with the entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    /// The record. As long as it ever was; how much is text, encoding tells.
    pub(crate) line: Vec<u8>,
    /// The JSON text of one list, before logfmt quotes it.
    pub(crate) list: Vec<u8>,
    /// The record, where it goes out as key-values.
    pub(crate) pairs: Vec<Pair>,
}

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

/// Tells an entry that is current from all others that ever were on any thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(pub(crate) NonZeroU64);

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) settings: Arc<Settings>,
    limits: Limits,
    pub(crate) origin: Origin,
    pub(crate) start: Instant,
    /// The wall clock at the start, read only where the record prints it.
    pub(crate) wall: Option<Stamp>,
    /// Whether this thread was unwinding already when the trace began.
    pub(crate) was_panicking: bool,
    pub(crate) severity: Severity,
    pub(crate) arena: Arena,
    /// The name of the unit, copied here for the sake of encoding.
    pub(crate) name: Span,
    pub(crate) fields: Fields,
    pub(crate) fragments: Fragments,
    laps: SmallVec<[Lap; 4]>,
    next_lap: u32,
    pub(crate) error: Option<Span>,
    pub(crate) chain: Option<Span>,
    /// Message and place of a panic that the panic hook saw.
    pub(crate) panic: Option<(Span, Span)>,
    /// Which transaction the unit belongs to, once that was asked or told.
    pub(crate) transaction: Option<Transaction>,
    pub(crate) request_id: Option<Span>,
    /// Of an entry that stands for a disabled trace: what that passes on.
    pub(crate) passing: Option<Box<Passing>>,
    pub(crate) parts: Parts,
    /// How many units this entry was before.
    generation: u64,
    /// Tells the entry from the others that are current, while it is.
    pub(crate) token: Option<Token>,
    /// How many units that cannot be reached stand before this one, while it is current.
    pub(crate) masks: u32,
    /// Whether its record is written already, though the trace is there still.
    pub(crate) ended: bool,
    /// Whether a fragment is only for a severe record.
    pub(crate) has_held: bool,
    /// How many partial records were written.
    pub(crate) seq: u32,
    pub(crate) scratch: Scratch,
    /// The next of a list: of spare entries, or of those that are current.
    pub(crate) next: Option<Box<Entry>>,
}

impl Entry {
    pub(crate) fn new(settings: Arc<Settings>, origin: Origin, start: Instant) -> Entry {
        Entry {
            limits: settings.limits,
            severity: Severity::new(origin.level),
            settings,
            origin,
            start,
            wall: None,
            was_panicking: false,
            name: Span::default(),
            arena: Arena::new(),
            fields: Fields::new(),
            fragments: Fragments::new(),
            laps: SmallVec::new(),
            next_lap: 0,
            error: None,
            chain: None,
            panic: None,
            transaction: None,
            request_id: None,
            passing: None,
            parts: Parts::default(),
            generation: 0,
            token: None,
            masks: 0,
            ended: false,
            has_held: false,
            seq: 0,
            scratch: Scratch::default(),
            next: None,
        }
    }

    /// Copies the name to where texts are encoded from.
    #[inline]
    pub(crate) fn place_name(&mut self) {
        self.name = self.arena.push_text(&self.origin.name, self.limits.value);
    }

    /// Makes a recycled entry the entry of a new unit.
    #[inline]
    pub(crate) fn restart(&mut self, settings: &Arc<Settings>, origin: Origin, start: Instant) {
        if !Arc::ptr_eq(&self.settings, settings) {
            self.settings = Arc::clone(settings);
            self.limits = settings.limits;
            self.fields.reset();
        }
        self.severity = Severity::new(origin.level);
        self.origin = origin;
        self.start = start;
        self.wall = None;
        self.fields.clear();
        self.fragments.clear();
        self.laps.clear();
        self.error = None;
        self.chain = None;
        self.panic = None;
        self.transaction = None;
        self.request_id = None;
        self.parts = Parts::default();
        self.generation += 1;
        self.masks = 0;
        self.ended = false;
        self.has_held = false;
        self.seq = 0;
    }

    /// Forgets the texts, and gives back buffers that one large record made large.
    #[inline]
    pub(crate) fn shrink(&mut self) {
        let pairs = self.scratch.pairs.capacity() * size_of::<Pair>();
        if self.scratch.line.len() > KEEP || self.scratch.list.capacity() > KEEP || pairs > KEEP {
            self.scratch = Scratch::default();
        }
        self.arena.clear(KEEP);
        self.fields.shrink(KEEP);
        self.fragments.shrink(KEEP);
        // What a user gave away is freed, unless it is a short name: that tells
        // the kind of the unit.
        if let Cow::Owned(_) = self.origin.target {
            self.origin.target = Cow::Borrowed("");
        }
        if matches!(&self.origin.name, Cow::Owned(name) if name.capacity() > KEEP / 64) {
            self.origin.name = Cow::Borrowed("");
        }
    }

    /// Nanoseconds since the start.
    #[inline]
    pub(crate) fn nanos_at(&self, now: Instant) -> u64 {
        let offset = now.saturating_duration_since(self.start);
        let nanos = offset.as_secs().saturating_mul(1_000_000_000);
        nanos.saturating_add(offset.subsec_nanos().into())
    }

    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.settings.clock.now()
    }

    /// Whether `current` may write to it.
    #[inline(always)]
    pub(crate) fn is_open(&self) -> bool {
        !self.ended & (self.masks == 0)
    }

    /// How many bytes of one value are kept.
    pub(crate) fn value_limit(&self) -> usize {
        self.limits.value
    }

    /// Keeps an HTTP status and what it means.
    #[inline]
    pub(crate) fn set_status(&mut self, status: u16) {
        let key = KeyRef::Static(self.settings.forms.status());
        self.set(key, Kind::U64(status.into()));
        match status {
            0..400 => {}
            400..500 => self.severity.raise(Level::Warn),
            500.. => self.severity.set_outcome(Outcome::Error),
        }
    }

    // ----- fields

    /// Sets a field. Inlined, so that the match on the kind is settled where it is called.
    #[inline(always)]
    pub(crate) fn set(&mut self, key: KeyRef<'_>, kind: Kind<'_>) {
        let KeyRef::Static(name) = key else {
            return self.set_any(key, kind);
        };
        match kind {
            Kind::Str(text) => self.set_text(name, text),
            Kind::U64(n) => self.set_bits(name, Tag::U64, n),
            Kind::I64(n) => self.set_bits(name, Tag::I64, n as u64),
            Kind::F64(x) => self.set_bits(name, Tag::F64, x.to_bits()),
            Kind::Bool(value) => self.set_bits(name, Tag::Bool, value.into()),
            Kind::Micros(n) => self.set_bits(name, Tag::Micros, n),
            _ => self.set_any(key, kind),
        }
    }

    #[inline(never)]
    fn set_bits(&mut self, key: &'static str, tag: Tag, bits: u64) {
        let value = Stored::new(tag, bits);
        match self.fields.expected(key) {
            Some(field) => field.store(value, Role::Plain),
            None => self.set_unexpected(KeyRef::Static(key), value),
        }
    }

    #[inline(never)]
    fn set_text(&mut self, key: &'static str, text: &str) {
        match self.fields.expected(key) {
            Some(field) => {
                let span = self.arena.push_text(text, self.limits.value);
                field.store(Stored::text(span), Role::Plain);
            }
            None => self.set_unexpected_text(key, text),
        }
    }

    #[cold]
    #[inline(never)]
    fn set_unexpected_text(&mut self, key: &'static str, text: &str) {
        self.set_any(KeyRef::Static(key), Kind::Str(text));
    }

    /// A value that needs no arena, for a key that was not next.
    #[cold]
    #[inline(never)]
    fn set_unexpected(&mut self, key: KeyRef<'_>, value: Stored) {
        let Some(at) = self.place(key, Role::Plain) else {
            return;
        };
        match self.fields.get_mut(at) {
            Some(field) if !field.has(flag::REDACTED) => field.store(value, Role::Plain),
            _ => self.put(at, Kind::Null),
        }
    }

    /// Any value, any key.
    #[inline(never)]
    pub(crate) fn set_any(&mut self, key: KeyRef<'_>, kind: Kind<'_>) {
        if let KeyRef::Static(name) = key
            && let Some(field) = self.fields.expected(name)
        {
            field.store(Stored::ABSENT, Role::Plain);
            return self.put(self.fields.len() - 1, kind);
        }
        let wanted = self.fields.dropped;
        match self.place(key, Role::Plain) {
            Some(at) => self.put(at, kind),
            // Nothing is lost by leaving out what is left out anyway.
            None if matches!(kind, Kind::Absent) => self.fields.dropped = wanted,
            None => {}
        }
    }

    /// Stores a value in a field that exists.
    fn put(&mut self, at: usize, kind: Kind<'_>) {
        let Some(field) = self.fields.get(at) else {
            return;
        };
        let kind = match kind {
            Kind::Absent => return self.remove(at),
            _ if field.has(flag::REDACTED) => Kind::Str(STARS),
            kind => kind,
        };
        let old = field.value().span();
        let value = match kind {
            Kind::Str(text) => {
                let (text, cut) = capture::clip(text, self.limits.value);
                self.arena.note_cut(cut);
                Stored::text(self.arena.replace(old, text.as_bytes()).cut(cut))
            }
            kind => {
                self.arena.note_dead(old);
                capture::store(kind, &mut self.arena, self.limits.value)
            }
        };
        if let Some(field) = self.fields.get_mut(at) {
            field.store(value, Role::Plain);
        }
        self.tidy();
    }

    pub(crate) fn unset(&mut self, key: KeyRef<'_>) {
        let key = GivenKey::new(key, self.limits.value);
        // A key may have a field of each role.
        while let Some(at) = self.fields.find(key, Role::Plain, &self.arena)
            && let Some(field) = self.fields.get(at)
            && field.value().tag != Tag::Absent
        {
            self.remove(at);
        }
    }

    /// Removes a field's value, and the laps that run for it.
    fn remove(&mut self, at: usize) {
        let old = self.fields.get(at).and_then(|field| field.value().span());
        self.arena.note_dead(old);
        self.laps.retain(|lap| lap.field != at);
        self.fields.remove(at);
        self.tidy();
    }

    /// Adds to a sum or raises a maximum.
    pub(crate) fn accumulate(&mut self, key: KeyRef<'_>, role: Role, amount: Amount) {
        if let KeyRef::Static(name) = key
            && let Some(field) = self.fields.expected(name)
        {
            let value = Stored::of_amount(amount, Stored::ABSENT, &mut self.arena);
            return field.store(value, role);
        }
        let Some(at) = self.place(key, role) else {
            return;
        };
        let Some(field) = self.fields.get_mut(at) else {
            return;
        };
        if field.has(flag::REDACTED) {
            return self.put(at, Kind::Null);
        }
        let old = field.value();
        let total = match (old.to_amount(&self.arena), role) {
            (Some(sum), Role::Sum) => sum.add(amount),
            (Some(most), Role::Max) => most.max(amount),
            _ => amount,
        };
        field.store(Stored::of_amount(total, old, &mut self.arena), role);
        self.tidy();
    }

    /// Finds or makes the field of a key for a role; counts a loss where there is no room.
    fn place(&mut self, key: KeyRef<'_>, role: Role) -> Option<usize> {
        if let KeyRef::Static(key) = key {
            let at = self.fields.again(key, role);
            if let Some(at) = at.or_else(|| self.fields.recall(key)) {
                return Some(at);
            }
        }
        self.search(key, role)
    }

    /// The part of `place` that needs a hash.
    #[inline(never)]
    fn search(&mut self, key: KeyRef<'_>, role: Role) -> Option<usize> {
        let key = GivenKey::new(key, self.limits.value);
        if let Some(at) = self.fields.find(key, role, &self.arena) {
            if let Some(key) = key.fixed {
                self.fields.note_recent(key, at);
            }
            return Some(at);
        }
        if self.fields.len() >= self.limits.fields && self.fields.has_absent() {
            self.forget_removed();
        }
        self.arena.note_cut(key.cut);
        let at = self
            .fields
            .append(key, role, &self.settings, &mut self.arena);
        if at.is_none() {
            self.fields.dropped = self.fields.dropped.saturating_add(1);
        }
        at
    }

    /// Makes room by forgetting removed fields, and the laps of removed timers.
    #[cold]
    fn forget_removed(&mut self) {
        let fields = &self.fields;
        let is_timer = |at| {
            fields
                .get(at)
                .is_some_and(|field| field.value().tag == Tag::Timer)
        };
        self.laps.retain(|lap| is_timer(lap.field));
        for lap in &mut self.laps {
            lap.field -= fields.absent_before(lap.field);
        }
        self.fields.compact(&mut self.arena);
        self.tidy();
    }

    // ----- fragments

    /// Adds a fragment. Inlined, so that the match is settled where it is called.
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
        let text = capture::message(args, &mut self.arena, self.limits.value);
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
    fn note_gone(&mut self, gone: Fragment) {
        self.arena.note_dead(Some(gone.text));
        if let Place::Log { file, .. } = gone.place {
            self.arena.note_dead(Some(file));
        }
    }

    // ----- errors

    /// Keeps a text as `error` and clears the chain of an earlier one.
    pub(crate) fn set_error(&mut self, format: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        self.arena.note_dead(self.error);
        self.arena.note_dead(self.chain);
        self.error = Some(capture::described(
            &mut self.arena,
            self.limits.value,
            format,
        ));
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
        let span = capture::described(&mut self.arena, self.limits.value, format);
        self.chain = Some(span).filter(|span| span.len() > 0);
        self.tidy();
    }

    // ----- bounds

    /// Drops overwritten text once there is more of it than of the rest.
    #[inline]
    fn tidy(&mut self) {
        let dead = self.arena.dead();
        if dead > TIDY_FLOOR && dead > self.arena.used() / 2 {
            self.tidy_now();
        }
    }

    #[cold]
    #[inline(never)]
    fn tidy_now(&mut self) {
        let old = &self.arena;
        // All at once and before anything moves: a text that finds no memory would
        // leave those before it in one arena and those behind it in another.
        let Some(mut fresh) = Arena::with_room(old.used().saturating_sub(old.dead())) else {
            return;
        };
        let mut keep = |span: Span| fresh.push(old.get(span)).cut(span.is_cut());
        for field in self.fields.iter_mut() {
            field.move_spans(&mut keep);
        }
        for fragment in self.fragments.iter_mut() {
            fragment.move_spans(&mut keep);
        }
        self.name = keep(self.name);
        self.error = self.error.map(&mut keep);
        self.chain = self.chain.map(&mut keep);
        self.request_id = self.request_id.map(&mut keep);
        if let Some(transaction) = &mut self.transaction {
            transaction.state = keep(transaction.state);
        }
        self.panic = self.panic.map(|(text, place)| (keep(text), keep(place)));
        fresh.note_cut(self.arena.has_cut());
        self.arena = fresh;
    }
}
