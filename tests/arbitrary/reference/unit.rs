//! A unit of work in the plain way: vectors searched from the front, and owned
//! texts.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use log::{Level, LevelFilter};
use traceline::Outcome;

use super::fields::{Field, Held};
use super::fragments::Fragments;
use super::laps::Lap;
use super::program::{Cause, Num, Settings, Val};
use super::record::stars;
use super::text::cut;

/// The default limits.
const FIELDS: usize = 256;
const FRAGMENTS: usize = 256;
const RECORD: usize = 16 * 1024;
const VALUE: usize = 8 * 1024;

/// The maximum number of sources kept for an error.
const SOURCES: usize = 8;

/// The ids of a unit within a transaction.
#[derive(Clone, Debug)]
pub struct Ids {
    pub trace: [u8; 16],
    pub span: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub sampled: bool,
    pub random: bool,
    /// The caller's decision.
    pub by_sampled_caller: bool,
    /// The header that a disabled unit passes on.
    pub as_given: Option<String>,
}

/// What a unit shares with its parts and with the units inside it.
#[derive(Default)]
pub struct Shared {
    pub ids: Option<Ids>,
    pub state: Option<String>,
    pub request_id: Option<String>,
    /// That of the unit outside.
    pub outer: Option<Cell>,
    /// Parts that were dropped, merged into one until the unit takes it in.
    pub inbox: Option<Unit>,
    /// How many parts are out.
    pub running: u64,
    pub is_over: bool,
    /// How many units go on that began inside this one.
    pub inside: u64,
}

pub type Cell = Rc<RefCell<Shared>>;

/// The text that is kept, and whether it was shortened.
#[derive(Clone, Debug)]
pub struct Kept(pub String, pub bool);

#[derive(Clone)]
pub struct Unit {
    pub enabled: bool,
    pub name: Kept,
    /// The name of the unit, for parts of it too.
    pub unit_name: String,
    /// The whole name, for others to read; the limits of a record do not shorten it.
    pub whole_name: String,
    pub target: String,
    /// The level that it started with, as its parts do.
    first_level: Level,
    /// The default level of fragments.
    pub own_level: Level,
    /// The most severe level that it was raised to since `own_level` was set.
    raised: Option<Level>,
    /// Whether the outcome affects the level: not if it was set before `set_level`.
    outcome_counts: bool,
    said: Option<Outcome>,
    panicked: bool,
    pub fields: Vec<Field>,
    pub dropped_fields: u64,
    pub fragments: Fragments,
    pub lost_parts: u64,
    pub error: Option<Failure>,
    pub seq: u64,
    /// Nothing of it is left where it was current.
    pub gone: bool,
    /// It ended while it was current, and is so still.
    pub ended: bool,
    /// A handle is not informed when its unit was taken away while it was current:
    /// `is_enabled` stays true, and it gets no ids.
    pub stranded: bool,
    pub is_part: bool,
    /// When it started, on the program's clock.
    pub start: u128,
    /// The start relative to the wall clock, which stands still.
    pub started_late: Duration,
    /// `None` until the first id is made.
    pub ids: Option<Ids>,
    pub state: Option<String>,
    pub request_id: Option<String>,
    pub cell: Cell,
    /// Whether a disabled unit was given or has made something to pass on.
    pub passes_on: bool,
    /// Whether enabled units share the ids of a disabled one.
    pub has_units_inside: bool,
    /// Whether it began inside another unit.
    pub is_inside: bool,
    /// Whether what it says of the outcome and level is the word of the unit itself.
    pub speaks: bool,
    level_is_set: bool,
    pub laps: Vec<Lap>,
    /// The next number of a lap or timer; no two units share one.
    pub last_number: u64,
    pub limits: Limits,
    pub redact: Vec<&'static str>,
}

#[derive(Clone, Copy)]
pub struct Limits {
    pub fields: usize,
    pub value: usize,
    record: usize,
}

#[derive(Clone)]
pub struct Failure {
    pub text: Kept,
    pub chain: Option<Kept>,
}

