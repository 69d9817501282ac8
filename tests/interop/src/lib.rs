//! The program that runs behind each backend: `shop::run()`.
//!
//! The recipes in `src/bin` set up a backend and call it. Its first argument names what it does; without one it is a
//! small shop. The guide shows the recipes and [`checkout`] as they stand here.

mod checkout;
mod exporter;
mod scenarios;

pub use checkout::checkout;
pub use exporter::{Exporter, exporter};

/// Runs the scenario that the program's first argument names.
pub fn run() {
    match std::env::args().nth(1).as_deref() {
        None => checkouts(),
        Some(name) => scenarios::run(name),
    }
}

/// One unit that succeeds and one that fails.
fn checkouts() {
    let _ = checkout(1001, "4000123412341234");
    let _ = checkout(1002, "");
}
