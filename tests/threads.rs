//! Units on many threads, and in sequence on one thread: nothing is lost, doubled
//! or mixed up, and what a thread remembers of earlier units (spare entries, the
//! keys of the previous unit) never shows in a record.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use log::Level;
use serde_json::Value as Json;
use traceline::{Config, Format, Timer, Trace, config::ConfigBuilder, key};

use crate::util::{Bench, Capture, ManualClock};

fn bare() -> ConfigBuilder {
    Config::builder().header(false)
}

#[track_caller]
fn parse(line: &str) -> serde_json::Map<String, Json> {
    match serde_json::from_str(line) {
        Ok(Json::Object(record)) => record,
        other => panic!("{other:?} from {line}"),
    }
}

mod many {
    use super::*;

    const THREADS: usize = 8;
    /// Fewer in a debug build.
    const UNITS: usize = if cfg!(debug_assertions) {
        5_000
    } else {
        100_000
    };

    fn name(n: usize) -> &'static str {
        ["third", "first", "second"][n % 3]
    }

    /// A unit whose every part names its thread and number; shapes alternate.
    fn unit(config: &Config, thread: usize, n: usize) {
        let mut trace = Trace::builder(name(n)).config(config).start();
        trace.set("thread", thread).set("n", n);
        if n.is_multiple_of(2) {
            trace.set("text", format_args!("{thread}/{n}"));
        }
        for _ in 0..n % 4 {
            trace.incr("hits");
            traceline::add!(trace, "{thread}:{n}");
        }
        if n.is_multiple_of(5) {
            trace.error(format!("error {thread} {n}").as_str());
        }
    }

    #[track_caller]
    fn check(record: &serde_json::Map<String, Json>, thread: usize, n: usize) {
        let mut want = serde_json::Map::new();
        let mut put = |key: &str, value: Json| want.insert(key.into(), value);
        put("msg", name(n).into());
        if n.is_multiple_of(5) {
            put("outcome", "error".into());
            put("error", format!("error {thread} {n}").into());
        }
        put("duration_ms", 0.0.into());
        put("thread", thread.into());
        put("n", n.into());
        if n.is_multiple_of(2) {
            put("text", format!("{thread}/{n}").into());
        }
        let hits = n % 4;
        if hits > 0 {
            put("hits", hits.into());
        }
        let mut got = record.clone();
        let fragments = got.remove("fragments").unwrap_or(Json::Array(vec![]));
        assert_eq!(got, want);
        let fragments = fragments.as_array().unwrap();
        assert_eq!(fragments.len(), hits);
        for fragment in fragments {
            assert_eq!(fragment["msg"], format!("{thread}:{n}"));
        }
    }

    #[test]
    fn eight_threads_lose_double_and_mix_up_nothing() {
        let bench = Bench::new(bare().format(Format::Json));
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let config = &bench.config;
                scope.spawn(move || {
                    for n in 0..UNITS {
                        unit(config, thread, n);
                    }
                });
            }
        });
        let lines = bench.log.take_lines();
        assert_eq!(lines.len(), THREADS * UNITS);
        let mut seen = vec![false; THREADS * UNITS];
        for line in lines {
            let record = parse(&line);
            let number = |key: &str| record[key].as_u64().unwrap() as usize;
            let (thread, n) = (number("thread"), number("n"));
            check(&record, thread, n);
            let slot = &mut seen[thread * UNITS + n];
            assert!(!*slot, "twice: {line}");
            *slot = true;
        }
        assert!(seen.into_iter().all(|seen| seen));
    }

    #[test]
    fn traces_may_begin_go_on_and_end_on_different_threads() {
        const UNITS: usize = 2_000;
        let bench = Bench::new(bare());
        let (to_middle, from_start) = channel::<(usize, Trace)>();
        let (to_end, from_middle) = channel::<(usize, Trace)>();
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..UNITS {
                    let mut trace = bench.start();
                    trace.set("n", n).set("began", true);
                    to_middle.send((n, trace)).unwrap();
                }
                drop(to_middle);
            });
            scope.spawn(move || {
                for (n, mut trace) in from_start {
                    trace.set("text", format_args!("unit {n}")).incr("hits");
                    to_end.send((n, trace)).unwrap();
                }
            });
            scope.spawn(move || {
                for (n, mut trace) in from_middle {
                    trace.incr("hits").set("began", n);
                }
            });
        });
        let want: Vec<String> = (0..UNITS)
            .map(|n| format!("msg=unit duration_ms=0.0 n={n} began={n} text=\"unit {n}\" hits=2"))
            .collect();
        assert_eq!(bench.log.take_lines(), want);
    }

    #[test]
    fn a_unit_dropped_by_a_panic_of_the_thread_it_moved_to_says_so() {
        let bench = Bench::new(bare());
        let trace = bench.start();
        let ended = thread::spawn(move || {
            let mut trace = trace;
            trace.set("moved", true);
            panic!("boom");
        });
        assert!(ended.join().is_err());
        let record = bench.log.only();
        assert_eq!(record.level, Level::Error);
        assert_eq!(
            record.args,
            "msg=unit outcome=panic duration_ms=0.0 moved=true"
        );
    }

    #[test]
    fn a_panic_on_another_thread_is_not_this_unit_s() {
        let bench = Bench::new(bare());
        let trace = bench.start();
        assert!(thread::spawn(|| panic!("boom")).join().is_err());
        drop(trace);
        assert_eq!(bench.log.only().args, "msg=unit duration_ms=0.0");
    }
}

