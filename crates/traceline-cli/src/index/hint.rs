//! What lines that are not records have, for those who wonder why there are no units.

use crate::fields;
use crate::names::{Names, Role};
use crate::record;

/// How many different keys are kept.
const MOST: usize = 24;

/// How much of a key is kept.
const LONGEST: usize = 80;

/// How many lines are looked at.
const LINES: u32 = 1_000;

/// The keys of lines that are not records.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The keys, in the order in which they were seen first.
    pub seen: Vec<String>,
    /// Whether there were others.
    pub more: bool,
    lines: u32,
    has_name: bool,
    has_duration: bool,
}

impl Keys {
    /// Takes the keys of a line into account.
    pub(super) fn see(&mut self, line: &[u8], names: &Names) {
        if self.lines == LINES {
            return;
        }
        self.lines += 1;
        let body = record::body(line, names);
        let mut keys = Vec::new();
        let read = match body.first() {
            Some(b'{') => fields::json(body, |field| keys.push(field.key)),
            _ => fields::logfmt(body, |field| keys.push(field.key)),
        };
        if read.is_err() {
            return;
        }
        for key in keys {
            match names.role(key.raw) {
                Role::Duration | Role::Busy => self.has_duration = true,
                Role::Message | Role::Path | Role::Route | Role::Operation | Role::SpanName => {
                    self.has_name = true;
                }
                _ => {}
            }
            let key: String = key.decode().chars().take(LONGEST).collect();
            if self.seen.contains(&key) {
                continue;
            }
            match self.seen.len() < MOST {
                true => self.seen.push(key),
                false => self.more = true,
            }
        }
    }

    /// Returns what lines of these keys lack to be units.
    pub fn missing(&self) -> &'static str {
        match (self.has_name, self.has_duration) {
            (_, false) => "no duration",
            (false, true) => "no name",
            (true, true) => "no duration that can be read",
        }
    }

    /// Returns an example for `--names`.
    pub fn example(&self) -> &'static str {
        match self.has_duration {
            true => "--names msg=KEY",
            false => "--names duration_ms=KEY:s",
        }
    }
}
