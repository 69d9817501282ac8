//! Processes that end at every step of a unit, with a logger that writes to a file.
//!
//! The child is this test program again, started with one ignored test. When the
//! fault comes, it prints what it had recorded so far and waits to be killed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use log::{Log, Metadata, Record};
use serde::{Deserialize, Serialize};
use traceline::{Config, Format, Trace, bridge, current};

use crate::ledger::{self, Book, Fate, State};
use crate::recorder::Recorder;
use crate::report::{Promise, Report, Row};
use crate::run::{self, Fault, Run};
use crate::script::script;
use crate::util::ManualClock;

/// The environment variable that passes [`Orders`] to a child.
const CHILD: &str = "TRACELINE_CAMPAIGN_CHILD";

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum End {
    Killed,
    /// With a logger that gathers several records for one write.
    KilledBuffered,
    Aborts,
    Exits,
    ExitsAfterEmit,
    /// At any moment of a loop.
    KilledInALoop,
}

#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    end: End,
    step: usize,
    file: PathBuf,
}

/// What a child prints when its fault comes.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    books: Vec<Book>,
    thread: String,
}

pub fn campaign(report: &mut Report) {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kills-{}", std::process::id()));
    fs::create_dir_all(&home).expect("the directory for tests can be written to");
    let whole = crate::panics::run(Recorder::leak(None), Fault::None);
    script(&whole);
    for (end, fault) in [
        (End::Killed, "process killed at a step"),
        (End::KilledBuffered, "the same, logger with a buffer"),
        (End::Aborts, "process aborts at a step"),
        (End::Exits, "process exits at a step"),
        (End::ExitsAfterEmit, "process exits after `current::emit`"),
    ] {
        let mut row = Row::new(fault);
        for step in 0..whole.steps() {
            let file = home.join(format!("{end:?}-{step}"));
            at_a_step(&mut row, Orders { end, step, file });
        }
        report.add(row);
    }
    at_any_moment(report, &home);
    // Leftover files help nobody.
    let _ = fs::remove_dir_all(&home);
}

/// A child that writes to a file, and the output it prints.
struct Process {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Process {
    fn start(orders: &Orders) -> Process {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "kills::child_that_ends_early", "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, serde_json::to_string(orders).expect("plain data"))
            // The child waits for input that never comes.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this program starts");
        let says = child.stdout.take().expect("a pipe");
        Process {
            child,
            says: BufReader::new(says),
        }
    }

    /// Returns the next text the child prints after `> `.
    fn hears(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.says.read_line(&mut line).ok()? > 0 {
            if let Some(text) = line
                .strip_prefix("> ")
                .and_then(|text| text.strip_suffix('\n'))
            {
                return Some(text.into());
            }
            line.clear();
        }
        None
    }

