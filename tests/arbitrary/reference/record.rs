//! A unit as the parts of its record, named and in order: everything that both
//! formats have in common.

use std::time::{Duration, SystemTime};

use log::Level;
use traceline::Outcome;

use super::datum::{Datum, Int};
use super::fields::Held;
use super::fit::Fit;
use super::fragments::Said;
use super::laps::{ENDS, numbers_of};
use super::names::{self, Names};
use super::program::{Schema, Settings, Tag};
use super::rig::time_of;
use super::text::cut;
use super::unit::{Ids, Unit};
use super::{json, logfmt};

/// A key-value pair of a line.
#[derive(Clone, Debug)]
pub struct Item {
    pub name: String,
    pub shown: Shown,
}

#[derive(Clone, Debug)]
pub enum Shown {
    Datum(Datum),
    Fragments(Vec<Fragment>),
}

/// A fragment as it appears in a record.
#[derive(Clone, Debug)]
pub struct Fragment {
    pub at_us: u128,
    pub line: u32,
    pub file: Option<String>,
    pub level: Option<&'static str>,
    pub text: String,
}

/// The state of a unit at one moment.
pub struct Moment {
    /// Nanoseconds since the unit started.
    pub elapsed: u128,
    /// The number of a partial record.
    pub partial: Option<u64>,
    pub sample_rate: Option<u32>,
}

/// The line of a unit, with as much of it as `fit` allows.
pub fn fitted(unit: &Unit, settings: &Settings, moment: &Moment, fit: Fit) -> String {
    let items = Record {
        unit,
        settings,
        moment,
        fit,
        items: Vec::new(),
    }
    .items();
    match settings.json {
        true => json::line(&items, settings),
        false => logfmt::line(&items, settings),
    }
}

struct Record<'r> {
    unit: &'r Unit,
    settings: &'r Settings,
    moment: &'r Moment,
    fit: Fit,
    items: Vec<Item>,
}

