//! Pools: rayon, which steals work of others while it waits, and workers that take jobs from a channel.

use std::sync::{Mutex, mpsc};
use std::thread;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use traceline::{UnitRef, current, run, start};

use crate::bench::{Bench, check};

const ITEMS: u32 = 10_000;

fn pool() -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(3).build().unwrap()
}

/// Counts an item in the current unit.
fn count(item: u32) {
    current::incr("items");
    current::sum("sum", item);
    current::max("max", item);
}

#[test]
fn counters_are_exact_when_each_item_enters_the_unit() {
    check(
        |_bench| {
            let unit = run!("scopes", |trace| -> Result<(), String> {
                let unit = trace.unit();
                pool().install(|| {
                    (1..=ITEMS)
                        .into_par_iter()
                        .for_each(|item| unit.scope(|| count(item)));
                });
                Ok(())
            });
            unit.unwrap();
        },
        &["info msg=scopes outcome=ok duration_ms=0.0 items=10000 sum=50005000 max=10000"],
    );
}

#[test]
fn counters_are_exact_when_each_piece_of_work_enters_the_unit() {
    check(
        |_bench| {
            let unit = run!("pieces", || -> Result<(), String> {
                let unit = current::unit();
                pool().install(|| {
                    let items = (1..=ITEMS).into_par_iter();
                    items.for_each_init(|| unit.enter(), |_entered, item| count(item));
                });
                Ok(())
            });
            unit.unwrap();
            let trace = start!("parts");
            pool().install(|| {
                let items = (1..=ITEMS).into_par_iter();
                items.for_each_init(
                    || trace.part(),
                    |part, item| {
                        part.incr("items").sum("sum", item).max("max", item);
                    },
                );
            });
            trace.emit();
        },
        &[
            "info msg=pieces outcome=ok duration_ms=0.0 items=10000 sum=50005000 max=10000",
            "info msg=parts duration_ms=0.0 items=10000 sum=50005000 max=10000",
        ],
    );
}

/// Runs jobs on a pool that is used inside them, too, so that a thread that waits in one job works for another.
fn run_jobs(bench: &Bench, job: impl Fn(u32, UnitRef) + Sync) {
    pool().install(|| {
        [1, 2, 3].into_par_iter().with_max_len(1).for_each(|id| {
            let _entered = bench.capture.enter();
            let done = run!("job", |trace| -> Result<(), String> {
                trace.set("id", id);
                job(id, trace.unit());
                Ok(())
            });
            done.unwrap();
        });
    });
}

#[track_caller]
fn check_jobs(bench: &Bench) {
    let mut lines = bench.take();
    lines.sort();
    let want = [1, 2, 3].map(|id| {
        format!(
            "info msg=job outcome=ok duration_ms=0.0 id={id} items=10000 ids={}",
            id * ITEMS
        )
    });
    assert_eq!(lines, want);
}

#[test]
fn the_items_of_each_job_are_in_its_own_record_when_work_is_stolen() {
    let bench = Bench::new();
    run_jobs(&bench, |id, unit| {
        (0..ITEMS).into_par_iter().with_max_len(1).for_each(|item| {
            unit.scope(|| {
                current::incr("items");
                if item % 100 == 0 {
                    rayon::yield_now();
                }
                current::sum("ids", id);
            });
        });
    });
    check_jobs(&bench);
}

#[test]
fn a_guard_of_a_piece_of_work_is_no_guard_of_what_is_stolen_meanwhile() {
    let bench = Bench::new();
    run_jobs(&bench, |id, unit| {
        (0..100).into_par_iter().with_max_len(1).for_each_init(
            || unit.enter(),
            |_entered, _| {
                // Inside, rayon again.
                let unit = current::unit();
                (0..ITEMS / 100)
                    .into_par_iter()
                    .with_max_len(1)
                    .for_each_init(
                        || unit.enter(),
                        |_entered, item| {
                            current::incr("items");
                            if item % 50 == 0 {
                                rayon::yield_now();
                            }
                            current::sum("ids", id);
                        },
                    );
            },
        );
    });
    check_jobs(&bench);
}

#[test]
fn both_sides_of_a_join_contribute() {
    fn add_up(unit: &UnitRef, items: std::ops::RangeInclusive<u32>) {
        let (first, last) = (*items.start(), *items.end());
        if last - first < 100 {
            return unit.scope(|| items.for_each(count));
        }
        let middle = first + (last - first) / 2;
        let (left, right) = (first..=middle, middle + 1..=last);
        rayon::join(|| add_up(unit, left), || add_up(unit, right));
    }
    check(
        |_bench| {
            let unit = run!("join", |trace| -> Result<(), String> {
                let unit = trace.unit();
                pool().install(|| add_up(&unit, 1..=ITEMS));
                assert_eq!(trace.get("sum").unwrap().as_u64(), Some(50_005_000));
                Ok(())
            });
            unit.unwrap();
        },
        &["info msg=join outcome=ok duration_ms=0.0 items=10000 sum=50005000 max=10000"],
    );
}

#[test]
fn tasks_of_a_scope_contribute_and_the_scope_itself_is_in_the_unit() {
    check(
        |_bench| {
            let pool = pool();
            let unit = run!("scope", |trace| -> Result<(), String> {
                let unit = trace.unit();
                pool.in_place_scope(|scope| {
                    // On the thread of the unit.
                    current::set("in_place", true);
                    for item in 1..=100 {
                        let unit = &unit;
                        scope.spawn(move |_| unit.scope(|| count(item)));
                    }
                });
                pool.scope(|scope| {
                    let unit = &unit;
                    scope.spawn_broadcast(move |_, _| unit.scope(|| current::incr("threads")));
                });
                trace.set("done", true);
                Ok(())
            });
            unit.unwrap();
        },
        &[
            "info msg=scope outcome=ok duration_ms=0.0 in_place=true items=100 sum=5050 max=100 \
             threads=3 done=true",
        ],
    );
}

/// A job of a pool: the unit that it works for, and the work.
type Job = (UnitRef, Box<dyn FnOnce() + Send>, mpsc::Sender<()>);

fn worker(jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap().recv();
        let Ok((unit, work, reply)) = job else { return };
        unit.scope(work);
        // After the scope: the unit may end as soon as it has the reply.
        reply.send(()).unwrap();
    }
}

#[test]
fn a_worker_pool_writes_each_job_to_its_unit() {
    check(
        |_bench| {
            let (send, jobs) = mpsc::channel::<Job>();
            let jobs = &Mutex::new(jobs);
            thread::scope(|scope| {
                let workers: Vec<_> = (0..3).map(|_| scope.spawn(move || worker(jobs))).collect();
                let (mut first, mut second) = (start!("first"), start!("second"));
                let (reply, replies) = mpsc::channel();
                for item in 1..=ITEMS {
                    let unit = if item % 2 == 0 {
                        second.unit()
                    } else {
                        first.unit()
                    };
                    let work = move || count(item);
                    send.send((unit, Box::new(work), reply.clone())).unwrap();
                }
                for _ in 1..=ITEMS {
                    replies.recv().unwrap();
                }
                first.ok();
                second.ok();
                drop(send);
                for worker in workers {
                    worker.join().unwrap();
                }
            });
        },
        &[
            "info msg=second outcome=ok duration_ms=0.0 items=5000 sum=25005000 max=10000",
            "info msg=first outcome=ok duration_ms=0.0 items=5000 sum=25000000 max=9999",
        ],
    );
}
