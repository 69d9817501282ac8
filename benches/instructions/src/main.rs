//! Runs one kind of unit a given number of times inside [`measured`], for callgrind. See README.md.
//!
//! Units, inputs, sink and floor are those of `benches/peers`.

#![recursion_limit = "1024"] // the hundred keys of W3 in one macro call

#[path = "../../peers/src/floor.rs"]
mod floor;
#[path = "../../peers/src/peers/ours.rs"]
#[allow(dead_code)] // the rows with a `Config` per trace
mod ours;
#[path = "../../peers/src/peer.rs"]
#[allow(dead_code)] // what the tables of the peers need of a row
mod peer;

use peer::Peer;
use std::hint::black_box;
use std::process::ExitCode;
use traceline::{Config, Format};
use units::sink::{self, Mode};

const USAGE: &str = "usage: traceline-instructions floor|json|logfmt W1|W2|W3|W5 TIMES";

/// Units before counting: after them buffers are at full size, spares exist, lazy statics are set.
const WARM_UP: usize = 20;

/// The part that is counted. Not mangled, so that its name is the same with every compiler.
#[unsafe(no_mangle)]
#[inline(never)]
fn measured(round: &dyn Fn(usize), times: usize) {
    round(times);
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let [row, unit, times] = args[..] else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    sink::install_logger();
    let known = match (row, times.parse()) {
        ("floor", Ok(times)) => count::<floor::Floor>(unit, times),
        ("json", Ok(times)) => count_ours(Format::Json, unit, times),
        ("logfmt", Ok(times)) => count_ours(Format::Logfmt, unit, times),
        _ => false,
    };
    if !known {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

/// The row that matches an application: one installed configuration, and `start!`.
fn count_ours(format: Format, unit: &str, times: usize) -> bool {
    let config = Config::builder().format(format).header(false).build().expect("a valid configuration");
    config.install().expect("nothing is installed yet");
    count::<ours::Json>(unit, times)
}

/// Runs the unit; returns `false` if the name is unknown.
fn count<P: Peer>(unit: &str, times: usize) -> bool {
    let (auths, wides) = (units::auths(), units::wides());
    match unit {
        "W1" => go(Mode::On, P::w1, &auths, times),
        "W2" => go(Mode::On, P::w2, &auths, times),
        "W3" => go(Mode::On, P::w3, &wides, times),
        "W5" => go(Mode::Warn, P::w2, &auths, times),
        _ => return false,
    }
    true
}

fn go<T>(mode: Mode, unit: fn(&T), inputs: &[T], times: usize) {
    sink::set_mode(mode);
    unit(&inputs[0]);
    assert_eq!(sink::take_text().is_empty(), mode == Mode::Warn, "one record, and none under the warn filter");
    sink::reserve();
    let round: &dyn Fn(usize) = match mode {
        Mode::Warn => &|times| round_silent(unit, inputs, times),
        _ => &|times| round(unit, inputs, times),
    };
    round(WARM_UP);
    measured(round, times);
}

/// Cycles through the inputs, as `benches/peers` does.
fn round<T>(unit: fn(&T), inputs: &[T], times: usize) {
    for input in inputs.iter().cycle().take(times) {
        unit(black_box(input));
        sink::look();
    }
}

/// The same for units that write nothing, without a look at the buffer.
fn round_silent<T>(unit: fn(&T), inputs: &[T], times: usize) {
    for input in inputs.iter().cycle().take(times) {
        unit(black_box(input));
    }
}
