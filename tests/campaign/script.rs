//! A unit that uses all there is, step by step, with a fault at one of them.
//!
//! The script writes down what it told the library (`ledger.rs`) after each call
//! that returned; a test compares the records with that.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use log::Log;
use logtrace::{Config, Trace, current, display};
use serde_json::{Value, json};

use crate::ledger::{Book, State};

/// What breaks, and at which step.
#[derive(Clone, Copy)]
pub enum Fault {
    None,
    /// This happens before the step of this number.
    Step(usize, fn(&Run)),
    /// The `Display` of this number panics.
    Display(usize),
}

/// One run of the script.
pub struct Run {
    pub config: Config,
    /// Where ordinary records go: a bridge.
    pub log: &'static dyn Log,
    fault: Fault,
    /// Whether destructors use the unit while a panic goes through its scope.
    destructors: bool,
    steps: AtomicUsize,
    displays: AtomicUsize,
    books: Mutex<Vec<Book>>,
}

/// Panics, in the way of a user's program.
pub fn panics(_: &Run) {
    panic!("at this step");
}

impl Run {
    pub fn new(config: Config, log: &'static dyn Log, fault: Fault) -> Run {
        Run {
            config,
            log,
            fault,
            destructors: false,
            steps: AtomicUsize::new(0),
            displays: AtomicUsize::new(0),
            books: Mutex::default(),
        }
    }

    pub fn with_destructors(mut self) -> Run {
        self.destructors = true;
        self
    }

    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// How many steps there were.
    pub fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    /// How many values printed themselves.
    pub fn displays(&self) -> usize {
        self.displays.load(Ordering::Relaxed)
    }

    pub fn books(&self) -> Vec<Book> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Book>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next step, where the fault may come.
    pub fn step(&self) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        if let Fault::Step(at, happens) = self.fault
            && at == step
        {
            happens(self);
        }
    }

    // ----- what was told

    fn book(&self, unit: &str, note: impl FnOnce(&mut Book)) {
        let mut books = self.lock();
        let book = books.iter_mut().find(|book| book.name == unit);
        note(book.expect("a unit that was started"));
    }

    pub fn field(&self, unit: &str, key: &str, value: impl Into<Value>) {
        self.book(unit, |book| {
            _ = book.fields.insert(key.into(), value.into())
        });
    }

    pub fn fragment(&self, unit: &str, text: &str) {
        self.book(unit, |book| book.fragments.push(text.into()));
    }

    fn value(&self, unit: &str, key: &str, shown: &Shown<'_>) {
        self.field(unit, key, shown.text());
    }

    pub fn started(&self, unit: &str) {
        self.lock().push(Book::new(unit));
    }

    pub fn ended(&self, unit: &str, outcome: Option<&str>) {
        let outcome = outcome.map(Into::into);
        self.book(unit, |book| book.state = State::Ended(outcome));
    }

    /// Notes on which thread a unit is current; returns what was noted before.
    fn lends(&self, unit: &str, thread: Option<String>) -> Option<String> {
        let mut before = None;
        self.book(unit, |book| {
            before = std::mem::replace(&mut book.current_on, thread)
        });
        before
    }

    /// Notes a checkpoint.
    pub fn told(&self, unit: &str) {
        self.book(unit, |book| book.checkpoints += 1);
    }

    // ----- pieces of steps

    pub fn start(&self, name: &'static str) -> Trace {
        self.step();
        let builder = Trace::builder(name).target("unit");
        let trace = builder.config(&self.config).start();
        self.started(name);
        trace
    }

    /// Ends a unit, which said `outcome`.
    fn end(&self, name: &str, trace: Trace, outcome: Option<&str>) {
        self.step();
        trace.emit();
        self.ended(name, outcome);
    }

    fn checkpoint(&self, name: &str, trace: &mut Trace) {
        self.step();
        trace.checkpoint();
        self.told(name);
        self.step();
    }

    /// Runs steps with a unit as the current one.
    pub fn scope<R>(&self, name: &str, trace: &mut Trace, work: impl FnOnce() -> R) -> R {
        /// Ends with the scope, by a panic too.
        struct Left<'a>(&'a Run, &'a str);
        impl Drop for Left<'_> {
            fn drop(&mut self) {
                self.0.lends(self.1, None);
            }
        }
        self.step();
        let thread = this_thread();
        trace.scope(|| {
            self.lends(name, Some(thread));
            let _left = Left(self, name);
            let _cleans = self.destructors.then(|| Cleans(self, name));
            work()
        })
    }

    /// A value whose `Display` may be what panics.
    pub fn shown(&self, text: &'static str) -> Shown<'_> {
        Shown {
            run: self,
            text,
            panicked: AtomicBool::new(false),
        }
    }
}

