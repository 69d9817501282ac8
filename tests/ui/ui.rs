//! What the compiler says of the mistakes that newcomers make, and that what it
//! proposes instead compiles and works.
//!
//! `cases/fail` has a mistake a file, and beside it the message. Messages differ
//! from one version of the compiler to the next, so they are those of `PINNED`;
//! with any other version the test is skipped. After a change of a message:
//! `TRYBUILD=overwrite cargo test -p traceline-ui`, and read the diff.

use std::process::Command;

/// The version that CI has.
const PINNED: &str = "rustc 1.95.";

#[test]
fn mistakes_have_the_messages_that_are_pinned() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let version = String::from_utf8(output.expect("rustc runs").stdout).expect("it is text");
    if !version.starts_with(PINNED) {
        eprintln!("skipped: the messages are those of {PINNED}x, this is {version}");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("cases/fail/*.rs");
    cases.pass("cases/pass/*.rs");
}
