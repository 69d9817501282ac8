//! Random units, each with its number in the field `id`; the records that they
//! should have go to the tally.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use log::{Level, Log, Record};
use traceline::{Trace, current, display, key, mask};

use super::configs::{self, BRIDGE};
use super::random::Random;
use super::travels;
use super::worker::Worker;

/// A logger that finds this text in a record panics.
pub const BREAKS: &str = "break the logger";

const NAMES: [&str; 12] = [
    "auth", "cart", "checkout", "refund", "search", "index", "upload", "mail", "login", "logout",
    "report", "cron",
];

const KEYS: [&str; 24] = [
    "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "user", "plan", "status", "level",
    "error", "a b", "a=b", "", "é", "password", "rows", "bytes", "method", "path",
];

/// Runs one unit of a random kind.
pub fn any(worker: &mut Worker) {
    let (id, trace) = begin(worker);
    match worker.random.below(100) {
        0..40 => plain(worker, trace),
        40..55 => scoped(worker, trace),
        55..65 => handed_on(worker, trace),
        65..70 => panics(worker, trace),
        70..75 => checkpoints(worker, id, trace),
        75..82 => parts(worker, trace),
        82..84 => threads(worker, trace),
        84..89 => logs(worker, trace),
        89..94 => hostile(worker, trace),
        94..96 => taken(worker, trace),
        96 | 97 => travels::run(worker, trace),
        _ => dropped(worker, trace),
    }
    if worker.random.one_in(50) {
        travels::by_handle(worker);
    }
    if worker.random.one_in(20) {
        silent(worker);
    }
}

/// A unit that must have one record.
pub fn begin(worker: &mut Worker) -> (u64, Trace) {
    let (id, trace) = start(worker);
    worker.counts.expected.of(id).last.add(id);
    (id, trace)
}

fn start(worker: &mut Worker) -> (u64, Trace) {
    let place = worker.random.below(configs::COUNT);
    let id = worker.number() * configs::COUNT as u64 + place as u64;
    let mut trace = Trace::builder(worker.random.pick(&NAMES))
        .config(&configs::all()[place])
        .start();
    trace.set("id", id);
    (id, trace)
}

/// Usually a few fields, sometimes hundreds.
fn few(random: &mut Random) -> usize {
    match random.below(100) {
        0 => random.below(400),
        1..10 => random.below(60),
        _ => random.below(14),
    }
}

fn text(random: &mut Random) -> String {
    let n = random.below(40);
    match random.below(400) {
        0 => "x".repeat(20_000 + n),
        1..50 => "é\n\"\u{1b}".repeat(n),
        50..100 => format!("; [{n}] = \\"),
        _ => "lorem ipsum dolor sit amet, consetetur sadipscing"[..n].into(),
    }
}

fn work(random: &mut Random, trace: &mut Trace) {
    for n in 0..few(random) {
        let name = random.pick(&KEYS);
        match random.below(24) {
            0..8 => _ = trace.set(name, random.next() >> random.below(64)),
            8..12 => _ = trace.set(name, text(random).as_str()),
            12 => _ = trace.set(key(&format!("dynamic{n}")), -1.5),
            13 => _ = trace.set(name, mask("a secret of theirs", 3)),
            14 => _ = trace.set(name, [1, 2, 3]),
            15 => _ = trace.incr(name),
            16 => _ = trace.sum(name, random.next() as f64),
            17 => trace.time("db", |trace| _ = trace.max("most", n)),
            18..22 => _ = trace.add(text(random).as_str()),
            22 => _ = trace.warn("odd"),
            _ => _ = trace.unset(name),
        }
    }
    if random.one_in(10) {
        trace.error("it failed");
    }
}

fn plain(worker: &mut Worker, mut trace: Trace) {
    work(&mut worker.random, &mut trace);
    trace.ok();
    worker.emit(trace);
}

/// Goes through `current`, with another unit inside.
fn scoped(worker: &mut Worker, mut trace: Trace) {
    trace.scope(|| {
        current::set("text", text(&mut worker.random).as_str());
        current::add!("{} of {}", 1, 2);
        let (_, mut inner) = begin(worker);
        inner.scope(|| current::time("db", || current::incr("rows")));
        worker.emit(inner);
        current::incr("rows");
    });
    worker.emit(trace);
}

fn handed_on(worker: &mut Worker, mut trace: Trace) {
    work(&mut worker.random, &mut trace);
    worker.hand_on(trace);
}

fn panics(worker: &mut Worker, mut trace: Trace) {
    work(&mut worker.random, &mut trace);
    let timer = trace.start_timer("open");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut trace = trace;
        trace.scope(|| {
            current::add("so far");
            // Without output from the panic hook.
            resume_unwind(Box::new(()))
        })
    }));
    assert!(panicked.is_err());
    drop(timer);
}

fn checkpoints(worker: &mut Worker, id: u64, mut trace: Trace) {
    for _ in 0..worker.random.below(4) {
        work(&mut worker.random, &mut trace);
        trace.checkpoint();
        worker.counts.expected.of(id).partial.add(id);
    }
    worker.emit(trace);
}

fn parts(worker: &mut Worker, mut trace: Trace) {
    for _ in 0..worker.random.below(4) {
        let mut part = trace.part();
        work(&mut worker.random, &mut part);
        match worker.random.one_in(4) {
            true => drop(part),
            false => _ = trace.join(part),
        }
    }
    worker.emit(trace);
}

/// Threads that live as long as the unit and free all they kept when they end.
fn threads(worker: &mut Worker, mut trace: Trace) {
    let mut part = trace.part();
    let seed = worker.random.next();
    let part = thread::spawn(move || {
        work(&mut Random(seed), &mut part);
        part
    });
    trace.join(part.join().expect("nothing panics there"));
    let shared = trace.into_shared();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| shared.incr("chunks").add("one more"));
        }
    });
    shared.with(|trace| {
        trace.ok();
    });
}

/// Ordinary log records, most of which become fragments.
fn logs(worker: &mut Worker, mut trace: Trace) {
    let text = text(&mut worker.random);
    trace.scope(|| {
        for n in 0..worker.random.below(10) {
            let mut record = Record::builder();
            record.level(Level::Info).target("lib").line(Some(7));
            BRIDGE.log(&record.args(format_args!("{n}: {text}")).build());
        }
    });
    worker.emit(trace);
}

/// Its `Display` panics halfway.
struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        resume_unwind(Box::new(()))
    }
}

fn hostile(worker: &mut Worker, mut trace: Trace) {
    match worker.random.below(8) {
        0 => _ = trace.set("huge", "€".repeat(400_000).as_str()),
        1 => _ = trace.set("calm", BREAKS),
        2 => _ = trace.add(BREAKS),
        _ => {
            trace.set("half", display(&Panics)).set("", f32::NAN);
            traceline::add!(trace, "{Panics}");
        }
    }
    worker.emit(trace);
}

/// As in code that has only `&mut`.
fn taken(worker: &mut Worker, mut trace: Trace) {
    work(&mut worker.random, &mut trace);
    let text = trace.render();
    let taken = std::mem::take(&mut trace);
    trace.set("lost", text.as_str());
    worker.emit(taken);
}

fn dropped(worker: &mut Worker, mut trace: Trace) {
    work(&mut worker.random, &mut trace);
}

/// Units without a record.
fn silent(worker: &mut Worker) {
    let (_, mut trace) = start(worker);
    work(&mut worker.random, &mut trace);
    trace.discard();
    let mut disabled = Trace::default();
    work(&mut worker.random, &mut disabled);
}
