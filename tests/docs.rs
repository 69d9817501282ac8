//! The output shown on the crate's page is what the code really prints.

use serde_json::Value;

/// The text blocks of the section on formats.
fn shown() -> Vec<String> {
    let page = include_str!("../src/lib.rs");
    let lines = page.lines().map_while(|line| line.strip_prefix("//!"));
    let page: String = lines
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let (_, section) = page.split_once("# Formats\n").expect("there is one");
    let blocks = section.split("```text\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default());
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_page_shows_the_same_unit_in_each_format() {
    let shown = shown();
    let [logfmt, json, pretty] = &shown[..] else {
        panic!("{shown:#?}");
    };
    assert!(
        logfmt.starts_with("ts=") && logfmt.lines().count() == 1,
        "{logfmt}"
    );
    let json: Value = serde_json::from_str(json).expect("it is JSON");
    assert_eq!(json["msg"], "import");
    assert!(
        pretty.starts_with("import  ok  ") && pretty.lines().count() > 3,
        "{pretty}"
    );
    for line in pretty.lines().skip(1).filter(|line| !line.contains('+')) {
        let (key, value) = line.trim().split_once(' ').expect("a field");
        let value = value.trim();
        let is_time = key.ends_with("ms");
        let own = json[key].to_string();
        assert!(
            is_time || own.trim_matches('"') == value,
            "{key}: {value} is not {own}"
        );
        let quoted = format!(" {key}=\"{value}\"");
        let plain = format!(" {key}={value} ");
        assert!(
            is_time || logfmt.contains(&plain) || logfmt.contains(&quoted),
            "{key}"
        );
    }
}
