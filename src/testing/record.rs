//! A captured record with typed fields.

use std::time::Duration;

use log::Level;

use crate::config::finished::FinishedUnit;
use crate::ids::id::{SpanId, TraceId};
use crate::ids::traceparent::TraceParent;
use crate::value::outcome::Outcome;
use crate::value::owned::OwnedValue;

/// The record of a finished unit, or of a checkpoint, for a test to look at.
///
/// Keys and values are as the program gave them, except that values hidden by
/// [`redact`](crate::config::ConfigBuilder::redact) are hidden here too.
///
/// # Examples
///
/// ```
/// use traceline::testing::{self, Record};
///
/// let records: Vec<Record> = testing::capture(|| {
///     let mut trace = traceline::start!("auth");
///     trace.set("user_id", 7).set("plan", "pro").set("cached", true);
/// });
/// let record = &records[0];
/// assert_eq!(record.u64("user_id"), Some(7));
/// assert_eq!(record.str("plan"), Some("pro"));
/// assert_eq!(record.bool("cached"), Some(true));
/// assert_eq!(record.u64("plan"), None); // not a number
/// assert_eq!(record.get("age"), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    name: String,
    target: String,
    level: Level,
    outcome: Option<Outcome>,
    duration: Duration,
    is_partial: bool,
    ids: Option<TraceParent>,
    parent_id: Option<SpanId>,
    request_id: Option<String>,
    error: Option<String>,
    fields: Vec<(String, OwnedValue)>,
    fragments: Vec<Fragment>,
    text: String,
    normalized: String,
}

/// A fragment of a captured record.
///
/// Not to be confused with [`config::Fragment`](crate::config::Fragment), the same
/// fragment as rules and hooks see it, which borrows its texts from the unit.
///
/// # Examples
///
/// ```
/// use traceline::testing::{self, Fragment};
///
/// let records = testing::capture(|| {
///     traceline::start!("job").warn("2 rows skipped");
/// });
/// let fragment: &Fragment = &records[0].fragments()[0];
/// assert_eq!(fragment.text, "2 rows skipped");
/// assert_eq!(fragment.level, Some(log::Level::Warn));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fragment {
    /// The time from the start of the unit.
    pub at: Duration,
    /// The path of the source file, as the compiler reports it.
    pub file: String,
    /// The line in that file.
    pub line: u32,
    /// The level, if the fragment has one of its own.
    pub level: Option<Level>,
    /// The text.
    pub text: String,
}

impl Record {
    pub(super) fn new(unit: &FinishedUnit<'_>, text: &str, normalized: String) -> Record {
        let fragments = unit.fragments().into_iter().map(|fragment| Fragment {
            at: fragment.at,
            file: fragment.file.to_owned(),
            line: fragment.line,
            level: fragment.level,
            text: fragment.text.to_owned(),
        });
        Record {
            name: unit.name().to_owned(),
            target: unit.target().to_owned(),
            level: unit.level(),
            outcome: unit.outcome(),
            duration: unit.duration(),
            is_partial: unit.is_partial(),
            ids: unit.traceparent(),
            parent_id: unit.parent_id(),
            request_id: unit.request_id().map(str::to_owned),
            error: unit.error().map(str::to_owned),
            fields: unit.fields(),
            fragments: fragments.collect(),
            text: text.to_owned(),
            normalized,
        }
    }

    /// Returns the name of the unit.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| traceline::start!("auth").emit());
    /// assert_eq!(records[0].name(), "auth");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the target of the record.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::builder!("nightly").target("jobs").start().emit();
    /// });
    /// assert_eq!(records[0].target(), "jobs");
    /// ```
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the level at the end of the unit.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("page").status(404);
    /// });
    /// assert_eq!(records[0].level(), log::Level::Warn);
    /// ```
    pub fn level(&self) -> Level {
        self.level
    }

    /// Returns the outcome of the unit, if one was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::Outcome;
    ///
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").ok();
    /// });
    /// assert_eq!(records[0].outcome(), Some(Outcome::Ok));
    /// ```
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// Returns the duration of the unit, in whole microseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let records = traceline::testing::capture(|| traceline::start!("job").emit());
    /// assert!(records[0].duration() < Duration::from_secs(60));
    /// ```
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns whether this is the record of a
    /// [checkpoint](crate::Trace::checkpoint), after which the unit went on.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").checkpoint();
    /// });
    /// assert!(records[0].is_partial() && !records[1].is_partial());
    /// ```
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Returns the id of the transaction, if the unit has ids.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     let mut order = traceline::start!("order");
    ///     order.child("stock").emit();
    /// });
    /// assert!(records[0].trace_id().is_some());
    /// assert_eq!(records[0].trace_id(), records[1].trace_id());
    /// ```
    pub fn trace_id(&self) -> Option<TraceId> {
        self.ids.map(|ids| ids.trace_id())
    }

