//! An ordinary log record, gathered as a unit is: by the same rules for keys,
//! values and limits.

use log::kv::{VisitSource, VisitValue};
use log::{Record, kv};

use crate::base::catch;
use crate::unit::Entry;
use crate::unit::store::arena::Span;
use crate::unit::store::fragments::base_name;
use crate::unit::store::log_record::{Around, LogRecord};
use crate::unit::store::text;
use crate::unit::store::trace_ids::UnitIds;
use crate::value::key::KeyRef;
use crate::value::kind::Kind;

impl Entry {
    /// Copies name and ids of the unit that an ordinary record falls into.
    pub(crate) fn take_around(&mut self, unit: &Entry) -> Around {
        let limit = self.limits.value;
        Around {
            unit: Some(self.arena.push_text(&unit.origin.name, limit)),
            transaction: unit.transaction.map(UnitIds::without_state),
            request_id: unit.request_id().map(|id| self.arena.push(id.as_bytes())),
            of_unit: false,
        }
    }

    /// Gathers an ordinary record. Its message and values are user code.
    pub(crate) fn gather(
        &mut self,
        record: &Record<'_>,
        around: Around,
        whole_path: bool,
    ) -> LogRecord {
        let limit = self.limits.value;
        self.name = text::message(*record.args(), &mut self.arena, limit);
        self.transaction = around.transaction;
        self.request_id = around.request_id;
        let log_record = LogRecord {
            target: self.arena.push_text(record.target(), limit),
            file: record.file().map(|path| {
                let shown = if whole_path { path } else { base_name(path) };
                self.arena.push_text(shown, limit)
            }),
            line: record.line(),
            unit: around.unit,
            of_unit: around.of_unit,
        };
        let mut pairs = Pairs {
            entry: self,
            unit: around.unit,
        };
        let _ = catch::call(|| record.key_values().visit(&mut pairs));
        log_record
    }

    /// Whether a bridge added this pair: the same is written as an id already.
    fn is_written(&self, unit: Option<Span>, key: &str, value: &kv::Value<'_>) -> bool {
        let hex = |bytes: &[u8]| -> String {
            let mut text = vec![0; 2 * bytes.len()];
            crate::ids::hex::encode(bytes, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        };
        let transaction = self.transaction;
        let known = match key {
            "unit" => unit.map(|unit| self.arena.text(unit).to_owned()),
            "trace_id" => transaction.map(|ids| hex(&ids.trace_id.to_bytes())),
            "span_id" => transaction.map(|ids| hex(&ids.span_id.to_bytes())),
            "request_id" => self.request_id().map(str::to_owned),
            _ => None,
        };
        known.is_some_and(|known| {
            catch::call(|| value.to_string()).is_some_and(|value| value == known)
        })
    }
}

/// Sets each pair as a field.
struct Pairs<'a> {
    entry: &'a mut Entry,
    unit: Option<Span>,
}

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        if self.entry.is_written(self.unit, key.as_str(), &value) {
            return Ok(());
        }
        let mut field = Pair {
            entry: self.entry,
            key: key.as_str(),
        };
        // A value that panics or fails does not take the others with it.
        if catch::call(|| value.visit(&mut field).is_ok()) != Some(true) {
            field.set(Kind::Str(crate::value::kind::PANICKED));
        }
        Ok(())
    }
}

/// Sets one field, typed.
struct Pair<'a> {
    entry: &'a mut Entry,
    key: &'a str,
}

impl Pair<'_> {
    fn set(&mut self, kind: Kind<'_>) {
        self.entry.set_any(KeyRef::Text(self.key), kind);
    }
}

impl<'v> VisitValue<'v> for Pair<'_> {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        self.set(Kind::Display(&value));
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        self.set(Kind::Null);
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.set(Kind::U64(value));
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.set(Kind::I64(value));
        Ok(())
    }

    fn visit_u128(&mut self, value: u128) -> Result<(), kv::Error> {
        self.set(Kind::U128(value));
        Ok(())
    }

    fn visit_i128(&mut self, value: i128) -> Result<(), kv::Error> {
        self.set(Kind::I128(value));
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        self.set(Kind::F64(value));
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        self.set(Kind::Bool(value));
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        self.set(Kind::Str(value));
        Ok(())
    }

    fn visit_char(&mut self, value: char) -> Result<(), kv::Error> {
        self.set(Kind::Char(value));
        Ok(())
    }
}