pub fn this_thread() -> String {
    format!("{:?}", thread::current().id())
}

/// What a destructor may do while its thread unwinds: use the unit that is current
/// with a value that panics once more, and have a unit of its own.
struct Cleans<'a>(&'a Run, &'a str);

impl Drop for Cleans<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let Cleans(run, unit) = *self;
        let name = format!("cleanup of {unit}");
        run.started(&name);
        let cleanup = Trace::builder(name.clone()).target("unit");
        let mut cleanup = cleanup.config(&run.config).start();
        cleanup.set("of", unit).ok();
        run.field(&name, "of", unit);
        drop(cleanup);
        run.ended(&name, Some("ok"));
        if current::is_active() {
            current::set("cleaned", display(&Broken));
            run.field(unit, "cleaned", "<panicked>");
        }
    }
}

struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        panic!("in a display of a destructor");
    }
}

pub struct Shown<'a> {
    run: &'a Run,
    text: &'static str,
    panicked: AtomicBool,
}

impl Shown<'_> {
    /// What the library has of it.
    pub fn text(&self) -> String {
        match self.panicked.load(Ordering::Relaxed) {
            true => "<panicked>".into(),
            false => self.text.into(),
        }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, rest) = self.text.split_at(1);
        f.write_str(first)?;
        let number = self.run.displays.fetch_add(1, Ordering::Relaxed);
        if matches!(self.run.fault, Fault::Display(at) if at == number) {
            self.panicked.store(true, Ordering::Relaxed);
            panic!("in a display");
        }
        f.write_str(rest)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Shown<'_> {}

/// All of it.
pub fn script(run: &Run) {
    let mut unit = run.start("outer");
    by_handle(run, &mut unit);
    timers(run, &mut unit);
    run.checkpoint("outer", &mut unit);
    part(run, &mut unit);
    run.scope("outer", &mut unit, || {
        by_current(run);
        inner(run);
        absorbed(run);
    });
    child(run, &mut unit);
    shared(run);
    discarded(run);
    ended_early(run);
    failed(run);
    unit.ok();
    run.end("outer", unit, Some("ok"));
    run.step();
}

fn by_handle(run: &Run, unit: &mut Trace) {
    run.step();
    unit.set("number", 7).set("text", "a \"text\"\n");
    run.field("outer", "number", 7);
    run.field("outer", "text", "a \"text\"\n");
    run.step();
    let shown = run.shown("shown");
    unit.set("shown", display(&shown));
    run.value("outer", "shown", &shown);
    run.step();
    let again = run.shown("a longer one than before");
    unit.set("shown", display(&again));
    run.value("outer", "shown", &again);
    run.step();
    let listed = run.shown("listed");
    unit.set("list", [display(&listed), logtrace::debug(&7)]);
    run.field("outer", "list", json!([listed.text(), "7"]));
    run.step();
    unit.add("a literal");
    run.fragment("outer", "a literal");
    run.step();
    let told = run.shown("told");
    logtrace::add!(unit, "{told}");
    run.fragment("outer", &told.text());
    run.step();
    unit.incr("count").count("count", 2).max("most", 9);
    run.field("outer", "count", 3);
    run.field("outer", "most", 9);
    run.step();
    unit.warn("a warning");
    run.fragment("outer", "a warning");
}

fn timers(run: &Run, unit: &mut Trace) {
    run.step();
    // Never stopped: its lap ends with the unit.
    let _open = unit.start_timer("open");
    run.field("outer", "open.count", 1);
    unit.time("timed", |unit| {
        // It ends by a panic too.
        run.field("outer", "timed.count", 1);
        run.step();
        unit.add("timed");
        run.fragment("outer", "timed");
    });
    run.step();
}

