//! Ordinary log records, gathered under the same rules for keys, values and limits
//! as a unit.

use log::Record;
use log::kv::{Error, Key, Value, VisitSource, VisitValue};

use crate::base::catch;
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::base_name;
use crate::unit::store::log_record::LogRecord;
use crate::unit::store::text;
use crate::value::key::KeyRef;
use crate::value::kind::{Kind, PANICKED};

impl Entry {
    /// Copies the ids of the unit that an ordinary log record falls into; returns
    /// the name of the unit.
    pub(crate) fn take_unit(&mut self, unit: &mut Entry) -> Span {
        unit.share_ids(false);
        self.adopt_ids(unit);
        self.arena.push_text(unit.unit_name(), self.limits.value)
    }

    /// Gathers an ordinary log record. Its message and values are user code.
    pub(crate) fn gather(
        &mut self,
        record: &Record<'_>,
        unit: Option<Span>,
        whole_path: bool,
    ) -> LogRecord {
        let limit = self.limits.value;
        self.name = text::message(*record.args(), &mut self.arena, limit);
        let log_record = LogRecord {
            target: self.arena.push_text(record.target(), limit),
            file: record.file().map(|path| {
                let shown = if whole_path { path } else { base_name(path) };
                self.arena.push_text(shown, limit)
            }),
            line: record.line(),
            unit,
            of_unit: false,
        };
        let mut pairs = PairsVisitor { entry: self, unit };
        let _ = catch::call(|| record.key_values().visit(&mut pairs));
        log_record
    }

    /// Returns whether a bridge added this pair: the same value is then written as
    /// the unit or an id.
    fn is_written(&self, unit: Option<Span>, key: &str, value: &Value<'_>) -> bool {
        let ids = self.ids;
        let known = match key {
            "unit" => unit.map(|unit| self.arena.text(unit).to_owned()),
            "trace_id" => ids.map(|ids| ids.trace_id.to_string()),
            "span_id" => ids.map(|ids| ids.span_id.to_string()),
            "request_id" => self.request_id().map(str::to_owned),
            _ => None,
        };
        known.is_some() && known == catch::call(|| value.to_string())
    }
}

/// Sets each pair as a field.
struct PairsVisitor<'a> {
    entry: &'a mut Entry,
    unit: Option<Span>,
}

impl<'kvs> VisitSource<'kvs> for PairsVisitor<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        if self.entry.is_written(self.unit, key.as_str(), &value) {
            return Ok(());
        }
        let mut field = FieldVisitor(self.entry, KeyRef::Text(key.as_str()));
        // A value that panics or fails does not take the others with it.
        match catch::call(|| value.visit(&mut field)) {
            Some(Ok(())) => Ok(()),
            _ => field.set(Kind::Str(PANICKED)),
        }
    }
}

/// Sets the field of a key, typed.
struct FieldVisitor<'a>(&'a mut Entry, KeyRef<'a>);

impl FieldVisitor<'_> {
    fn set(&mut self, kind: Kind<'_>) -> Result<(), Error> {
        self.0.set_any(self.1, kind);
        Ok(())
    }
}

macro_rules! visit {
    ($($name:ident: $type:ty => $kind:ident;)*) => {$(
        fn $name(&mut self, value: $type) -> Result<(), Error> {
            self.set(Kind::$kind(value))
        }
    )*};
}

impl<'v> VisitValue<'v> for FieldVisitor<'_> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), Error> {
        self.set(Kind::Display(&value))
    }

    fn visit_null(&mut self) -> Result<(), Error> {
        self.set(Kind::Null)
    }

    visit! {
        visit_u64: u64 => U64;
        visit_i64: i64 => I64;
        visit_u128: u128 => U128;
        visit_i128: i128 => I128;
        visit_f64: f64 => F64;
        visit_bool: bool => Bool;
        visit_str: &str => Str;
        visit_char: char => Char;
    }
}
