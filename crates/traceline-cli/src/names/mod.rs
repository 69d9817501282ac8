//! The keys that the program knows, and what their values are.
//!
//! Looked up once per field, and most fields of a line have none of these keys: a hash of a few
//! bytes finds that out.

mod table;

use std::fmt;
use std::sync::LazyLock;

use crate::duration::Unit;
use table::{DEFAULTS, Entry, GIVEN};

/// What the value of a known key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Nothing by itself: the key says who wrote the line, or the value is an object.
    None,
    /// When the record was emitted.
    Time,
    /// When the unit began.
    Start,
    Level,
    LevelNumber,
    /// The text of the record, which in records of the library is the name of the unit.
    Message,
    Operation,
    Route,
    SpanName,
    Method,
    Path,
    /// A part of a program, for lines that have no other name.
    Component,
    Service,
    TraceId,
    SpanId,
    ParentId,
    Outcome,
    /// The reason beside an outcome.
    Reason,
    Duration,
    /// The two parts of a duration that `tracing` writes.
    Busy,
    Idle,
    /// The HTTP status; in some schemas the level.
    Status,
    Error,
    ErrorType,
    Fragments,
    SampleRate,
    Partial,
    /// An object whose keys are known without a prefix.
    Transparent,
    /// Three keys of Heroku's router.
    Code,
    Desc,
    At,
    /// The program for some writers, the unit for none.
    Name,
}

/// How many roles there are.
pub(crate) const ROLES: usize = Role::Name as usize + 1;

/// What is known about the writer of a line, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark(u32);

impl Mark {
    pub(crate) const NONE: Mark = Mark(0);
    pub(crate) const OWN: Mark = Mark(1);
    pub(crate) const DATADOG: Mark = Mark(1 << 1);
    pub(crate) const TRAEFIK: Mark = Mark(1 << 2);
    pub(crate) const CADDY: Mark = Mark(1 << 3);
    pub(crate) const HEROKU: Mark = Mark(1 << 4);
    pub(crate) const RAILS: Mark = Mark(1 << 5);
    pub(crate) const ZAP: Mark = Mark(1 << 6);
    pub(crate) const NUMBERED: Mark = Mark(1 << 7);
    pub(crate) const SERILOG: Mark = Mark(1 << 8);
    pub(crate) const GOOGLE: Mark = Mark(1 << 9);
    pub(crate) const NGINX: Mark = Mark(1 << 10);
    pub(crate) const LAMBDA: Mark = Mark(1 << 11);
    pub(crate) const CANONICAL: Mark = Mark(1 << 12);
    /// The level stands in `status`.
    pub(crate) const LEVEL_IN_STATUS: Mark = Mark(1 << 17);
    // Which of two usual keys a line has.
    pub(crate) const TS: Mark = Mark(1 << 13);
    pub(crate) const TIME: Mark = Mark(1 << 14);
    pub(crate) const MSG: Mark = Mark(1 << 15);
    pub(crate) const MESSAGE: Mark = Mark(1 << 16);

    pub(crate) fn has(self, other: Mark) -> bool {
        self.0 & other.0 != 0
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, other: Mark) {
        self.0 |= other.0;
    }
}

/// A known key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    start: u32,
    len: u8,
    /// Whether the value may be an object that holds known keys.
    pub(crate) opens: bool,
    pub(crate) role: Role,
    pub(crate) rank: u8,
    pub(crate) unit: Option<Unit>,
    pub(crate) mark: Mark,
    pub(crate) decimal: bool,
    /// The next key with the same hash, from 1.
    next: u16,
}

const SLOTS: usize = 4_096;

/// The keys that are known: those of the library's schemas, of many loggers, and given ones.
///
/// # Examples
///
/// ```
/// use traceline_cli::{Names, parse};
///
/// let names = Names::parse("msg=job,duration_ms=needed:s")?;
/// let record = parse(br#"{"time":"2026-11-21T08:46:00Z","job":"sweep","needed":1.5}"#, &names).unwrap();
/// assert_eq!(record.name(), "sweep");
/// assert_eq!(record.duration, Some(1_500_000));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone)]
pub struct Names {
    keys: Vec<u8>,
    known: Vec<Known>,
    slots: Vec<u16>,
}

impl Default for Names {
    fn default() -> Names {
        static DEFAULT: LazyLock<Names> = LazyLock::new(|| Names::with(Vec::new()));
        DEFAULT.clone()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.known.iter().filter(|known| known.rank == GIVEN);
        let given = given.map(|known| (String::from_utf8_lossy(self.key_of(known)), known.role));
        f.debug_map().entries(given).finish_non_exhaustive()
    }
}

impl Names {
    fn with(given: Vec<Entry>) -> Names {
        let mut names = Names {
            keys: Vec::new(),
            known: Vec::new(),
            slots: vec![0; SLOTS],
        };
        for entry in table::own().iter().chain(&table::others()) {
            names.add(entry);
        }
        for entry in &given {
            names.add(entry);
            if let Some(at) = names.position(entry.key.as_bytes())
                && let Some(known) = names.known.get_mut(at)
            {
                // One schema has the level in `status`.
                if (known.role, entry.role) == (Role::Status, Role::Level) {
                    known.mark.add(Mark::LEVEL_IN_STATUS);
                }
                // Its unit, if it has one, stays what it is known to be.
                (known.role, known.rank) = (entry.role, entry.rank);
                known.unit = entry.unit.or(known.unit);
            }
        }
        names
    }

