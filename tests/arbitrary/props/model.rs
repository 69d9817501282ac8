//! The expected record, worked out the slow and obvious way.

use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

use log::Level;
use serde_json::Value as Json;
use traceline::{Format, Outcome};

use super::ops::{Name, Num, Op};

use crate::util::WALL;
use crate::values::Val;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Plain,
    Sum,
    Max,
    Timer,
}

#[derive(Clone, Debug)]
enum Content {
    /// Removed; its place is kept in case the field comes back.
    Nothing,
    Value(Val),
    Number(Total),
    /// Count, sum and longest, in microseconds.
    Laps(u64, u64, u64),
}

#[derive(Clone, Copy, Debug)]
enum Total {
    Whole(i128),
    Float(f64),
}

#[derive(Clone, Debug)]
struct Field {
    key: String,
    role: Role,
    content: Content,
}

impl Field {
    fn is_live(&self) -> bool {
        !matches!(self.content, Content::Nothing)
    }
}

/// A fragment as it was added, or as it was read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Fragment {
    pub micros: u64,
    pub level: Option<String>,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Model {
    fields: Vec<Field>,
    fragments: Vec<Fragment>,
    error: Option<String>,
    chain: Option<String>,
    given: Level,
    raised: Level,
    pub outcome: Option<Outcome>,
    outcome_counts: bool,
    nanos: u64,
    pub seq: u32,
    pub partial: bool,
}

impl Default for Model {
    fn default() -> Model {
        Model {
            fields: Vec::new(),
            fragments: Vec::new(),
            error: None,
            chain: None,
            given: Level::Info,
            raised: Level::Trace,
            outcome: None,
            outcome_counts: true,
            nanos: 0,
            seq: 0,
            partial: false,
        }
    }
}

