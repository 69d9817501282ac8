//! The fragments of a unit.

use log::Level;

use super::program::{Bridge, Logged, Text};
use super::unit::{Kept, Unit, keep};

/// A fragment as it is stored.
#[derive(Clone, Debug)]
pub struct Said {
    pub at: u128,
    pub line: u32,
    pub file: &'static str,
    pub level: Option<Level>,
    pub text: Kept,
    /// Whether it is only for records of level warn or above.
    pub held: bool,
}

#[derive(Clone)]
pub struct Fragments {
    all: Vec<Said>,
    pub limit: usize,
    pub dropped: u64,
}

impl Fragments {
    pub fn new(limit: usize) -> Fragments {
        Fragments {
            all: Vec::new(),
            limit,
            dropped: 0,
        }
    }

    /// Keeps the first half (the larger one if the number is odd) and the last.
    fn push(&mut self, said: Said) {
        self.all.push(said);
        if self.all.len() > self.limit {
            let first = self.limit.div_ceil(2);
            self.all.remove(first.min(self.all.len() - 1));
            self.dropped += 1;
        }
    }

    /// Fragments of a part are sorted in by time, after the unit's own at the same time.
    pub fn join(&mut self, part: Fragments) {
        self.dropped += part.dropped;
        for said in part.all {
            let at = self.all.partition_point(|own| own.at <= said.at);
            self.all.insert(at, said);
        }
        let first = self.limit.div_ceil(2);
        while self.all.len() > self.limit {
            self.all.remove(first.min(self.all.len() - 1));
            self.dropped += 1;
        }
    }

    pub fn kept(&self) -> Vec<&Said> {
        self.all.iter().collect()
    }
}

impl Unit {
    pub fn say(
        &mut self,
        text: &Text,
        level: Option<Level>,
        place: (&'static str, u32),
        now: u128,
    ) {
        if let Some(level) = level {
            self.raise(level);
        }
        let text = match text {
            Text::Panics(_) => "<panicked>",
            text => text.as_str(),
        };
        self.fragments.push(Said {
            at: now - self.start,
            line: place.1,
            file: place.0,
            level,
            text: keep(text, self.limits.value),
            held: false,
        });
    }

    /// Takes back the failure of this unit, and keeps the text of its last error.
    pub fn recover(&mut self, place: (&'static str, u32), now: u128) {
        self.take_back_failure();
        let Some(error) = self.error.take() else {
            return;
        };
        let mut whole = format!("recovered from: {}", error.text.0);
        let mut was_cut = error.text.1;
        if let Some(chain) = error.chain {
            whole.push_str(": ");
            whole.push_str(&chain.0);
            was_cut |= chain.1;
        }
        let mut text = keep(&whole, self.limits.value);
        text.1 |= was_cut;
        self.fragments.push(Said {
            at: now - self.start,
            line: place.1,
            file: place.0,
            level: None,
            text,
            held: false,
        });
    }

    /// A fragment from an ordinary record, with the key-values after the text.
    pub fn absorb(&mut self, logged: &Logged, rules: &Bridge, now: u128) {
        let mut text = logged.text.clone();
        for (key, value) in &logged.pairs {
            text.push_str(&format!(" {key}={value}"));
        }
        self.fragments.push(Said {
            at: now - self.start,
            line: logged.line.unwrap_or(0),
            file: logged.file.unwrap_or(logged.target),
            level: Some(logged.level),
            text: keep(&text, self.limits.value),
            held: rules.only_on_failure,
        });
        if !rules.keeps_level {
            self.raise(logged.level);
        }
    }

    /// Drops, before a record is written, fragments that are for severe records only.
    pub fn drop_held(&mut self) {
        if self.level() > Level::Warn {
            self.fragments.all.retain(|said| !said.held);
        }
    }
}
