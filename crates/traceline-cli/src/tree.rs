//! The units of one transaction, arranged by caller.

use std::collections::{HashMap, HashSet};

use crate::index::{Index, NO_TIME, Unit};

/// A unit in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in [`Index::units`].
    pub unit: usize,
    /// How many units are above it.
    pub depth: usize,
    /// For each of its callers from the top, then itself: is it a last sibling? Up to [`DEEPEST`].
    pub lasts: Vec<bool>,
    /// Anything odd about it.
    pub notes: Vec<Note>,
}

/// Something odd about a unit of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Its caller is not in the input.
    NoParent,
    /// Its callers lead back to itself.
    Circle,
    /// It begins before its caller, by this many microseconds: their clocks differ.
    Early(u64),
    /// Another unit has the same id.
    SameSpan,
    /// Its last record is marked as partial.
    Unfinished,
    /// It wrote this many records along the way.
    Checkpoints(usize),
    /// Its line has no time.
    NoTime,
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Note::NoParent => f.write_str("its caller is not in the input"),
            Note::Circle => f.write_str("its callers lead back to it"),
            Note::Early(micros) => {
                let by = crate::duration::text(*micros);
                write!(f, "begins {by} before its caller: their clocks differ")
            }
            Note::SameSpan => f.write_str("another unit has the same id"),
            Note::Unfinished => f.write_str("not finished: its last record is a partial one"),
            Note::Checkpoints(n) => write!(f, "partial records before its last one: {n}"),
            Note::NoTime => f.write_str("no time: drawn from the beginning"),
        }
    }
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Its units: callers above the units they called, siblings in the order in which they began.
    pub rows: Vec<Row>,
    /// When the first of them began.
    pub start: i64,
    /// The time until the last one ended.
    pub duration: u64,
}

/// The depth up to which lines are drawn.
pub const DEEPEST: usize = 24;

impl Tree {
    /// Arranges the units of `members`.
    ///
    /// Ids may be duplicated, be missing or form circles; no unit is lost.
    pub fn of(index: &Index, members: &[usize]) -> Tree {
        let (members, checkpoints) = final_records(index, members);
        let mut shape = Shape::of(index, &members);
        let mut rows = Vec::with_capacity(members.len());
        shape.walk(&members, &mut rows);
        for row in &mut rows {
            let unit = &index.units[row.unit];
            let count = checkpoints.get(&unit.span).copied().unwrap_or(0);
            if unit.partial {
                row.notes.push(Note::Unfinished);
            } else if count > 0 {
                row.notes.push(Note::Checkpoints(count));
            }
        }
        let times = || {
            members
                .iter()
                .map(|at| &index.units[*at])
                .filter(|unit| unit.end != NO_TIME)
        };
        let start = times().map(Unit::start).min().unwrap_or(NO_TIME);
        let duration = match times().map(|unit| unit.end).max() {
            Some(end) => end.abs_diff(start),
            None => members
                .iter()
                .map(|at| index.units[*at].took())
                .max()
                .unwrap_or(0),
        };
        Tree {
            rows,
            start,
            duration,
        }
    }

    /// The time from the beginning of the transaction to the beginning of a unit.
    pub fn offset(&self, unit: &Unit) -> u64 {
        match unit.end {
            NO_TIME => 0,
            _ => unit.start().abs_diff(self.start),
        }
    }
}

