//! wide-log, W1 and W2. <https://docs.rs/wide-log/0.8.1> "Quick Start", "Custom Emit".
//!
//! One `wide_log!` at the root of a crate fixes its schema at compile time, and its `wl_set!` refers to that as
//! `$crate::…`: hence a crate per schema. The emit function writes straight to the kept buffer (the default
//! one hands a fresh allocation to a writer thread); the id is the empty string, because no other row makes one; its
//! timestamp cannot be switched off. Numbers must be widened by hand: only i64, u64 and f64 are accepted.

use units::{Auth, sink};
use wide_log::wide_log;

wide_log!({
    "msg": "auth",
    "req_id": null,
    "method": null,
    "uri": null,
    "ip": null,
    "status": null,
    "user_id": null,
    "plan": null,
    "cached": null,
    "retries": null,
    "amount": null,
    "db_ms": null,
    "items": null,
});

fn start() -> impl Sized {
    WideLogGuard::builder()
        .with_id(String::new)
        .with_emit(|event| sink::with(|buffer| event.serialize_to(buffer).expect("a Vec takes all")))
        .build()
}

#[inline(never)]
pub fn w1(i: &Auth) {
    let _guard = start();
    wl_set!("req_id", i.req_id.as_str());
    wl_set!("method", i.method.as_str());
    wl_set!("uri", i.uri.as_str());
    wl_set!("ip", i.ip.as_str());
    wl_set!("status", u64::from(i.status));
    wl_set!("user_id", i.user_id);
    wl_set!("plan", i.plan.as_str());
    wl_set!("cached", i.cached);
    wl_set!("retries", u64::from(i.retries));
    wl_set!("amount", i.amount);
    wl_set!("db_ms", i.db_ms);
    wl_set!("items", i.items as u64);
}

/// Its log entries have a level and a message, but no line or offset: these go into the message.
#[inline(never)]
pub fn w2(i: &Auth) {
    let clock = std::time::Instant::now();
    let at = || clock.elapsed().as_micros() as u64;
    let _guard = start();
    wl_set!("req_id", i.req_id.as_str());
    wl_set!("method", i.method.as_str());
    wl_set!("uri", i.uri.as_str());
    wl_set!("ip", i.ip.as_str());
    info!("[{}, {}us] auth header read", line!(), at());
    info!("[{}, {}us] got key from table: {}", line!(), at(), i.key);
    wl_set!("status", u64::from(i.status));
    wl_set!("user_id", i.user_id);
    wl_set!("plan", i.plan.as_str());
    info!("[{}, {}us] user loaded for tenant {}", line!(), at(), i.tenant);
    wl_set!("cached", i.cached);
    wl_set!("retries", u64::from(i.retries));
    info!("[{}, {}us] rate limit checked", line!(), at());
    wl_set!("amount", i.amount);
    wl_set!("db_ms", i.db_ms);
    wl_set!("items", i.items as u64);
    info!("[{}, {}us] session stored in {}", line!(), at(), i.store);
}
