//! A second implementation of the library, for comparison: units made of maps and
//! vectors and an encoder, written from the encoding rules and the design in the
//! plain, slow way. Arbitrary programs run on both, and their lines must agree
//! byte for byte.

// The model test and the fuzz target each compile a copy and use only a part of it.
#![allow(dead_code)]

mod bridged;
mod datum;
mod elsewhere;
mod fields;
mod fit;
mod fragments;
mod given;
mod headers;
mod hook;
mod json;
mod laps;
mod logfmt;
mod make;
mod names;
mod places;
pub mod program;
mod record;
pub mod rig;
pub mod run;
mod settings;
pub mod shrink;
mod stack;
mod text;
pub mod threads;
mod transaction;
mod unit;
mod values;
pub mod world;

pub use make::program as decode;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use program::{Program, Settings};
use run::{Done, Record};

use crate::util::assert_one_safe_line;

/// Decodes a program from bytes and compares the results of the library and of
/// the reference.
///
/// # Panics
///
/// If they differ, or if third-party readers reject a line.
pub fn check(bytes: &[u8]) {
    let program = decode(bytes);
    if let Err(why) = compare(&program) {
        panic!("{why}\n{program:?}");
    }
}

/// Describes the difference, if there is one; a panic counts as one.
pub fn compare(program: &Program) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| compared(program))).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>();
        Err(format!("a panic: {}", text.map_or("", String::as_str)))
    })
}

fn compared(program: &Program) -> Result<(), String> {
    let Some(mut got) = run::run(program) else {
        return Ok(());
    };
    let mut want = world::run(program);
    for done in [&mut got, &mut want] {
        let lines = done.records.iter_mut().map(|record| &mut record.line);
        rig::renumbered(done.seen.iter_mut().chain(&mut done.hooked).chain(lines));
    }
    for record in &got.records {
        check_line(&record.line, &program.settings)?;
    }
    same(&got, &want)
}

fn same(got: &Done, want: &Done) -> Result<(), String> {
    for (at, (got, want)) in got.seen.iter().zip(&want.seen).enumerate() {
        if got != want {
            return Err(format!(
                "what call {at} returned\n got: {got}\nwant: {want}"
            ));
        }
    }
    for (at, (got, want)) in got.records.iter().zip(&want.records).enumerate() {
        if got != want {
            return Err(difference(at, got, want));
        }
    }
    for (got, want) in got.hooked.iter().zip(&want.hooked) {
        if got != want {
            return Err(format!("what a hook saw\n got: {got}\nwant: {want}"));
        }
    }
    match got == want {
        true => Ok(()),
        false => Err(format!("not the same\n got: {got:?}\nwant: {want:?}")),
    }
}

fn difference(at: usize, got: &Record, want: &Record) -> String {
    let same = got.line.bytes().zip(want.line.bytes());
    let byte = same.take_while(|(a, b)| a == b).count();
    format!("record {at} differs, at byte {byte}\n got: {got:?}\nwant: {want:?}")
}

/// Checks for one safe line that third-party readers accept, with no key twice.
fn check_line(line: &str, settings: &Settings) -> Result<(), String> {
    assert_one_safe_line(line);
    let (count, keys): (usize, BTreeSet<String>) = match settings.json {
        true => {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
            (
                members(line),
                object.into_iter().map(|(key, _)| key).collect(),
            )
        }
        false => {
            let pairs = tpt_logfmt_parse::parse_to_pairs(line);
            let pairs = pairs.map_err(|error| format!("{error}: {line}"))?;
            (pairs.len(), pairs.into_iter().map(|(key, _)| key).collect())
        }
    };
    match keys.len() == count {
        true => Ok(()),
        false => Err(format!("a key twice: {line}")),
    }
}

/// Counts the members of an object, whose map would keep one of a repeated key.
fn members(line: &str) -> usize {
    let (mut depth, mut quoted, mut escaped, mut colons) = (0, false, false, 0);
    for char in line.chars() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ':' if depth == 1 => colons += 1,
            _ => {}
        }
    }
    colons
}
