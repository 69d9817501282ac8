//! Records of the library, read back by the viewer.

use std::sync::OnceLock;
use std::time::Duration;

use traceline::{Config, Format, Trace, ids::TraceParent};
use traceline_cli::detail::{Detail, Timer};
use traceline_cli::record::{Level, Outcome};
use traceline_cli::{Names, parse};

use crate::util::{Bench, FixedIds, assert_one_safe_line};
use crate::work::{self, OWN_SPAN};

/// Each line is a call on the unit: the first byte selects it, the rest is its argument. The first is the format.
pub(crate) fn check(data: &[u8]) {
    let lines = work::lines(data);
    let (format, steps) = lines.split_first().expect("there is one, be it empty");
    let format = if format == b"json" {
        Format::Json
    } else {
        Format::Logfmt
    };
    let bench = bench(format);
    let mut unit = Unit {
        trace: bench.start(),
        bench,
        want: Want::default(),
    };
    for step in steps.iter().take(MOST) {
        if let Some((what, with)) = step.split_first() {
            unit.step(*what, &String::from_utf8_lossy(with));
        }
    }
    let Unit { trace, want, .. } = unit;
    trace.emit();
    let lines = bench.log.take_lines();
    let (last, partial) = lines.split_last().expect("the record of a unit that ended");
    assert_eq!(partial.len(), want.checkpoints);
    for line in partial {
        let record = parse(line.as_bytes(), &Names::default())
            .unwrap_or_else(|why| panic!("{why:?}: {line}"));
        assert!(record.partial, "{line}");
    }
    want.compare(last, format);
}

/// Fewer than the number at which the library starts to drop.
const MOST: usize = 64;

/// One per format, created once, because a logger is never freed.
fn bench(format: Format) -> &'static Bench {
    static BENCHES: OnceLock<[Bench; 2]> = OnceLock::new();
    let make = |format| {
        let builder = Config::builder()
            .format(format)
            .field("service", "shop")
            .max_record(1 << 20);
        Bench::new(builder.ids(&FixedIds(7, 9)))
    };
    let [logfmt, json] = BENCHES.get_or_init(|| [make(Format::Logfmt), make(Format::Json)]);
    if format == Format::Json { json } else { logfmt }
}

struct Unit {
    trace: Trace,
    bench: &'static Bench,
    want: Want,
}

/// What the viewer must find.
#[derive(Debug, Default)]
struct Want {
    micros: u64,
    level: Level,
    outcome: Outcome,
    parent: Option<TraceParent>,
    checkpoints: usize,
    /// The value of each key.
    values: Vec<(String, Val)>,
    /// Its time, its level if that differs, and its text.
    fragments: Vec<(u64, &'static str, String)>,
    timers: Vec<Timer>,
}

#[derive(Debug)]
enum Val {
    /// The spelling in the record.
    Plain(String),
    Text(String),
    Float(f64),
    List(Vec<String>),
}

impl Unit {
    fn step(&mut self, what: u8, with: &str) {
        match what {
            b'"' => self.set(Val::Text(with.into())),
            b'n' => self.number(with),
            b'0' => self.set(Val::Plain("null".into())),
            b'?' => self.set(Val::Plain(with.len().is_multiple_of(2).to_string())),
            b'[' => self.set(Val::List(with.split(',').map(Into::into).collect())),
            b'+' | b'!' | b'*' => self.fragment(what, with),
            b'~' => self.pass(with.len() as u64 * 997),
            b't' => self.time(with),
            b'e' => self.error(with),
            b'.' => self.checkpoint(),
            b'<' => self.parent(with),
            _ => {}
        }
    }

    fn set(&mut self, value: Val) {
        let key = format!("k{}", self.want.values.len());
        let trace = &mut self.trace;
        match &value {
            Val::Plain(text) => match text.parse::<i128>() {
                Ok(n) => trace.set(key.clone(), n),
                Err(_) if text == "null" => trace.set(key.clone(), traceline::null()),
                Err(_) => trace.set(key.clone(), text == "true"),
            },
            Val::Text(text) => trace.set(key.clone(), text),
            Val::Float(x) => trace.set(key.clone(), *x),
            Val::List(items) => trace.set(key.clone(), items.as_slice()),
        };
        self.want.values.push((key, value));
    }

    fn number(&mut self, with: &str) {
        match (with.parse::<i128>(), with.parse::<f64>()) {
            (Ok(n), _) => self.set(Val::Plain(n.to_string())),
            (_, Ok(x)) => self.set(Val::Float(x)),
            _ => {}
        }
    }

    fn pass(&mut self, micros: u64) {
        self.bench.clock.advance(Duration::from_micros(micros));
        self.want.micros += micros;
    }

    fn fragment(&mut self, what: u8, text: &str) {
        let level = match what {
            b'+' => {
                self.trace.add(text);
                ""
            }
            b'!' => {
                self.trace.warn(text);
                self.want.level = self.want.level.max(Level::Warn);
                "warn"
            }
            _ => {
                self.trace.fail(text);
                (self.want.level, self.want.outcome) = (Level::Error, Outcome::Error);
                "error"
            }
        };
        self.want
            .fragments
            .push((self.want.micros, level, text.into()));
    }

