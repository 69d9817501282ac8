//! Fields: values, counters, sums and maxima.

use crate::trace::{State, Trace};
use crate::unit::store::field::Role;
use crate::value::eager;
use crate::value::key::{KeyRef, ToKey};
use crate::value::kind::{Kind, Value};
use crate::value::number::Number;
use crate::value::owned::OwnedValue;
use crate::value::to_value::ToValue;

// If a key does not live long enough, the compiler prints the signature exactly as it
// stands here, so a comment in it can suggest what to write instead.
impl Trace {
    /// Sets a field. Setting a key again replaces its value and keeps its place.
    ///
    /// The key is a literal, a `String` or [`key(&text)`](crate::key()). The value
    /// is anything that implements [`ToValue`]; `None` removes the field.
    ///
    /// A key that the library may write itself, such as `error`, becomes `error_2`
    /// in the record. Every key and every value is accepted: characters that the
    /// format cannot represent are escaped or replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// # let mut trace = traceline::Trace::default();
    /// # let shard = 3;
    /// trace.set("method", "POST").set("attempt", 2).set("ratio", 0.25);
    /// trace.set("coupon", None::<&str>); // left out
    /// trace.set(format!("shard{shard}.rows"), 100);
    /// ```
    #[inline]
    pub fn set(&mut self, key: impl ToKey /* or key(&s) */, value: impl ToValue) -> &mut Self {
        match &mut *self.0 {
            State::Here(entry) => entry.set(key.to_key().0, value.to_value().0),
            State::Disabled(_)
            | State::Covering(_)
            | State::CoveringHandle(_)
            | State::Covered(_) => {}
            _ => self.set_lent(key, value),
        }
        self
    }

    /// Removes a field.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("checkout");
    /// trace.set("cart_id", 7).set("coupon", "WELCOME10");
    /// trace.unset("coupon");
    /// assert!(trace.render().ends_with(" cart_id=7"));
    /// ```
    #[inline]
    pub fn unset(&mut self, key: impl ToKey) -> &mut Self {
        let key = key.to_key();
        self.with(|entry| entry.unset(key.0))
    }

    /// Returns the value of a field as it was given, if the field is set. A timer
    /// `db` has several values: the sum of its laps under `db` and `db.ms`, their number
    /// under `db.count`, the longest lap under `db.max_ms`, and if laps overlapped, the
    /// time in which at least one ran under `db.wall_ms`.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// trace.incr("rows").incr("rows");
    /// trace.time("db", |_| ());
    /// assert_eq!(trace.get("rows").and_then(|value| value.as_u64()), Some(2));
    /// assert_eq!(trace.get("db.count").and_then(|value| value.as_u64()), Some(1));
    /// assert_eq!(trace.get("user_id"), None);
    /// ```
    pub fn get(&self, key: impl ToKey) -> Option<OwnedValue> {
        let key = key.to_key();
        self.look(|entry| entry.get(key.0.as_str()))?
    }

    /// Adds one to a counter.
    ///
    /// If `set` or `max` already wrote this key, the counter becomes a separate
    /// field, called `key_2` in the record.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// for line in ["a,1", "", "b,2"] {
    ///     trace.incr(if line.is_empty() { "skipped" } else { "rows" });
    /// }
    /// assert!(trace.render().ends_with(" rows=2 skipped=1"));
    /// ```
    #[inline]
    pub fn incr(&mut self, key: impl ToKey /* or key(&s) */) -> &mut Self {
        self.sum(key, 1u64)
    }

    /// Adds a number to a sum. Integers saturate; a float turns the sum into a float.
    ///
    /// # Examples
    ///
    /// ```
    /// # let mut trace = traceline::Trace::default();
    /// for row in ["a", "bc"] {
    ///     trace.incr("rows").sum("bytes", row.len());
    /// } // rows=2 bytes=3
    /// ```
    #[inline]
    pub fn sum(&mut self, key: impl ToKey /* or key(&s) */, x: impl Number) -> &mut Self {
        let key = key.to_key();
        self.with(|entry| entry.accumulate(key.0, Role::Sum, x.amount()))
    }

    /// Keeps the largest of the numbers given for this key.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let mut trace = traceline::start!("import");
    /// for line in ["a,1", "bcd,20", "e,3"] {
    ///     trace.max("longest", line.len());
    /// }
    /// assert!(trace.render().ends_with(" longest=6"));
    /// ```
    #[inline]
    pub fn max(&mut self, key: impl ToKey /* or key(&s) */, x: impl Number) -> &mut Self {
        let key = key.to_key();
        self.with(|entry| entry.accumulate(key.0, Role::Max, x.amount()))
    }

    /// Sets a field of an entry that may be current.
    #[inline(never)]
    fn set_lent(&mut self, key: impl ToKey, value: impl ToValue) {
        // Both are made in each branch: what only one of them uses stays in registers, which
        // saves a fifth of the time.
        let fixed = value.to_value().0;
        if !fixed.needs_limit()
            && let Some(mut taken) = self.take_current()
            && let Some(entry) = taken.entry()
        {
            return entry.set(key.to_key().0, fixed);
        }
        self.set_formatted(key.to_key().0, value.to_value());
    }

    /// Does the same, with the value formatted first.
    #[inline(never)]
    fn set_formatted(&mut self, key: KeyRef<'_>, value: Value<'_>) {
        let limit = self.value_limit();
        let set = |kind: Kind<'_>| _ = self.with(|entry| entry.set_any(key, kind));
        eager::value(value, || limit, set);
    }
}
