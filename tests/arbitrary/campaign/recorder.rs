//! A logger that keeps records, and panics where the fault is placed.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use log::kv::{self, VisitSource};
use log::{Log, Metadata, Record};

/// Where in the logger the panic begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Enabled,
    /// Before the record is looked at.
    Log,
    /// While its text is read.
    Text,
    /// While its key-values are visited.
    Pairs,
}

/// Which calls panic, counted from 0.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub at: At,
    pub nth: usize,
    /// Whether all later calls panic, too.
    pub later: bool,
    /// Whether only calls during unwinding count.
    pub unwinding: bool,
}

/// The calls that the library made to the logger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Enabled,
    Log,
}

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<Line>,
    calls: Vec<Call>,
    reached: usize,
}

/// The text of a record.
#[derive(Clone, Debug)]
pub struct Line {
    pub text: String,
    /// Whether its thread was unwinding.
    pub unwinding: bool,
}

/// Keeps the records of units and ignores ordinary ones.
#[derive(Debug)]
pub struct Recorder {
    fault: Option<Fault>,
    kept: Mutex<Kept>,
}

impl Recorder {
    /// Leaked, because a logger is `&'static`.
    pub fn leak(fault: Option<Fault>) -> &'static Recorder {
        Box::leak(Box::new(Recorder {
            fault,
            kept: Mutex::default(),
        }))
    }

    pub fn kept(&self) -> Vec<Line> {
        self.lock().lines.clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.kept().into_iter().map(|line| line.text).collect()
    }

    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call at this place; panics if it is the faulty one.
    fn reach(&self, at: At) {
        let Some(fault) = self.fault.filter(|fault| fault.at == at) else {
            return;
        };
        if fault.unwinding && !std::thread::panicking() {
            return;
        }
        let turn = {
            let mut kept = self.lock();
            kept.reached += 1;
            kept.reached - 1
        };
        if turn == fault.nth || fault.later && turn > fault.nth {
            panic!("the logger is broken");
        }
    }
}

impl Log for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.target() == "unit" {
            self.lock().calls.push(Call::Enabled);
            self.reach(At::Enabled);
        }
        true
    }

    fn log(&self, record: &Record<'_>) {
        // The ordinary records of the script never have this target.
        if record.target() != "unit" {
            return;
        }
        self.lock().calls.push(Call::Log);
        self.reach(At::Log);
        let mut text = Reader(self, String::new());
        // A logger that fails in the middle of a text keeps failing.
        fmt::write(&mut text, *record.args()).expect("a string takes all");
        let mut pairs = Pairs(self, Vec::new());
        record.key_values().visit(&mut pairs).expect("as well");
        let mut line = text.1;
        for (key, value) in pairs.1 {
            line.push_str(&format!(" {key}={value}"));
        }
        self.lock().lines.push(Line {
            text: line,
            unwinding: std::thread::panicking(),
        });
    }

    fn flush(&self) {
        panic!("traceline never calls flush");
    }
}

struct Reader<'a>(&'a Recorder, String);

impl fmt::Write for Reader<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let half = text.len() / 2;
        let half = (half..).find(|at| text.is_char_boundary(*at));
        let (first, second) = text.split_at(half.unwrap_or(text.len()));
        self.1.push_str(first);
        self.0.reach(At::Text);
        self.1.push_str(second);
        Ok(())
    }
}

struct Pairs<'a>(&'a Recorder, Vec<(String, String)>);

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.1.push((key.to_string(), value.to_string()));
        // Once per record, after its first pair.
        if self.1.len() == 1 {
            self.0.reach(At::Pairs);
        }
        Ok(())
    }
}
