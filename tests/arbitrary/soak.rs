//! Random units on four threads for as long as you like: each must have its record
//! and memory must not grow; the time that `emit` takes is printed.
//!
//! `SOAK_SECONDS=600 cargo test -p traceline-arbitrary --release --all-features --test soak -- --nocapture`
//! is the long run; without the variable it takes two seconds. Expected counts are
//! kept beside the units (`soak/unit.rs`), actual ones in the logger (`soak/sink.rs`).

#[path = "soak/configs.rs"]
mod configs;
#[path = "soak/heap.rs"]
mod heap;
#[path = "soak/memory.rs"]
mod memory;
#[path = "differential/random.rs"]
mod random;
#[path = "soak/sink.rs"]
mod sink;
#[path = "soak/tally.rs"]
mod tally;
#[path = "soak/travels.rs"]
mod travels;
#[path = "soak/unit.rs"]
mod unit;
#[path = "soak/worker.rs"]
mod worker;

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use memory::Curve;
use tally::histogram;
use worker::{Counts, Latency, Seat, Worker};

/// The number of threads that run units.
const THREADS: usize = 4;

/// How often all of them stop and everything is counted.
const ROUNDS: u32 = 60;

fn seconds() -> f64 {
    match std::env::var("SOAK_SECONDS") {
        Ok(text) => text.parse().expect("SOAK_SECONDS is a number"),
        Err(_) => 2.0,
    }
}

#[test]
fn nothing_is_lost_and_memory_does_not_grow() {
    configs::all();
    let before = heap::live();
    let (latency, curve) = soak(Duration::from_secs_f64(seconds()));
    print_latency("emit", &latency.emit);
    print_latency("an empty call, timed the same way", &latency.control);
    curve.print();
    curve.check();

    // Threads give back all they kept, spare entries included.
    drop((latency, curve));
    let kept = heap::live() - before;
    println!("held when the threads had ended: {kept} bytes");
    assert!(kept < 64 * 1024, "{kept} bytes are held for nobody");
}

/// Runs the threads.
fn soak(long: Duration) -> (Latency, Curve) {
    let mut curve = Curve::new(ROUNDS);
    let mut latency = Latency {
        emit: histogram(),
        control: histogram(),
    };
    thread::scope(|scope| {
        let (workers, seats): (Vec<_>, Vec<_>) = Worker::ring(THREADS).into_iter().unzip();
        let run = |worker: Worker| scope.spawn(move || worker.run(long / ROUNDS));
        let threads: Vec<_> = workers.into_iter().map(run).collect();
        watch(&seats, &mut curve);
        // The threads that wait to go on end.
        drop(seats);
        for thread in threads {
            let its = thread.join().expect("no thread panics");
            latency.emit.add(its.emit).expect("of the same bounds");
            latency
                .control
                .add(its.control)
                .expect("of the same bounds");
        }
    });
    (latency, curve)
}

/// Counts everything at the end of each round.
fn watch(seats: &[Seat], curve: &mut Curve) {
    let start = Instant::now();
    let mut all = Counts::default();
    for round in 1..=ROUNDS {
        gather(seats, &mut all); // all have stopped
        go_on(seats);
        gather(seats, &mut all); // and have counted
        curve.note(start.elapsed(), all.units);
        check(&all);
        if round < ROUNDS {
            go_on(seats);
        }
    }
    println!("{} units, {} records", all.units, all.found.lines);
}

fn gather(seats: &[Seat], all: &mut Counts) {
    for seat in seats {
        let its = seat.told().expect("no thread panics");
        all.units += its.units;
        all.expected.merge(its.expected);
        all.found.merge(its.found);
    }
}

fn go_on(seats: &[Seat]) {
    for seat in seats {
        seat.go_on().expect("no thread panics");
    }
}

/// Checks that each unit has its record, and that sampled-out units are counted as such.
#[track_caller]
fn check(all: &Counts) {
    let (expected, found) = (&all.expected, &all.found);
    assert_eq!(expected.plain, found.plain);

    let sampled = configs::all()[configs::SAMPLING].sampled();
    let units = expected.sampled.last.count;
    assert_eq!(sampled.kept + sampled.dropped, units, "{sampled:?}");
    assert_eq!(sampled.kept, found.sampled.last.count, "{sampled:?}");
}

fn print_latency(what: &str, latency: &Histogram<u64>) {
    let at = |quantile| latency.value_at_quantile(quantile);
    println!(
        "{what}: {} times; ns: p50 {} p90 {} p99 {} p99.9 {} p99.99 {} most {}",
        latency.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(0.9999),
        latency.max(),
    );
}
