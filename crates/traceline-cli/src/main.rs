//! The program `traceline`: canonical log lines as waterfalls. See `--help`.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::process::ExitCode;

use traceline_cli::app::{self, Said};
use traceline_cli::args::{Args, View};
use traceline_cli::source::Source;

fn main() -> ExitCode {
    let said = run();
    app::write(&said);
    ExitCode::from(said.status)
}

fn run() -> Said {
    let mut args = match Args::parse(std::env::args_os().skip(1)) {
        Ok(args) => args,
        Err(text) => return Said::fault(2, &format!("{text}; see --help")),
    };
    if args.files.is_empty() {
        if std::io::stdin().is_terminal() && args.view != View::Version {
            args.view = View::Help;
        }
        args.files.push("-".into());
    }
    if matches!(args.view, View::Help | View::Version) {
        args.files.clear();
    }
    match Source::open_all(&args.files) {
        Ok(sources) => app::run(&args, sources, columns(), color(&args)),
        Err(text) => Said::fault(1, &text),
    }
}

/// The value of `COLUMNS`, else the width of the terminal, else 100.
fn columns() -> usize {
    let said = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| width.0.into());
    said.or_else(terminal).unwrap_or(100)
}

/// See <https://no-color.org>.
fn color(args: &Args) -> bool {
    let unwanted = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    args.color
        .unwrap_or_else(|| std::io::stdout().is_terminal() && !unwanted())
}
