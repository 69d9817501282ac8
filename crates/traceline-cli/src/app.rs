//! From the options to the output.

use std::io::{self, IsTerminal, Write};

use crate::args::{Args, HELP, View};
use crate::detail;
use crate::html;
use crate::index::Index;
use crate::progress::Progress;
use crate::source::Source;
use crate::term::{self, Screen};
use crate::tree::Tree;

/// How many units of a transaction are printed at most.
const MOST_ROWS: usize = 500;

/// The output of a run, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
    /// The exit status: 0; 1 if something asked for is missing or unreadable; 2 for bad options.
    pub status: u8,
}

impl Said {
    /// A failure, described in one line.
    pub fn fault(status: u8, text: &str) -> Said {
        let err = format!("traceline: {}\n", crate::text::visible(text));
        let out = String::new();
        Said { out, err, status }
    }
}

/// Reads the sources and shows what was asked for, on a screen of the given width.
pub fn run(args: &Args, mut sources: Vec<Source>, columns: usize, color: bool) -> Said {
    match args.view {
        View::Help => {
            return Said {
                out: HELP.into(),
                ..Said::default()
            };
        }
        View::Version => {
            let out = format!("traceline-cli {}\n", env!("CARGO_PKG_VERSION"));
            return Said {
                out,
                ..Said::default()
            };
        }
        _ => {}
    }
    let index = match read(args, &mut sources) {
        Ok(index) => index,
        Err(error) => return Said::fault(1, &error.to_string()),
    };
    let mut screen = Screen::new(columns, color);
    let mut said = match show(args, &index, &sources, &mut screen) {
        Ok(()) => Said {
            out: screen.out,
            ..Said::default()
        },
        Err(text) => Said::fault(1, &text),
    };
    let mut screen = Screen::new(columns, false);
    term::rejected(&mut screen, &index);
    said.err += &screen.out;
    said
}

fn read(args: &Args, sources: &mut [Source]) -> io::Result<Index> {
    let sizes = sources.iter().map(|source| source.size);
    let total = sizes.sum::<Option<u64>>();
    let mut progress = Progress::new(io::stderr(), io::stderr().is_terminal(), total);
    let index = Index::read(sources, &args.names, &args.filter, |read| {
        if !args.quiet {
            progress.at(read);
        }
    });
    progress.end();
    index
}

fn show(args: &Args, index: &Index, sources: &[Source], screen: &mut Screen) -> Result<(), String> {
    if let Some(path) = &args.html {
        let page = html::page(index, sources, &args.names, args.max_units);
        std::fs::write(path, page.text).map_err(|error| format!("{}: {error}", path.display()))?;
        let [shown, units] = [page.shown, page.units].map(|n| term::thousands(n as u64));
        let written = format!("{}: {shown} of {units} units", path.display());
        screen.line(term::Style::Plain, &written);
    }
    match &args.view {
        View::Trace(id) => transaction(args, index, id, sources, screen),
        View::Unit(text) => {
            let at = find(index, text)?;
            unit(args, index, at, sources, screen);
            Ok(())
        }
        View::Slowest => {
            let at = term::slowest_of(index, 1)
                .first()
                .copied()
                .ok_or("no such unit")?;
            unit(args, index, at, sources, screen);
            Ok(())
        }
        _ if args.html.is_some() => Ok(()),
        _ => {
            term::summary(screen, index, args.top);
            Ok(())
        }
    }
}

/// Finds a unit by its number in the input, or by its id.
fn find(index: &Index, text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|_| text.len() < 16);
    let found = match number {
        Some(number) => number.checked_sub(1).filter(|at| *at < index.units.len()),
        None => {
            let id = index.span_id(text);
            let is_it = |unit: &crate::index::Unit| unit.span == id && !unit.duplicate;
            // The last record of a unit is its final one.
            index.units.iter().rposition(is_it)
        }
    };
    found.ok_or_else(|| format!("no unit {text}"))
}

fn unit(args: &Args, index: &Index, at: usize, sources: &[Source], screen: &mut Screen) {
    let unit = &index.units[at];
    let detail = detail::Detail::read(unit, sources, &args.names);
    term::unit(screen, index, unit, &detail, &args.names);
}

fn transaction(
    args: &Args,
    index: &Index,
    id: &str,
    sources: &[Source],
    screen: &mut Screen,
) -> Result<(), String> {
    let key = index.trace_id(id);
    let units = index.units.iter().enumerate();
    let members: Vec<usize> = units
        .filter(|(_, unit)| unit.has_trace() && unit.trace == key)
        .map(|(at, _)| at)
        .collect();
    if members.is_empty() {
        return Err(format!("no transaction {id}"));
    }
    let tree = Tree::of(index, &members);
    let shown: Vec<usize> = tree
        .rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| row.unit)
        .collect();
    let details = detail::read_all(index, &shown, sources, &args.names);
    term::transaction(screen, index, id, &tree, &details);
    Ok(())
}

/// Writes the output of a run. A closed pipe is not an error.
pub fn write(said: &Said) {
    let _ = io::stdout().write_all(said.out.as_bytes());
    let _ = io::stdout().flush();
    let _ = io::stderr().write_all(said.err.as_bytes());
}
