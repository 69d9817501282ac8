//! Units that several threads work on: handles, scopes, parts, laps and futures, in any
//! interleaving. The calls of all threads have one order, so each record is known.

mod entry;
mod library;
mod predicted;
pub mod program;

use program::Program;

use super::rig::renumbered;
use super::settings;

pub use program::decode;

/// Decodes a program from bytes, and compares the library with the prediction.
///
/// # Panics
///
/// If they differ.
pub fn check(bytes: &[u8]) {
    let program = decode(bytes);
    if let Err(why) = compare(&program) {
        panic!("{why}\n{program:?}");
    }
}

/// Describes the difference, if there is one.
pub fn compare(program: &Program) -> Result<(), String> {
    let Some(mut got) = library::run(program, settings::config) else {
        return Ok(());
    };
    let mut want = predicted::run(program, &library::last(program));
    renumbered(got.iter_mut());
    renumbered(want.iter_mut());
    match got == want {
        true => Ok(()),
        false => Err(format!(
            " got: {}\nwant: {}",
            got.join("\n      "),
            want.join("\n      ")
        )),
    }
}

/// Removes the calls that do not affect the difference: many at once, then one by one.
pub fn shrunk(mut program: Program) -> Program {
    let mut size = program.steps.len();
    while size > 0 {
        let before = program.steps.len();
        let mut at = 0;
        while at < program.steps.len() {
            let mut fewer = program.clone();
            let end = fewer.steps.len().min(at + size);
            fewer.steps.drain(at..end);
            match compare(&fewer) {
                Err(_) => program = fewer,
                Ok(()) => at += size,
            }
        }
        if program.steps.len() == before || size > 1 {
            size /= 2;
        }
    }
    program
}