impl Record<'_> {
    fn items(mut self) -> Vec<Item> {
        self.header();
        self.fixed_fields();
        self.ids();
        self.outcome();
        self.duration();
        self.user_fields();
        self.error();
        self.fragments();
        self.accounting();
        self.items
    }

    fn own(&mut self, name: &'static str, datum: Datum) {
        self.named(names::own(self.settings, name), datum);
    }

    fn named(&mut self, name: &str, datum: Datum) {
        self.items.push(Item {
            name: name.to_owned(),
            shown: Shown::Datum(datum),
        });
    }

    fn text(&mut self, name: &'static str, text: &str) {
        self.own(name, Datum::Text(text.to_owned()));
    }

    fn header(&mut self) {
        let schema = self.settings.schema;
        if self.settings.header {
            if !self.unit.is_part {
                self.own("ts", Datum::Time(self.time()));
            }
            let level = self.unit.level();
            self.text("level", names::level(schema, level));
            if schema == Schema::OpenTelemetry {
                let number = match level {
                    Level::Error => 17,
                    Level::Warn => 13,
                    Level::Info => 9,
                    Level::Debug => 5,
                    Level::Trace => 1,
                };
                self.named("severity_number", whole(number));
            }
        }
        self.text("msg", cut(&self.unit.name.0, self.fit.main()));
    }

    /// The start by the wall clock, plus the time that has passed since.
    fn time(&self) -> SystemTime {
        let elapsed = u64::try_from(self.moment.elapsed).expect("under 584 years");
        time_of(self.settings.wall) + self.unit.started_late + Duration::from_nanos(elapsed)
    }

    fn fixed_fields(&mut self) {
        if self.settings.schema == Schema::Ecs {
            self.named("ecs.version", Datum::Text("8.11.0".to_owned()));
        }
        for (key, value) in &self.settings.fixed {
            let redacted = self.settings.redact.contains(key);
            match super::datum::store(value, usize::MAX) {
                Some(_) if redacted => self.named(key, stars()),
                Some((datum, _)) => self.named(key, datum),
                None => {}
            }
        }
    }

    fn ids(&mut self) {
        let schema = self.settings.schema;
        if let Some(ids) = self.unit.ids.clone() {
            let span = |id: [u8; 8]| match schema {
                Schema::Datadog => u64::from_be_bytes(id).to_string(),
                _ => hex(&id),
            };
            let trace = match schema {
                Schema::GoogleCloud => format!("projects/shop-prod/traces/{}", hex(&ids.trace)),
                _ => hex(&ids.trace),
            };
            self.text("trace_id", &trace);
            self.text("span_id", &span(ids.span));
            if let Some(parent) = ids.parent {
                self.text("parent_id", &span(parent));
            }
            match schema {
                Schema::GoogleCloud => self.own("trace_flags", Datum::Bool(ids.sampled)),
                _ => self.text("trace_flags", &flags(&ids)),
            }
        }
        if let Some(id) = self.unit.request_id.clone() {
            self.text("request_id", cut(&id, self.fit.main()));
        }
    }

    fn outcome(&mut self) {
        let Some(outcome) = self.unit.outcome() else {
            return;
        };
        let word = match (self.settings.schema, outcome) {
            (Schema::Ecs | Schema::Datadog, Outcome::Ok) => "success",
            (Schema::Ecs, Outcome::Error | Outcome::Panic) => "failure",
            (Schema::Datadog, Outcome::Error) => "failure",
            (_, outcome) => outcome.as_str(),
        };
        self.text("outcome", word);
        if self.settings.schema == Schema::Ecs && outcome == Outcome::Panic {
            self.named("event.reason", Datum::Text("panic".to_owned()));
        }
    }

    fn duration(&mut self) {
        let elapsed = self.moment.elapsed;
        let datum = match self.settings.schema {
            Schema::Ecs | Schema::Datadog => whole(elapsed),
            _ => Datum::Micros((elapsed / 1_000) as u64),
        };
        self.own("duration_ms", datum);
    }

    fn user_fields(&mut self) {
        let mut names = Names::new(self.settings);
        for field in self.unit.fields.iter().take(self.fit.fields) {
            let key = &field.shown_key;
            match &field.held {
                Held::Nothing => {}
                Held::Plain { datum, .. } => {
                    self.named(&names.give(key), self.fit.datum(datum));
                }
                Held::Sum(total) | Held::Max(total) => {
                    self.named(&names.give(key), total.datum());
                }
                Held::Timer(laps) => {
                    let numbers = numbers_of(laps);
                    for (end, datum) in ENDS.into_iter().zip(numbers) {
                        // A timer without a finished lap has nothing to
                        // show yet, but every record reserves its names.
                        let name = names.give(&format!("{key}{end}"));
                        if let Some(datum) = datum.filter(|_| laps.count > 0) {
                            self.named(&name, datum);
                        }
                    }
                }
            }
        }
    }

    fn error(&mut self) {
        if let Some(error) = &self.unit.error {
            self.text("error", cut(&error.text.0, self.fit.main()));
            if let Some(chain) = &error.chain {
                self.text("error.chain", cut(&chain.0, self.fit.main()));
            }
        }
    }

    fn fragments(&mut self) {
        let kept = self.fit.fragments_of(self.unit);
        let shown: Vec<Fragment> = kept.into_iter().map(|said| self.fragment(said)).collect();
        if !shown.is_empty() {
            self.items.push(Item {
                name: names::own(self.settings, "fragments").to_owned(),
                shown: Shown::Fragments(shown),
            });
        }
    }

    fn fragment(&self, said: &Said) -> Fragment {
        let name = said.file.rsplit('/').next().unwrap_or_default();
        let file = match self.settings.tag {
            Tag::Line if said.file == super::places::FILE => None,
            Tag::Line | Tag::FileLine => Some(name.to_owned()),
            Tag::PathLine => Some(said.file.to_owned()),
        };
        Fragment {
            at_us: said.at / 1_000,
            line: said.line,
            file,
            level: said
                .level
                .filter(|level| *level != self.unit.own_level)
                .map(|level| names::level(Schema::None, level)),
            text: cut(&said.text.0, self.fit.text).to_owned(),
        }
    }

    /// What was lost, and the kind of record, where they apply.
    fn accounting(&mut self) {
        let unit = self.unit;
        // A part that is still running is not lost.
        let lost_parts = match self.moment.partial {
            Some(_) => 0,
            None => unit.lost_parts,
        };
        let counts = [
            ("dropped_fields", self.fit.dropped_fields(unit)),
            ("dropped_fragments", self.fit.dropped_fragments(unit)),
            ("lost_parts", lost_parts),
            ("truncated", self.fit.truncated(unit)),
        ];
        for (name, count) in counts {
            if count > 0 {
                self.own(name, whole(count.into()));
            }
        }
        if let Some(rate) = self.moment.sample_rate {
            self.own("sample_rate", whole(rate.into()));
        }
        if let Some(number) = self.moment.partial {
            self.own("partial", Datum::Bool(true));
            self.own("seq", whole(number.into()));
        }
    }
}

pub fn stars() -> Datum {
    Datum::Text("******".to_owned())
}

pub fn whole(size: u128) -> Datum {
    Datum::Int(Int {
        negative: false,
        size,
    })
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Two hex digits: 1 for sampled, 2 for random.
pub fn flags(ids: &Ids) -> String {
    hex(&[u8::from(ids.sampled) + 2 * u8::from(ids.random)])
}