impl Model {
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Set(key, value) => self.set(key.as_str(), value),
            Op::Unset(key) => self.unset(key.as_str()),
            Op::Incr(key) => self.accumulate(key, Role::Sum, Num::U64(1)),
            Op::Sum(key, n) => self.accumulate(key, Role::Sum, *n),
            Op::Max(key, n) => self.accumulate(key, Role::Max, *n),
            Op::Time(key, micros) => self.lap(key.as_str(), (*micros).into()),
            Op::Add(text) => self.add(text.clone(), None),
            Op::AddFormatted(text, n) => self.add(format!("{text}{n}"), None),
            Op::Warn(text) => self.add(text.clone(), Some(Level::Warn)),
            Op::Fail(text) => {
                self.add(text.clone(), Some(Level::Error));
                self.say(Outcome::Error);
            }
            Op::Error(text) => self.fail(text, None),
            Op::Chain(texts) => {
                let chain = texts[1..].join(": ");
                // A single empty source leaves nothing to write.
                self.fail(&texts[0], Some(chain).filter(|chain| !chain.is_empty()));
            }
            Op::Ok => self.say(Outcome::Ok),
            Op::Status(status) => self.status(*status),
            Op::Raise(level) => self.raised = self.raised.min(*level),
            Op::SetLevel(level) => {
                (self.given, self.raised) = (*level, Level::Trace);
                self.outcome_counts = false;
            }
            Op::Advance(nanos) => self.nanos += u64::from(*nanos),
            Op::Checkpoint => (self.seq, self.partial) = (self.seq + 1, true),
        }
    }

    // ----- fields

    /// The index of a key's field in the record, or else of its kept place.
    fn find(&mut self, key: &str) -> Option<&mut Field> {
        let live = self
            .fields
            .iter()
            .position(|field| field.key == key && field.is_live());
        let place = live.or_else(|| self.fields.iter().position(|field| field.key == key))?;
        self.fields.get_mut(place)
    }

    fn append(&mut self, key: &str, role: Role, content: Content) {
        let key = key.to_owned();
        self.fields.push(Field { key, role, content });
    }

    fn set(&mut self, key: &str, value: &Val) {
        let content = match value {
            Val::Absent => Content::Nothing,
            value => Content::Value(value.clone()),
        };
        match self.find(key) {
            Some(field) => (field.role, field.content) = (Role::Plain, content),
            None => self.append(key, Role::Plain, content),
        }
    }

    fn unset(&mut self, key: &str) {
        for field in self.fields.iter_mut().filter(|field| field.key == key) {
            (field.role, field.content) = (Role::Plain, Content::Nothing);
        }
    }

    fn of_role(&mut self, key: &str, role: Role) -> Option<&mut Field> {
        self.fields
            .iter_mut()
            .find(|field| field.key == key && field.role == role)
    }

    fn accumulate(&mut self, key: &Name, role: Role, n: Num) {
        let n = match n {
            Num::U64(n) => Total::Whole(n.into()),
            Num::I64(n) => Total::Whole(n.into()),
            Num::F64(x) => Total::Float(x),
        };
        let key = key.as_str();
        match self.of_role(key, role).map(|field| &mut field.content) {
            Some(Content::Number(total)) => {
                *total = if role == Role::Sum {
                    total.add(n)
                } else {
                    total.max(n)
                };
            }
            _ => match self.removed(key) {
                Some(field) => (field.role, field.content) = (role, Content::Number(n)),
                None => self.append(key, role, Content::Number(n)),
            },
        }
    }

    /// The place of a removed field, unless another field of the key would come after it.
    fn removed(&mut self, key: &str) -> Option<&mut Field> {
        self.find(key).filter(|field| !field.is_live())
    }

    fn lap(&mut self, key: &str, micros: u64) {
        self.nanos += micros * 1_000;
        match self
            .of_role(key, Role::Timer)
            .map(|field| &mut field.content)
        {
            Some(Content::Laps(count, sum, longest)) => {
                (*count, *sum, *longest) = (*count + 1, *sum + micros, micros.max(*longest));
            }
            _ => {
                let content = Content::Laps(1, micros, micros);
                match self.removed(key) {
                    Some(field) => (field.role, field.content) = (Role::Timer, content),
                    None => self.append(key, Role::Timer, content),
                }
            }
        }
    }

    // ----- the rest

    fn add(&mut self, text: String, level: Option<Level>) {
        if let Some(level) = level {
            self.raised = self.raised.min(level);
        }
        self.fragments.push(Fragment {
            micros: self.nanos / 1_000,
            level: level.map(|level| level.as_str().to_lowercase()),
            text,
        });
    }

    fn fail(&mut self, text: &str, chain: Option<String>) {
        (self.error, self.chain) = (Some(text.to_owned()), chain);
        self.say(Outcome::Error);
    }

    fn say(&mut self, outcome: Outcome) {
        (self.outcome, self.outcome_counts) = (Some(outcome), true);
    }

    fn status(&mut self, status: u16) {
        self.set("status", &Val::U64(status.into()));
        match status / 100 {
            4 => self.raised = self.raised.min(Level::Warn),
            5.. => self.say(Outcome::Error),
            _ => {}
        }
    }

    pub fn level(&self) -> Level {
        let level = self.given.min(self.raised);
        match self.outcome {
            Some(Outcome::Error) if self.outcome_counts => Level::Error,
            _ => level,
        }
    }

    // ----- the record

    /// The keys and values in their order, up to the fragments.
    pub fn record(&self, format: Format) -> Vec<(String, Val)> {
        let text = |text: &str| Val::Text(text.to_owned());
        let at = WALL + Duration::from_nanos(self.nanos);
        let mut record = vec![
            ("ts".to_owned(), Val::Time(UNIX_EPOCH + at)),
            (
                "level".to_owned(),
                text(&self.level().as_str().to_lowercase()),
            ),
            ("msg".to_owned(), text("unit")),
        ];
        if let Some(outcome) = self.outcome {
            record.push(("outcome".to_owned(), text(outcome.as_str())));
        }
        let duration = Val::Duration(Duration::from_nanos(self.nanos));
        record.push(("duration_ms".to_owned(), duration));
        record.extend(self.named(format));
        for (key, value) in [("error", &self.error), ("error.chain", &self.chain)] {
            if let Some(value) = value {
                record.push((key.to_owned(), text(value)));
            }
        }
        record
    }

    /// The fragments; a level is shown only where it differs from the trace's own.
    pub fn fragments(&self) -> Vec<Fragment> {
        let own = self.given.as_str().to_lowercase();
        let told = |fragment: &Fragment| Fragment {
            level: fragment.level.clone().filter(|level| *level != own),
            ..fragment.clone()
        };
        self.fragments.iter().map(told).collect()
    }

    fn named(&self, format: Format) -> Vec<(String, Val)> {
        let mut used = HashSet::new();
        let parts = self.fields.iter().flat_map(parts);
        parts
            .map(|(key, value)| (claim(&clean(&key, format), &mut used), value))
            .collect()
    }

    /// The expected result of `get` for each key that was ever used.
    pub fn values(&self) -> Vec<(&str, Option<Val>)> {
        let mut seen = HashSet::new();
        let keys = self.fields.iter().map(|field| field.key.as_str());
        let keys = keys.filter(|key| seen.insert(*key));
        keys.filter_map(|key| {
            let field = self
                .fields
                .iter()
                .find(|field| field.key == key && field.is_live());
            match field.map(|field| &field.content) {
                // The sum of its laps.
                Some(Content::Laps(_, sum, _)) => Some((key, Some(millis(*sum)))),
                Some(Content::Value(value)) => Some((key, Some(value.clone()))),
                Some(Content::Number(total)) => Some((key, Some(total.value()))),
                // It might still be one of a timer's names.
                _ if key.ends_with(".count") || key.ends_with("ms") => None,
                _ => Some((key, None)),
            }
        })
        .collect()
    }
}