/// A part on another thread; if it panics there, the unit does too.
fn part(run: &Run, unit: &mut Trace) {
    run.step();
    let mut part = unit.part();
    let result = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            run.step();
            part.set("part", true).incr("count");
            run.field("outer", "part", true);
            run.field("outer", "count", 4);
            part.scope(|| {
                run.step();
                let shown = run.shown("of the part");
                current::add!("{shown}");
                run.fragment("outer", &shown.text());
                run.step();
            });
        });
        thread.join()
    });
    unit.join(part);
    if let Err(payload) = result {
        resume_unwind(payload);
    }
    run.step();
    drop(unit.part());
    run.field("outer", "lost_parts", 1);
}

fn by_current(run: &Run) {
    run.step();
    let shown = run.shown("by current");
    current::set("current", display(&shown));
    run.value("outer", "current", &shown);
    run.step();
    let told = run.shown("told by current");
    current::add!("{told}");
    run.fragment("outer", &told.text());
    run.step();
    current::time("laps", || {
        run.field("outer", "laps.count", 1);
        run.step();
        current::incr("in_a_lap");
        run.field("outer", "in_a_lap", 1);
    });
    current::with(|unit| {
        // Not even `current::emit` finds it meanwhile.
        let thread = run.lends("outer", None);
        run.step();
        let shown = run.shown("by with");
        unit.set("with", display(&shown));
        run.value("outer", "with", &shown);
        run.step();
        run.lends("outer", thread);
    });
}

/// A unit in a unit, which fails.
fn inner(run: &Run) {
    let mut unit = run.start("inner");
    run.step();
    unit.set("shard", 3);
    run.field("inner", "shard", 3);
    run.scope("inner", &mut unit, || {
        run.step();
        current::add("in the inner one");
        run.fragment("inner", "in the inner one");
        let error = run.shown("an error");
        current::error(&error);
        run.value("inner", "error", &error);
        run.step();
    });
    run.end("inner", unit, Some("error"));
}

/// Ordinary records, through the bridge.
fn absorbed(run: &Run) {
    run.step();
    let shown = run.shown("an ordinary record");
    log::info!(logger: run.log, "{shown}");
    run.fragment("outer", &shown.text());
    run.step();
    // More severe than what is absorbed.
    log::error!(logger: run.log, "an ordinary error");
    run.step();
}

/// The next unit of a transaction.
fn child(run: &Run, unit: &mut Trace) {
    run.step();
    let mut child = unit.child("child");
    run.started("child");
    run.step();
    child.set("of", "outer").status(404);
    run.field("child", "of", "outer");
    run.field("child", "status", 404);
    run.end("child", child, None);
}

/// A unit of several handles, one of them on another thread.
fn shared(run: &Run) {
    let unit = run.start("shared").into_shared();
    let handle = unit.clone();
    let result = thread::scope(|scope| {
        let thread = scope.spawn(move || {
            run.step();
            let shown = run.shown("from elsewhere");
            handle.set("elsewhere", display(&shown));
            run.value("shared", "elsewhere", &shown);
            handle.time("shared", || {
                run.field("shared", "shared.count", 1);
                run.step();
            });
        });
        thread.join()
    });
    if let Err(payload) = result {
        resume_unwind(payload);
    }
    unit.with(|unit| {
        run.step();
        unit.add("with a lock");
        run.fragment("shared", "with a lock");
        run.step();
    });
    unit.ok();
    drop(unit);
    run.ended("shared", Some("ok"));
}

fn discarded(run: &Run) {
    let mut unit = run.start("discarded");
    run.step();
    unit.set("a", 1);
    run.field("discarded", "a", 1);
    unit.discard();
    run.book("discarded", |book| book.state = State::Discarded);
}

/// All units of the thread are ended from inside.
fn ended_early(run: &Run) {
    let mut unit = run.start("early");
    run.scope("early", &mut unit, || {
        current::set("a", 1);
        run.field("early", "a", 1);
        run.step();
        current::emit();
        run.ended("early", None);
        // Nowhere: its record is written.
        current::set("too_late", true);
        run.step();
    });
    run.step();
}

/// What a function with `?` does.
fn failed(run: &Run) {
    let mut unit = run.start("failed");
    let error = run.shown("no such table");
    let _ = unit.check(Err::<(), _>(&error));
    run.value("failed", "error", &error);
    run.end("failed", unit, Some("error"));
}
