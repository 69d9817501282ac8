//! What others can reach of a unit while its entry is elsewhere: other threads, other
//! tasks, and the units inside it.
//!
//! An entry has a hub once somebody asks for it. The hub outlives the entry's place: a
//! scope on another thread makes a part from the hub alone, works on it without a
//! lock, and brings it back here, where the unit picks it up. A hub that nobody
//! holds any more serves the entry's next unit, so in the steady state none is allocated.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::config::settings::Settings;
use crate::ids::random::Salt;
use crate::ids::traceparent::TraceParent;
use crate::unit::store::laps::LapId;
use crate::unit::store::origin::{Origin, Token};
use crate::unit::store::trace_ids::{SharedIds, UnitIds};

/// The parts that came back after their unit had ended, in this process.
static LATE: AtomicU64 = AtomicU64::new(0);

/// Returns how many parts came back after their unit had ended.
pub(crate) fn late_parts() -> u64 {
    LATE.load(Ordering::Relaxed)
}

/// The meeting point of a unit and its parts.
pub(crate) struct Hub<E> {
    pub(crate) settings: Arc<Settings>,
    pub(crate) start: Instant,
    pub(crate) name: Cow<'static, str>,
    /// The origin of parts: they emit nothing, but their children take over the target.
    pub(crate) origin: Origin,
    /// The token of the unit's entry when it was last made current; 0 if it never was.
    token: AtomicU64,
    /// Whether the inbox holds anything that the unit has not seen.
    has_news: AtomicBool,
    /// How many parts have been made and have not come back.
    running: AtomicU32,
    /// How many units inside this one have not ended.
    inside: AtomicU32,
    /// The outermost unit that this one was inside of when it began.
    outermost: OnceLock<Arc<Hub<E>>>,
    /// What is known to any of the units of which this is the outermost: without it, each of
    /// ten thousand units inside each other would ask all those around it at its end.
    known: AtomicU8,
    inbox: Mutex<Inbox<E>>,
}

/// Bits of [`Hub::known`].
pub(crate) mod known {
    pub(crate) const IDS: u8 = 1;
    pub(crate) const REQUEST_ID: u8 = 2;
}

/// What came back for a unit.
struct Inbox<E> {
    news: News<E>,
    /// An entry to merge the next parts into.
    spare: Option<Box<E>>,
    /// The ids of the unit, for its parts and for the units inside it.
    ids: SharedIds,
    /// The hub of the unit that this one is inside of.
    outer: Option<Arc<Hub<E>>>,
    has_ended: bool,
    is_discarded: bool,
}

/// What a unit has to merge.
#[derive(Clone)]
pub(crate) struct News<E> {
    /// The parts that came back, merged into one.
    pub(crate) part: Option<Box<E>>,
    /// Laps of the unit that were stopped elsewhere.
    pub(crate) stops: SmallVec<[(LapId, Instant); 2]>,
}

impl<E> Default for News<E> {
    fn default() -> News<E> {
        News {
            part: None,
            stops: SmallVec::new(),
        }
    }
}

impl<E> fmt::Debug for Hub<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

impl<E> Hub<E> {
    pub(crate) fn new(settings: &Arc<Settings>, start: Instant, origin: &Origin) -> Hub<E> {
        Hub {
            settings: Arc::clone(settings),
            start,
            name: origin.name.clone(),
            origin: of_part(origin),
            token: AtomicU64::new(0),
            has_news: AtomicBool::new(false),
            running: AtomicU32::new(0),
            inside: AtomicU32::new(0),
            outermost: OnceLock::new(),
            known: AtomicU8::new(0),
            inbox: Mutex::new(Inbox {
                news: News::default(),
                spare: None,
                ids: SharedIds::default(),
                outer: None,
                has_ended: false,
                is_discarded: false,
            }),
        }
    }

    /// Makes a hub that nobody else holds the hub of the next unit.
    pub(crate) fn renew(&mut self, settings: &Arc<Settings>, start: Instant, origin: &Origin) {
        // Counting the references of the shared settings would slow other threads down.
        if !Arc::ptr_eq(&self.settings, settings) {
            self.settings = Arc::clone(settings);
        }
        self.start = start;
        self.name.clone_from(&origin.name);
        self.origin = of_part(origin);
        *self.token.get_mut() = 0;
        *self.has_news.get_mut() = false;
        *self.running.get_mut() = 0;
        *self.inside.get_mut() = 0;
        self.outermost.take();
        *self.known.get_mut() = 0;
        let inbox = self.inbox.get_mut();
        let News { part, stops } = std::mem::take(&mut inbox.news);
        drop(stops);
        inbox.spare = part.or(inbox.spare.take());
        inbox.ids.clear();
        inbox.outer = None;
        inbox.has_ended = false;
        inbox.is_discarded = false;
    }

