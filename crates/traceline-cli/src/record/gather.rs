//! The values of known keys in one line.

use crate::duration::{self, Unit};
use crate::fields::{self, Bad, Field, Value};
use crate::names::{Known, Mark, Names, ROLES, Role};
use crate::record::words::Level;
use crate::text::Text;

/// The values of known keys in one line, the first of each role with the lowest rank.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    values: [Text<'a>; ROLES],
    ranks: [u8; ROLES],
    pub(super) durations: [Option<Candidate<'a>>; 3],
    pub(super) time_unit: Option<Unit>,
    pub(super) marks: Mark,
    pub(super) decimal: bool,
}

/// A value that may be the duration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) raw: &'a [u8],
    pub(super) unit: Option<Unit>,
    pub(super) own: bool,
    rank: u8,
}

impl Candidate<'_> {
    /// Whether the user said that this field is the duration.
    pub(super) fn is_given(&self) -> bool {
        self.rank == 0
    }

    /// Whether the line is about something that takes time, even if the value cannot be read.
    pub(super) fn is_evidence(&self) -> bool {
        let is_start = |byte: &u8| byte.is_ascii_digit() || b"-.P".contains(byte);
        self.unit.is_some() || self.raw.first().is_some_and(is_start)
    }
}

/// A path of keys in nested objects.
#[derive(Debug)]
struct Path {
    bytes: [u8; 128],
    len: usize,
}

impl Path {
    /// Adds a key after a point; `None` if it is longer than all that are known.
    fn push(&mut self, key: &[u8]) -> Option<usize> {
        let before = self.len;
        let point = usize::from(before > 0);
        let end = before + point + key.len();
        let room = self.bytes.get_mut(before..end)?;
        if let Some(first) = room.first_mut() {
            *first = b'.';
        }
        room.get_mut(point..)?.copy_from_slice(key);
        self.len = end;
        Some(before)
    }
}

impl<'a> Gathered<'a> {
    /// Reads all fields of a body, in logfmt or JSON.
    #[inline(always)]
    pub(super) fn read(
        body: &'a [u8],
        names: &Names,
        mut each: impl FnMut(&Field<'a>),
    ) -> (Gathered<'a>, Result<(), Bad>) {
        let mut gathered = Gathered {
            values: [Text::default(); ROLES],
            ranks: [u8::MAX; ROLES],
            durations: [None; 3],
            time_unit: None,
            marks: Mark::NONE,
            decimal: false,
        };
        let take = |field: Field<'a>| {
            each(&field);
            if let Some(known) = names.find(field.key.raw) {
                gathered.take(known, field.value, names);
            }
        };
        let read = match body.first() {
            Some(b'{') => fields::json(body, take),
            _ => fields::logfmt(body, take),
        };
        (gathered, read)
    }

    #[inline(always)]
    fn take(&mut self, known: &Known, value: Value<'a>, names: &Names) {
        match value {
            Value::Nested(object) => {
                if known.opens {
                    self.open(known, object, names);
                }
            }
            Value::Bare(b"null") => {}
            value => {
                self.marks.add(known.mark);
                self.keep(known, value);
            }
        }
    }

    #[cold]
    fn open(&mut self, known: &Known, object: &'a [u8], names: &Names) {
        let mut path = Path {
            bytes: [0; 128],
            len: 0,
        };
        if known.role != Role::Transparent {
            let _ = path.push(names.key_of(known));
        }
        self.walk(object, &mut path, names);
    }

    /// Reads the fields of a nested object, which is at most 64 levels deep.
    fn walk(&mut self, object: &'a [u8], path: &mut Path, names: &Names) {
        if object.first() != Some(&b'{') {
            return;
        }
        let _ = fields::json(object, |field| {
            let Some(before) = path.push(field.key.raw) else {
                return;
            };
            if let Some(known) = names.find(path.bytes.get(..path.len).unwrap_or_default()) {
                match field.value {
                    Value::Nested(inner) if known.opens => self.walk(inner, path, names),
                    value => self.take(known, value, names),
                }
            }
            path.len = before;
        });
    }

    #[inline(always)]
    fn keep(&mut self, known: &Known, value: Value<'a>) {
        let text = value.text();
        match known.role {
            Role::None | Role::Transparent => {}
            Role::Duration => self.candidate(known, text.raw),
            Role::Status => self.status(known, text),
            // A flag is no text of an error.
            Role::Error if matches!(text.raw, b"" | b"false" | b"true" | b"0") => {}
            role => {
                if role == Role::Time {
                    self.time(known, text);
                }
                self.put(role, known.rank, text);
            }
        }
        self.decimal |= known.decimal;
    }

    #[inline(always)]
    fn put(&mut self, role: Role, rank: u8, text: Text<'a>) {
        let at = role as usize;
        if let (Some(own), Some(value)) = (self.ranks.get_mut(at), self.values.get_mut(at))
            && rank < *own
        {
            (*own, *value) = (rank, text);
        }
    }

    #[inline(always)]
    fn time(&mut self, known: &Known, text: Text<'a>) {
        if known.unit.is_some() && !self.has(Role::Time) && !text.raw.is_empty() {
            self.time_unit = known.unit;
        }
    }

    /// The HTTP status is a number; in a few schemas the level has this name.
    fn status(&mut self, known: &Known, text: Text<'a>) {
        if text.raw.first().is_some_and(u8::is_ascii_digit) {
            self.put(Role::Status, known.rank, text);
        } else if Level::parse(text.raw) != Level::Unknown {
            if !self.has(Role::Level) {
                self.marks.add(Mark::LEVEL_IN_STATUS);
            }
            self.put(Role::Level, known.rank, text);
        } else {
            self.put(Role::Outcome, 3, text);
        }
    }

    /// Keeps the three candidates with the lowest ranks, in that order.
    fn candidate(&mut self, known: &Known, raw: &'a [u8]) {
        let mut new = Some(Candidate {
            raw,
            unit: known.unit,
            own: known.mark.has(Mark::OWN),
            rank: known.rank,
        });
        for place in &mut self.durations {
            let rank = |candidate: &Option<Candidate<'_>>| candidate.map_or(u8::MAX, |it| it.rank);
            if rank(&new) < rank(place) {
                std::mem::swap(place, &mut new);
            }
        }
    }

    pub(super) fn has(&self, role: Role) -> bool {
        self.ranks
            .get(role as usize)
            .is_some_and(|rank| *rank < u8::MAX)
    }

    /// The rank of the value of a role.
    pub(super) fn rank(&self, role: Role) -> u8 {
        self.ranks.get(role as usize).copied().unwrap_or(u8::MAX)
    }

    /// Returns the value of a role; empty if there is none.
    #[inline(always)]
    pub(super) fn text(&self, role: Role) -> Text<'a> {
        self.values.get(role as usize).copied().unwrap_or_default()
    }

    /// Returns the value of a role, if it is there and not empty.
    #[inline(always)]
    pub(super) fn some(&self, role: Role) -> Option<Text<'a>> {
        Some(self.text(role)).filter(|text| !text.raw.is_empty())
    }

    /// Returns a part of the duration that says its unit.
    pub(super) fn part(&self, role: Role) -> Option<u64> {
        duration::with_unit(self.text(role).raw)
    }
}
