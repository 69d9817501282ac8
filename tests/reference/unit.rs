//! A unit of work the plain way: vectors that are searched from the front, and
//! owned texts.

use std::time::Duration;

use log::{Level, LevelFilter};
use logtrace::Outcome;

use super::datum::{Datum, Total, store, tell};
use super::program::{Bridge, Cause, Key, Logged, Num, Settings, Text, Val};
use super::record::{stars, whole};
use super::text::cut;

/// The default limits.
const FIELDS: usize = 256;
const FRAGMENTS: usize = 256;
const RECORD: usize = 16 * 1024;
const VALUE: usize = 8 * 1024;

/// Sources of an error that are kept.
const SOURCES: usize = 8;

/// The most of a key that is kept.
const KEY: usize = 1024;

/// Who a unit is in a transaction.
#[derive(Clone, Debug)]
pub struct Ids {
    pub trace: [u8; 16],
    pub span: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub sampled: bool,
    pub random: bool,
    /// What the caller said.
    pub by_sampled_caller: bool,
}

/// What is kept of a text, and whether that is less than there was.
#[derive(Clone, Debug)]
pub struct Kept(pub String, pub bool);

#[derive(Clone)]
pub struct Unit {
    pub enabled: bool,
    pub name: Kept,
    /// For others; no limit of a record is one of it.
    pub whole_name: String,
    pub target: String,
    /// Of the fragments that say nothing else.
    pub own_level: Level,
    /// The most severe that it was raised to since that was given.
    raised: Option<Level>,
    /// Whether the outcome counts for the level: not if it was said before `set_level`.
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
    /// A handle whose unit was taken away while it was current does not hear of
    /// it: `is_enabled` stays true, and it is told no ids.
    pub stranded: bool,
    pub is_part: bool,
    /// When it started, on the clock of the program.
    pub start: u128,
    /// What the wall clock, which stands still, does not know of the start.
    pub started_late: Duration,
    /// Once it has any.
    pub ids: Option<Ids>,
    pub state: Option<String>,
    pub request_id: Option<String>,
    laps: Vec<Lap>,
    /// Of laps and timers; those of two units differ.
    pub last_number: u64,
    limits: Limits,
    redact: Vec<&'static str>,
}

#[derive(Clone, Copy)]
struct Limits {
    fields: usize,
    value: usize,
    record: usize,
}

#[derive(Clone)]
pub struct Failure {
    pub text: Kept,
    pub chain: Option<Kept>,
}

#[derive(Clone)]
pub struct Field {
    key: String,
    pub shown_key: String,
    pub held: Held,
}

#[derive(Clone)]
pub enum Held {
    /// It was removed; its place is kept for the key.
    Nothing,
    Plain {
        datum: Datum,
        cut: bool,
    },
    Sum(Total),
    Max(Total),
    Timer(Laps),
}

/// The laps of a timer that are over.
#[derive(Clone, Debug)]
pub struct Laps {
    /// Tells this timer from a later one of its key.
    number: u64,
    pub count: u64,
    pub total_us: u64,
    pub longest_us: u64,
    pub redacted: bool,
}

/// A lap that runs.
#[derive(Clone)]
struct Lap {
    number: u64,
    timer: u64,
    start: u128,
}

/// A fragment as it is kept.
#[derive(Clone, Debug)]
pub struct Said {
    pub at: u128,
    pub line: u32,
    pub file: &'static str,
    pub level: Option<Level>,
    pub text: Kept,
    /// It is only for records of level warn or above.
    pub held: bool,
}

#[derive(Clone)]
pub struct Fragments {
    all: Vec<Said>,
    limit: usize,
    pub dropped: u64,
}

impl Fragments {
    fn new(limit: usize) -> Fragments {
        Fragments {
            all: Vec::new(),
            limit,
            dropped: 0,
        }
    }

