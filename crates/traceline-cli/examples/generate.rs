//! Writes log lines of several services to standard output, as input for measurements.
//!
//! ```text
//! cargo run --release -p traceline-cli --example generate -- 1000 > /tmp/lines.log    # megabytes
//! ```
//!
//! The library writes the records, half logfmt and half JSON: orders across three services, with
//! fragments, timers and ids, and requests to one. One line in 200 is from another logger, one in
//! 2,000 is cut off. The units move the clock themselves, so only the ids differ from run to run.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::{LevelFilter, Log, Metadata, Record};
use parking::Lines;
use traceline::{Config, Format, Trace, config::Clock};

/// A logger that keeps its lines until they are taken.
mod parking {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// The lines so far.
    pub struct Lines(Mutex<Vec<u8>>);

    impl Lines {
        pub const fn new() -> Lines {
            Lines(Mutex::new(Vec::new()))
        }

        pub fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

static LINES: Lines = Lines::new();

struct Keep;

impl Log for Keep {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let _ = writeln!(LINES.lock(), "{}", record.args());
    }

    fn flush(&self) {}
}

/// A clock that stands still until [`pass`] moves it.
struct Moved;

static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);
static MICROS: AtomicU64 = AtomicU64::new(0);

impl Clock for Moved {
    fn now(&self) -> Instant {
        *BASE + Duration::from_micros(MICROS.load(Ordering::Relaxed))
    }

    fn wall(&self) -> SystemTime {
        // 2026-11-21T08:46:00Z
        UNIX_EPOCH + Duration::from_secs(1_795_250_760) + (self.now() - *BASE)
    }
}

/// Moves the clock on: mostly a little, sometimes a lot.
fn pass(chance: &mut Chance, micros: u64) {
    let long = if chance.below(200) == 0 { 40 } else { 1 };
    MICROS.fetch_add(
        long * (micros / 2 + chance.below(micros)),
        Ordering::Relaxed,
    );
}

/// Pseudorandom numbers: SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % n
    }
}

fn main() -> io::Result<()> {
    let megabytes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let bytes = megabytes.unwrap_or(1_u64) * 1_000_000;
    log::set_logger(&Keep).map_err(io::Error::other)?;
    log::set_max_level(LevelFilter::Info);
    let services = [Format::Logfmt, Format::Json].map(|format| {
        ["ordering", "purchasing", "inventory", "gateway"].map(|service| {
            let config = Config::builder()
                .format(format)
                .field("service", service)
                .clock(&Moved);
            config.build().expect("settings make sense")
        })
    });
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let (mut chance, mut written) = (Chance(7), 0);
    while written < bytes {
        let services = &services[chance.below(2) as usize];
        if chance.below(3) == 0 {
            order(services, &mut chance);
        } else {
            request(&services[3], &mut chance);
        }
        pass(&mut chance, 200);
        let mut lines = LINES.lock();
        spoil(&mut lines, &mut chance);
        out.write_all(&lines)?;
        written += lines.len() as u64;
        lines.clear();
    }
    out.flush()
}

/// Puts other kinds of lines among the records.
fn spoil(lines: &mut Vec<u8>, chance: &mut Chance) {
    if chance.below(100) == 0 {
        lines.extend(b"[2026-11-21T08:46:00Z INFO  hyper::proto] incoming body completed\n");
    }
    if chance.below(1_000) == 0 {
        let half = lines.len() / 2;
        lines.truncate(half);
        lines.push(b'\n');
    }
}

fn order(services: &[Config; 4], chance: &mut Chance) {
    let mut order = Trace::builder("order").config(&services[0]).start();
    let quantity = chance.below(1_000);
    pass(chance, 200);
    order
        .set("sku", "widget")
        .set("quantity", quantity)
        .set("buyer", "paul");
    let timer = order.start_timer("purchasing");
    let mut purchase = Trace::builder("purchase").config(&services[1]).start();
    continues(&mut purchase, &mut order);
    purchase
        .set("sku", "widget")
        .set("quantity", quantity)
        .set("cents", quantity * 249);
    pass(chance, 900);
    reserve(&services[2], &mut purchase, quantity, chance);
    pass(chance, 300);
    traceline::add!(purchase, "reserved, {} left", 5_000 - quantity);
    purchase.status(201);
    purchase.ok();
    drop(purchase);
    order.stop(timer);
    pass(chance, 200);
    traceline::set!(
        order,
        order_id = chance.below(1 << 40),
        cents = quantity * 249
    );
    match chance.below(20) {
        0 => drop(order.error("card declined (insufficient_funds)")),
        _ => drop(order.status(201).ok()),
    }
}

fn continues(unit: &mut Trace, caller: &mut Trace) {
    if let Some(parent) = caller.traceparent() {
        unit.continue_from(parent);
    }
}

fn reserve(config: &Config, purchase: &mut Trace, quantity: u64, chance: &mut Chance) {
    let mut reserve = Trace::builder("reserve").config(config).start();
    continues(&mut reserve, purchase);
    reserve.set("sku", "widget").set("quantity", quantity);
    reserve.time("lock", |_| pass(chance, 100));
    pass(chance, 2_000);
    reserve.add("5000 in stock").set("left", 5_000 - quantity);
    reserve.status(201);
    reserve.ok();
}

fn request(config: &Config, chance: &mut Chance) {
    let names = [
        "GET /carts/{id}",
        "GET /shelves/{id}",
        "POST /carts",
        "GET /health",
    ];
    let name = names[chance.below(4) as usize];
    let mut unit = Trace::builder(name).config(config).start();
    let mut path = String::new();
    let _ = write!(
        path,
        "/carts/{}?page={}",
        chance.below(1 << 30),
        chance.below(9)
    );
    unit.set("method", name.split(' ').next())
        .set("path", path)
        .set("user_agent", "Mozilla/5.0 (X11; Linux x86_64) \"quoted\"");
    unit.set("user_id", chance.below(1 << 32))
        .set("plan", "pro")
        .set("cached", true)
        .set("ratio", 0.25);
    pass(chance, 100);
    unit.incr("cache.hits").add("header read");
    unit.time("db", |_| pass(chance, 1_500));
    unit.add("got key from token table: paul");
    pass(chance, 400);
    match chance.below(50) {
        0 => drop(unit.status(503).error("upstream: no answer within 3 ms")),
        1 => drop(unit.status(404)),
        _ => drop(unit.status(200).ok()),
    }
}