    #[inline]
    pub(crate) fn token(&self) -> Option<Token> {
        let token = self.token.load(Ordering::Relaxed);
        token.try_into().ok().map(Token)
    }

    #[inline]
    pub(crate) fn set_token(&self, token: Token) {
        self.token.store(token.0.get(), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.has_news.load(Ordering::Acquire)
    }

    /// Counts a part that is made.
    #[inline]
    pub(crate) fn count_part(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a part that was merged where it is not counted already.
    #[inline]
    pub(crate) fn uncount_part(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes in a part that has come back, and returns an entry that is free.
    pub(crate) fn take_in(
        &self,
        part: Box<E>,
        has_content: bool,
        merge: impl FnOnce(&mut E, Box<E>) -> Box<E>,
    ) -> Option<Box<E>> {
        let mut inbox = self.inbox.lock();
        // Under the lock: the end of the unit counts either the part or what was in it.
        self.uncount_part();
        if inbox.has_ended {
            if has_content && !inbox.is_discarded {
                LATE.fetch_add(1, Ordering::Relaxed);
            }
            return Some(part);
        }
        self.has_news.store(true, Ordering::Release);
        match &mut inbox.news.part {
            Some(merged) => Some(merge(merged, part)),
            None => {
                inbox.news.part = Some(part);
                inbox.spare.take()
            }
        }
    }

    /// Notes that a lap, which may be one of this unit, was stopped elsewhere.
    pub(crate) fn stop_lap(&self, lap_id: LapId) {
        let stop = (lap_id, self.settings.clock.now());
        let mut inbox = self.inbox.lock();
        if !inbox.has_ended {
            inbox.news.stops.push(stop);
            self.has_news.store(true, Ordering::Release);
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.inbox.lock().has_ended
    }

    /// Makes the unit end without a record.
    pub(crate) fn discard(&self) {
        self.inbox.lock().is_discarded = true;
    }

    /// Passes the ids of the unit to `look`. If they are not known yet, they are made if
    /// `make` is set, or if they follow from those of a unit outside.
    pub(crate) fn with_ids<R>(&self, make: bool, look: impl FnOnce(&SharedIds) -> R) -> R {
        // Without recursion, because units may be nested ten thousand deep.
        let mut outwards = SmallVec::<[Arc<Hub<E>>; 4]>::new();
        let mut next = self.outer_to_ask(make);
        while let Some(outer) = next {
            next = outer.outer_to_ask(make);
            outwards.push(outer);
        }
        let last = outwards.last().map_or(self, |hub| hub);
        if make && !last.knows_ids() {
            // A source of ids is code of the user, and called while nothing is locked.
            let fresh = UnitIds::fresh(&last.settings, last.start);
            last.offer_ids(Some(fresh), b"", b"");
        }
        while let Some(outer) = outwards.pop() {
            let inner = outwards.last().map_or(self, |hub| hub);
            let is_new = outer.knows_ids() && !inner.knows_ids();
            let span_id = is_new.then(|| inner.settings.ids.span_id(Salt::new(inner.start)));
            // Locked in this order only: from the inside out.
            let ids = &mut inner.inbox.lock().ids;
            ids.nest(&outer.inbox.lock().ids, span_id);
        }
        look(&self.inbox.lock().ids)
    }

    fn knows_ids(&self) -> bool {
        self.inbox.lock().ids.ids.is_some()
    }

    /// Returns the hub of the unit outside, if that may know what this one does not.
    fn outer_to_ask(&self, make: bool) -> Option<Arc<Hub<E>>> {
        let known = self.known();
        let inbox = self.inbox.lock();
        let lacks_ids = inbox.ids.ids.is_none() && (make || known & known::IDS != 0);
        let lacks_request_id = inbox.ids.request_id.is_empty() && known & known::REQUEST_ID != 0;
        let outer = inbox.outer.as_ref();
        outer.filter(|_| lacks_ids || lacks_request_id).cloned()
    }

    /// Returns what any of the units knows that have the outermost one in common.
    pub(crate) fn known(&self) -> u8 {
        let outermost = self.outermost.get().map_or(self, |hub| hub);
        outermost.known.load(Ordering::Acquire)
    }

    fn note_known(&self, ids: &SharedIds) {
        let known = if ids.ids.is_some() { known::IDS } else { 0 };
        let request_id = if ids.request_id.is_empty() {
            0
        } else {
            known::REQUEST_ID
        };
        let outermost = self.outermost.get().map_or(self, |hub| hub);
        outermost
            .known
            .fetch_or(known | request_id, Ordering::Release);
    }

    /// Returns the ids, if they are known.
    pub(crate) fn ids(&self) -> Option<UnitIds> {
        self.inbox.lock().ids.ids
    }

    /// Makes the ids of the unit known to its parts and to the units inside it.
    pub(crate) fn set_ids(&self, ids: Option<UnitIds>, state: &[u8], request_id: &[u8]) {
        let own = &mut self.inbox.lock().ids;
        own.replace(ids, state, request_id);
        self.note_known(own);
    }

    /// Gives the unit the ids that a part received, unless it has its own.
    pub(crate) fn offer_ids(&self, ids: Option<UnitIds>, state: &[u8], request_id: &[u8]) {
        let inbox = &mut *self.inbox.lock();
        if ids.is_some() && inbox.ids.ids.is_none() {
            inbox.outer = None;
        }
        inbox.ids.complete(ids, state, request_id);
        self.note_known(&inbox.ids);
    }

    /// Makes this the hub of a unit inside another.
    pub(crate) fn set_outer(&self, outer: &Arc<Hub<E>>) {
        let outermost = outer.outermost.get().unwrap_or(outer);
        self.outermost.get_or_init(|| Arc::clone(outermost));
        self.inbox.lock().outer = Some(Arc::clone(outer));
    }

    /// Gives back what is held of other units once nobody can ask for it.
    pub(crate) fn let_go(&mut self) {
        self.outermost.take();
    }

    /// Makes the ids of this unit independent of the one outside.
    pub(crate) fn leave_outer(&self) {
        self.inbox.lock().outer = None;
    }

    pub(crate) fn count_inside(&self) {
        self.inside.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn uncount_inside(&self) {
        self.inside.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns whether a unit inside this one has not ended.
    pub(crate) fn has_inside(&self) -> bool {
        self.inside.load(Ordering::Relaxed) > 0
    }

    /// Returns whether a header names this unit, one around it, or the caller of any of these.
    pub(crate) fn is_named_by(self: &Arc<Self>, parent: TraceParent) -> bool {
        let mut next = Some(Arc::clone(self));
        while let Some(hub) = next {
            let inbox = hub.inbox.lock();
            if let Some(ids) = inbox.ids.ids {
                if ids.trace_id != parent.trace_id() {
                    return false;
                }
                let span_id = parent.span_id();
                if ids.span_id == span_id || ids.parent_id == Some(span_id) {
                    return true;
                }
            }
            let outer = inbox.outer.clone();
            drop(inbox);
            next = outer;
        }
        false
    }

    pub(crate) fn take_news(&self) -> News<E> {
        let mut inbox = self.inbox.lock();
        self.has_news.store(false, Ordering::Relaxed);
        std::mem::take(&mut inbox.news)
    }

    /// Returns a copy of the news, which stay.
    pub(crate) fn copy_news(&self) -> News<E>
    where
        E: Clone,
    {
        self.inbox.lock().news.clone()
    }

    /// Keeps an entry for the next parts to be merged into.
    pub(crate) fn keep(&self, spare: Box<E>) {
        self.inbox.lock().spare = Some(spare);
    }

    /// Ends the unit: returns the last news, how many parts are still out, and whether one
    /// of them has discarded the unit.
    pub(crate) fn close(&self) -> (News<E>, u32, bool) {
        let mut inbox = self.inbox.lock();
        inbox.has_ended = true;
        inbox.outer = None;
        self.has_news.store(false, Ordering::Relaxed);
        let out = self.running.load(Ordering::Relaxed);
        (std::mem::take(&mut inbox.news), out, inbox.is_discarded)
    }
}

/// Returns the origin of the parts of a unit.
fn of_part(unit: &Origin) -> Origin {
    Origin {
        // Not that of the unit, because parts of all units share their spare entries.
        name: Cow::Borrowed("part"),
        ..unit.clone()
    }
}
