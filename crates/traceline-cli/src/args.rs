//! The options of the program.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use crate::filter::{Condition, Filter};
use crate::names::Names;
use crate::record::Outcome;
use crate::time;

/// What `--help` prints.
pub const HELP: &str = "\
Shows canonical log lines on a time axis.

traceline [options] [FILE]...

Reads records in logfmt or JSON, from files or standard input, of one or more services.
By default, prints a summary by name and the slowest units.

  --unit N|ID       one unit as a waterfall: its number in the list, or its span_id
  --slowest         the slowest unit as a waterfall
  --trace ID        all units of a transaction as a waterfall
  --html FILE       one page with the units, for a browser
  --max-units N     maximum number of units on the page (2000)
  --top N           how many names and units to list (10)

  --slower TIME     only units that took at least this long: 100ms, 1.5s
  --outcome LIST    only units with these outcomes: ok,error,panic,cancelled,none
  --where COND      only units with a matching field: key=value, !=; for numbers also <, <=, >, >=
  --names LIST      names of fields in the input: ts=@timestamp,msg=message

  --color WHEN      auto, always or never (auto: on a terminal without NO_COLOR)
  --quiet           no progress on standard error
  --help, --version

Percentiles and counts are weighted by sample_rate. A transaction is shown with all its units, whether or not they
match the filters.
";

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Args {
    /// The files to read; empty for standard input.
    pub files: Vec<PathBuf>,
    /// The view to show.
    pub view: View,
    /// Where to write the HTML page.
    pub html: Option<PathBuf>,
    /// The maximum number of units on the page.
    pub max_units: usize,
    /// How many names and units are listed.
    pub top: usize,
    /// Which units to show.
    pub filter: Filter,
    /// The names of the fields.
    pub names: Names,
    /// Whether to use colours; `None` if no option decides it.
    pub color: Option<bool>,
    /// Whether to suppress the progress report.
    pub quiet: bool,
}

/// The view to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// Counts and the slowest units.
    Summary,
    /// One unit: its number from 1, or its id.
    Unit(String),
    /// The slowest unit.
    Slowest,
    /// A transaction.
    Trace(String),
    /// The text of `--help`.
    Help,
    /// The version.
    Version,
}

impl Args {
    /// Reads the options, without the name of the program.
    ///
    /// # Errors
    ///
    /// If the options are invalid; the error is one line of text.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Args, String> {
        let mut parsed = Args {
            files: Vec::new(),
            view: View::Summary,
            html: None,
            max_units: 2_000,
            top: 10,
            filter: Filter::default(),
            names: Names::default(),
            color: None,
            quiet: false,
        };
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
            let long = match &arg {
                Value(file) => {
                    parsed.files.push(file.into());
                    continue;
                }
                Long(name) => (*name).to_owned(),
                Short('h') => "help".to_owned(),
                Short('V') => "version".to_owned(),
                Short(_) => return Err(arg.unexpected().to_string()),
            };
            parsed.option(&long, &mut parser)?;
        }
        Ok(parsed)
    }

    fn option(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), String> {
        let mut value = || -> Result<String, String> {
            let value = parser.value().map_err(|error| error.to_string())?;
            value
                .into_string()
                .map_err(|_| format!("the value of --{name} is not UTF-8"))
        };
        match name {
            "unit" => self.view = View::Unit(value()?),
            "slowest" => self.view = View::Slowest,
            "trace" => self.view = View::Trace(value()?),
            "help" => self.view = View::Help,
            "version" => self.view = View::Version,
            "html" => self.html = Some(parser.value().map_err(|error| error.to_string())?.into()),
            "max-units" => self.max_units = number(name, &value()?)?,
            "top" => self.top = number(name, &value()?)?,
            "slower" => {
                let text = value()?;
                let slower = time::parse_duration(&text);
                self.filter.slower = Some(
                    slower.ok_or_else(|| format!("`{text}` is no time such as 100ms or 1.5s"))?,
                );
            }
            "outcome" => self.filter.outcomes = outcomes(&value()?)?,
            "where" => self.filter.conditions.push(Condition::parse(&value()?)?),
            "names" => self.names = Names::parse(&value()?)?,
            "color" => self.color = color(&value()?)?,
            "quiet" => self.quiet = true,
            _ => return Err(format!("invalid option '--{name}'")),
        }
        match self.filter.conditions.len() {
            0..=64 => Ok(()),
            _ => Err("more than 64 conditions".into()),
        }
    }
}

fn number(name: &str, text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no number for --{name}"))
}

fn color(text: &str) -> Result<Option<bool>, String> {
    match text {
        "auto" => Ok(None),
        "always" => Ok(Some(true)),
        "never" => Ok(Some(false)),
        _ => Err(format!("`{text}` is not one of auto always never")),
    }
}

fn outcomes(list: &str) -> Result<Vec<Outcome>, String> {
    let one = |word: &str| match word {
        "none" => Ok(Outcome::None),
        word => match Outcome::parse(word.as_bytes()) {
            Outcome::None => Err(format!("`{list}` has an empty word")),
            Outcome::Other if word != "other" => Err(format!(
                "`{word}` is not one of ok error panic cancelled none other"
            )),
            outcome => Ok(outcome),
        },
    };
    list.split(',').map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_are_read() {
        let args = parse(
            "a.log --slower 100ms --outcome error,panic --where status>=500 --top=3 - --trace 17",
        )
        .unwrap();
        assert_eq!(args.files, [PathBuf::from("a.log"), PathBuf::from("-")]);
        assert_eq!(args.filter.slower, Some(100_000));
        assert_eq!(args.filter.outcomes, [Outcome::Error, Outcome::Panic]);
        assert_eq!(
            args.filter.conditions,
            [Condition::parse("status>=500").unwrap()]
        );
        assert_eq!((args.top, args.max_units), (3, 2_000));
        assert_eq!(args.view, View::Trace("17".into()));
        assert_eq!(parse("--help").unwrap().view, View::Help);
        assert_eq!(parse("-V").unwrap().view, View::Version);
        assert_eq!(parse("--color never").unwrap().color, Some(false));
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        for (line, error) in [
            ("--slow", "invalid option '--slow'"),
            ("-x", "invalid option '-x'"),
            ("--top", "missing argument for option '--top'"),
            ("--top x", "`x` is no number for --top"),
            ("--slower soon", "`soon` is no time such as 100ms or 1.5s"),
            (
                "--outcome bad",
                "`bad` is not one of ok error panic cancelled none other",
            ),
            ("--outcome ok,", "`ok,` has an empty word"),
            ("--where status", "`status` is not of the form key=value"),
            ("--names ts", "`ts` is not of the form name=other"),
            ("--color red", "`red` is not one of auto always never"),
        ] {
            assert_eq!(parse(line).unwrap_err(), error, "{line}");
        }
        let many = "--where a=1 ".repeat(65);
        assert_eq!(parse(&many).unwrap_err(), "more than 64 conditions");
    }

    #[test]
    fn the_help_names_every_option() {
        for option in [
            "unit",
            "slowest",
            "trace",
            "html",
            "max-units",
            "top",
            "slower",
            "outcome",
            "where",
            "names",
            "color",
            "quiet",
        ] {
            assert!(HELP.contains(&format!("--{option} ")), "{option}");
        }
    }
}
