//! Code ten calls down adds to the record without being passed a handle.
//!
//! `run!` makes the unit current on its thread, and `traceline::current` reaches it
//! from anywhere on that thread. If no unit is current, as in the last call here, the
//! same code does nothing.
//!
//! ```text
//! cargo run --example deep
//! ```
//!
//! ```text
//! ts=2026-11-21T16:33:40.378083Z level=info msg=checkout outcome=ok duration_ms=0.195 items=2 discounts=1 total_cents=40900 payment.count=1 payment.ms=0.012 payment.max_ms=0.012 gateway=test gateway.attempt=1 fragments="[43, 0.149ms] desk: 10 % off"
//! ts=2026-11-21T16:33:40.378302Z level=error msg=checkout outcome=error duration_ms=0.031 items=1 discounts=1 total_cents=1080000 payment.count=1 payment.ms=0.002 payment.max_ms=0.002 gateway=test gateway.attempt=1 error="card declined" fragments="[43, 0.006ms] piano: 10 % off"
//! ```

use traceline::current;

fn main() {
    traceline::init();

    let paid = |cart: &[Item]| {
        traceline::run!("checkout", || -> Result<u64, String> {
            current::set("items", cart.len());
            charge(total(cart))
        })
    };
    let _ = paid(&[("desk", 39_900), ("lamp", 4_990)]);
    let _ = paid(&[("piano", 1_200_000)]);
    total(&[("chair", 12_900)]);
}

type Item = (&'static str, u64);

/// Nothing here uses a trace; the functions it calls do.
fn total(cart: &[Item]) -> u64 {
    let cents = cart.iter().map(|&(name, cents)| price(name, cents)).sum();
    current::set("total_cents", cents);
    cents
}

fn price(name: &str, cents: u64) -> u64 {
    if cents > 30_000 {
        current::add!("{name}: 10 % off");
        current::incr("discounts");
        return cents * 9 / 10;
    }
    cents
}

fn charge(cents: u64) -> Result<u64, String> {
    let answer = current::time("payment", || gateway(cents));
    current::check(answer)
}

fn gateway(cents: u64) -> Result<u64, String> {
    current::set!(gateway = "test", "gateway.attempt" = 1);
    if cents > 1_000_000 {
        return Err("card declined".into());
    }
    Ok(cents)
}
