//! Runs the program on texts and compares the complete output.

// Each test file compiles a copy of this module and uses a part of it.
#![allow(dead_code)]

use std::ffi::OsString;
use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use traceline_cli::app;
use traceline_cli::args::Args;
use traceline_cli::source::Source;
use traceline_cli::world::World;

/// The output of a run, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub out: String,
    pub err: String,
    pub status: u8,
}

static STOP: AtomicBool = AtomicBool::new(false);

/// Runs the program on a screen of `columns`, with `text` as the file `in`.
pub fn run(columns: usize, text: &str, options: &[&str]) -> Said {
    run_on(columns, &[("in", text)], options)
}

/// The same with several files.
pub fn run_on(columns: usize, texts: &[(&str, &str)], options: &[&str]) -> Said {
    let args = Args::parse(options.iter().map(OsString::from), 1_795_250_760_000_000).unwrap();
    let open = |(name, text): &(&str, &str)| {
        Source::stream(*name, Box::new(Cursor::new((*text).to_owned())))
    };
    let world = World {
        columns,
        color: args.color.unwrap_or(false),
        live: false,
        stop: &STOP,
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let sources = texts.iter().map(open).collect();
    let status = match app::run(&args, sources, &world, &mut out, &mut err) {
        Ok(status) => status,
        Err(text) => {
            let text = traceline_cli::text::visible(&text);
            err.extend(format!("traceline: {text}\n").into_bytes());
            1
        }
    };
    let [out, err] = [out, err].map(|text| String::from_utf8(text).unwrap());
    Said { out, err, status }
}

/// How a text looks on a screen of 80 columns, none of whose lines is wider.
#[track_caller]
pub fn looks(text: &str, options: &[&str]) -> Said {
    for columns in [40, 57, 80, 200] {
        let said = run(columns, text, options);
        for line in said.out.lines().chain(said.err.lines()) {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
    run(80, text, options)
}

/// Asserts what a successful run prints.
#[track_caller]
pub fn prints(said: &Said, expected: &str) {
    let expected = expected.trim_start_matches('\n');
    assert_eq!(said.out, expected, "\n{}\n{}", said.out, said.err);
    assert_eq!(said.status, 0);
}

/// The units of a text as the program exports them, one line each.
pub fn units(text: &str, options: &[&str]) -> Vec<serde_json::Value> {
    let said = run(100, text, &[&["--json"], options].concat());
    let lines = said.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The text of some members of a JSON object.
pub fn members(unit: &serde_json::Value, keys: &[&str]) -> String {
    let texts = keys.iter().map(|key| match &unit[*key] {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    });
    texts.collect::<Vec<_>>().join(" | ")
}