    /// Returns the id of the unit, if it has ids.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     let mut order = traceline::start!("order");
    ///     order.child("stock").emit();
    /// });
    /// assert_eq!(records[0].parent_id(), records[1].span_id());
    /// ```
    pub fn span_id(&self) -> Option<SpanId> {
        self.ids.map(|ids| ids.span_id())
    }

    /// Returns the id of the unit that called this one, if it is known.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| traceline::start!("order").emit());
    /// assert_eq!(records[0].parent_id(), None);
    /// ```
    pub fn parent_id(&self) -> Option<SpanId> {
        self.parent_id
    }

    /// Returns the id of the request, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("order").set_request_id("r-7");
    /// });
    /// assert_eq!(records[0].request_id(), Some("r-7"));
    /// ```
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns the text of the error, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").error("no answer");
    /// });
    /// assert_eq!(records[0].error(), Some("no answer"));
    /// ```
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Returns the value of a field, or one of the numbers of a timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::value::OwnedValue;
    ///
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").set("tags", ["a", "b"]);
    /// });
    /// let want = OwnedValue::List(vec![OwnedValue::Text("a".into()), OwnedValue::Text("b".into())]);
    /// assert_eq!(records[0].get("tags"), Some(&want));
    /// ```
    pub fn get(&self, key: &str) -> Option<&OwnedValue> {
        let found = self.fields.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value)
    }

    /// Returns the value of a field, if it is an integer that fits into a `u64`.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").incr("rows");
    /// });
    /// assert_eq!(records[0].u64("rows"), Some(1));
    /// ```
    pub fn u64(&self, key: &str) -> Option<u64> {
        self.get(key)?.as_u64()
    }

    /// Returns the value of a field, if it is an integer that fits into an `i64`.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").set("delta", -7);
    /// });
    /// assert_eq!(records[0].i64("delta"), Some(-7));
    /// ```
    pub fn i64(&self, key: &str) -> Option<i64> {
        self.get(key)?.as_i64()
    }

    /// Returns the value of a field as a float, if it is a number. Durations are in
    /// milliseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").set("ratio", 0.25);
    /// });
    /// assert_eq!(records[0].f64("ratio"), Some(0.25));
    /// ```
    pub fn f64(&self, key: &str) -> Option<f64> {
        self.get(key)?.as_f64()
    }

    /// Returns the value of a field, if it is a text.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").set("plan", "pro");
    /// });
    /// assert_eq!(records[0].str("plan"), Some("pro"));
    /// ```
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Returns the value of a field, if it is a `bool`.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").set("cached", false);
    /// });
    /// assert_eq!(records[0].bool("cached"), Some(false));
    /// ```
    pub fn bool(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// Returns all fields in the order in which they were first set. A timer appears
    /// as its numbers, which [`Trace::time`](crate::Trace::time) lists. Fixed fields of the configuration are not included.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").set("b", 1).set("a", 2).set("b", 3);
    /// });
    /// let keys: Vec<&str> = records[0].fields().iter().map(|(key, _)| &**key).collect();
    /// assert_eq!(keys, ["b", "a"]);
    /// ```
    pub fn fields(&self) -> &[(String, OwnedValue)] {
        &self.fields
    }

    /// Returns the fragments, sorted by time.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").add("reading").add("done");
    /// });
    /// let texts: Vec<&str> = records[0].fragments().iter().map(|each| &*each.text).collect();
    /// assert_eq!(texts, ["reading", "done"]);
    /// ```
    pub fn fragments(&self) -> &[Fragment] {
        &self.fragments
    }

    /// Returns the text of the record, as a logger would receive it.
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").set("rows", 3);
    /// });
    /// assert!(records[0].text().ends_with(" rows=3"));
    /// ```
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text of the record with everything replaced that changes from run
    /// to run, for snapshots.
    ///
    /// | part | replaced by |
    /// |---|---|
    /// | times, values of `SystemTime` | 1970-01-01T00:00:00Z |
    /// | durations, laps of timers, times of fragments, values of `Duration` | 0 |
    /// | `trace_id`, `span_id`, `parent_id` | 1, 1, 2 |
    /// | a request id that the library made | 32 zeros |
    /// | lines of fragments, line and column of a panic | 0 |
    ///
    /// # Examples
    ///
    /// ```
    /// let records = traceline::testing::capture(|| {
    ///     traceline::start!("job").set("rows", 3).add("done");
    /// });
    /// assert_eq!(
    ///     records[0].normalized(),
    ///     r#"ts=1970-01-01T00:00:00.000000Z level=info msg=job duration_ms=0.0 rows=3 fragments="[0, 0.0ms] done""#
    /// );
    /// ```
    pub fn normalized(&self) -> &str {
        &self.normalized
    }
}