    fn time(&mut self, with: &str) {
        let key = format!("t{}", self.want.timers.len());
        let total = with.len() as u64;
        self.trace.time(key.clone(), |_| {
            self.bench.clock.advance(Duration::from_micros(total))
        });
        self.want.micros += total;
        let count = "1".into();
        self.want.timers.push(Timer {
            key,
            count,
            total,
            longest: total,
            wall: total,
        });
    }

    fn error(&mut self, with: &str) {
        self.trace.error(with);
        (self.want.level, self.want.outcome) = (Level::Error, Outcome::Error);
    }

    fn checkpoint(&mut self) {
        self.trace.checkpoint();
        self.want.checkpoints += 1;
    }

    fn parent(&mut self, with: &str) {
        if let Ok(parent) = TraceParent::parse(with) {
            self.trace.continue_from(parent);
            self.want.parent = Some(parent);
        }
    }
}

impl Want {
    fn compare(&self, line: &str, format: Format) {
        assert_one_safe_line(line);
        let record = parse(line.as_bytes(), &Names::default())
            .unwrap_or_else(|why| panic!("{why:?}: {line}"));
        assert_eq!(
            (&*record.name(), &*record.service.decode()),
            ("unit", "shop")
        );
        assert_eq!(record.end, Some(WALL_MICROS + self.micros as i64), "{line}");
        assert_eq!(record.duration, Some(self.micros), "{line}");
        assert_eq!(
            (record.level, record.outcome),
            (self.level.max(Level::Info), self.outcome),
            "{line}"
        );
        assert!(!record.partial && record.rate == 1);
        assert_eq!(
            record.ids.map(|id| id.map(|id| id.decode().into_owned())),
            self.ids(),
            "{line}"
        );
        let detail = Detail::parse(line.as_bytes(), &Names::default());
        assert_eq!(detail.timers, self.timers, "{line}");
        self.compare_fragments(&detail, format);
        let own: Vec<&(String, String)> = detail
            .fields
            .iter()
            .filter(|(key, _)| is_numbered(key))
            .collect();
        assert_eq!(own.len(), self.values.len(), "{line}");
        for ((key, value), (own, text)) in self.values.iter().zip(own) {
            assert_eq!(key, own);
            assert!(
                value.is(text, format),
                "{value:?} came back as {text:?}: {line}"
            );
        }
        let fixed = detail.fields.iter().filter(|(key, _)| !is_numbered(key));
        fixed.for_each(|(key, _)| assert!(OWN_KEYS.contains(&&**key), "{key} in {line}"));
    }

    /// A unit has no ids unless it has a caller or somebody asked for one.
    fn ids(&self) -> [Option<String>; 3] {
        let Some(parent) = self.parent else {
            return [None, None, None];
        };
        let (trace, caller) = (parent.trace_id(), parent.span_id());
        [trace.to_string(), OWN_SPAN.into(), caller.to_string()].map(Some)
    }

    fn compare_fragments(&self, detail: &Detail, format: Format) {
        let got = detail
            .fragments
            .iter()
            .map(|fragment| (fragment.at, fragment.level.as_str(), fragment.text.clone()));
        let want = self.fragments.iter().map(|(at, level, text)| {
            // A separator inside a text is altered for good.
            let text = if format == Format::Json {
                text.clone()
            } else {
                text.replace("; [", ";[")
            };
            (*at, *level, text)
        });
        assert_eq!(got.collect::<Vec<_>>(), want.collect::<Vec<_>>());
    }
}

/// The first reading of a test's clock.
const WALL_MICROS: i64 = 1_795_250_760_123_456;

/// The library's own keys.
const OWN_KEYS: [&str; 15] = [
    "ts",
    "level",
    "msg",
    "service",
    "trace_id",
    "span_id",
    "parent_id",
    "trace_flags",
    "outcome",
    "duration_ms",
    "error",
    "error.chain",
    "seq",
    "partial",
    "request_id",
];

fn is_numbered(key: &str) -> bool {
    key.strip_prefix('k')
        .is_some_and(|number| number.parse::<usize>().is_ok())
}

impl Val {
    /// Whether the text of a field reads so.
    fn is(&self, text: &str, format: Format) -> bool {
        match self {
            Val::Plain(plain) => text == plain,
            Val::Text(own) => text == own,
            Val::Float(x) if x.is_finite() => text.parse() == Ok(*x) && text.contains(['.', 'e']),
            Val::Float(_) if format == Format::Json => text == "null",
            Val::Float(x) if x.is_nan() => text == "NaN",
            Val::Float(x) => text == if *x > 0.0 { "Infinity" } else { "-Infinity" },
            Val::List(items) => {
                serde_json::from_str::<Vec<String>>(text).is_ok_and(|own| own == *items)
            }
        }
    }
}
