//! A command-line tool whose run is one unit of work: `wc`, with one record.
//!
//! It prints the lines, words and bytes of the given files, or of its own source;
//! the record, on standard error, shows what the run did, how long it took and
//! its exit code. `main` returns an `ExitCode` and never calls
//! `process::exit`, which would end the run without a record.
//!
//! ```text
//! cargo run --example cli
//! cargo run --example cli -- Cargo.toml no-such-file    # exit code 1, outcome=error
//! RUST_LOG=off cargo run --example cli                  # the tool alone
//! ```
//!
//! The second command prints:
//!
//! ```text
//!      95     403    2686 Cargo.toml
//! wc: no-such-file: No such file or directory (os error 2)
//! ts=2026-11-21T16:33:40.663749Z level=error msg=wc outcome=error duration_ms=0.474 read.count=2 read.ms=0.133 read.max_ms=0.128 files=1 lines=92 words=371 bytes=3091 largest_bytes=3091 failed=1 exit_code=1 error="No such file or directory (os error 2)" fragments="[53, 0.437ms] skipped no-such-file: No such file or directory (os error 2)"
//! ```

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use traceline::Trace;

fn main() -> ExitCode {
    traceline::init();

    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        let own_source = concat!(env!("CARGO_MANIFEST_DIR"), "/cli.rs");
        paths.push(PathBuf::from(own_source));
    }

    let mut trace = traceline::start!("wc");
    let code = count_all(&mut trace, &paths);
    trace.set("exit_code", code);
    ExitCode::from(code)
}

/// Counts every file, even after one that cannot be read; returns the exit code.
fn count_all(trace: &mut Trace, paths: &[PathBuf]) -> u8 {
    let mut code = 0;
    for path in paths {
        let counts = trace.time("read", |_| count(path));
        match trace.check(counts) {
            Ok(counts) => match report(trace, path, &counts) {
                // The reader has enough, as `head -1` has after a line.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                written => code |= u8::from(trace.check(written).is_err()),
            },
            Err(error) => {
                eprintln!("wc: {}: {error}", path.display());
                traceline::add!(trace, "skipped {}: {error}", path.display());
                trace.incr("failed");
                code = 1;
            }
        }
    }
    if code == 0 {
        trace.ok();
    }
    code
}

struct Counts {
    lines: usize,
    words: usize,
    bytes: usize,
}

fn count(path: &Path) -> io::Result<Counts> {
    let text = fs::read(path)?;
    let words = text.split(u8::is_ascii_whitespace);
    Ok(Counts {
        lines: text.iter().filter(|&&byte| byte == b'\n').count(),
        words: words.filter(|word| !word.is_empty()).count(),
        bytes: text.len(),
    })
}

/// Adds one file's counts to the totals and prints them. `println!` would panic when
/// nobody reads any more.
fn report(trace: &mut Trace, path: &Path, counts: &Counts) -> io::Result<()> {
    let Counts {
        lines,
        words,
        bytes,
    } = *counts;
    trace.incr("files").sum("lines", lines);
    trace.sum("words", words).sum("bytes", bytes);
    trace.max("largest_bytes", bytes);
    let path = path.display();
    writeln!(io::stdout(), "{lines:7} {words:7} {bytes:7} {path}")
}
