//! The data of one unit of work, as it is collected and as encoders read it.
//!
//! Values are stored typed and encoded late: a record that is filtered out or
//! discarded costs no encoding, counters and overwrites are plain stores, and
//! tests look at data instead of text. An `Entry` is boxed once and recycled
//! (`thread/spares.rs`); it has space of its own for 128 fields, 64 fragments and
//! 2 KiB of text, so the first unit of a thread costs two allocations.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod log_record;
pub(crate) mod reach;
pub(crate) mod join;
#[cfg(feature = "testing")]
pub(crate) mod normal;
pub(crate) mod read;
pub(crate) mod ids;
pub(crate) mod forwarded;
pub(crate) mod time;
pub(crate) mod add;
pub(crate) mod set;
pub(crate) mod store;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use smallvec::SmallVec;

use crate::base::clock::Stamp;
use crate::config::settings::{Limits, Settings};
use crate::unit::store::arena::{Arena, Span};
use crate::unit::store::fields::Fields;
use crate::unit::store::fragments::Fragments;
use crate::unit::store::hub::Hub;
use crate::unit::store::laps::OpenLap;
use crate::unit::store::origin::{Origin, Token};
use crate::unit::store::scratch::{Pair, Scratch};
use crate::unit::store::severity::Severity;
use crate::unit::store::trace_ids::UnitIds;

/// A buffer larger than this is not kept for the next unit.
const KEEP: usize = 64 * 1024;

/// The hub of a unit.
pub(crate) type UnitHub = Hub<Entry>;

/// One unit of work.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Limits,
    pub(crate) origin: Origin,
    pub(crate) start: Instant,
    /// The wall clock at the start, read only if the record prints it.
    pub(crate) wall: Option<Stamp>,
    pub(crate) severity: Severity,
    pub(crate) arena: Arena,
    /// The name of the unit, copied into the arena for encoding.
    pub(crate) name: Span,
    pub(crate) fields: Fields,
    pub(crate) fragments: Fragments,
    laps: SmallVec<[OpenLap; 4]>,
    next_lap: u32,
    pub(crate) error: Option<Span>,
    pub(crate) chain: Option<Span>,
    /// Message and place of a panic that the panic hook saw.
    pub(crate) panic: Option<[Span; 2]>,
    /// The ids of the unit, once it continues a transaction or needs them.
    pub(crate) ids: Option<UnitIds>,
    pub(crate) request_id: Option<Span>,
    /// What others reach of this unit, once somebody does.
    pub(crate) hub: OnceLock<Arc<UnitHub>>,
    /// The hub of the unit that this one is inside of.
    pub(crate) outer: Option<Arc<UnitHub>>,
    /// The hub of the unit that this entry is a part of; a part never emits.
    pub(crate) home: Option<Arc<UnitHub>>,
    /// How many parts had not come back when the unit ended.
    pub(crate) lost_parts: u32,
    /// The identity of the entry while it is current.
    pub(crate) token: Option<Token>,
    /// Whether its record has been written, although the trace still exists.
    pub(crate) ended: bool,
    /// How many partial records were written.
    pub(crate) seq: u32,
    pub(crate) scratch: Scratch,
    /// The next entry in its list: of spare entries, or of current ones.
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
            name: Span::default(),
            arena: Arena::new(),
            fields: Fields::default(),
            fragments: Fragments::default(),
            laps: SmallVec::new(),
            next_lap: 0,
            error: None,
            chain: None,
            panic: None,
            ids: None,
            request_id: None,
            hub: OnceLock::new(),
            outer: None,
            home: None,
            lost_parts: 0,
            token: None,
            ended: false,
            seq: 0,
            scratch: Scratch::default(),
            next: None,
        }
    }

    /// Copies the name into the arena, which texts are encoded from.
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
            // Another configuration judges the remembered keys differently.
            self.fields = Fields::default();
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
        self.ids = None;
        self.request_id = None;
        self.ended = false;
        self.seq = 0;
        if self.hub.get().is_some() {
            self.renew_hub();
        }
    }

    /// Forgets the texts, and gives back buffers that grew for one large record.
    #[inline]
    pub(crate) fn shrink(&mut self) {
        let pairs = self.scratch.pairs.capacity() * size_of::<Pair>();
        if self.scratch.line.len() > KEEP || self.scratch.list.capacity() > KEEP || pairs > KEEP {
            self.scratch = Scratch::default();
        }
        self.arena.clear(KEEP);
        self.fields.shrink(KEEP);
        self.fragments.shrink(KEEP);
        // Strings that the user gave away are freed, except for a short name, by
        // which the next unit of this kind finds the entry.
        if let Cow::Owned(_) = self.origin.target {
            self.origin.target = Cow::Borrowed("");
        }
        if matches!(&self.origin.name, Cow::Owned(name) if name.capacity() > KEEP / 64) {
            self.origin.name = Cow::Borrowed("");
        }
    }

    /// Returns the nanoseconds since the start.
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

    /// Drops dead text once there is more of it than of the rest.
    #[inline]
    fn tidy(&mut self) {
        if self.arena.needs_tidying() {
            self.tidy_now();
        }
    }

    #[cold]
    #[inline(never)]
    fn tidy_now(&mut self) {
        let old = &self.arena;
        // All at once and before anything moves: a text that found no memory would
        // leave those before it in one arena and those after it in another.
        let Some(mut fresh) = Arena::with_room_of(old) else {
            return;
        };
        let mut keep = |span: Span| fresh.adopt(old, span);
        for field in self.fields.iter_mut() {
            field.move_spans(&mut keep);
        }
        for fragment in self.fragments.iter_mut() {
            *fragment = fragment.moved(&mut keep);
        }
        self.name = keep(self.name);
        for text in [&mut self.error, &mut self.chain, &mut self.request_id] {
            *text = text.map(&mut keep);
        }
        if let Some(ids) = &mut self.ids {
            ids.state = keep(ids.state);
        }
        self.panic = self.panic.map(|texts| texts.map(keep));
        fresh.note_cut(self.arena.has_cut());
        self.arena = fresh;
    }
}