    /// Adds a key that is not there yet, and the objects that hold it.
    fn add(&mut self, entry: &Entry) {
        for (at, _) in entry.key.match_indices('.') {
            let object = entry.key.get(..at).unwrap_or_default();
            self.insert(&Entry::new(object, Role::None, u8::MAX), true);
        }
        self.insert(entry, entry.role == Role::Transparent);
    }

    fn insert(&mut self, entry: &Entry, opens: bool) {
        let key = entry.key.as_bytes();
        if let Some(at) = self.position(key)
            && let Some(known) = self.known.get_mut(at)
        {
            known.opens |= opens;
            if known.role == Role::None && entry.role != Role::None {
                (known.role, known.rank, known.unit) = (entry.role, entry.rank, entry.unit);
                known.decimal = entry.decimal;
            }
            known.mark.add(entry.mark);
            return;
        }
        let slot = slot(key);
        let (start, len) = (self.keys.len() as u32, key.len().min(255) as u8);
        self.keys.extend_from_slice(key);
        self.known.push(Known {
            start,
            len,
            opens,
            role: entry.role,
            rank: entry.rank,
            unit: entry.unit,
            mark: entry.mark,
            decimal: entry.decimal,
            next: self.slots[slot],
        });
        self.slots[slot] = self.known.len() as u16;
    }

    /// Reads `ts=@timestamp,duration_ms=took:s`: names of the library, the names to read besides
    /// the usual ones, and the unit of numbers.
    ///
    /// # Errors
    ///
    /// If the program does not read such a name, or two of them would be the same.
    pub fn parse(list: &str) -> Result<Names, String> {
        let mut given: Vec<Entry> = Vec::new();
        for pair in list.split(',') {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            if text.is_empty() || text.len() > 255 {
                return Err(format!("`{pair}` is not of the form name=other"));
            }
            let found = DEFAULTS.iter().find(|(default, _)| *default == name);
            let known = || DEFAULTS.map(|(text, _)| text).join(" ");
            let (_, role) = found.ok_or_else(|| format!("`{name}` is not one of {}", known()))?;
            let (key, unit) = with_unit(text, *role)?;
            if given.iter().any(|entry| entry.key == key) {
                return Err(format!("`{key}` is there twice"));
            }
            let mut entry = Entry::new(key, *role, GIVEN);
            entry.unit = unit;
            entry.mark = match role {
                Role::Duration => Mark::OWN,
                _ => Mark::NONE,
            };
            given.push(entry);
        }
        Ok(Names::with(given))
    }

    #[inline(always)]
    pub(crate) fn key_of(&self, known: &Known) -> &[u8] {
        let start = known.start as usize;
        let end = start + usize::from(known.len);
        self.keys.get(start..end).unwrap_or_default()
    }

    #[inline(always)]
    fn position(&self, key: &[u8]) -> Option<usize> {
        let mut at = *self.slots.get(slot(key))?;
        while at != 0 {
            let known = self.known.get(usize::from(at) - 1)?;
            if self.key_of(known) == key {
                return Some(usize::from(at) - 1);
            }
            at = known.next;
        }
        None
    }

    /// Returns what is known about a key.
    #[inline(always)]
    pub(crate) fn find(&self, key: &[u8]) -> Option<&Known> {
        self.known.get(self.position(key)?)
    }

    /// Returns the role of a key.
    pub(crate) fn role(&self, key: &[u8]) -> Role {
        self.find(key).map_or(Role::None, |known| known.role)
    }
}

/// `took:s`
fn with_unit(text: &str, role: Role) -> Result<(&str, Option<Unit>), String> {
    if !matches!(role, Role::Duration | Role::Time) {
        return Ok((text, None));
    }
    match text.rsplit_once(':') {
        None => Ok((text, None)),
        Some((key, unit)) if !key.is_empty() => {
            let unit = Unit::parse(unit.as_bytes());
            let unit =
                unit.ok_or_else(|| format!("`{text}` does not end with ns us ms s m or h"))?;
            Ok((key, Some(unit)))
        }
        Some(_) => Err(format!("`{text}` has no name before its unit")),
    }
}

/// Mixes the length, the first and the last bytes of a key.
#[inline(always)]
fn slot(key: &[u8]) -> usize {
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    let half = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
    let len = key.len();
    let (first, last) = match len {
        8.. => (word(&key[..8]), word(&key[len - 8..])),
        4..8 => (u64::from(half(&key[..4])), u64::from(half(&key[len - 4..]))),
        1..4 => (
            u64::from(key[0]) << 8 | u64::from(key[len / 2]),
            u64::from(key[len - 1]),
        ),
        0 => (0, 0),
    };
    let mixed = (first ^ last.rotate_left(29) ^ len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 52) as usize
}

const _: () = assert!(SLOTS == 1 << (64 - 52));

#[cfg(test)]
mod tests;
