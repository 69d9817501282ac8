//! The same units of work with traceline, with competing crates, and by hand. See README.md.

#![deny(unsafe_code)]
#![recursion_limit = "1024"] // the hundred keys of W3 in one macro call

#[allow(unsafe_code)]
mod alloc;
mod check;
#[allow(unsafe_code)]
mod floor;
mod peer;
mod peers;
mod picture;
mod report;
mod timing;

use peer::Row;
use std::process::ExitCode;
use std::time::Duration;
use timing::{Inputs, Plan, Unit};

const USAGE: &str = "usage: traceline-peers [--check] [--quick] [--only NAME] [--unit W1…W5] [--svg FILE]
  --check      only check that every row's output holds all the data
  --quick      short slices, few rounds: about ten seconds
  --only NAME  rows whose name contains NAME, beside the floor and metrique
  --unit UNIT  this unit only, without the table about threads
  --svg FILE   draw W2 as a picture, too";

#[derive(Default)]
struct Options {
    check: bool,
    quick: bool,
    only: Option<String>,
    unit: Option<Unit>,
    svg: Option<String>,
}

fn options() -> Option<Options> {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--check" => options.check = true,
            "--quick" => options.quick = true,
            "--only" => options.only = Some(args.next()?.to_lowercase()),
            "--unit" => options.unit = Some(unit_named(&args.next()?)?),
            "--svg" => options.svg = Some(args.next()?),
            _ => return None,
        }
    }
    Some(options)
}

const UNITS: [Unit; 5] = [Unit::W1, Unit::W2, Unit::W3, Unit::W4, Unit::W5];

fn unit_named(name: &str) -> Option<Unit> {
    UNITS.into_iter().find(|unit| format!("{unit:?}").eq_ignore_ascii_case(name))
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    units::sink::install_logger();
    let rows = chosen(peers::rows(), options.only.as_deref());
    if let Err(problem) = checked(&rows) {
        eprintln!("output check failed: {problem}");
        return ExitCode::FAILURE;
    }
    println!("Output check: the records of {} rows hold all fields, fragments and the duration.\n", rows.len());
    if !options.check {
        report::versions();
        if let Err(problem) = measure(&rows, &options) {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn checked(rows: &[Row]) -> Result<(), String> {
    rows.iter().try_for_each(check::row)?;
    let named = |name: &str| rows.iter().find(|row| row.name == name);
    match (named("**floor**"), named("**traceline** JSON")) {
        (Some(floor), Some(ours)) => check::same_text(floor, ours),
        _ => Ok(()),
    }
}

/// The floor and metrique always stay, since the ratios need them.
fn chosen(rows: Vec<Row>, only: Option<&str>) -> Vec<Row> {
    let Some(only) = only else { return rows };
    let stays = |row: &Row| ["**floor**", "metrique"].contains(&row.name) || row.name.to_lowercase().contains(only);
    rows.into_iter().filter(stays).collect()
}

fn measure(rows: &[Row], options: &Options) -> std::io::Result<()> {
    let inputs = Inputs::new();
    let plan = |slice_us, rounds| Plan { slice: Duration::from_micros(slice_us), rounds };
    let (units, threads) =
        if options.quick { (plan(2000, 41), plan(8000, 9)) } else { (plan(5000, 151), plan(10_000, 31)) };
    for unit in UNITS {
        if options.unit.is_none_or(|only| only == unit) {
            let times = report::unit(rows, unit, units, &inputs);
            if let (Unit::W2, Some(file)) = (unit, &options.svg) {
                let title =
                    "A unit of 12 fields and 5 fragments, as one record: times the hand-written floor (logarithmic)";
                std::fs::write(file, picture::draw(title, &times))?;
            }
        }
    }
    if options.unit.is_none() {
        report::threads(rows, threads, &inputs);
    }
    Ok(())
}