/// The names and values that a field writes; a timer writes three.
fn parts(field: &Field) -> Vec<(String, Val)> {
    let key = field.key.clone();
    match &field.content {
        Content::Nothing => Vec::new(),
        Content::Value(value) => vec![(key, value.clone())],
        Content::Number(total) => vec![(key, total.value())],
        Content::Laps(count, sum, longest) => vec![
            (format!("{key}.count"), Val::U64(*count)),
            (format!("{key}.ms"), millis(*sum)),
            (format!("{key}.max_ms"), millis(*longest)),
        ],
    }
}

fn millis(micros: u64) -> Val {
    Val::Duration(Duration::from_micros(micros))
}

impl Total {
    /// Whole numbers saturate at the ends of 64 bits; with a float the result is a float.
    fn add(self, other: Total) -> Total {
        match (self, other) {
            (Total::Whole(a), Total::Whole(b)) => {
                Total::Whole((a + b).clamp(i64::MIN.into(), u64::MAX.into()))
            }
            (a, b) => Total::Float(a.float() + b.float()),
        }
    }

    /// The larger number; the earlier one if they are equal.
    fn max(self, other: Total) -> Total {
        let is_less = match (self, other) {
            (Total::Whole(a), Total::Whole(b)) => a < b,
            (a, b) => a.float() < b.float(),
        };
        if is_less { other } else { self }
    }

    fn float(self) -> f64 {
        match self {
            Total::Whole(n) => n as f64,
            Total::Float(x) => x,
        }
    }

    fn value(self) -> Val {
        match self {
            Total::Whole(n) => Val::I128(n),
            Total::Float(x) => Val::F64(x),
        }
    }
}

/// The name of a key, as each format writes it.
fn clean(key: &str, format: Format) -> String {
    let kept = |char: char| char.is_ascii_alphanumeric() || "_.-".contains(char);
    match format {
        _ if key.is_empty() => "_".to_owned(),
        Format::Logfmt => key
            .chars()
            .map(|char| if kept(char) { char } else { '_' })
            .collect(),
        _ => key.to_owned(),
    }
}

/// The first of `key`, `key_2`, `key_3` … that is free.
fn claim(key: &str, used: &mut HashSet<String>) -> String {
    const RESERVED: &str = " ts level msg trace_id span_id parent_id trace_flags request_id outcome \
        duration_ms error error.chain panic panic.location fragments dropped_fields \
        dropped_fragments lost_parts truncated sample_rate partial seq ";
    let numbered = (2..).map(|number| format!("{key}_{number}"));
    let mut names = std::iter::once(key.to_owned()).chain(numbered);
    let is_reserved = |name: &str| RESERVED.split_whitespace().any(|reserved| reserved == name);
    let name = names.find(|name| !is_reserved(name) && !used.contains(name));
    let name = name.expect("there is always another number");
    used.insert(name.clone());
    name
}

impl Fragment {
    #[track_caller]
    pub fn of_json(read: &Json) -> Fragment {
        let at_ms = read["at_ms"].as_f64().expect("at_ms");
        assert!(read["line"].is_u64(), "{read}");
        Fragment {
            micros: (at_ms * 1_000.0).round() as u64,
            level: read["level"].as_str().map(String::from),
            text: read["msg"].as_str().expect("msg").to_owned(),
        }
    }

    /// `ops.rs:12, 0.5ms, warn] text`.
    #[track_caller]
    pub fn of_logfmt(read: &str) -> Fragment {
        let (tag, text) = read
            .split_once("] ")
            .unwrap_or_else(|| panic!("no tag: {read:?}"));
        let mut parts = tag.split(", ");
        let (line, at) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        // The calls are in another file than the start of the trace.
        let line = line.strip_prefix("ops.rs:").unwrap_or_default();
        assert!(line.parse::<u32>().is_ok(), "{read:?}");
        let at_ms: f64 = at
            .strip_suffix("ms")
            .and_then(|at| at.parse().ok())
            .expect("a time");
        Fragment {
            micros: (at_ms * 1_000.0).round() as u64,
            level: parts.next().map(String::from),
            text: text.to_owned(),
        }
    }
}
