//! Runs the calls on the library: real threads, of which one works at a time.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use traceline::current::{self, EnteredUnit, Lap};
use traceline::{__CancelGuard as CancelGuard, Config, Part, Timer, Trace, UnitRef};

use super::super::places::{self, Hand};
use super::super::program::{Settings, Text};
use super::super::rig::Rig;
use super::super::run::tell;
use super::program::{KEYS, Op, Program, Step, THREADS, Whom};

/// A trace that lies around, and the number of its unit.
enum Lying {
    Trace(Trace),
    Part(Part),
}

impl Lying {
    fn trace(&mut self) -> &mut Trace {
        match self {
            Lying::Trace(trace) => trace,
            Lying::Part(part) => part,
        }
    }

    fn scope(&mut self, work: impl FnOnce()) {
        self.trace().scope(work);
    }
}

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is passed between the threads.
#[derive(Default)]
struct Table {
    traces: Vec<(usize, Lying)>,
    futures: Vec<Running>,
    refs: Vec<(usize, UnitRef)>,
    timers: Vec<Timer>,
    laps: Vec<Lap>,
    units: usize,
    seen: Vec<String>,
}

struct Run {
    config: Config,
    rig: &'static Rig,
    table: Mutex<Table>,
}

/// One thread, as its calls see it.
struct Worker {
    run: Arc<Run>,
    steps: Receiver<Op>,
    done: Sender<()>,
    guards: RefCell<Vec<EnteredUnit>>,
}