    fn kill(&mut self) {
        // The child may have ended already.
        let _ = self.child.kill();
        self.child.wait().expect("a child of ours");
    }
}

/// Returns the lines of a file, and any text after the last line end.
fn lines(file: &Path) -> (Vec<String>, String) {
    let bytes = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let (whole, rest) = text.rsplit_once('\n').unwrap_or(("", &text));
    (whole.lines().map(Into::into).collect(), rest.into())
}

fn at_a_step(row: &mut Row, orders: Orders) {
    row.point();
    let end = orders.end;
    let mut process = Process::start(&orders);
    let told: Option<Told> = process
        .hears()
        .and_then(|text| serde_json::from_str(&text).ok());
    if !matches!(end, End::Killed | End::KilledBuffered) {
        // It ends by itself, which closes its output.
        assert_eq!(process.hears(), None, "{orders:?}");
    }
    process.kill();
    let told = told.expect("a child says what it has done");
    let (lines, torn) = lines(&orders.file);
    row.check(Promise::WholeLines, torn.is_empty(), || torn);
    if end == End::KilledBuffered {
        return lost_with_the_buffer(row, &told.books, &lines);
    }
    let of_open = |book: &Book| {
        if end == End::ExitsAfterEmit && book.current_on.as_ref() == Some(&told.thread) {
            return Fate::Record(book.fields.contains_key("error").then_some("error"));
        }
        Fate::Gone
    };
    ledger::check(&told.books, &lines, of_open, row);
}

/// A logger that buffers records takes over the promise to write them.
fn lost_with_the_buffer(row: &mut Row, books: &[Book], lines: &[String]) {
    let found = ledger::parse(lines, row).len();
    let ended = |book: &&Book| matches!(book.state, State::Ended(_));
    let partial: usize = books.iter().map(|book| book.checkpoints).sum();
    let told = books.iter().filter(ended).count() + partial;
    let open = books
        .iter()
        .filter(|book| book.state == State::Open)
        .count();
    row.records(told, found);
    row.gone(told + open - found);
    row.check(Promise::OneRecord, found <= told, || format!("{lines:#?}"));
}

/// Kills a process that does nothing but run units.
fn at_any_moment(report: &mut Report, home: &Path) {
    const KILLS: u64 = 200;
    let mut halves = 0;
    let mut row = Row::new("process killed at any moment of a loop");
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for kill in 0..KILLS {
        row.point();
        let file = home.join(format!("loop-{kill}"));
        let end = End::KilledInALoop;
        let mut process = Process::start(&Orders {
            end,
            step: 0,
            file: file.clone(),
        });
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let mut returned = None;
        for _ in 0..random >> 58 {
            returned = process.hears();
        }
        for _ in 0..random >> 40 & 0x3fff {
            std::hint::spin_loop();
        }
        process.kill();
        // Output from before the end is still in the pipe.
        while let Some(text) = process.hears() {
            returned = Some(text);
        }
        let ended = returned.map_or(0, |last| last.parse::<u64>().expect("a number") + 1);
        let (lines, torn) = lines(&file);
        in_a_loop(&mut row, ended, &lines, &torn);
        halves += usize::from(!torn.is_empty());
    }
    report.add(row);
    report.note(format!(
        "{halves} of {KILLS} kills left half a line, the last one: the system had not finished the write"
    ));
}

/// Checks that every unit whose end returned is there, and at most one more.
fn in_a_loop(row: &mut Row, ended: u64, lines: &[String], torn: &str) {
    let records = ledger::parse(lines, row);
    let numbers: Vec<_> = records.iter().map(|record| record["n"].as_u64()).collect();
    let wanted: Vec<_> = (0..ended.max(lines.len() as u64)).map(Some).collect();
    row.records(ended as usize, records.len());
    row.check(Promise::OneRecord, numbers == wanted, || {
        format!("{numbers:?} not {wanted:?}")
    });
    row.check(
        Promise::NothingLost,
        numbers.len() as u64 <= ended + 1,
        || format!("{} units, {ended} ended", numbers.len()),
    );
    for record in &records {
        let all = record["outcome"] == "ok" && record["fragments"].as_array().is_some();
        row.check(Promise::NothingLost, all, || record.to_string());
    }
    // The system may stop in the middle of a write, but only in the record of a unit
    // whose end had not returned.
    row.check(
        Promise::WholeLines,
        torn.is_empty() || numbers.len() as u64 == ended,
        || format!("{torn} after {ended}"),
    );
}

// ----- the child

/// Writes each record at once.
struct Appends(File);

impl Log for Appends {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target() == "unit" {
            let line = format!("{}\n", record.args());
            (&self.0)
                .write_all(line.as_bytes())
                .expect("a file takes it");
        }
    }

    fn flush(&self) {}
}

/// Collects many records for each write.
struct Buffers(Mutex<BufWriter<File>>);

impl Log for Buffers {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target() == "unit" {
            let mut buffer = self.0.lock().expect("no panic here");
            writeln!(buffer, "{}", record.args()).expect("a file takes it");
        }
    }

    fn flush(&self) {}
}

fn orders() -> Option<Orders> {
    serde_json::from_str(&std::env::var(CHILD).ok()?).ok()
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // The test harness leaves the cursor after the name of the test.
    out.write_all(format!("\n> {text}\n").as_bytes())
        .expect("a pipe");
    out.flush().expect("a pipe");
}

#[test]
#[ignore = "run in a child process"]
fn child_that_ends_early() {
    let Some(orders) = orders() else { return };
    log::set_max_level(log::LevelFilter::Trace);
    let file = File::create(&orders.file).expect("a new file");
    match orders.end {
        End::KilledBuffered => runs(orders, Buffers(Mutex::new(BufWriter::new(file)))),
        End::KilledInALoop => loops(Appends(file)),
        _ => runs(orders, Appends(file)),
    }
}

fn runs(orders: Orders, log: impl Log + 'static) {
    let bridge = bridge(log).absorb(log::Level::Info).absorb_filtered(true);
    let bridge: &'static _ = Box::leak(Box::new(bridge));
    let config = Config::builder().format(Format::Json).logger(bridge);
    let config = config.clock(ManualClock::leak()).build();
    let config = config.expect("settings make sense");
    script(&Run::new(config, bridge, Fault::Step(orders.step, ends)));
}

/// Ends the process.
fn ends(run: &Run) {
    let told = Told {
        books: run.books(),
        thread: run::this_thread(),
    };
    say(&serde_json::to_string(&told).expect("plain data"));
    match orders().expect("a child has them").end {
        End::Aborts => std::process::abort(),
        End::Exits => std::process::exit(0),
        End::ExitsAfterEmit => {
            current::emit();
            std::process::exit(0)
        }
        End::Killed | End::KilledBuffered | End::KilledInALoop => {
            let _ = std::io::stdin().read(&mut [0]);
        }
    }
}

fn loops(log: Appends) {
    let config = Config::builder().format(Format::Json);
    let config = config.logger(Box::leak(Box::new(log))).build();
    let config = config.expect("settings make sense");
    for n in 0_u64.. {
        let mut unit = Trace::builder("unit")
            .target("unit")
            .config(&config)
            .start();
        unit.set("n", n)
            .set("text", "a text of some length, as they are");
        unit.add("a fragment").add("another one").ok();
        unit.emit();
        say(&n.to_string());
    }
}
