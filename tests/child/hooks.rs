//! Panic hooks, installed in the order that a row of the guide's table names.

use std::panic::{self, PanicHookInfo};
use std::process;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Installs the hooks of these names, one after another.
pub fn install(names: &str) {
    for name in names.split(' ') {
        match name {
            "panic_hook" => traceline::panic_hook(),
            "panic_hook_final" => traceline::panic_hook_final(),
            _ => panic::set_hook(own(name, panic::take_hook())),
        }
    }
}

/// The hook of a program.
fn own(name: &str, previous: Hook) -> Hook {
    match name {
        "returns" => Box::new(|_| ()),
        "calls_previous" => previous,
        "exits" => Box::new(|_| process::exit(7)),
        "calls_previous_and_exits" => Box::new(move |info| {
            previous(info);
            process::exit(7);
        }),
        _ => unreachable!("{name}"),
    }
}

/// What the record of a panicking unit contains, in the words of the table.
#[allow(dead_code)] // the child only installs
pub fn result(lines: &[String]) -> &'static str {
    match lines {
        [] => "none",
        [line] if !line.contains(" outcome=panic") => "another outcome",
        [line] if line.contains(" panic.location=") => "outcome, message and place",
        [_] => "outcome",
        _ => "several records",
    }
}

/// The rows of the table: the hooks, and the two results.
#[allow(dead_code)]
pub fn table() -> Vec<[String; 3]> {
    let page = include_str!("../../src/_guide/how_programs_end.md");
    let (_, table) = page.split_once("<!-- table: hooks -->\n").expect("a table");
    let rows = table.lines().skip(2).map_while(|line| {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<&str> = cells.split(" | ").collect();
        let [hooks, unwinds, aborts] = cells[..] else {
            panic!("three cells: {line}");
        };
        let hooks = hooks.replace(['`', ','], "");
        Some([hooks, unwinds.to_owned(), aborts.to_owned()])
    });
    rows.collect()
}
