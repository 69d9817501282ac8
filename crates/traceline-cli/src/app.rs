//! From the options to the output.

use std::io::{self, Write};

use crate::args::{Args, View};
use crate::detail;
use crate::export;
use crate::html;
use crate::index::Index;
use crate::output;
use crate::progress::Progress;
use crate::source::Source;
use crate::term::{self, Screen, Style};
use crate::tree::Tree;
use crate::tui;
use crate::world::World;

/// How many units of a transaction are printed at most.
const MOST_ROWS: usize = 500;

/// How a run ended: the exit status, which is 1 if something asked for is missing or cannot be
/// read or written, or what to say about it in one line.
pub type Ended = Result<u8, String>;

/// Reads the sources and shows what was asked for.
///
/// # Errors
///
/// If something asked for is not there, or cannot be written.
pub fn run(
    args: &Args,
    mut sources: Vec<Source>,
    world: &World,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Ended {
    let index = read(args, &mut sources, world, err);
    if args.view == View::Interactive && index.selected().next().is_some() {
        return tui::run(args, &index, &sources, world);
    }
    let shown = show(args, &index, &sources, world, out);
    if world.stopped() {
        let _ = writeln!(err, "stopped by Ctrl-C: this is what was read so far");
    }
    shown.and(finish(&index, world, err))
}

/// Reads the sources, with a report of the progress.
pub fn read(args: &Args, sources: &mut [Source], world: &World, err: &mut dyn Write) -> Index {
    let sizes = sources.iter().map(|source| source.size);
    let total = sizes.sum::<Option<u64>>();
    let mut progress = Progress::new(err, world.live, total);
    world.reading(true);
    let index = Index::read(sources, &args.names, &args.filter, world.stop, |read| {
        if !args.quiet {
            progress.at(read);
        }
    });
    world.reading(false);
    progress.end();
    index
}

/// Says what could not be read, and why there may be no units.
pub(crate) fn finish(index: &Index, world: &World, err: &mut dyn Write) -> Ended {
    let mut screen = Screen::new(world.columns, false);
    term::notes(&mut screen, index);
    let has_units = index.selected().next().is_some();
    if index.units.is_empty() {
        term::hint(&mut screen, index);
    }
    // There is nobody left to tell.
    let _ = err.write_all(screen.out.as_bytes());
    Ok(u8::from(!has_units || !index.failed.is_empty()))
}

fn show(
    args: &Args,
    index: &Index,
    sources: &[Source],
    world: &World,
    out: &mut dyn Write,
) -> Result<(), String> {
    let mut screen = Screen::new(world.columns, world.color);
    if let Some(path) = &args.html {
        let page = html::page(args, index, sources);
        if path.as_os_str() == "-" {
            return print(out, &page.text);
        }
        output::page(path, &page.text, sources, args.force)?;
        let [shown, units] = [page.shown, page.units].map(|n| term::thousands(n as u64));
        let written = format!("{}: {shown} of {units} units", path.display());
        if !args.json {
            screen.wrapped(Style::Plain, 0, &written);
        }
    }
    match &args.view {
        _ if args.json => {
            let units = chosen(args, index)?;
            let written = export::units(index, &units, sources, &args.names, out);
            return output::finished(written.and_then(|()| out.flush()));
        }
        View::Trace(id) => transaction(args, index, id, sources, &mut screen)?,
        View::Unit(_) | View::Slowest => {
            for at in chosen(args, index)? {
                unit(args, index, at, sources, &mut screen);
            }
        }
        _ if args.html.is_some() => {}
        _ => summary(args, index, sources, &mut screen),
    }
    print(out, &screen.out)
}

fn print(out: &mut dyn Write, text: &str) -> Result<(), String> {
    let written = out.write_all(text.as_bytes());
    output::finished(written.and_then(|()| out.flush()))
}

/// Prints the summary.
pub(crate) fn summary(args: &Args, index: &Index, sources: &[Source], screen: &mut Screen) {
    let slowest = term::slowest_of(index, args.top);
    let details = detail::read_all(index, &slowest, sources, &args.names);
    term::summary(screen, index, args.top, &term::Listed { slowest, details });
}

/// The units that were asked for.
fn chosen(args: &Args, index: &Index) -> Result<Vec<usize>, String> {
    match &args.view {
        View::Trace(id) => members(index, id),
        View::Unit(text) => Ok(vec![find(index, text)?]),
        View::Slowest => {
            let slowest = term::slowest_of(index, 1);
            if slowest.is_empty() {
                return Err("no such unit".into());
            }
            Ok(slowest)
        }
        _ => Ok(index.selected().collect()),
    }
}

/// Finds a unit by its number in the input, or by its id.
fn find(index: &Index, text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|_| text.len() < 16);
    let found = match number {
        Some(number) => number.checked_sub(1).filter(|at| *at < index.units.len()),
        None => {
            let ids = index.span_ids(text);
            let is_it = |id| {
                // The last record of a unit is its final one.
                let units = || index.units.iter();
                units().rposition(|unit| unit.span == id && !unit.duplicate)
            };
            ids.into_iter().find_map(is_it)
        }
    };
    found.ok_or_else(|| format!("no unit {text}"))
}

fn unit(args: &Args, index: &Index, at: usize, sources: &[Source], screen: &mut Screen) {
    let details = detail::read_all(index, &[at], sources, &args.names);
    for detail in &details {
        term::unit(screen, index, &index.units[at], detail, &args.names);
    }
}

/// All records of a transaction.
fn members(index: &Index, id: &str) -> Result<Vec<usize>, String> {
    let key = index.trace_id(id);
    let units = index.units.iter().enumerate();
    let members: Vec<usize> = units
        .filter(|(_, unit)| unit.has_trace() && unit.trace == key)
        .map(|(at, _)| at)
        .collect();
    match members.is_empty() {
        true => Err(format!("no transaction {id}")),
        false => Ok(members),
    }
}

fn transaction(
    args: &Args,
    index: &Index,
    id: &str,
    sources: &[Source],
    screen: &mut Screen,
) -> Result<(), String> {
    let tree = Tree::of(index, &members(index, id)?);
    let rows = tree.rows.iter().take(MOST_ROWS);
    let shown: Vec<usize> = rows.map(|row| row.unit).collect();
    let details = detail::read_all(index, &shown, sources, &args.names);
    term::transaction(screen, index, id, &tree, &details);
    Ok(())
}

/// Writes what is wrong to standard error, in one line.
pub fn fault(text: &str) -> u8 {
    let text = crate::text::visible(text);
    let _ = writeln!(io::stderr(), "traceline: {text}");
    1
}
