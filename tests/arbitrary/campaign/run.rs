//! One run of the script: where its fault is, and what it has recorded so far.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use log::Log;
use serde_json::Value;
use traceline::{Config, Trace, current, display};

use crate::ledger::{Book, State};

/// What breaks, and at which step.
#[derive(Clone, Copy)]
pub enum Fault {
    None,
    /// This happens before the step with this number.
    Step(usize, fn(&Run)),
    /// The `Display` with this number panics.
    Display(usize),
}

/// One run of the script.
pub struct Run {
    pub config: Config,
    /// Where ordinary records go: through a bridge.
    pub log: &'static dyn Log,
    fault: Fault,
    /// Whether destructors use the unit while a panic passes through its scope.
    destructors: bool,
    steps: AtomicUsize,
    displays: AtomicUsize,
    books: Mutex<Vec<Book>>,
}

/// Panics as a user's program would.
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

    /// Starts the next step, where the fault may come.
    pub fn step(&self) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        if let Fault::Step(at, happens) = self.fault
            && at == step
        {
            happens(self);
        }
    }

    // ----- what was recorded

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

    pub fn value(&self, unit: &str, key: &str, shown: &Shown<'_>) {
        self.field(unit, key, shown.text());
    }

    pub fn started(&self, unit: &str) {
        self.lock().push(Book::new(unit));
    }

    pub fn ended(&self, unit: &str, outcome: Option<&str>) {
        let outcome = outcome.map(Into::into);
        self.book(unit, |book| book.state = State::Ended(outcome));
    }

    pub fn discarded(&self, unit: &str) {
        self.book(unit, |book| book.state = State::Discarded);
    }

    /// Notes on which thread a unit is current; returns the previous note.
    pub fn lends(&self, unit: &str, thread: Option<String>) -> Option<String> {
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

    /// Ends a unit that had set `outcome`.
    pub fn end(&self, name: &str, trace: Trace, outcome: Option<&str>) {
        self.step();
        trace.emit();
        self.ended(name, outcome);
    }

    pub fn checkpoint(&self, name: &str, trace: &mut Trace) {
        self.step();
        trace.checkpoint();
        self.told(name);
        self.step();
    }

    /// Runs steps while a unit is the current one.
    pub fn scope<R>(&self, name: &str, trace: &mut Trace, work: impl FnOnce() -> R) -> R {
        /// Resets the note when the scope ends, also after a panic.
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

    /// A value whose `Display` may be the faulty one.
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

/// What a destructor may do while its thread unwinds: use the current unit with a
/// value that panics once more, and run a unit of its own.
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
    /// The text that the library should have recorded for it.
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