impl Unit {
    pub fn new(name: &str, target: &str, level: Level, settings: &Settings, now: u128) -> Unit {
        let record = settings.max_record.unwrap_or(RECORD);
        let value = settings.max_value.unwrap_or(VALUE.min(record));
        Unit {
            enabled: Level::Error <= settings.logger,
            name: keep(name, value),
            unit_name: name.to_owned(),
            whole_name: name.to_owned(),
            target: target.to_owned(),
            first_level: level,
            own_level: level,
            raised: None,
            outcome_counts: false,
            said: None,
            panicked: false,
            fields: Vec::new(),
            dropped_fields: 0,
            fragments: Fragments::new(settings.max_fragments.unwrap_or(FRAGMENTS)),
            lost_parts: 0,
            error: None,
            seq: 0,
            gone: false,
            ended: false,
            stranded: false,
            is_part: false,
            start: now,
            started_late: Duration::ZERO,
            ids: None,
            state: None,
            request_id: None,
            cell: Cell::default(),
            passes_on: false,
            has_units_inside: false,
            is_inside: false,
            speaks: true,
            level_is_set: false,
            laps: Vec::new(),
            last_number: 0,
            limits: Limits {
                fields: settings.max_fields.unwrap_or(FIELDS),
                value,
                record,
            },
            redact: settings.redact.clone(),
        }
    }

    // ----- outcome, level

    pub fn fail(&mut self, cause: &Cause) {
        let (text, chain) = match cause {
            Cause::Text(text) => (text, &[][..]),
            Cause::Chain(texts) | Cause::Boxed(texts) => (&texts[0], &texts[1..]),
        };
        let kept = &chain[..chain.len().min(SOURCES)];
        let joined = keep(&kept.join(": "), self.limits.value);
        // Sources without text do not form a chain.
        let chain =
            (!joined.0.is_empty()).then_some(Kept(joined.0, joined.1 || chain.len() > SOURCES));
        self.error = Some(Failure {
            text: keep(text, self.limits.value),
            chain,
        });
        self.end_as(Outcome::Error);
    }

    /// Makes this a unit inside another.
    pub fn set_outer(&mut self, outer: &Cell) {
        outer.borrow_mut().inside += 1;
        self.cell.borrow_mut().outer = Some(Rc::clone(outer));
        self.is_inside = true;
    }

    /// It is no longer a unit inside another.
    pub fn leave_outer(&mut self) {
        let outer = self.cell.borrow_mut().outer.take();
        if let Some(outer) = outer.filter(|_| self.is_inside) {
            outer.borrow_mut().inside -= 1;
        }
        self.is_inside = false;
    }

    pub fn end_as(&mut self, outcome: Outcome) {
        self.said = Some(outcome);
        self.outcome_counts = true;
    }

    pub fn take_back_failure(&mut self) {
        if self.said == Some(Outcome::Error) {
            self.said = None;
        }
    }

    /// The handle of a unit that ended: it has no unit, and nothing to pass on.
    pub fn dead() -> Unit {
        let settings = Settings {
            logger: LevelFilter::Off,
            ..Settings::default()
        };
        Unit::new("", "", Level::Info, &settings, 0)
    }

    /// Another disabled unit that passes on the same. Only units that began inside the first
    /// by now are inside both.
    pub fn copied(&self) -> Unit {
        let mut copy = self.clone();
        if !self.has_units_inside {
            copy.cell = Cell::default();
        }
        copy
    }

    /// What has left the stack.
    pub fn gone() -> Unit {
        Unit {
            gone: true,
            ..Unit::dead()
        }
    }

    pub fn panic(&mut self) {
        self.panicked = true;
    }

    /// Redacted if its key or `status` is, whatever name a schema gives it.
    pub fn status(&mut self, key: &'static str, status: u16) {
        match self.is_redacted("status") {
            true => self.put(key, stars(), false),
            false => self.set(key, &Val::Num(Num::U16(status))),
        }
        match status {
            0..400 => {}
            400..500 => self.raise(Level::Warn),
            // Follows from the outcome, so a later `ok` takes it back.
            500.. => self.end_as(Outcome::Error),
        }
    }

    pub fn raise(&mut self, level: Level) {
        self.raised = Some(self.raised.map_or(level, |raised| raised.min(level)));
    }

    pub fn set_level(&mut self, level: Level) {
        self.own_level = level;
        self.raised = None;
        self.outcome_counts = false;
        self.level_is_set = true;
    }

    pub fn outcome(&self) -> Option<Outcome> {
        match self.panicked {
            true => Some(Outcome::Panic),
            false => self.said,
        }
    }

