//! The options of the program.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use crate::duration;
use crate::filter::Filter;
use crate::names::Names;
use crate::query::Query;
use crate::record::Outcome;
use crate::time;

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Args {
    /// The files to read; empty for standard input.
    pub files: Vec<PathBuf>,
    /// The view to show.
    pub view: View,
    /// Where to write the HTML page.
    pub html: Option<PathBuf>,
    /// Whether to overwrite any file.
    pub force: bool,
    /// The maximum number of units on the page.
    pub max_units: usize,
    /// How many names and units are listed.
    pub top: usize,
    /// Which units to show.
    pub filter: Filter,
    /// The options that made the filter, for people.
    pub filter_text: String,
    /// The names of the fields.
    pub names: Names,
    /// Whether to print JSON.
    pub json: bool,
    /// Whether to wait for more.
    pub follow: bool,
    /// Whether to use colours; `None` if no option decides it.
    pub color: Option<bool>,
    /// Whether to suppress the progress report.
    pub quiet: bool,
}

/// The view to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// Failures, counts and the slowest units.
    Summary,
    /// One unit: its number from 1, or its id.
    Unit(String),
    /// The slowest unit.
    Slowest,
    /// A transaction.
    Trace(String),
    /// The interface for a terminal.
    Interactive,
}

/// A text that ends the program: help, or what is wrong with the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The text.
    pub text: String,
    /// The exit status.
    pub status: u8,
}

const AFTER_HELP: &str = "\
Reads records in logfmt or JSON, of the library traceline in all its schemas and of many other loggers, from files \
or standard input, compressed or not, of one or more services.

A condition compares fields, which may be paths into objects, and searches for words:
  status>=500 and path~^/orders and not (user.plan == \"free trial\" or /timeout)
Operators: = == != ~ (a regular expression) !~ < <= > >=. The names outcome, name, service, level, status, error and \
took mean the same in all lines, however they say it: took>100ms, outcome=error.

Counts and percentiles are weighted by sample_rate. A transaction is shown with all its units, whether or not they \
match the filters. Exit status: 0; 1 if there are no units, or something asked for is missing or cannot be read or \
written; 2 for bad options.";

const HTML: &str = "Output";
const FILTER: &str = "Filters";

fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    let value = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let path = |arg: Arg| {
        let arg = arg.value_parser(value_parser!(PathBuf));
        arg.value_hint(clap::ValueHint::FilePath)
    };
    let number = |arg: Arg| arg.value_parser(value_parser!(usize));
    Command::new("traceline")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Shows canonical log lines on a time axis, failures first")
        .after_help(AFTER_HELP)
        .max_term_width(110)
        .arg(
            path(Arg::new("files").value_name("FILE").num_args(0..))
                .help("Files to read; - or none for standard input"),
        )
        .arg(value(
            "unit",
            "N|ID",
            "One unit as a waterfall: its number in the lists, or its span_id",
        ))
        .arg(flag("slowest", "The slowest unit as a waterfall"))
        .arg(value(
            "trace",
            "ID",
            "All units of a transaction as a waterfall",
        ))
        .arg(flag("interactive", "Look around in the terminal").short('i'))
        .arg(
            flag(
                "follow",
                "Print units as they come; what was read is summed up on Ctrl-C",
            )
            .short('f'),
        )
        .arg(flag("json", "Print one JSON object per unit").help_heading(HTML))
        .arg(
            path(value(
                "html",
                "FILE",
                "Write one page with the units, for a browser; - for standard output",
            ))
            .help_heading(HTML),
        )
        .arg(
            number(
                value("max-units", "N", "Maximum number of units on the page")
                    .default_value("2000"),
            )
            .help_heading(HTML),
        )
        .arg(flag("force", "Let --html overwrite any file").help_heading(HTML))
        .arg(
            number(
                value("top", "N", "How many failures, names and units to list").default_value("10"),
            )
            .help_heading(HTML),
        )
        .arg(
            value(
                "slower",
                "TIME",
                "Only units that took at least this long: 100ms, 1.5s",
            )
            .value_parser(ValueParser::new(slower))
            .help_heading(FILTER),
        )
        .arg(
            value(
                "outcome",
                "LIST",
                "Only units with these outcomes: ok,error,panic,cancelled,none,other",
            )
            .value_parser(ValueParser::new(outcomes))
            .help_heading(FILTER),
        )
        .arg(
            value(
                "where",
                "CONDITION",
                "Only units that meet a condition; see below",
            )
            .action(ArgAction::Append)
            .value_parser(ValueParser::new(|text: &str| Query::parse(text)))
            .help_heading(FILTER),
        )
        .arg(
            value("search", "WORD", "Only units with this word in their line")
                .action(ArgAction::Append)
                .help_heading(FILTER),
        )
        .arg(
            value(
                "since",
                "TIME",
                "Only units from then on: 2026-11-21T08:46Z, 2026-11-21, 08:46, 15m (ago)",
            )
            .allow_hyphen_values(true)
            .help_heading(FILTER),
        )
        .arg(
            value("until", "TIME", "Only units up to then")
                .allow_hyphen_values(true)
                .help_heading(FILTER),
        )
        .arg(
            value(
                "last",
                "TIME",
                "Only units of this long before the newest one: 15m",
            )
            .value_parser(ValueParser::new(slower))
            .help_heading(FILTER),
        )
        .arg(
            value(
                "names",
                "LIST",
                "Names of fields in the input, with units: ts=when,duration_ms=took:s",
            )
            .value_parser(ValueParser::new(|text: &str| Names::parse(text))),
        )
        .arg(
            value(
                "color",
                "WHEN",
                "Whether to use colours; auto: on a terminal",
            )
            .value_parser(PossibleValuesParser::new(["auto", "always", "never"]))
            .default_value("auto"),
        )
        .arg(flag("quiet", "No progress on standard error").short('q'))
        .arg(
            value("completions", "SHELL", "Print completions for a shell")
                .value_parser(value_parser!(Shell)),
        )
        .arg(flag("man", "Print the manual page"))
}