/// Runs a program; returns the lines and what the calls returned.
pub fn run(
    program: &Program,
    config: impl FnOnce(&Settings, &'static Rig) -> Option<Config>,
) -> Option<Vec<String>> {
    let rig = Rig::of_thread(program.settings.wall);
    let run = Arc::new(Run {
        config: config(&program.settings, rig)?,
        rig,
        table: Mutex::default(),
    });
    let threads: Vec<_> = (0..THREADS).map(|_| begin(Arc::clone(&run))).collect();
    let call = |thread: usize, op: Op| {
        let (steps, done, _) = &threads[thread];
        // A worker that panics hangs up.
        let sent = steps.send(op).is_ok();
        sent && done.recv().is_ok()
    };
    let all_well = program
        .steps
        .iter()
        .chain(&last(program))
        .all(|step| call(step.thread, step.op));
    for (steps, _, thread) in threads {
        drop(steps);
        let ended = thread.join();
        assert!(ended.is_ok(), "a thread panicked");
    }
    assert!(all_well);
    let mut table = run.table();
    drop(std::mem::take(&mut table.laps));
    let seen = std::mem::take(&mut table.seen);
    drop(table);
    let lines = rig.log(program.settings.logger).records();
    let lines = lines
        .into_iter()
        .map(|record| format!("{} {}", record.level, record.args));
    Some(seen.into_iter().chain(lines).collect())
}

/// What ends everything: first the scopes of each thread, then all that lies around.
pub fn last(program: &Program) -> Vec<Step> {
    let mut last = Vec::new();
    let count = program.steps.len();
    for thread in 0..THREADS {
        let step = |op| Step { thread, op };
        last.extend((0..count).map(|_| step(Op::Leave(0))));
        last.extend((0..count).map(|_| step(Op::Close)));
    }
    let step = |op| Step { thread: 0, op };
    last.extend((0..count).map(|_| step(Op::DropFuture(0))));
    last.extend((0..2 * count).map(|_| step(Op::Drop(0))));
    last
}

type Thread = (Sender<Op>, Receiver<()>, thread::JoinHandle<()>);

thread_local! {
    static WORKER: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

fn begin(run: Arc<Run>) -> Thread {
    let (send_step, steps) = channel();
    let (done, is_done) = channel();
    let thread = thread::spawn(move || {
        let worker = Rc::new(Worker {
            run,
            steps,
            done,
            guards: RefCell::default(),
        });
        WORKER.set(Some(Rc::clone(&worker)));
        while worker.frame().is_some() {
            worker.say_done();
        }
    });
    (send_step, is_done, thread)
}

impl Run {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> (usize, Trace) {
        let trace = places::unit(&self.config);
        let mut table = self.table();
        table.units += 1;
        (table.units, trace)
    }

    fn see(&self, seen: String) {
        self.table().seen.push(seen);
    }

    fn lay(&self, number: usize, trace: Lying) {
        self.table().traces.push((number, trace));
    }

    fn take_trace(&self, n: usize) -> Option<(usize, Lying)> {
        take(&mut self.table().traces, n)
    }
}

fn take<T>(all: &mut Vec<T>, n: usize) -> Option<T> {
    (!all.is_empty()).then(|| all.remove(n % all.len()))
}

/// How a scope ended.
enum Closed {
    Open,
    Ready,
}

impl Worker {
    /// Runs calls until the innermost scope ends; `None` if there are no more calls.
    fn frame(&self) -> Option<Closed> {
        loop {
            let op = self.steps.recv().ok()?;
            match op {
                // Done when the scope has ended.
                Op::Close => return Some(Closed::Open),
                Op::Ready => return Some(Closed::Ready),
                // Those that open a scope say themselves that they are done.
                Op::Scope(n) => self.scope(n),
                Op::Run => self.run_unit(),
                Op::Poll(n) => self.poll(n),
                Op::RefScope(n) => self.ref_scope(n),
                op => {
                    self.op(op);
                    self.say_done();
                }
            }
        }
    }

    fn say_done(&self) {
        let _ = self.done.send(());
    }

    /// Opens a scope, and runs the calls in it.
    fn inside(&self) -> Option<Closed> {
        self.say_done();
        self.frame()
    }

    fn scope(&self, n: usize) {
        if let Some((number, mut trace)) = self.run.take_trace(n) {
            trace.scope(|| _ = self.inside());
            self.run.lay(number, trace);
        }
        self.say_done();
    }

    fn run_unit(&self) {
        let (number, trace) = self.run.start();
        let result: Result<(), String> = trace.__run(|handle| {
            self.run.lay(number, Lying::Trace(std::mem::take(handle)));
            self.inside();
            Ok(())
        });
        assert_eq!(result, Ok(()));
        self.say_done();
    }

    fn ref_scope(&self, n: usize) {
        let unit = take(&mut self.run.table().refs, n);
        if let Some((number, unit)) = unit {
            unit.scope(|| _ = self.inside());
            self.run.table().refs.push((number, unit));
        }
        self.say_done();
    }

    fn poll(&self, n: usize) {
        let future = take(&mut self.run.table().futures, n);
        if let Some(mut future) = future {
            let poll = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            match poll {
                Poll::Pending => self.run.table().futures.push(future),
                Poll::Ready(()) => drop(future),
            }
        }
        self.say_done();
    }

    fn op(&self, op: Op) {
        let run = &*self.run;
        match op {
            Op::Start => {
                let (number, trace) = run.start();
                run.lay(number, Lying::Trace(trace));
            }
            Op::Disabled => run.lay(0, Lying::Trace(Trace::default())),
            Op::Future => {
                let (number, trace) = run.start();
                run.table()
                    .futures
                    .push(Box::pin(run_async(number, CancelGuard::new(trace))));
            }
            Op::RefEnter(n) => {
                let unit = pick(&mut run.table().refs, n).map(|(_, unit)| unit.clone());
                self.guards
                    .borrow_mut()
                    .extend(unit.map(|unit| unit.enter()));
            }
            Op::Leave(n) => {
                let guard = take(&mut self.guards.borrow_mut(), n);
                drop(guard);
            }
            Op::PartOfRef(n) => {
                let part =
                    pick(&mut run.table().refs, n).map(|(number, unit)| (*number, unit.part()));
                part.into_iter()
                    .for_each(|(number, part)| run.lay(number, Lying::Part(part)));
            }
            Op::Join(n, m) => self.join(n, m),
            Op::Drop(n) => drop(run.take_trace(n)),
            Op::DropFuture(n) => {
                let future = take(&mut run.table().futures, n);
                drop(future);
            }
            Op::Emit(n) => match run.take_trace(n) {
                Some((_, Lying::Trace(trace))) => trace.emit(),
                part => drop(part),
            },
            Op::DropLap(n) => {
                let lap = take(&mut run.table().laps, n);
                drop(lap);
            }
            Op::Advance(by) => run.rig.advance(Duration::from_micros(by.into())),
            Op::UnitRef(Whom::Current) => {
                // Its number is not known here, and a part made of it joins by itself.
                run.table().refs.push((0, current::unit()));
            }
            Op::Part(Whom::Current) => run.lay(0, Lying::Part(current::part())),
            Op::Discard(Whom::Current) => current::discard(),
            Op::Discard(Whom::Trace(n)) => match run.take_trace(n) {
                Some((_, Lying::Trace(trace))) => trace.discard(),
                part => drop(part),
            },
            op => self.call(op),
        }
    }

    fn join(&self, n: usize, m: usize) {
        let Some((number, part)) = self.run.take_trace(n) else {
            return;
        };
        let mut trace = self.run.take_trace(m);
        match (&mut trace, part) {
            (Some((own, trace)), Lying::Part(part)) if *own == number && number > 0 => {
                trace.trace().join(part);
            }
            (_, part) => self.run.lay(number, part),
        }
        if let Some((number, trace)) = trace {
            self.run.lay(number, trace);
        }
    }

    /// A call on what is current, or on a trace.
    fn call(&self, op: Op) {
        let (whom, key) = match op {
            Op::Set(whom, key, _) | Op::Incr(whom, key) | Op::Max(whom, key, _) => (whom, key),
            Op::Lap(whom, key) | Op::StartTimer(whom, key) | Op::Look(whom, key) => (whom, key),
            Op::Add(whom) | Op::Warn(whom) | Op::Error(whom) | Op::Ok(whom) => (whom, 0),
            Op::Stop(whom, _) | Op::Ids(whom) | Op::Checkpoint(whom) => (whom, 0),
            Op::UnitRef(whom) | Op::Part(whom) => (whom, 0),
            op => unreachable!("{op:?}"),
        };
        match whom {
            Whom::Current => self.call_current(op, KEYS[key]),
            Whom::Trace(n) => {
                if let Some((number, mut trace)) = self.run.take_trace(n) {
                    self.call_trace(op, KEYS[key], number, trace.trace());
                    self.run.lay(number, trace);
                }
            }
        }
    }

    fn call_trace(&self, op: Op, key: &'static str, number: usize, trace: &mut Trace) {
        let run = &*self.run;
        match op {
            Op::UnitRef(_) => run.table().refs.push((number, trace.unit())),
            Op::Part(_) => run.lay(number, Lying::Part(trace.part())),
            Op::Lap(..) => run.table().laps.push(trace.lap(key)),
            Op::StartTimer(..) => run.table().timers.push(trace.start_timer(key)),
            Op::Stop(_, n) => {
                let timer = take(&mut run.table().timers, n);
                timer.into_iter().for_each(|timer| _ = trace.stop(timer));
            }
            Op::Set(_, _, value) => _ = trace.set(key, value),
            Op::Incr(..) => _ = trace.incr(key),
            Op::Max(_, _, value) => _ = trace.max(key, value),
            Op::Add(_) => places::add(&mut Hand::Own(trace), &said()),
            Op::Warn(_) => places::warn(&mut Hand::Own(trace), &said()),
            Op::Error(_) => _ = trace.error("broken"),
            Op::Ok(_) => _ = trace.ok(),
            Op::Checkpoint(_) => _ = trace.checkpoint(),
            Op::Look(..) => run.see(format!(
                "{} {:?} {:?} {:?} {:?}",
                trace.is_enabled(),
                trace.level(),
                trace.outcome(),
                trace.elapsed(),
                trace.get(key).as_ref().map(tell),
            )),
            Op::Ids(_) => run.see(format!(
                "{:?}",
                trace.traceparent().map(|ids| ids.to_string())
            )),
            op => unreachable!("{op:?}"),
        }
    }

    fn call_current(&self, op: Op, key: &'static str) {
        let run = &*self.run;
        match op {
            Op::Lap(..) => run.table().laps.push(current::lap(key)),
            Op::StartTimer(..) => run.table().timers.push(current::start_timer(key)),
            Op::Stop(_, n) => {
                let timer = take(&mut run.table().timers, n);
                timer.into_iter().for_each(current::stop);
            }
            Op::Set(_, _, value) => current::set(key, value),
            Op::Incr(..) => current::incr(key),
            Op::Max(_, _, value) => current::max(key, value),
            Op::Add(_) => places::add(&mut Hand::Current, &said()),
            Op::Warn(_) => places::warn(&mut Hand::Current, &said()),
            Op::Error(_) => current::error("broken"),
            Op::Ok(_) => current::ok(),
            Op::Checkpoint(_) => current::checkpoint(),
            Op::Look(..) => run.see(format!(
                "{} {:?} {:?} {:?} {:?}",
                current::is_active(),
                current::level(),
                current::outcome(),
                current::elapsed(),
                current::get(key).as_ref().map(tell),
            )),
            Op::Ids(_) => run.see(format!(
                "{:?}",
                current::traceparent().map(|ids| ids.to_string())
            )),
            op => unreachable!("{op:?}"),
        }
    }
}

fn pick<T>(all: &mut [T], n: usize) -> Option<&mut T> {
    let count = all.len();
    all.get_mut(n.checked_rem(count)?)
}

fn said() -> Text {
    Text::Str("said".to_owned())
}

/// What `run!` with `async` does. Its work is the calls in each poll, until one says that
/// it is ready.
async fn run_async(number: usize, unit: CancelGuard) {
    let handle = unit.handle();
    let block = pin!(Some(async move {
        let mut handle = handle;
        let worker = || WORKER.with_borrow(Clone::clone).expect("a worker polls");
        worker()
            .run
            .lay(number, Lying::Trace(std::mem::take(&mut handle)));
        poll_fn(|_| match worker().inside() {
            Some(Closed::Ready) => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
        Ok::<(), String>(())
    }));
    let result = CancelGuard::finish(traceline::__RunFuture::new(unit, block).await);
    assert_eq!(result, Ok(()));
}
