//! The units of work that are measured, the same as in the comparison in `benches/peers`, so that
//! numbers from the two can be compared.

use traceline::{Config, Trace};

/// The number of inputs that a unit cycles through: with a single one, the branch predictor would
/// learn the lengths and digits of all values.
const INPUTS: u64 = 8;

/// The values of W1 and W2: an authentication.
pub struct Auth {
    req_id: String,
    method: &'static str,
    uri: &'static str,
    ip: String,
    status: u16,
    user_id: u64,
    plan: &'static str,
    cached: bool,
    retries: u32,
    amount: f64,
    db_ms: f64,
    items: usize,
    tenant: &'static str,
}

pub fn auths() -> Vec<Auth> {
    (0..INPUTS).map(auth_of).collect()
}

fn auth_of(n: u64) -> Auth {
    let pick = |list: [&'static str; 4]| list[n as usize % 4];
    Auth {
        req_id: format!("{:016x}{:016x}", mix(2 * n), mix(2 * n + 1)),
        method: pick(["GET", "POST", "PUT", "DELETE"]),
        uri: pick(["/v1/login", "/v1/session", "/v1/token/refresh", "/v1/me"]),
        ip: format!("10.{}.{}.{}", n * 31, n * 17 % 200, n + 7),
        status: [200, 201, 204, 302][n as usize % 4],
        user_id: 100_000 + mix(n) % 9_000_000,
        plan: pick(["pro", "free", "team", "enterprise"]),
        cached: n.is_multiple_of(2),
        retries: (n % 4) as u32,
        amount: (mix(n + 50) % 100_000) as f64 / 100.0,
        db_ms: (mix(n + 90) % 50_000) as f64 / 1000.0,
        items: (n * n) as usize + 3,
        tenant: pick(["acme", "globex-north", "initech", "umbrella"]),
    }
}

/// Starts a unit in this file, so that the line tags of its fragments need no file name.
#[inline]
pub fn start(name: &'static str, config: &Config) -> Trace {
    traceline::builder!(name).config(config).start()
}

/// W1: twelve fields, each in a statement of its own.
#[inline]
pub fn w1(trace: &mut Trace, auth: &Auth) {
    first_fields(trace, auth);
    trace.set("plan", auth.plan);
    last_fields(trace, auth);
}

/// W1 without the field in the middle, as if it were set under a condition.
#[inline]
pub fn w1_without_plan(trace: &mut Trace, auth: &Auth) {
    first_fields(trace, auth);
    last_fields(trace, auth);
}

#[inline]
fn first_fields(trace: &mut Trace, auth: &Auth) {
    trace.set("req_id", &auth.req_id);
    trace.set("method", auth.method);
    trace.set("uri", auth.uri);
    trace.set("ip", &auth.ip);
    trace.set("status", auth.status);
    trace.set("user_id", auth.user_id);
}

#[inline]
fn last_fields(trace: &mut Trace, auth: &Auth) {
    trace.set("cached", auth.cached);
    trace.set("retries", auth.retries);
    trace.set("amount", auth.amount);
    trace.set("db_ms", auth.db_ms);
    trace.set("items", auth.items);
}

/// W2: W1 with five fragments in between, three of them formatted.
#[inline]
pub fn w2(trace: &mut Trace, auth: &Auth) {
    trace.add("auth header read");
    traceline::add!(trace, "got key from table: {}", auth.plan);
    first_fields(trace, auth);
    traceline::add!(trace, "user loaded for tenant {}", auth.tenant);
    trace.set("plan", auth.plan);
    trace.add("rate limit checked");
    last_fields(trace, auth);
    traceline::add!(trace, "session stored for {}", auth.ip);
}

/// The keys and values of W3: 40 strings of ten bytes, 40 integers, ten floats, ten bools.
pub struct Wide {
    texts: Vec<(&'static str, String)>,
    integers: Vec<(&'static str, i64)>,
    floats: Vec<(&'static str, f64)>,
    flags: Vec<(&'static str, bool)>,
}

pub fn wides() -> Vec<Wide> {
    let texts = super::keys("str", 40);
    let integers = super::keys("int", 40);
    let floats = super::keys("flt", 10);
    let flags = super::keys("flag", 10);
    let of = |n: u64| Wide {
        texts: pairs(&texts, |i| format!("{:010x}", mix(n * 40 + i) >> 24)),
        integers: pairs(&integers, |i| (mix(n * 77 + i) >> (20 + i)) as i64),
        floats: pairs(&floats, |i| (mix(n * 99 + i) % 1_000_000) as f64 / 1000.0),
        flags: pairs(&flags, |i| (n + i).is_multiple_of(3)),
    };
    (0..INPUTS).map(of).collect()
}

fn pairs<T>(keys: &[&'static str], value: impl Fn(u64) -> T) -> Vec<(&'static str, T)> {
    keys.iter().copied().zip((0..).map(value)).collect()
}

/// W3: a hundred fields, then fifty fragments.
#[inline]
pub fn w3(trace: &mut Trace, wide: &Wide) {
    for (key, value) in &wide.texts {
        trace.set(*key, value);
    }
    for (key, value) in &wide.integers {
        trace.set(*key, value);
    }
    for (key, value) in &wide.floats {
        trace.set(*key, value);
    }
    for (key, value) in &wide.flags {
        trace.set(*key, value);
    }
    for (_, text) in &wide.texts[..10] {
        trace.add("auth header read");
        traceline::add!(trace, "got key from table: {text}");
        traceline::add!(trace, "user loaded for tenant {text}");
        trace.add("rate limit checked");
        traceline::add!(trace, "session stored in {text}");
    }
}

/// The finalizer of SplitMix64: spreads small numbers over 64 bits.
pub fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
