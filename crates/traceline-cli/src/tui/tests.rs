use std::ffi::OsString;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::filter::Filter;

const LINES: &str = r#"ts=2026-11-21T08:46:00.100Z level=info msg=order service=shop trace_id=17 span_id=1 outcome=ok duration_ms=100.0 sku=chair
ts=2026-11-21T08:46:00.050Z level=error msg=pay service=bank trace_id=17 span_id=2 parent_id=1 outcome=error duration_ms=25.0 status=502 error="no answer"
ts=2026-11-21T08:46:01.000Z level=info msg=sweep service=shop outcome=ok duration_ms=7.5
"#;

/// Presses keys and returns the screen; `⏎` and `⎋` stand for two of them.
fn screen(keys: &str, columns: u16, rows: u16) -> String {
    let args = Args::parse([] as [OsString; 0], 0).unwrap();
    let text = std::io::Cursor::new(LINES);
    let mut sources = [Source::stream("shop.log", Box::new(text))];
    let stop = AtomicBool::new(false);
    let index = Index::read(&mut sources, &args.names, &Filter::default(), &stop, |_| ());
    let mut model = Model::new(&args, &index, &sources, false);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut keys = keys.chars();
    loop {
        terminal
            .draw(|frame| draw::draw(&mut model, frame))
            .unwrap();
        let code = match keys.next() {
            None => break,
            Some('⏎') => KeyCode::Enter,
            Some('⎋') => KeyCode::Esc,
            Some(char) => KeyCode::Char(char),
        };
        model.key(KeyEvent::new(code, KeyModifiers::NONE));
        while model.is_busy() {
            model.work();
        }
    }
    if model.has_quit() {
        return "quit".into();
    }
    let backend = terminal.backend().to_string();
    let lines = backend
        .lines()
        .map(|line| line.trim_matches('"').trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_list_begins_with_failures_and_shows_the_chosen_unit() {
    let rule = "─".repeat(80);
    assert_eq!(
        screen("", 80, 24),
        format!(
            "3 units, 1 failed, failures first                                       shop.log
▶ 08:46:00.050   25.0 ms  ✗ error 502   pay  bank  no answer
  08:46:00.100    100 ms    ok          order  shop
  08:46:01.000   7.50 ms    ok          sweep  shop








{rule}
pay  bank  error 502  25.0 ms  error
no answer
2026-11-21T08:46:00.025000Z to 2026-11-21T08:46:00.050000Z
trace_id 17
span_id 2
parent_id 1
shop.log, byte 123

fields
  status  502
Enter unit  t transaction  / filter  e failure  s order  ? help  q quit"
        )
    );
}

#[test]
fn keys_go_through_the_list() {
    let chosen = |keys: &str| {
        let text = screen(keys, 80, 24);
        let line = text.lines().find(|line| line.starts_with('▶')).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!(chosen("j"), "shop");
    assert_eq!(chosen(""), "answer");
    for (keys, name) in [
        ("j", "order"),
        ("G", "sweep"),
        ("Gk", "order"),
        ("Gg", "pay"),
        ("jjjj", "sweep"),
        ("Ge", "sweep"),
        ("GE", "pay"),
        ("s", "pay"),
        ("sg", "order"),
        ("ssg", "sweep"),
        ("sssg", "order"),
    ] {
        let text = screen(keys, 80, 24);
        let line = text.lines().find(|line| line.starts_with('▶')).unwrap();
        assert!(line.contains(name), "{keys}: {line}");
    }
    assert_eq!(screen("q", 80, 24), "quit");
    assert_eq!(screen("⏎q⏎t⎋⎋q", 80, 24), "quit");
}

#[test]
fn the_filter_is_applied_while_it_is_typed() {
    let list = |keys: &str| {
        let text = screen(keys, 80, 12);
        text.lines()
            .skip(1)
            .filter(|line| line.contains("08:46"))
            .count()
    };
    assert_eq!(list(""), 3);
    assert_eq!(list("/service=shop"), 2);
    assert_eq!(list("/service=shop and took>50ms"), 1);
    assert_eq!(list("/service=shop and took>50ms⏎"), 1);
    assert_eq!(list("/service=shop⎋"), 3);
    let text = screen("/no such", 80, 12);
    assert!(text.contains("no unit meets the filter"), "{text}");
    let text = screen("/(a=1", 80, 12);
    assert!(
        text.ends_with("/(a=1   a bracket that does not end"),
        "{text}"
    );
}

#[test]
fn a_transaction_is_a_waterfall() {
    let text = screen("t", 80, 24);
    let expected = "
pay  error 502 no answer

              0                      50.0 ms          100 ms
order   shop  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   100 ms  ok
└─ pay  bank             ━━━━━━━━━━━✗                         25.0 ms  error 502
";
    assert!(text.contains(expected), "{text}");
    let text = screen("Gt", 80, 24);
    assert!(
        text.contains("the unit belongs to no transaction"),
        "{text}"
    );
}

#[test]
fn small_and_odd_screens_are_drawn() {
    for (columns, rows) in [(80, 24), (40, 10), (200, 60), (20, 3), (1, 1), (3, 2)] {
        for keys in ["", "G", "⏎", "t", "?", "⏎GGG", "/x"] {
            screen(keys, columns, rows);
        }
    }
}
