//! Prints units as they come.

use std::io::{self, Write};
use std::time::Duration;

use crate::app::{self, Ended};
use crate::args::Args;
use crate::index::{Index, Scan};
use crate::output;
use crate::record::pieces::Joined;
use crate::source::{Source, Tail};
use crate::term::{self, Screen};
use crate::world::World;

/// How long to wait when nothing is new.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many lines of a source have been read, and those that go on.
type Progress = (u64, [Option<Joined>; 2]);

/// Prints units as they come, until all sources have ended or Ctrl-C comes; then the summary.
///
/// # Errors
///
/// If a source cannot be read, or the units cannot be written.
pub fn run(
    args: &Args,
    mut sources: Vec<Source>,
    world: &World,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Ended {
    let mut tails = Vec::new();
    for source in &mut sources {
        let tail = source.tail();
        tails.push(tail.map_err(|error| format!("{}: {error}", source.name))?);
    }
    let mut index = Index::default();
    let mut lines: Vec<Progress> = vec![Default::default(); tails.len()];
    world.reading(true);
    let written = read_on(
        args, &sources, world, &mut tails, &mut lines, &mut index, out,
    );
    world.reading(false);
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
        written => output::finished(written)?,
    }
    each(
        args,
        &sources,
        &mut tails,
        &mut lines,
        &mut index,
        |tail, each| {
            tail.end(each);
            Ok(false)
        },
    );
    index.finish(&args.filter);
    let mut screen = Screen::new(world.columns, world.color);
    app::summary(args, &index, &sources, &mut screen);
    let written = writeln!(out).and_then(|()| out.write_all(screen.out.as_bytes()));
    output::finished(written.and_then(|()| out.flush()))?;
    app::finish(&index, world, err)
}

fn read_on(
    args: &Args,
    sources: &[Source],
    world: &World,
    tails: &mut [Tail],
    lines: &mut [Progress],
    index: &mut Index,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut shown = 0;
    while !world.stopped() {
        let is_new = each(args, sources, tails, lines, index, |tail, each| {
            tail.poll(each)
        });
        if is_new {
            let mut screen = Screen::new(world.columns, world.color);
            let new = index.units.iter().skip(shown);
            new.filter(|unit| unit.selected && unit.counts())
                .for_each(|unit| term::line(&mut screen, index, unit));
            shown = index.units.len();
            out.write_all(screen.out.as_bytes())?;
            out.flush()?;
        } else if tails.iter().all(Tail::has_ended) {
            break;
        } else {
            std::thread::sleep(PATIENCE);
        }
    }
    Ok(())
}

/// Does something with each source, whose lines go into the index; returns whether one of them had
/// anything new.
fn each(
    args: &Args,
    sources: &[Source],
    tails: &mut [Tail],
    lines: &mut [Progress],
    index: &mut Index,
    read: impl Fn(&mut Tail, &mut dyn FnMut(u64, crate::source::Line<'_>)) -> io::Result<bool>,
) -> bool {
    let mut is_new = false;
    for (at, (tail, line)) in tails.iter_mut().zip(lines).enumerate() {
        let Some(source) = sources.get(at) else {
            continue;
        };
        let mut scan = Scan {
            index,
            names: &args.names,
            filter: &args.filter,
            name: &source.name,
            source: at as u16,
            line: line.0,
            pieces: std::mem::take(&mut line.1),
        };
        let result = read(tail, &mut |at, line| scan.line(at, line));
        *line = (scan.line, std::mem::take(&mut scan.pieces));
        match result {
            Ok(new) => is_new |= new,
            Err(error) => {
                index.failed.push(format!("{}: {error}", source.name));
                tail.give_up();
            }
        }
    }
    is_new
}