    /// The most severe of the level given, the level it was raised to, and the outcome's.
    pub fn level(&self) -> Level {
        let fails = self.said == Some(Outcome::Error) && self.outcome_counts;
        let by_outcome = (fails || self.panicked).then_some(Level::Error);
        let cancelled = self.said == Some(Outcome::Cancelled) && self.outcome_counts;
        let by_outcome = by_outcome.or(cancelled.then_some(Level::Warn));
        let all = [Some(self.own_level), self.raised, by_outcome];
        all.into_iter().flatten().min().unwrap_or(self.own_level)
    }

    // ----- parts

    /// The part for another thread: it takes over level and start, and is otherwise empty.
    pub fn part(&self) -> Unit {
        if !self.enabled {
            return Unit {
                is_part: true,
                stranded: false,
                ..self.copied()
            };
        }
        self.cell.borrow_mut().running += 1;
        Unit {
            is_part: true,
            // Those of an enabled unit are shared when somebody asks.
            ids: None,
            state: None,
            request_id: None,
            is_inside: false,
            speaks: false,
            level_is_set: false,
            stranded: false,
            // What reading from a part returns, as documented at `Part`.
            name: Kept("part".to_owned(), false),
            whole_name: "part".to_owned(),
            own_level: self.first_level,
            raised: None,
            outcome_counts: false,
            said: None,
            fields: Vec::new(),
            dropped_fields: 0,
            fragments: Fragments::new(self.fragments.limit),
            lost_parts: 0,
            error: None,
            laps: Vec::new(),
            ended: false,
            ..self.clone()
        }
    }

    /// A part is dropped.
    pub fn come_home(mut self, now: u128) {
        self.stop_all(now);
        let cell = Rc::clone(&self.cell);
        let mut cell = cell.borrow_mut();
        cell.running -= 1;
        if cell.is_over {
            return;
        }
        match &mut cell.inbox {
            Some(inbox) => inbox.join(self, now),
            inbox => *inbox = Some(self),
        }
    }

    /// Takes in the parts that were dropped.
    pub fn catch_up(&mut self, now: u128) {
        if !self.is_part {
            let inbox = self.cell.borrow_mut().inbox.take();
            inbox.into_iter().for_each(|part| self.join(part, now));
        }
    }

    /// What a reader sees, who may not change the unit: parts that were dropped are in it.
    pub fn seen(&self, now: u128) -> Unit {
        let mut seen = self.clone();
        if !self.is_part {
            let inbox = self.cell.borrow().inbox.clone();
            inbox.into_iter().for_each(|part| seen.join(part, now));
        }
        seen
    }

    pub fn join(&mut self, mut part: Unit, now: u128) {
        part.stop_all(now);
        for field in part.fields {
            self.join_field(&field.key, field.held);
        }
        self.dropped_fields += part.dropped_fields;
        self.lost_parts += part.lost_parts;
        self.fragments.join(part.fragments);
        // Only a handle of the unit itself sets its level, or says that it is well.
        if part.speaks && part.level_is_set {
            self.set_level(part.own_level);
        }
        if let Some(level) = part.raised {
            self.raise(level);
        }
        match part.said {
            // Nothing that a part says replaces that a unit was cancelled.
            Some(Outcome::Error) if self.said != Some(Outcome::Cancelled) => {
                self.end_as(Outcome::Error);
            }
            Some(Outcome::Ok) if part.speaks => self.end_as(Outcome::Ok),
            _ => {}
        }
        if part.speaks && !self.speaks {
            self.speaks = true;
            let stays = part.said.is_some() || self.said == Some(Outcome::Error);
            self.said = self.said.filter(|_| stays);
        }
        if self.error.is_none() {
            self.error = part.error;
        }
    }

    fn join_field(&mut self, key: &str, held: Held) {
        match held {
            Held::Nothing => {}
            Held::Plain { datum, cut } => self.put(key, datum, cut),
            Held::Sum(total) => self.add(key, total),
            Held::Max(total) => self.compare(key, total),
            // A redacted key stays a single field.
            Held::Timer(laps) if laps.redacted => self.put(key, stars(), false),
            Held::Timer(laps) => {
                if let Some(timer) = self.timer(key) {
                    self.add_laps(timer, &laps);
                }
            }
        }
    }

    /// The maximum size of a record.
    pub fn most_bytes(&self) -> usize {
        self.limits.record
    }
}

pub fn keep(text: &str, limit: usize) -> Kept {
    let kept = cut(text, limit);
    Kept(kept.to_owned(), kept.len() < text.len())
}