/// Drops duplicates and all but each unit's last record; also counts each unit's partial ones.
fn final_records(index: &Index, members: &[usize]) -> (Vec<usize>, HashMap<u64, usize>) {
    let units = || members.iter().map(|at| (*at, &index.units[*at]));
    let whole: HashSet<u64> = units()
        .filter(|(_, unit)| unit.counts())
        .map(|(_, unit)| unit.span)
        .collect();
    let mut partial: HashMap<u64, (usize, usize)> = HashMap::new();
    for (at, unit) in units().filter(|(_, unit)| unit.partial && !unit.duplicate) {
        let (last, count) = partial.entry(unit.span).or_insert((at, 0));
        *count += 1;
        if index.units[*last].end <= unit.end {
            *last = at;
        }
    }
    let is_kept = |at: &usize| {
        let unit = &index.units[*at];
        let is_last = || partial.get(&unit.span).is_some_and(|(last, _)| last == at);
        unit.counts() || (unit.partial && !whole.contains(&unit.span) && is_last())
    };
    let mut kept: Vec<usize> = members.iter().copied().filter(is_kept).collect();
    kept.sort_by_key(|at| (index.units[*at].start(), *at));
    (
        kept,
        partial
            .into_iter()
            .map(|(span, (_, count))| (span, count))
            .collect(),
    )
}

/// Which unit called which.
struct Shape<'a> {
    index: &'a Index,
    /// The first unit with each id.
    spans: HashMap<u64, usize>,
    same: HashSet<u64>,
    children: HashMap<u64, Vec<usize>>,
    done: HashSet<usize>,
}

impl<'a> Shape<'a> {
    fn of(index: &'a Index, members: &[usize]) -> Shape<'a> {
        let (mut spans, mut same) = (HashMap::new(), HashSet::new());
        let mut children: HashMap<u64, Vec<usize>> = HashMap::new();
        for at in members {
            let unit = &index.units[*at];
            if unit.span != 0 && *spans.entry(unit.span).or_insert(*at) != *at {
                same.insert(unit.span);
            }
        }
        for at in members {
            let parent = index.units[*at].parent;
            if parent != 0 && spans.contains_key(&parent) {
                children.entry(parent).or_default().push(*at);
            }
        }
        let done = HashSet::new();
        Shape {
            index,
            spans,
            same,
            children,
            done,
        }
    }

    /// First the units without a caller in the input, then those in circles.
    fn walk(&mut self, members: &[usize], rows: &mut Vec<Row>) {
        let index = self.index;
        for at in members {
            match index.units[*at].parent {
                0 => self.below(*at, None, rows),
                parent if !self.spans.contains_key(&parent) => {
                    self.below(*at, Some(Note::NoParent), rows)
                }
                _ => {}
            }
        }
        for at in members {
            self.below(*at, Some(Note::Circle), rows);
        }
    }

    /// A unit and all units below it. Without recursion: a chain may be as long as the input.
    fn below(&mut self, top: usize, note: Option<Note>, rows: &mut Vec<Row>) {
        let mut stack = vec![(top, 0, Vec::new(), note, None)];
        while let Some((at, depth, lasts, note, caller)) = stack.pop() {
            if !self.done.insert(at) {
                continue;
            }
            let unit = &self.index.units[at];
            let notes = note.into_iter().chain(self.notes(unit, caller)).collect();
            // If an id occurs twice, the units called from it are placed below the first.
            let calls_others = self.spans.get(&unit.span) == Some(&at);
            let called = if calls_others {
                self.children.remove(&unit.span)
            } else {
                None
            };
            let mut called = called.unwrap_or_default();
            called.retain(|each| !self.done.contains(each));
            for (place, child) in called.iter().enumerate().rev() {
                let mut lasts = lasts.clone();
                if depth < DEEPEST {
                    lasts.push(place + 1 == called.len());
                }
                stack.push((*child, depth + 1, lasts, None, Some(at)));
            }
            rows.push(Row {
                unit: at,
                depth,
                lasts,
                notes,
            });
        }
    }

    fn notes(&self, unit: &Unit, caller: Option<usize>) -> Vec<Note> {
        let mut notes = Vec::new();
        if unit.end == NO_TIME {
            notes.push(Note::NoTime);
        } else if let Some(caller) = caller.map(|at| &self.index.units[at])
            && caller.end != NO_TIME
            && unit.start() < caller.start()
        {
            notes.push(Note::Early(unit.start().abs_diff(caller.start())));
        }
        if self.same.contains(&unit.span) {
            notes.push(Note::SameSpan);
        }
        notes
    }
}

#[cfg(test)]
mod tests;
