//! Can anyone make a record slow? Input that reaches every slow path.
//!
//! ```text
//! cargo bench --bench hostile
//! cargo bench --bench hostile -- over_limit
//! ```
//!
//! Whole units, emitted unless the row says otherwise.
//!
//! * `text`: one value of one kind, about 1 KiB or 8 KiB long; the throughput is in bytes of input.
//! * `fragment`: the same as a fragment, where logfmt has one more thing to escape.
//! * `keys`: fields whose names need extra work; the throughput is in fields.
//! * `over_limit`: records that are encoded several times to find what fits.
//! * `calls`: calls that search, on a trace that is full or whose keys collide.

mod common;

use std::hint::black_box;

use common::units::mix;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use traceline::{Config, Format, Trace};

const KIB: usize = 1024;

/// What a row does with a trace.
type Unit<'a> = &'a dyn Fn(&mut Trace);

/// The first is the baseline for the others.
const TEXTS: [(&str, &str); 11] = [
    ("plain", "abcdefghijklmnop"),
    ("quotes", "\""),
    ("backslashes", "\\"),
    ("line_ends", "\n"),
    ("controls", "\u{1}"),
    ("one_in_16", "abcdefghijklmno\""),
    ("latin", "é"),
    ("cjk", "漢"),
    ("emoji", "😀"),
    ("ellipses", "…"),    // begins as what is escaped does
    ("bidi", "\u{202E}"), // escaped
];

fn filled(with: &str, bytes: usize) -> String {
    with.repeat(bytes / with.len())
}

/// Room for 8 KiB even if each byte becomes six.
fn roomy(format: Format) -> Config {
    let config = Config::builder().format(format).max_record(60 * KIB);
    common::build(config.logger(&common::ALL))
}

#[track_caller]
fn start(config: &Config) -> Trace {
    traceline::builder!("hostile").config(config).start()
}

fn text(c: &mut Criterion) {
    let mut group = c.benchmark_group("hostile/text");
    let long = ["plain", "controls", "bidi"].map(|name| (name, 8 * KIB));
    let short = TEXTS.map(|(name, _)| (name, KIB));
    for (format, of) in common::FORMATS {
        let config = roomy(of);
        for (name, bytes) in short.into_iter().chain(long) {
            let with = TEXTS.iter().find(|(other, _)| *other == name);
            let text = filled(with.expect("a name of the table").1, bytes);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new(format!("{name}_{bytes}"), format), |b| {
                b.iter(|| start(&config).set("text", black_box(&text)).is_enabled())
            });
        }
    }
    group.finish();
}

fn fragment(c: &mut Criterion) {
    let mut group = c.benchmark_group("hostile/fragment");
    for (format, of) in common::FORMATS {
        let config = roomy(of);
        for (name, with) in [
            ("plain", "abcdefgh"),
            ("semicolons", ";"),
            ("separators", "; ["),
        ] {
            let text = filled(with, KIB);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new(name, format), |b| {
                b.iter(|| start(&config).add(black_box(&text)).is_enabled())
            });
        }
    }
    group.finish();
}

/// `colliding` keys all become `k_` in logfmt, and so `k__2`, `k__3` …
fn keys(c: &mut Criterion) {
    let mut group = c.benchmark_group("hostile/keys");
    let han = |i: usize| char::from_u32(0x4E00 + i as u32).unwrap_or('漢');
    let kinds: [(&str, &dyn Fn(usize) -> String); 3] = [
        ("plain", &|i| format!("key_{i:03}")),
        ("quoted", &|i| format!("key\"{i:03}")),
        ("colliding", &|i| format!("k{}", han(i))),
    ];
    for (format, of) in common::FORMATS {
        let config = roomy(of);
        for (name, key) in kinds {
            for count in [10, 250] {
                let keys: Vec<&'static str> = (0..count).map(|i| &*key(i).leak()).collect();
                group.throughput(Throughput::Elements(count as u64));
                group.bench_function(BenchmarkId::new(format!("{name}_{count}"), format), |b| {
                    b.iter(|| set_all(&mut start(&config), &keys))
                });
            }
        }
    }
    group.finish();
}