    /// Keeps the first half (of an odd number the larger one) and the last.
    fn push(&mut self, said: Said) {
        self.all.push(said);
        if self.all.len() > self.limit {
            let first = self.limit.div_ceil(2);
            self.all.remove(first.min(self.all.len() - 1));
            self.dropped += 1;
        }
    }

    /// Those of a part stand by their times, behind the unit's own of that time.
    fn join(&mut self, part: Fragments) {
        self.dropped += part.dropped;
        for said in part.all {
            let at = self.all.partition_point(|own| own.at <= said.at);
            self.all.insert(at, said);
        }
        let first = self.limit.div_ceil(2);
        while self.all.len() > self.limit {
            self.all.remove(first.min(self.all.len() - 1));
            self.dropped += 1;
        }
    }

    pub fn kept(&self) -> Vec<&Said> {
        self.all.iter().collect()
    }
}

impl Unit {
    pub fn new(name: &str, target: &str, level: Level, settings: &Settings, now: u128) -> Unit {
        let record = settings.max_record.unwrap_or(RECORD);
        let value = settings.max_value.unwrap_or(VALUE.min(record));
        Unit {
            enabled: Level::Error <= settings.logger,
            name: keep(name, value),
            whole_name: name.to_owned(),
            target: target.to_owned(),
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
            stranded: false,
            is_part: false,
            start: now,
            started_late: Duration::ZERO,
            ids: None,
            state: None,
            request_id: None,
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

    // ----- fields

    pub fn set(&mut self, key: &str, value: &Val) {
        match store(value, self.limits.value) {
            None => self.set_none(key),
            Some(_) if self.is_redacted(key) => self.put(key, stars(), false),
            Some((datum, cut)) => self.put(key, datum, cut),
        }
    }

    fn put(&mut self, key: &str, datum: Datum, cut: bool) {
        let at = self.replaced_by_set(key);
        if let Some(at) = at.or_else(|| self.room_for(key)) {
            self.fields[at].held = Held::Plain { datum, cut };
        }
    }

    /// Removes what `set` would replace. A key that was not there has its place
    /// from now on, and where there is none nothing is lost.
    fn set_none(&mut self, key: &str) {
        match self.replaced_by_set(key) {
            Some(at) => self.fields[at].held = Held::Nothing,
            None => {
                let dropped = self.dropped_fields;
                self.room_for(key);
                self.dropped_fields = dropped;
            }
        }
    }

    /// The plain field of a key, else the first that adds up. What the documents
    /// say of counters holds for timers too.
    fn replaced_by_set(&self, key: &str) -> Option<usize> {
        let plain = |held: &Held| matches!(held, Held::Plain { .. });
        let other = |held: &Held| !matches!(held, Held::Plain { .. } | Held::Nothing);
        self.find(key, plain).or_else(|| self.find(key, other))
    }

    pub fn unset(&mut self, key: &str) {
        for field in self.fields.iter_mut().filter(|field| field.key == key) {
            field.held = Held::Nothing;
        }
    }

    pub fn sum(&mut self, key: &str, number: Num) {
        if self.is_redacted(key) {
            return self.put(key, stars(), false);
        }
        self.add(key, Total::of(number));
    }

    fn add(&mut self, key: &str, total: Total) {
        match self.find(key, |held| matches!(held, Held::Sum(_))) {
            Some(at) => {
                if let Held::Sum(sum) = &mut self.fields[at].held {
                    *sum = sum.plus(total);
                }
            }
            None => self.begin(key, Held::Sum(total)),
        }
    }

    pub fn max(&mut self, key: &str, number: Num) {
        if self.is_redacted(key) {
            return self.put(key, stars(), false);
        }
        self.compare(key, Total::of(number));
    }

    fn compare(&mut self, key: &str, total: Total) {
        match self.find(key, |held| matches!(held, Held::Max(_))) {
            Some(at) => {
                if let Held::Max(max) = &mut self.fields[at].held {
                    *max = max.larger(total);
                }
            }
            None => self.begin(key, Held::Max(total)),
        }
    }

    fn begin(&mut self, key: &str, held: Held) {
        if let Some(at) = self.room_for(key) {
            self.fields[at].held = held;
        }
    }

    fn find(&self, key: &str, is: impl Fn(&Held) -> bool) -> Option<usize> {
        let found = |field: &Field| field.key == key && is(&field.held);
        self.fields.iter().position(found)
    }

    /// A place for a new field: the one that the only field of this key left,
    /// or one at the end, for which other removed fields make room.
    fn room_for(&mut self, key: &str) -> Option<usize> {
        let is_left = |held: &Held| matches!(held, Held::Nothing);
        let left = self.find(key, is_left);
        // No other field of the key gets a name behind it.
        if left.is_some() && self.find(key, |held| !is_left(held)).is_none() {
            return left;
        }
        if self.fields.len() >= self.limits.fields {
            self.fields
                .retain(|field| !matches!(field.held, Held::Nothing));
        }
        if self.fields.len() >= self.limits.fields {
            self.dropped_fields += 1;
            return None;
        }
        self.fields.push(Field {
            key: key.to_owned(),
            shown_key: cut(key, KEY.min(self.limits.value)).to_owned(),
            held: Held::Nothing,
        });
        Some(self.fields.len() - 1)
    }

    fn is_redacted(&self, key: &str) -> bool {
        self.redact.contains(&key)
    }

    // ----- timers

    /// Begins a lap; its number.
    pub fn start_timer(&mut self, key: &str, now: u128) -> u64 {
        self.last_number += 1;
        let lap = self.last_number;
        if let Some(timer) = self.timer(key) {
            self.laps.push(Lap {
                number: lap,
                timer,
                start: now,
            });
        }
        lap
    }

    /// The number of the timer of a key, made if there is none; `None` where there is no room.
    fn timer(&mut self, key: &str) -> Option<u64> {
        let is_timer = |held: &Held| matches!(held, Held::Timer(_));
        let known = self.find(key, is_timer);
        if let Some(Held::Timer(laps)) = known.map(|at| &self.fields[at].held) {
            return Some(laps.number);
        }
        // A redacted key stays one field, whatever kind of call was the last.
        let redacted = self.is_redacted(key);
        let at = match self.find(key, |_| redacted) {
            Some(at) => at,
            None => self.room_for(key)?,
        };
        self.last_number += 1;
        self.fields[at].held = Held::Timer(Laps {
            number: self.last_number,
            count: 0,
            total_us: 0,
            longest_us: 0,
            redacted,
        });
        Some(self.last_number)
    }

    pub fn stop(&mut self, number: u64, now: u128) {
        let Some(at) = self.laps.iter().position(|lap| lap.number == number) else {
            return;
        };
        let lap = self.laps.remove(at);
        let us = ((now - lap.start) / 1_000) as u64;
        let over = Laps {
            number: lap.timer,
            count: 1,
            total_us: us,
            longest_us: us,
            redacted: false,
        };
        self.add_laps(lap.timer, &over);
    }

    /// Adds laps to a timer, if it is still there.
    fn add_laps(&mut self, timer: u64, more: &Laps) {
        for field in &mut self.fields {
            if let Held::Timer(laps) = &mut field.held
                && laps.number == timer
            {
                laps.count += more.count;
                laps.total_us += more.total_us;
                laps.longest_us = laps.longest_us.max(more.longest_us);
            }
        }
    }

    pub fn stop_all(&mut self, now: u128) {
        while let Some(lap) = self.laps.first() {
            self.stop(lap.number, now);
        }
    }

    // ----- fragments, outcome, level

    pub fn say(
        &mut self,
        text: &Text,
        level: Option<Level>,
        place: (&'static str, u32),
        now: u128,
    ) {
        if let Some(level) = level {
            self.raise(level);
        }
        let text = match text {
            Text::Panics(_) => "<panicked>",
            text => text.as_str(),
        };
        self.fragments.push(Said {
            at: now - self.start,
            line: place.1,
            file: place.0,
            level,
            text: keep(text, self.limits.value),
            held: false,
        });
    }

    /// Of an ordinary record, with its key-values behind the text.
    pub fn absorb(&mut self, logged: &Logged, rules: &Bridge, now: u128) {
        let mut text = logged.text.clone();
        for (key, value) in &logged.pairs {
            text.push_str(&format!(" {key}={value}"));
        }
        self.fragments.push(Said {
            at: now - self.start,
            line: logged.line.unwrap_or(0),
            file: logged.file.unwrap_or(logged.target),
            level: Some(logged.level),
            text: keep(&text, self.limits.value),
            held: rules.only_on_failure,
        });
        if !rules.keeps_level {
            self.raise(logged.level);
        }
    }

    /// Before a record: those that are for severe ones only.
    pub fn drop_held(&mut self) {
        if self.level() > Level::Warn {
            self.fragments.all.retain(|said| !said.held);
        }
    }

    pub fn fail(&mut self, cause: &Cause) {
        let (text, chain) = match cause {
            Cause::Text(text) => (text, &[][..]),
            Cause::Chain(texts) | Cause::Boxed(texts) => (&texts[0], &texts[1..]),
        };
        let kept = &chain[..chain.len().min(SOURCES)];
        let joined = keep(&kept.join(": "), self.limits.value);
        // Sources without a word are no chain.
        let chain =
            (!joined.0.is_empty()).then_some(Kept(joined.0, joined.1 || chain.len() > SOURCES));
        self.error = Some(Failure {
            text: keep(text, self.limits.value),
            chain,
        });
        self.end_as(Outcome::Error);
    }

    pub fn end_as(&mut self, outcome: Outcome) {
        self.said = Some(outcome);
        self.outcome_counts = true;
    }

    /// As a handle is whose unit ended: of nothing, and with nothing to pass on.
    pub fn dead() -> Unit {
        let settings = Settings {
            logger: LevelFilter::Off,
            ..Settings::default()
        };
        Unit::new("", "", Level::Info, &settings, 0)
    }

    pub fn panic(&mut self) {
        self.panicked = true;
    }

    /// Redacted if its key is, or `status`, whatever a schema calls it.
    pub fn status(&mut self, key: &'static str, status: u16) {
        match self.is_redacted("status") {
            true => self.put(key, stars(), false),
            false => self.set(key, &Val::Num(Num::U16(status))),
        }
        match status {
            0..400 => {}
            400..500 => self.raise(Level::Warn),
            // By the outcome, so a later `ok` takes it back.
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
    }

    pub fn outcome(&self) -> Option<Outcome> {
        match self.panicked {
            true => Some(Outcome::Panic),
            false => self.said,
        }
    }

    /// The most severe of what was given, what raised it, and the outcome.
    pub fn level(&self) -> Level {
        let fails = self.said == Some(Outcome::Error) && self.outcome_counts;
        let by_outcome = (fails || self.panicked).then_some(Level::Error);
        let all = [Some(self.own_level), self.raised, by_outcome];
        all.into_iter().flatten().min().unwrap_or(self.own_level)
    }

    // ----- parts

    /// What another thread has of this unit: its level and its start, and nothing yet.
    pub fn part(&self) -> Unit {
        Unit {
            is_part: true,
            stranded: false,
            // What `Part` says of a look at it.
            name: Kept("part".to_owned(), false),
            whole_name: "part".to_owned(),
            raised: None,
            outcome_counts: false,
            said: None,
            fields: Vec::new(),
            dropped_fields: 0,
            fragments: Fragments::new(self.fragments.limit),
            lost_parts: 0,
            error: None,
            laps: Vec::new(),
            ..self.clone()
        }
    }

    pub fn join(&mut self, mut part: Unit, now: u128) {
        part.stop_all(now);
        for field in part.fields {
            self.join_field(&field.key, field.held);
        }
        self.dropped_fields += part.dropped_fields;
        self.lost_parts += part.lost_parts;
        self.fragments.join(part.fragments);
        self.join_ids(part.ids, part.state, part.request_id);
        // Not what `set_level` made of a part: that is of no record.
        if let Some(level) = part.raised {
            self.raise(level);
        }
        if part.said == Some(Outcome::Error) {
            self.end_as(Outcome::Error);
        }
        if self.error.is_none() {
            self.error = part.error;
        }
    }

    /// Ids that a part made for itself are those of a unit that has none.
    fn join_ids(&mut self, ids: Option<Ids>, state: Option<String>, request: Option<String>) {
        if self.ids.is_none() {
            (self.ids, self.state) = (ids, state);
        }
        self.request_id = self.request_id.take().or(request);
    }

    fn join_field(&mut self, key: &str, held: Held) {
        match held {
            Held::Nothing => {}
            Held::Plain { datum, cut } => self.put(key, datum, cut),
            Held::Sum(total) => self.add(key, total),
            Held::Max(total) => self.compare(key, total),
            // A redacted key stays one field.
            Held::Timer(laps) if laps.redacted => self.put(key, stars(), false),
            Held::Timer(laps) => {
                if let Some(timer) = self.timer(key) {
                    self.add_laps(timer, &laps);
                }
            }
        }
    }

    // ----- reading

    /// Whether the first field of a key is this text.
    pub fn has_text(&self, key: &str, text: &str) -> bool {
        let found = self.find(key, |held| !matches!(held, Held::Nothing));
        let text = Datum::Text(text.to_owned());
        found.is_some_and(
            |at| matches!(&self.fields[at].held, Held::Plain { datum, .. } if *datum == text),
        )
    }

    /// Of the fields of a key the first; else a number of a timer by the name of that.
    pub fn get(&self, key: &Key) -> String {
        let key = key.as_str();
        let found = self.find(key, |held| !matches!(held, Held::Nothing));
        match found.map(|at| &self.fields[at].held) {
            Some(Held::Plain { datum, .. }) => tell(datum),
            Some(Held::Sum(total) | Held::Max(total)) => tell(&total.datum()),
            Some(Held::Timer(laps)) => tell(&numbers_of(laps)[1]),
            Some(Held::Nothing) | None => self.get_number_of_timer(key),
        }
    }

    fn get_number_of_timer(&self, key: &str) -> String {
        for field in &self.fields {
            let number = match key.strip_prefix(&field.key) {
                Some(".count") => 0,
                Some(".ms") => 1,
                Some(".max_ms") => 2,
                _ => continue,
            };
            if let Held::Timer(laps) = &field.held {
                return tell(&numbers_of(laps)[number]);
            }
        }
        "none".to_owned()
    }

    /// The largest record.
    pub fn most_bytes(&self) -> usize {
        self.limits.record
    }
}

impl Field {
    /// Whether it is in the record: not if it was removed, nor a timer before a
    /// lap of it is over.
    pub fn is_written(&self) -> bool {
        match &self.held {
            Held::Nothing => false,
            Held::Timer(laps) => laps.count > 0,
            _ => true,
        }
    }

    /// Whether less of its key is kept than there was.
    pub fn key_is_cut(&self) -> bool {
        self.shown_key.len() < self.key.len()
    }
}

fn keep(text: &str, limit: usize) -> Kept {
    let kept = cut(text, limit);
    Kept(kept.to_owned(), kept.len() < text.len())
}

/// Count, sum and longest, as a record has them.
pub fn numbers_of(laps: &Laps) -> [Datum; 3] {
    match laps.redacted {
        true => [stars(), stars(), stars()],
        false => [
            whole(laps.count.into()),
            Datum::Micros(laps.total_us),
            Datum::Micros(laps.longest_us),
        ],
    }
}