/// Units in sequence on one thread, each compared with the same unit on a
/// thread that never ran one.
mod one_after_the_other {
    use super::*;

    #[test]
    fn two_kinds_of_unit_that_take_turns_keep_their_fields_apart() {
        let bench = Bench::new(bare());
        for round in 0..20 {
            let mut trace = Trace::builder("login").config(&bench.config).start();
            trace.set("user", "paul").set("tries", round);
            if round % 3 == 0 {
                trace.set("captcha", true);
            }
            trace.set("plan", "pro");
            drop(trace);
            let captcha = if round % 3 == 0 { " captcha=true" } else { "" };
            assert_eq!(
                bench.log.only().args,
                format!("msg=login duration_ms=0.0 user=paul tries={round}{captcha} plan=pro")
            );

            let mut trace = Trace::builder("report").config(&bench.config).start();
            trace.set("plan", "free").incr("rows").incr("rows");
            trace.set("user", round);
            drop(trace);
            assert_eq!(
                bench.log.only().args,
                format!("msg=report duration_ms=0.0 plan=free rows=2 user={round}")
            );
        }
    }

    /// Each line is a unit: its keys in order. `-k` removes, `+k` counts, `^k`
    /// is a maximum, `*k` a timer, `?k` is set to `None`.
    #[track_caller]
    fn check(config: fn() -> ConfigBuilder, units: &[(&'static str, &str)]) {
        let bench = Bench::new(config());
        let keys = |unit: &'static str| unit.split(' ').filter(|word| !word.is_empty());
        // Equal keys share one address, as literals in a program do.
        let mut known: Vec<&'static str> = Vec::new();
        let mut intern = |key: &'static str| match known.iter().find(|known| **known == key) {
            Some(known) => *known,
            None => {
                known.push(key);
                key
            }
        };
        for (i, (unit, want)) in units.iter().enumerate() {
            let mut trace = bench.start();
            for (n, word) in keys(unit).enumerate() {
                match word.split_at(1) {
                    ("-", key) => trace.unset(intern(key)),
                    ("+", key) => trace.incr(intern(key)),
                    ("^", key) => trace.max(intern(key), n),
                    ("?", key) => trace.set(intern(key), None::<u8>),
                    ("*", key) => {
                        let key = intern(key);
                        trace.time(key, |_| ());
                        &mut trace
                    }
                    _ => trace.set(intern(word), n),
                };
            }
            drop(trace);
            let got = bench.log.only().args;
            assert_eq!(
                got,
                format!("msg=unit duration_ms=0.0{want}"),
                "unit {i}: {unit}"
            );
        }
    }

    #[test]
    fn keys_that_come_go_repeat_and_change_places() {
        check(
            bare,
            &[
                ("a b c d e", " a=0 b=1 c=2 d=3 e=4"),
                ("a b c d e", " a=0 b=1 c=2 d=3 e=4"),
                ("a x c d e", " a=0 x=1 c=2 d=3 e=4"),
                ("a b c d e", " a=0 b=1 c=2 d=3 e=4"),
                ("a c c b d", " a=0 c=2 b=3 d=4"),
                ("a b c d e", " a=0 b=1 c=2 d=3 e=4"),
                ("e a b c e", " e=4 a=1 b=2 c=3"),
                ("a c d e b", " a=0 c=1 d=2 e=3 b=4"),
                ("a a b b c", " a=1 b=3 c=4"),
                ("a b c d e", " a=0 b=1 c=2 d=3 e=4"),
                ("b a", " b=0 a=1"),
                ("b b", " b=1"),
                ("b a c c d e a", " b=0 a=6 c=3 d=4 e=5"),
                ("x", " x=0"),
                ("x a c b", " x=0 a=1 c=2 b=3"),
                ("x a c d e d", " x=0 a=1 c=2 d=5 e=4"),
                ("e d c b a", " e=0 d=1 c=2 b=3 a=4"),
                ("e d -e e c", " e=3 d=1 c=4"),
                ("e d c", " e=0 d=1 c=2"),
                ("?e e d", " e=1 d=2"),
                ("?e d e", " e=2 d=1"),
            ],
        );
    }

    #[test]
    fn keys_whose_role_changes_from_unit_to_unit() {
        check(
            bare,
            &[
                ("+a ^b *c d", " a=1 b=1 c.count=1 c.ms=0.0 c.max_ms=0.0 d=3"),
                ("+a ^b *c d", " a=1 b=1 c.count=1 c.ms=0.0 c.max_ms=0.0 d=3"),
                ("a b c d", " a=0 b=1 c=2 d=3"),
                ("+a +b +c +d", " a=1 b=1 c=1 d=1"),
                ("^a ^b ^c ^d", " a=0 b=1 c=2 d=3"),
                (
                    "*a *b",
                    " a.count=1 a.ms=0.0 a.max_ms=0.0 b.count=1 b.ms=0.0 b.max_ms=0.0",
                ),
                (
                    "a +a ^a *a",
                    " a=0 a_2=1 a_3=2 a.count=1 a.ms=0.0 a.max_ms=0.0",
                ),
                ("a +a ^a", " a=0 a_2=1 a_3=2"),
                ("a a a", " a=2"),
                ("+a +a", " a=2"),
                ("+a a +a", " a=1 a_2=1"),
                ("+a b a", " a=2 b=1"),
                ("a b +a", " a=0 b=1 a_2=1"),
                ("a b a", " a=2 b=1"),
            ],
        );
    }

    #[test]
    fn keys_with_a_name_of_the_library_s_or_a_timer_s() {
        check(
            bare,
            &[
                ("a error b", " a=0 error_2=1 b=2"),
                ("a b error", " a=0 b=1 error_2=2"),
                ("a error b", " a=0 error_2=1 b=2"),
                ("db.ms a", " db.ms=0 a=1"),
                ("db.ms *db", " db.ms=0 db.count=1 db.ms_2=0.0 db.max_ms=0.0"),
                ("*db db.ms", " db.count=1 db.ms=0.0 db.max_ms=0.0 db.ms_2=1"),
                ("db db.ms", " db=0 db.ms=1"),
                (
                    "*duration duration_ms",
                    " duration.count=1 duration.ms=0.0 duration.max_ms=0.0 duration_ms_2=1",
                ),
            ],
        );
    }

    #[test]
    fn keys_that_are_redacted_or_without_room() {
        fn config() -> ConfigBuilder {
            bare().redact(["secret"]).max_fields(3)
        }
        check(
            config,
            &[
                ("a secret b", " a=0 secret=\"******\" b=2"),
                (
                    "a secret b c",
                    " a=0 secret=\"******\" b=2 dropped_fields=1",
                ),
                ("a b c secret", " a=0 b=1 c=2 dropped_fields=1"),
                ("secret +secret ^secret", " secret=\"******\""),
                ("a b c -b d", " a=0 c=2 d=4"),
                ("a b c d", " a=0 b=1 c=2 dropped_fields=1"),
                ("a c d", " a=0 c=1 d=2"),
                ("a b c -a -b -c d c b a", " d=6 c=7 b=8 dropped_fields=1"),
                ("c b a", " c=0 b=1 a=2"),
            ],
        );
    }

    // ----- at random

    /// A generator that produces the same sequence in every run (SplitMix64).
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }

