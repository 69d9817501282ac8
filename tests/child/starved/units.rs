//! Units in which everything that can grow does.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::Write as _;

use log::{Level, Log, Metadata, Record};
use traceline::{bridge::{bridge, Bridge}, current, display, Config, Format, Trace};

use crate::allocator::{FIRED, fed};

/// Prints records, or writes them to a file.
struct Writes(Option<File>);

impl Log for Writes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() != "off"
    }

    fn log(&self, record: &Record<'_>) {
        if record.target() != "unit" {
            return;
        }
        fed(|| match &self.0 {
            None => say("record", record.args()),
            Some(file) => {
                let line = format!("{}\n", record.args());
                { file }
                    .write_all(line.as_bytes())
                    .expect("a file takes it");
            }
        });
    }

    fn flush(&self) {}
}

pub fn say(what: &str, text: impl fmt::Display) {
    fed(|| println!("{what}\t{text}"));
}

pub struct Run {
    pub config: Config,
    bridge: &'static Bridge<Writes>,
    /// The fields and fragments given to each unit.
    told: RefCell<Vec<(&'static str, String)>>,
    pub texts: Texts,
}

/// Allocated while there is memory.
pub struct Texts {
    pub keys: Vec<&'static str>,
    long: Vec<String>,
}

impl Run {
    pub fn new(file: Option<File>) -> Run {
        log::set_max_level(log::LevelFilter::Trace);
        let bridge = bridge(Writes(file))
            .absorb(Level::Info)
            .only_on_failure(true);
        let bridge: &'static _ = Box::leak(Box::new(bridge));
        let config = Config::builder().format(Format::Json).max_record(1 << 20);
        let config = config.logger(bridge).build().expect("settings make sense");
        let key = |number| &*Box::leak(format!("key{number}").into_boxed_str());
        Run {
            config,
            bridge,
            told: RefCell::default(),
            texts: Texts {
                keys: (0..200).map(key).collect(),
                long: (1..9).map(|size| "x".repeat(size * 1_000)).collect(),
            },
        }
    }

    pub fn start(&self, name: &'static str) -> Trace {
        let builder = Trace::builder(name).target("unit");
        let unit = builder.config(&self.config).start();
        say("started", name);
        unit
    }

    /// Notes a field given to a unit, or a fragment if the key is empty.
    pub fn told(&self, unit: &'static str, key: &str, text: &str) {
        fed(|| {
            let mut told = self.told.borrow_mut();
            let same = |(of, known): &(&str, String)| {
                *of == unit && !key.is_empty() && known.starts_with(&format!("{key}\t"))
            };
            told.retain(|one| !same(one));
            told.push((unit, format!("{key}\t{text}")));
        });
    }

    /// Notes that a unit is about to end: from now on its record may be lost.
    pub fn ends(&self, name: &str) {
        say(if FIRED.get() { "ends" } else { "ends hungry" }, name);
    }

    pub fn tell(&self) {
        for (unit, told) in self.told.take() {
            say("told", format_args!("{unit}\t{told}"));
        }
    }
}

/// Everything that can grow, in one unit.
pub fn unit(run: &Run) {
    let mut unit = run.start("outer");
    fields(run, &mut unit);
    overwrites(run, &mut unit);
    fragments(run, &mut unit);
    part(run, &mut unit);
    checkpoint(&mut unit);
    unit.scope(|| by_current(run));
    others(run, &mut unit);
    run.ends("outer");
    unit.ok();
    drop(unit);
    say("ended", "outer");
}

pub fn fields(run: &Run, unit: &mut Trace) {
    for key in run.texts.keys.iter().take(150) {
        unit.set(*key, "text");
        run.told("outer", key, "text");
    }
    for key in run.texts.keys.iter().skip(150) {
        unit.set(traceline::key(key), display(&key.len()));
        run.told("outer", key, &fed(|| key.len().to_string()));
    }
    unit.set("list", ["a", "b"]).set("id", u128::MAX);
    // More simultaneous laps than fit inside the entry.
    let laps = [(); 6].map(|()| unit.start_timer("lap"));
    for lap in laps {
        unit.stop(lap);
    }
}

/// Texts that replace each other, until the dead ones are tidied up.
fn overwrites(run: &Run, unit: &mut Trace) {
    for text in &run.texts.long {
        unit.set("long", text);
        run.told("outer", "long", text);
    }
    unit.set("long", "short");
    run.told("outer", "long", "short");
}

pub fn fragments(run: &Run, unit: &mut Trace) {
    for key in run.texts.keys.iter().take(80) {
        unit.add(*key);
        run.told("outer", "", key);
    }
    traceline::add!(unit, "{:>700}", "formatted");
    run.told("outer", "", &fed(|| format!("{:>700}", "formatted")));
    let _ = unit.check(Err::<(), _>(&Chained(Some(&Chained(None)))));
    unit.warn("enough").set_level(Level::Info);
    run.told("outer", "", "enough");
}

#[derive(Debug)]
struct Chained(Option<&'static Chained>);

impl fmt::Display for Chained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>600}", "an error")
    }
}

impl std::error::Error for Chained {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.map(|inner| inner as _)
    }
}

fn part(run: &Run, unit: &mut Trace) {
    let mut part = unit.part();
    part.set("part", "text");
    for key in run.texts.keys.iter().skip(80) {
        part.add(*key);
    }
    unit.join(part);
    run.told("outer", "part", "text");
}

fn checkpoint(unit: &mut Trace) {
    unit.checkpoint();
    say("checkpoint", "outer");
}

fn by_current(run: &Run) {
    let shown = fed(|| "y".repeat(600));
    current::set("current", display(&shown));
    run.told("outer", "current", &shown);
    absorbed(run);
    let mut inner = run.start("inner");
    inner.scope(|| {
        current::set("shard", "text");
        run.told("inner", "shard", "text");
        absorbed(run);
    });
    run.ends("inner");
    drop(inner);
    say("ended", "inner");
    // A disabled unit hides the one around it.
    let mut disabled = Trace::builder("disabled").target("off");
    disabled = disabled.config(&run.config);
    disabled.start().scope(|| current::set("nowhere", 1));
    current::with(|unit| _ = unit.set("with", "text"));
    run.told("outer", "with", "text");
}

/// Records kept only for severe units, and more of them than fit inside the entry.
pub fn absorbed(run: &Run) {
    for _ in 0..70 {
        log::debug!(logger: run.bridge, "held");
    }
}

fn others(run: &Run, unit: &mut Trace) {
    unit.set_request_id("order-4711");
    let mut child = unit.child("child");
    say("started", "child");
    child.set("of", "text");
    run.told("child", "of", "text");
    run.ends("child");
    drop(child);
    say("ended", "child");
    let shared = run.start("shared").into_shared();
    let handle = shared.clone();
    handle.set("a", "text");
    run.told("shared", "a", "text");
    drop(shared);
    run.ends("shared");
    drop(handle);
    say("ended", "shared");
}
