//! The program `traceline`: canonical log lines as waterfalls. See `--help`.

#![forbid(unsafe_code)]

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use traceline_cli::app::{self, Ended};
use traceline_cli::args::Args;
use traceline_cli::follow;
use traceline_cli::output;
use traceline_cli::source::Source;
use traceline_cli::world::{self, World};

fn main() -> ExitCode {
    let status = run().unwrap_or_else(|text| app::fault(&text));
    ExitCode::from(status)
}

fn run() -> Ended {
    let mut options: Vec<_> = std::env::args_os().skip(1).collect();
    if options.is_empty() && io::stdin().is_terminal() {
        options.push("--help".into());
    }
    let mut args = match Args::parse(options, world::now()) {
        Ok(args) => args,
        Err(ended) => return say(&ended.text, ended.status),
    };
    if args.files.is_empty() {
        args.files.push("-".into());
    }
    let world = World::here(args.color);
    let sources = Source::open_all(&args.files)?;
    output::check_stdout(&sources)?;
    World::catch_interrupts();
    let mut out = BufWriter::new(io::stdout());
    let err = &mut io::stderr();
    match args.follow {
        true => follow::run(&args, sources, &world, &mut out, err),
        false => app::run(&args, sources, &world, &mut out, err),
    }
}

/// Prints a text that was asked for, or what is wrong with the options.
fn say(text: &str, status: u8) -> Ended {
    match status {
        0 => output::finished(io::stdout().write_all(text.as_bytes()))?,
        _ => drop(io::stderr().write_all(text.as_bytes())),
    }
    Ok(status)
}