fn slower(text: &str) -> Result<u64, String> {
    duration::typed(text).ok_or_else(|| format!("`{text}` is no time such as 100ms or 1.5s"))
}

fn outcomes(list: &str) -> Result<Vec<Outcome>, String> {
    let one = |word: &str| match word {
        "none" => Ok(Outcome::None),
        "" => Err(format!("`{list}` has an empty word")),
        word => match Outcome::parse(word.as_bytes()) {
            outcome if outcome.as_str() == word => Ok(outcome),
            _ if word == "other" => Ok(Outcome::Other),
            _ => Err(format!(
                "`{word}` is not one of ok error panic cancelled none other"
            )),
        },
    };
    list.split(',').map(one).collect()
}

impl Args {
    /// Reads the options, without the name of the program. `now` is in microseconds since 1970.
    ///
    /// # Errors
    ///
    /// If the options are invalid, or ask only for a text: help, completions, the manual page.
    pub fn parse(args: impl IntoIterator<Item = OsString>, now: i64) -> Result<Args, Ended> {
        let args = std::iter::once("traceline".into()).chain(args);
        let matches = command()
            .try_get_matches_from(args)
            .map_err(|error| Ended {
                text: error.render().to_string(),
                status: if error.use_stderr() { 2 } else { 0 },
            })?;
        if let Some(text) = generated(&matches) {
            return Err(Ended { text, status: 0 });
        }
        Args::of(&matches, now).map_err(|text| Ended {
            text: format!("error: {text}\n\nFor more information, try '--help'.\n"),
            status: 2,
        })
    }

    fn of(matches: &ArgMatches, now: i64) -> Result<Args, String> {
        let files = matches.get_many::<PathBuf>("files").unwrap_or_default();
        let usize = |name| matches.get_one::<usize>(name).copied().unwrap_or_default();
        let (filter, filter_text) = filter(matches, now)?;
        let view = view(matches)?;
        let alone = ["html", "json"]
            .iter()
            .all(|name| matches.value_source(name) != Some(clap::parser::ValueSource::CommandLine));
        if matches.get_flag("follow") && !(alone && view == View::Summary) {
            return Err("--follow prints units as they come, and nothing else".into());
        }
        Ok(Args {
            files: files.cloned().collect(),
            view,
            html: matches.get_one::<PathBuf>("html").cloned(),
            force: matches.get_flag("force"),
            max_units: usize("max-units"),
            top: usize("top"),
            filter,
            filter_text,
            names: matches.get_one("names").cloned().unwrap_or_default(),
            json: matches.get_flag("json"),
            follow: matches.get_flag("follow"),
            color: match matches.get_one::<String>("color").map(String::as_str) {
                Some("always") => Some(true),
                Some("never") => Some(false),
                _ => None,
            },
            quiet: matches.get_flag("quiet"),
        })
    }
}

fn view(matches: &ArgMatches) -> Result<View, String> {
    let text = |name| matches.get_one::<String>(name).cloned();
    let flag = |name, view| matches.get_flag(name).then_some(view);
    let views = [
        text("unit").map(View::Unit),
        text("trace").map(View::Trace),
        flag("slowest", View::Slowest),
        flag("interactive", View::Interactive),
    ];
    let mut views = views.into_iter().flatten();
    match (views.next(), views.next()) {
        (Some(_), Some(_)) => Err("only one of --unit, --trace, --slowest and -i at a time".into()),
        (view, _) => Ok(view.unwrap_or(View::Summary)),
    }
}

fn filter(matches: &ArgMatches, now: i64) -> Result<(Filter, String), String> {
    let mut texts = Vec::new();
    for name in [
        "slower", "outcome", "where", "search", "since", "until", "last",
    ] {
        let given = matches.get_raw(name).unwrap_or_default();
        texts.extend(given.map(|text| format!("--{name} {}", text.to_string_lossy())));
    }
    let mut query = Query::default();
    for other in matches.get_many::<Query>("where").unwrap_or_default() {
        query.and(other.clone())?;
    }
    for word in matches.get_many::<String>("search").unwrap_or_default() {
        query.and(Query::of_text(word)?)?;
    }
    let time = |name: &str| match matches.get_one::<String>(name) {
        None => Ok(None),
        Some(text) => time::typed(text, now).map(Some).ok_or_else(|| {
            format!("`{text}` for --{name} is no time such as 2026-11-21T08:46Z, 08:46 or 15m")
        }),
    };
    let filter = Filter {
        slower: matches.get_one("slower").copied(),
        outcomes: matches.get_one("outcome").cloned().unwrap_or_default(),
        since: time("since")?,
        until: time("until")?,
        last: matches.get_one("last").copied(),
        query,
    };
    Ok((filter, texts.join(" ")))
}

/// Completions or the manual page, if asked for.
fn generated(matches: &ArgMatches) -> Option<String> {
    let mut out = Vec::new();
    if let Some(shell) = matches.get_one::<Shell>("completions") {
        clap_complete::generate(*shell, &mut command(), "traceline", &mut out);
    } else if matches.get_flag("man") {
        clap_mangen::Man::new(command()).render(&mut out).ok()?;
    } else {
        return None;
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests;
