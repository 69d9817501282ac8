//! Prints the tables in Markdown, including the rows that traceline loses.

use crate::alloc::{self, Allocations};
use crate::check::output_of;
use crate::peer::Row;
use crate::timing::{self, Inputs, Plan, Unit, median, ratio};
use units::sink::{self, Mode};

/// These two rows of traceline differ only in the format.
const OURS_JSON: &str = "**traceline** JSON, `.config` per trace";
const OURS_LOGFMT: &str = "**traceline** logfmt, `.config` per trace";

/// Prints the versions in the lock file, on one line.
pub fn versions() {
    const PEERS: [&str; 11] = [
        "emit",
        "log",
        "metrique",
        "serde_json",
        "slog",
        "slog-json",
        "slog-logfmt",
        "tracing-logfmt",
        "tracing-subscriber",
        "wide-event",
        "wide-log",
    ];
    let versions = PEERS.map(|name| {
        let start = format!("name = \"{name}\"\nversion = \"");
        let rest = include_str!("../Cargo.lock").split_once(&start).map_or("", |(_, rest)| rest);
        format!("{name} {}", rest.split('"').next().unwrap_or_default())
    });
    println!("{}\n", versions.join(" · "));
}

/// Prints the table of a unit; returns the rows with their times as multiples of the floor.
pub fn unit(rows: &[Row], unit: Unit, plan: Plan, inputs: &Inputs) -> Vec<(String, f64)> {
    let times = timing::unit(rows, unit, plan, inputs);
    let of = |name: &str| rows.iter().position(|row| row.name == name).and_then(|at| times[at].as_deref());
    let (floor, metrique) = (of("**floor**"), of("metrique"));
    let (json, logfmt) = (of(OURS_JSON), of(OURS_LOGFMT));
    println!("### {unit:?}: {}\n", title(unit));
    println!("| row | ns | × floor | × metrique | allocations | allocated bytes | record bytes |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (row, times) in rows.iter().zip(&times) {
        let Some(times) = times else {
            let why = unit.missing(row).unwrap_or_default();
            println!("| {} | – | – | – | – | – | {why} |", row.name);
            continue;
        };
        let times_of = |other: Option<&[f64]>| other.map_or("–".to_owned(), |other| short(ratio(times, other)));
        let (allocations, bytes) = memory(row, unit, inputs);
        println!(
            "| {} | {} | {} | {} | {} | {} | {bytes} |",
            row.name,
            short(median(times.clone())),
            times_of(floor),
            times_of(metrique),
            short(allocations.count),
            short(allocations.bytes),
        );
    }
    if let (Some(json), Some(logfmt)) = (json, logfmt) {
        println!("\ntraceline, logfmt ÷ JSON, both configured per trace: {}", short(ratio(logfmt, json)));
    }
    println!();
    let rows = rows.iter().zip(&times);
    rows.filter_map(|(row, times)| Some((row.name.to_owned(), ratio(times.as_deref()?, floor?)))).collect()
}

fn title(unit: Unit) -> &'static str {
    match unit {
        Unit::W1 => "12 fields, one record",
        Unit::W2 => "W1 with five fragments",
        Unit::W3 => "100 fields, 50 fragments",
        Unit::W4 => "W2's code, logging off (the loop itself included, about 1 ns)",
        Unit::W5 => "W2's code, ended at info under a warn filter",
    }
}

/// Allocations of a unit in the steady state, and the size of its record with the first input.
fn memory(row: &Row, unit: Unit, inputs: &Inputs) -> (Allocations, usize) {
    let (mut allocations, mut bytes) = (Allocations::default(), 0);
    (row.scope)(unit.mode(), &mut || {
        bytes = output_of(|| inputs.run_raw(row, unit)).len();
        sink::reserve();
        inputs.run(row, unit, 32);
        allocations = alloc::count(8, &mut || inputs.run(row, unit, 8));
    });
    (Allocations { count: allocations.count / 8.0, bytes: allocations.bytes / 8.0 }, bytes)
}

pub fn threads(rows: &[Row], plan: Plan, inputs: &Inputs) {
    println!("### Threads\n");
    println!("| row | throughput of W2, two threads ÷ one | allocations of the first W2 on a fresh thread |");
    println!("| --- | ---: | ---: |");
    for row in rows {
        let two = timing::two_threads(row, plan, inputs);
        println!("| {} | {} | {} |", row.name, short(two), short(first_unit(row, inputs).count));
    }
    println!();
}

/// Allocations of a thread's first unit, without those of the thread itself and the kept buffer.
fn first_unit(row: &Row, inputs: &Inputs) -> Allocations {
    std::thread::scope(|scope| {
        let count = || {
            let mut allocations = Allocations::default();
            sink::reserve();
            (row.scope)(Mode::On, &mut || allocations = alloc::count(1, &mut || inputs.run(row, Unit::W2, 1)));
            allocations
        };
        scope.spawn(count).join().expect("a unit does not panic")
    })
}

/// Three significant digits, or more if the integer part has more.
pub fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        v if v < 10.0 => format!("{value:.2}"),
        v if v < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