        fn below(&mut self, end: usize) -> usize {
            (self.next() % end as u64) as usize
        }

        fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
            &list[self.below(list.len())]
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum What {
        Number,
        Text,
        Null,
        None,
        Wide,
        List,
        Args,
        LongText,
        Unset,
        Incr,
        Max,
        Wider,
        Timer,
        /// With a key built at run time.
        Dynamic,
        DynamicIncr,
        Fragment,
        Checkpoint,
    }

    const WHATS: [What; 17] = {
        use What::*;
        [
            Number,
            Text,
            Null,
            None,
            Wide,
            List,
            Args,
            LongText,
            Unset,
            Incr,
            Max,
            Wider,
            Timer,
            Dynamic,
            DynamicIncr,
            Fragment,
            Checkpoint,
        ]
    };

    #[derive(Clone, Copy, Debug)]
    struct Step {
        what: What,
        key: &'static str,
        n: usize,
    }

    #[derive(Clone, Debug)]
    struct Unit {
        name: &'static str,
        config: usize,
        steps: Vec<Step>,
    }

    /// Each key has a trap: equal texts at different addresses, different texts at one
    /// address, names used by the library or by timers, odd keys and redacted keys.
    fn keys() -> Vec<&'static str> {
        const PREFIXES: &str = "abcd";
        let mut keys = vec![
            "n", "m", "k1", "k2", "k3", "k4", "k5", "k6", "secret", "level", "error", "db",
            "db.ms", "db.count", "odd key", "odd=key", "odd_key", "", "_", "n_2", "service",
            "k1_2",
        ];
        keys.extend((1..=4).map(|end| &PREFIXES[..end]));
        keys.extend(["n", "k1", "k2", "a", "db"].map(|key| &*key.to_owned().leak()));
        keys
    }

    fn configs(log: &'static Capture) -> Vec<Config> {
        let clock = ManualClock::leak();
        let builders = [
            bare(),
            bare().format(Format::Json),
            bare().format(Format::Json).redact(["secret", "k2"]),
            bare()
                .field("service", "shop")
                .redact(["n"])
                .unicode_keys(true),
            bare().format(Format::Json).max_fields(4).max_fragments(2),
            bare().max_fields(6).max_value(16).max_record(600),
        ];
        builders
            .into_iter()
            .map(|builder| log.config(builder.clock(clock)))
            .collect()
    }

    /// Performs a step; returns the token of a lap that it leaves running.
    fn step(trace: &mut Trace, step: Step) -> Option<Timer> {
        let Step { what, key: k, n } = step;
        match what {
            What::Number => _ = trace.set(k, n),
            What::Text => _ = trace.set(k, ["", "x", "text with blanks"][n % 3]),
            What::Null => _ = trace.set(k, traceline::null()),
            What::None => _ = trace.set(k, None::<u8>),
            What::Wide => _ = trace.set(k, n as u128),
            What::List => _ = trace.set(k, [n, n]),
            What::Args => _ = trace.set(k, format_args!("{n}")),
            // Long enough for the arena to be tidied now and then.
            What::LongText => _ = trace.set(k, "long text ".repeat(n * 5)),
            What::Unset => _ = trace.unset(k),
            What::Incr => _ = trace.incr(k),
            What::Max => _ = trace.max(k, n),
            What::Wider => _ = trace.sum(k, n as i128),
            What::Timer if n % 2 == 0 => return Some(trace.start_timer(k)),
            What::Timer => _ = trace.time(k, |trace| trace.set("n", n).is_enabled()),
            What::Dynamic => _ = trace.set(key(k), n),
            What::DynamicIncr => _ = trace.incr(String::from(k)),
            What::Fragment => _ = trace.add("fragment"),
            What::Checkpoint => _ = trace.checkpoint(),
        }
        None
    }

    /// Runs a unit; returns the values read back, followed by its records.
    fn run(unit: &Unit, configs: &[Config], log: &Capture, keys: &[&'static str]) -> Vec<String> {
        let config = &configs[unit.config];
        let mut trace = Trace::builder(unit.name).config(config).start();
        let mut laps = Vec::new();
        for each in &unit.steps {
            laps.extend(step(&mut trace, *each));
        }
        // Every other lap is left running.
        for lap in laps.into_iter().step_by(2) {
            trace.stop(lap);
        }
        let read: Vec<_> = keys.iter().map(|key| trace.get(*key)).collect();
        drop(trace);
        let mut lines = vec![format!("{read:?}")];
        lines.extend(log.take_lines());
        lines
    }

    /// A shape that a thread sees repeatedly, with occasional changes.
    fn vary(unit: &Unit, random: &mut Random, keys: &[&'static str]) -> Unit {
        let mut unit = unit.clone();
        for _ in 0..[0, 0, 1, 1, 2, 6][random.below(6)] {
            let fresh = Step {
                what: *random.pick(&WHATS),
                key: keys[random.below(keys.len())],
                n: random.below(40),
            };
            let at = random.below(unit.steps.len() + 1);
            let other = random.below(unit.steps.len() + 1);
            match random.below(5) {
                0 if at < unit.steps.len() => _ = unit.steps.remove(at),
                1 if at.max(other) < unit.steps.len() => unit.steps.swap(at, other),
                2 if at < unit.steps.len() => unit.steps[at].what = fresh.what,
                3 => unit.steps.truncate(at),
                _ => unit.steps.insert(at, fresh),
            }
        }
        if random.below(8) == 0 {
            unit.config = random.below(6);
        }
        unit
    }

    fn shapes(random: &mut Random, keys: &[&'static str]) -> Vec<Unit> {
        (0..6)
            .map(|i| Unit {
                name: ["first", "second", "third"][i % 3],
                config: random.below(6),
                steps: (0..random.below(14))
                    .map(|_| Step {
                        // Plain sets make up most of a real unit.
                        what: match random.below(3) {
                            0 => *random.pick(&WHATS),
                            _ => *random.pick(&WHATS[..3]),
                        },
                        key: keys[random.below(keys.len())],
                        n: random.below(40),
                    })
                    .collect(),
            })
            .collect()
    }

    /// The number of members in a JSON object, duplicates included.
    fn members(line: &str) -> usize {
        let (mut depth, mut count, mut in_text, mut escaped) = (0, 0, false, false);
        for byte in line.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b':' if depth == 1 => count += 1,
                _ => {}
            }
        }
        count
    }

    #[track_caller]
    fn check_keys(unit: &Unit, line: &str) {
        if line.starts_with('{') {
            assert_eq!(parse(line).len(), members(line), "{line}\nof {unit:#?}");
        } else {
            let line = line.split(" fragments=").next().unwrap();
            let mut seen = HashSet::new();
            // No value here contains both a blank and an equals sign.
            let keys = line.split(' ').filter_map(|pair| pair.split_once('='));
            for (key, _) in keys {
                assert!(seen.insert(key), "{key:?} twice in {line}\nof {unit:#?}");
            }
        }
    }

    const SEEDS: u64 = if cfg!(debug_assertions) { 300 } else { 3_000 };
    const UNITS: usize = 60;

    #[test]
    fn what_ran_before_on_a_thread_shows_in_no_record() {
        let keys = &*keys();
        for seed in 0..SEEDS {
            // Each seed gets a thread with its own history.
            thread::scope(|scope| {
                let worn = scope.spawn(|| history(seed, keys));
                if let Err(panic) = worn.join() {
                    eprintln!("seed {seed}");
                    std::panic::resume_unwind(panic);
                }
            });
        }
    }

    fn history(seed: u64, keys: &[&'static str]) {
        let (log, fresh_log) = (Capture::leak(), Capture::leak());
        let (here, there) = (configs(log), configs(fresh_log));
        let mut random = Random(seed);
        // With few keys, collisions are more frequent.
        let keys: Vec<_> = (0..2 + random.below(9))
            .map(|_| *random.pick(keys))
            .collect();
        let keys = &*keys;
        let shapes = shapes(&mut random, keys);
        for _ in 0..UNITS {
            let unit = vary(random.pick(&shapes), &mut random, keys);
            let got = run(&unit, &here, log, keys);
            let want = thread::scope(|scope| {
                let fresh = scope.spawn(|| run(&unit, &there, fresh_log, keys));
                fresh.join().unwrap()
            });
            assert_eq!(got, want, "{unit:#?}");
            for line in &got[1..] {
                check_keys(&unit, line);
            }
        }
    }

    #[test]
    fn units_that_overlap_on_a_thread_keep_apart() {
        let keys = &*keys();
        let mut random = Random(99);
        let (log, fresh_log) = (Capture::leak(), Capture::leak());
        let (here, there) = (configs(log), configs(fresh_log));
        let shapes = shapes(&mut random, keys);
        for _ in 0..SEEDS {
            // Sometimes more at once than a thread keeps spares for.
            let units: Vec<Unit> = (0..random.below(12))
                .map(|_| vary(random.pick(&shapes), &mut random, keys))
                .collect();
            let starts = units.iter().map(|unit| {
                let config = &here[unit.config];
                Trace::builder(unit.name).config(config).start()
            });
            let mut traces: Vec<Trace> = starts.collect();
            let longest = units.iter().map(|unit| unit.steps.len()).max();
            // One step of each in turn; laps end with their trace.
            for i in 0..longest.unwrap_or(0) {
                for (unit, trace) in units.iter().zip(&mut traces) {
                    _ = unit.steps.get(i).map(|each| step(trace, *each));
                }
            }
            log.take_lines();
            for (unit, trace) in units.iter().zip(traces) {
                drop(trace);
                let got = log.only().args;
                thread::scope(|scope| {
                    scope.spawn(|| {
                        let config = &there[unit.config];
                        let mut trace = Trace::builder(unit.name).config(config).start();
                        for each in &unit.steps {
                            _ = step(&mut trace, *each);
                        }
                        fresh_log.take_lines();
                    });
                });
                assert_eq!(got, fresh_log.only().args, "{unit:#?}");
            }
        }
    }

    #[test]
    fn a_unit_that_panicked_leaves_no_trace_in_the_next() {
        let bench = Bench::new(bare());
        for _ in 0..3 {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let mut trace = bench.start();
                trace.set("a", 1).set("b", "text");
                trace.time("db", |_| panic!("boom"));
            }));
            assert!(panicked.is_err());
            bench.clock.advance(Duration::from_millis(1));
            bench.start().set("b", 1).set("a", 2);
            assert_eq!(
                bench.log.take_lines(),
                [
                    "msg=unit outcome=panic duration_ms=0.0 a=1 b=text db.count=1 db.ms=0.0 \
                     db.max_ms=0.0",
                    "msg=unit duration_ms=0.0 b=1 a=2"
                ]
            );
        }
    }
}