/// With the default limits. The baseline is `fits`: nearly 16 KiB, encoded once. In logfmt,
/// `256_fragments` fit too.
fn over_limit(c: &mut Criterion) {
    let keys = common::keys("field", 250);
    let texts = |trace: &mut Trace, count: usize, text: &str| {
        for key in &keys[..count] {
            trace.set(*key, black_box(text));
        }
    };
    let fragments = |trace: &mut Trace, text: &str| {
        for _ in 0..256 {
            trace.add(black_box(text));
        }
    };
    let (plain, controls) = (filled("a", 8 * KIB), filled("\u{1}", 8 * KIB));
    let units: [(&str, Unit<'_>); 7] = [
        ("fits", &|trace| texts(trace, 3, &plain[..5 * KIB])),
        ("3_long_texts", &|trace| texts(trace, 3, &plain)),
        ("1_text_of_controls", &|trace| texts(trace, 1, &controls)),
        ("250_fields", &|trace| texts(trace, 250, &plain[..100])),
        ("250_fields_of_8_KiB", &|trace| texts(trace, 250, &plain)),
        ("256_fragments", &|trace| fragments(trace, &plain[..30])),
        ("256_fragments_of_8_KiB", &|trace| fragments(trace, &plain)),
    ];
    let mut group = c.benchmark_group("hostile/over_limit");
    for (format, of) in common::FORMATS {
        let config = common::config(of);
        for (name, unit) in units {
            group.bench_function(BenchmarkId::new(name, format), |b| {
                b.iter(|| unit(&mut start(&config)))
            });
        }
    }
    group.finish();
}

/// Discarded units; the throughput is in the 250 calls, or pairs of calls, that the row is about.
/// If they need a full trace, the time to fill it is included.
fn calls(c: &mut Criterion) {
    const CALLS: usize = 250;
    let config = common::config(Format::Logfmt);
    let most = common::keys("field", 255);
    let others = common::keys("other", CALLS);
    let dynamic: Vec<String> = (0..CALLS).map(|i| format!("{i:024}")).collect();
    let colliding = colliding_keys(CALLS);
    let calls: [(&str, Unit<'_>); 6] = [
        ("dynamic_keys", &|trace| set_texts(trace, &dynamic)),
        ("colliding_keys", &|trace| set_texts(trace, &colliding)),
        ("no_room", &|trace| {
            set_all(trace, &most);
            set_all(trace, &others);
        }),
        // Each `unset` makes room for the next `set`.
        ("set_and_unset_in_the_last_place", &|trace| {
            set_all(trace, &most);
            for key in &others {
                trace.set(*key, black_box(7_u64)).unset(*key);
            }
        }),
        ("timer_unset_and_again", &|trace| {
            for _ in 0..CALLS {
                trace.time("db", |_| ());
                trace.unset("db");
            }
        }),
        ("laps_open_at_once", &|trace| {
            let timers: [_; CALLS] = std::array::from_fn(|_| trace.start_timer("db"));
            for timer in timers {
                trace.stop(timer);
            }
        }),
    ];
    let mut group = c.benchmark_group("hostile/calls");
    group.throughput(Throughput::Elements(CALLS as u64));
    for (name, calls) in calls {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut trace = start(&config);
                calls(&mut trace);
                trace.discard();
            })
        });
    }
    group.finish();
}

fn set_all(trace: &mut Trace, keys: &[&'static str]) {
    for key in keys {
        trace.set(*key, black_box(7_u64));
    }
}

fn set_texts(trace: &mut Trace, keys: &[String]) {
    for key in keys {
        trace.set(key, black_box(7_u64));
    }
}

/// Keys of 24 bytes with the same hash: the second word undoes the effect of the first.
///
/// CORRECTNESS: this repeats the arithmetic of `hash` in `src/base/bytes.rs`. If that changes, the
/// keys no longer collide and the row is as fast as `dynamic_keys`.
fn colliding_keys(count: usize) -> Vec<String> {
    const K: u64 = 0x517c_c1b7_2722_0a95;
    const MIDDLE: u64 = 0x0123_4567_89ab_cdef;
    let key = |n: u64| {
        let first = mix(n).to_le_bytes().map(|byte| b'a' + byte % 16);
        let state = (24_u64.rotate_left(5) ^ u64::from_le_bytes(first)).wrapping_mul(K);
        let second = (state.rotate_left(5) ^ MIDDLE).to_le_bytes();
        let plain = second.iter().all(u8::is_ascii_alphanumeric);
        plain.then(|| String::from_utf8([first, second, *b"collides"].concat()).ok())?
    };
    (0..).filter_map(key).take(count).collect()
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = text, fragment, keys, over_limit, calls
}
criterion_main!(benches);
