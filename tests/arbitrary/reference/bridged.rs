//! Ordinary records through the bridge: on the library, and as the documentation
//! of `traceline::bridge` describes them.

use std::sync::{Mutex, PoisonError};

use log::kv::{self, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record};

use super::program::{Logged, Settings};
use super::record::hex;
use super::unit::Unit;
use super::world::{By, Layer, World};

// ----- the library

pub struct Bridged<'p>(pub &'p Settings);

impl Bridged<'_> {
    /// Logs a record; returns what the bridge passed on to its logger.
    pub fn log(&self, logged: &Logged) -> Vec<String> {
        let behind = Behind {
            most: self.0.logger,
            lines: Mutex::default(),
        };
        let rules = &self.0.bridge;
        let mut bridge = traceline::bridge(&behind)
            .absorb_filtered(rules.absorb_filtered)
            .raise_level(!rules.keeps_level)
            .only_on_failure(rules.only_on_failure)
            .correlate(!rules.without_unit);
        if let Some(level) = rules.absorb {
            bridge = bridge.absorb(level);
        }
        let pairs: Vec<(&str, kv::Value)> = logged
            .pairs
            .iter()
            .map(|(key, value)| (*key, kv::Value::from(value.as_str())))
            .collect();
        bridge.log(
            &Record::builder()
                .level(logged.level)
                .target(logged.target)
                .file(logged.file)
                .line(logged.line)
                .key_values(&pairs)
                .args(format_args!("{}", logged.text))
                .build(),
        );
        let mut lines = behind.lines.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *lines)
    }
}

/// A logger with a filter that it does not apply itself.
struct Behind {
    most: LevelFilter,
    lines: Mutex<Vec<String>>,
}

impl Log for Behind {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.most
    }

    fn log(&self, record: &Record<'_>) {
        let mut pairs = Pairs(Vec::new());
        record
            .key_values()
            .visit(&mut pairs)
            .expect("pairs to visit");
        assert_eq!(record.key_values().count(), pairs.0.len());
        let args = record.args().to_string();
        let line = passed(record.level(), record.target(), &args, &pairs.0);
        let lines = self.lines.lock();
        lines.unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn flush(&self) {}
}

struct Pairs(Vec<(String, String)>);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0.push((key.to_string(), value.to_string()));
        Ok(())
    }
}

fn passed(level: log::Level, target: &str, text: &str, pairs: &[(String, String)]) -> String {
    format!("{level} {target} {text:?} {pairs:?}")
}

// ----- the reference

impl World<'_> {
    pub fn log(&mut self, logged: &Logged, unit: &mut Unit) {
        if self.by == By::Current && !unit.gone {
            return self.log_in(logged, unit);
        }
        match self.outer.pop() {
            Some(Layer::Unit(mut outer)) => {
                self.log_in(logged, &mut outer);
                self.outer.push(Layer::Unit(outer));
            }
            hidden => {
                self.outer.extend(hidden);
                self.pass_on(logged, &[]);
            }
        }
    }

    fn log_in(&mut self, logged: &Logged, unit: &mut Unit) {
        let rules = &self.settings.bridge;
        let takes = rules.absorb_filtered || logged.level <= self.settings.logger;
        if !unit.enabled {
            self.pass_on(logged, &[]);
        } else if rules.absorb.is_some_and(|most| logged.level >= most) && takes {
            unit.absorb(logged, rules, self.now);
        } else {
            let is_printed = logged.level <= self.settings.logger;
            if !rules.keeps_level && logged.level <= Level::Warn && is_printed {
                unit.raise(logged.level);
            }
            let about = if rules.without_unit {
                vec![]
            } else {
                self.share(unit, false);
                about(unit)
            };
            self.pass_on(logged, &about);
        }
    }

    fn pass_on(&mut self, logged: &Logged, about: &[(&str, String)]) {
        let pairs: Vec<(String, String)> = logged
            .pairs
            .iter()
            .chain(about)
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        let line = passed(logged.level, logged.target, &logged.text, &pairs);
        self.done.seen.push(line);
    }
}

/// The name of a unit and its ids, if it has any.
fn about(unit: &Unit) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("unit", unit.unit_name.clone())];
    if let Some(ids) = &unit.ids {
        pairs.push(("trace_id", hex(&ids.trace)));
        pairs.push(("span_id", hex(&ids.span)));
    }
    if let Some(id) = &unit.request_id {
        pairs.push(("request_id", id.clone()));
    }
    pairs
}
