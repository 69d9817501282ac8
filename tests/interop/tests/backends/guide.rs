//! The output that the guide shows is the real one, except for times and ids.

use std::os::unix::net::UnixDatagram;

use crate::journal;
use crate::run::{self, Folder, text};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/_guide/backends.md"));

/// Each program, where its output goes, and the output that the page shows.
fn shown() -> Vec<(&'static str, &'static str, &'static str)> {
    let blocks = PAGE.split("<!-- output: ").skip(1);
    blocks
        .map(|block| {
            let (program, block) = block.split_once(' ').expect("a program");
            let (place, block) = block.split_once(" -->\n```text\n").expect("a block follows");
            (program, place, block.split("```").next().unwrap_or_default())
        })
        .collect()
}

/// The output of a program in that place.
fn written(program: &str, place: &str) -> String {
    let folder = Folder::new();
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_env_logger")).parent().expect("a folder");
    let program = programs.join(program);
    let path = folder.path().join("socket");
    let socket = UnixDatagram::bind(&path).expect("a socket of the test's");
    std::fs::write(folder.path().join("log4rs.yaml"), include_str!("../../log4rs.yaml")).expect("the file");
    let environment = [("SYSLOG_SOCKET", path.to_str().expect("UTF-8"))];
    let program = program.to_str().expect("UTF-8");
    let (out, datagrams) = journal::datagrams(&socket, || run::run(program, "", &folder, &environment));
    match place {
        "stderr" => text(&out.stderr).to_owned(),
        "stdout" => text(&out.stdout).to_owned(),
        "socket" => datagrams.iter().map(|datagram| format!("{}\n", text(datagram))).collect(),
        file => std::fs::read_to_string(folder.path().join(file)).expect("the file"),
    }
}

/// Replaces each number with `#`; in the time of syslog, the month too.
fn without_numbers(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let line = match line.split_once("syslog[") {
            Some((head, rest)) => format!("{} syslog[{rest}", &head[..4]),
            None => line.to_owned(),
        };
        let mut in_number = false;
        for char in line.chars() {
            let is_number = char.is_ascii_digit() || (in_number && char == '.');
            match (is_number, in_number) {
                (true, false) => masked.push('#'),
                (true, true) => {}
                (false, _) => masked.push(char),
            }
            in_number = is_number;
        }
        masked.push('\n');
    }
    masked
}

#[test]
fn what_comes_out_is_what_the_guide_shows() {
    let shown = shown();
    assert!(shown.len() > 12);
    for (program, place, output) in shown {
        assert_eq!(without_numbers(&written(program, place)), without_numbers(output), "{program}");
    }
}
