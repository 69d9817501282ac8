//! The compiler's messages for mistakes that newcomers make. The fixes that they propose
//! compile and work.
//!
//! Each file of `cases/fail` has one mistake, and its message is stored beside it.
//! Messages differ between compiler versions, so the stored ones belong to `PINNED`.
//! With another version these cases are skipped, except in CI. When a message
//! changes, run `TRYBUILD=overwrite cargo test -p traceline-ui` and read
//! the diff.

use std::process::Command;

/// The version in CI.
const PINNED: &str = "rustc 1.95.";

#[test]
fn mistakes_have_the_messages_that_are_pinned() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let version = String::from_utf8(output.expect("rustc runs").stdout).expect("it is text");
    let is_pinned = version.starts_with(PINNED);
    let told = format!("the messages are those of {PINNED}x, this is {version}");
    assert!(is_pinned || std::env::var_os("CI").is_none(), "{told}");
    let cases = trybuild::TestCases::new();
    cases.pass("cases/pass/*.rs");
    if is_pinned {
        cases.compile_fail("cases/fail/*.rs");
    } else {
        eprintln!("skipped: {told}");
    }
}
