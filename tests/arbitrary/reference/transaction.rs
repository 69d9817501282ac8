//! Ids and sampling on the reference (as the design and the page of
//! `traceline::config::Sampling`).

use std::rc::Rc;

use log::Level;
use traceline::Outcome;

use super::program::Plan;
use super::record::{flags, hex};
use super::rig::{span_id, trace_id};
use super::unit::{Cell, Ids, Unit};
use super::world::{By, Layer, World};

/// The ids that disabled traces make.
fn made() -> Ids {
    Ids {
        trace: [0xee; 16],
        span: [0xdd; 8],
        parent: None,
        sampled: true,
        random: false,
        by_sampled_caller: false,
        as_given: None,
    }
}

impl World<'_> {
    fn new_trace_id(&mut self) -> [u8; 16] {
        self.traces = self.traces.wrapping_add(1);
        trace_id(self.traces.wrapping_sub(1))
    }

    fn new_span_id(&mut self) -> [u8; 8] {
        self.spans = self.spans.wrapping_add(1);
        span_id(self.spans.wrapping_sub(1))
    }

    /// The ids of a unit, created when first needed.
    pub fn ids(&mut self, unit: &mut Unit) -> Ids {
        if unit.ids.is_none() {
            self.share(unit, true);
        }
        unit.ids.clone().expect("made")
    }

    fn fresh_ids(&mut self) -> Ids {
        let trace = self.new_trace_id();
        Ids {
            trace,
            span: self.new_span_id(),
            parent: None,
            sampled: self.hash_keeps(&trace).unwrap_or(true),
            // A custom source of ids does not claim that they are random.
            random: false,
            by_sampled_caller: false,
            as_given: None,
        }
    }

    /// Gives a unit the ids that it shares with its parts and with the units around it, if
    /// they are known or to be made.
    pub fn share(&mut self, unit: &mut Unit, make: bool) {
        let cell = Rc::clone(&unit.cell);
        self.resolve(&cell, make);
        let cell = cell.borrow();
        if unit.ids.is_none() {
            (unit.ids, unit.state) = (cell.ids.clone(), cell.state.clone());
        }
        unit.request_id = unit.request_id.take().or(cell.request_id.clone());
    }

    /// The ids of a unit follow from those of the unit outside, unless it has its own.
    pub fn resolve(&mut self, cell: &Cell, make: bool) {
        if cell.borrow().ids.is_some() {
            return;
        }
        let outer = cell.borrow().outer.clone();
        let Some(outer) = outer else {
            if make {
                let fresh = self.fresh_ids();
                cell.borrow_mut().ids = Some(fresh);
            }
            return;
        };
        self.resolve(&outer, make);
        let (outer, mut cell) = (outer.borrow(), cell.borrow_mut());
        if let Some(ids) = &outer.ids {
            cell.ids = Some(Ids {
                span: self.new_span_id(),
                parent: Some(ids.span),
                ..ids.clone()
            });
            cell.state = outer.state.clone();
        }
        if cell.request_id.is_none() {
            cell.request_id = outer.request_id.clone();
        }
    }

    /// Ids that a part was given become those of a unit that has none.
    fn publish(&self, unit: &Unit) {
        if !unit.enabled {
            return;
        }
        let mut cell = unit.cell.borrow_mut();
        if unit.ids.is_some() && !(unit.is_part && cell.ids.is_some()) {
            (cell.ids, cell.state) = (unit.ids.clone(), unit.state.clone());
        }
        if unit.request_id.is_some() && !(unit.is_part && cell.request_id.is_some()) {
            cell.request_id = unit.request_id.clone();
        }
    }

    /// The hash's decision on a transaction; `None` without sampling.
    pub fn hash_keeps(&self, trace: &[u8; 16]) -> Option<bool> {
        let sampling = self.settings.sampling.as_ref()?;
        let mut h = u64::from_be_bytes(trace[8..].try_into().expect("8 bytes"));
        h ^= h >> 30;
        h = h.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        h ^= h >> 27;
        h = h.wrapping_mul(0x94d0_49bb_1331_11eb);
        h ^= h >> 31;
        Some(h <= u64::MAX / u64::from(sampling.one_in))
    }

    /// The hash's decision, except for trusted callers; without sampling, the caller's.
    fn goes_on_sampled(&self, trace: &[u8; 16], said: bool) -> bool {
        let trusted = self
            .settings
            .sampling
            .as_ref()
            .is_some_and(|rules| rules.sampled_callers);
        self.hash_keeps(trace)
            .map_or(said, |keeps| keeps || trusted && said)
    }

    pub fn continue_from(&mut self, header: &str, unit: &mut Unit) {
        let parts: Vec<&str> = header.split('-').collect();
        let (trace, parent) = (unhex(parts[1]), unhex(parts[2]));
        let flags: [u8; 1] = unhex(parts[3]);
        let said = flags[0] & 1 != 0;
        unit.state = None;
        unit.ids = Some(Ids {
            trace,
            span: if unit.enabled {
                self.new_span_id()
            } else {
                parent
            },
            parent: unit.enabled.then_some(parent),
            sampled: match unit.enabled {
                true => self.goes_on_sampled(&trace, said),
                false => said,
            },
            random: flags[0] & 2 != 0,
            by_sampled_caller: said,
            // Whoever logs nothing passes on what came, byte for byte.
            as_given: (!unit.enabled).then(|| header.to_owned()),
        });
        self.publish(unit);
    }

    /// As for a new transaction.
    pub fn decide(&self, unit: &mut Unit) {
        if let Some(ids) = &mut unit.ids {
            ids.sampled = self.hash_keeps(&ids.trace).unwrap_or(true);
        }
        self.publish(unit);
    }

    /// Passing anything on means passing on a `traceparent`, so one exists from now on.
    pub fn set_state(&mut self, state: Option<String>, unit: &mut Unit) {
        if unit.enabled {
            self.ids(unit);
        }
        unit.state = state;
        self.publish(unit);
    }

    pub fn request_id(&mut self, id: &str, unit: &mut Unit) {
        if is_request_id(id) {
            unit.request_id = Some(id.to_owned());
        } else if unit.enabled {
            unit.request_id = Some(hex(&self.new_trace_id()));
        }
        self.publish(unit);
    }

    pub fn ask_ids(&mut self, unit: &mut Unit) {
        let (ids, state, request_id) = self.asked(unit);
        self.done.seen.push(format!(
            "{:?} {state:?} {:?} {request_id:?}",
            ids.as_ref().map(traceparent),
            ids.as_ref().map(|ids| hex(&ids.trace)),
        ));
    }

    fn asked(&mut self, unit: &mut Unit) -> Told {
        if self.by == By::Current {
            return self.outgoing(Some(unit)).unwrap_or_default();
        }
        if unit.enabled {
            self.ids(unit);
            self.share(unit, false);
        } else if unit.stranded {
            return (None, None, None);
        } else if !unit.passes_on() {
            // Those of the unit around it; but only its own state and request id.
            if let Some((ids, ..)) = self.outgoing(None) {
                return (ids, None, None);
            }
            unit.ids = Some(made());
        }
        unit.ids.get_or_insert_with(made);
        (
            unit.ids.clone(),
            unit.state.clone(),
            unit.request_id.clone(),
        )
    }

    /// What calls from here pass on: that of the innermost unit, or of a disabled one that
    /// was given ids. If there are only disabled ones, the outermost makes ids.
    fn outgoing(&mut self, top: Option<&mut Unit>) -> Option<Told> {
        let mut outer = std::mem::take(&mut self.outer);
        let found = self
            .innermost(top, &mut outer)
            .and_then(|found| match found {
                Found::Ended => None,
                Found::Given(told) => Some(told),
                Found::Cell(cell) => {
                    self.resolve(&cell, true);
                    let cell = cell.borrow();
                    Some((
                        cell.ids.clone(),
                        cell.state.clone(),
                        cell.request_id.clone(),
                    ))
                }
            });
        self.outer = outer;
        found
    }

    fn innermost(&self, top: Option<&mut Unit>, outer: &mut [Layer]) -> Option<Found> {
        let mut disabled = None;
        let top = top.filter(|unit| !unit.gone);
        let layers = outer.iter_mut().rev().map(|layer| match layer {
            Layer::Unit(unit) => Ok(unit),
            Layer::InUse(cell) => Err(Rc::clone(cell)),
        });
        for layer in top.map(Ok).into_iter().chain(layers) {
            match layer {
                Ok(unit) if unit.enabled => return Some(Found::Cell(Rc::clone(&unit.cell))),
                Err(cell) => return Some(Found::Cell(cell)),
                Ok(unit) if unit.ended => return Some(Found::Ended),
                Ok(unit) if unit.gone => {}
                Ok(unit) if unit.passes_on() => return Some(Found::Given(told(unit))),
                Ok(unit) => disabled = Some(unit),
            }
        }
        disabled.map(|unit| Found::Given(told(unit)))
    }

    /// A unit that begins shares the ids of the one that it begins in.
    pub fn begin_in(&mut self, new: &mut Unit, top: Option<&mut Unit>) {
        if !new.enabled {
            return;
        }
        let mut outer = std::mem::take(&mut self.outer);
        match self.innermost(top, &mut outer) {
            Some(Found::Cell(cell)) => new.cell.borrow_mut().outer = Some(cell),
            Some(Found::Given((Some(ids), state, request_id))) => {
                self.continue_from(&traceparent(&ids), new);
                new.state = state;
                new.request_id = request_id;
                self.publish(new);
            }
            _ => {}
        }
        self.outer = outer;
    }

    /// A unit of the same transaction, with the same target.
    pub fn child(&mut self, plan: &Plan, parent: &mut Unit) -> Unit {
        let (level, target) = (Level::Info, parent.target.clone());
        let mut child = self.new_unit(&plan.name, &target, level);
        if !parent.enabled {
            child.enabled = false;
            if self.by == By::Own && !parent.passes_on() && !parent.stranded {
                self.asked(parent);
            }
            child.ids = parent.ids.clone();
            child.state = parent.state.clone();
            child.request_id = parent.request_id.clone();
            return child;
        }
        child.cell.borrow_mut().outer = Some(Rc::clone(&parent.cell));
        self.ids(&mut child);
        child
    }

    /// `None` if the record is dropped, else the number of units it stands for.
    pub fn sampled(&mut self, unit: &mut Unit, partial: bool) -> Option<Option<u32>> {
        let Some(rules) = self.settings.sampling.clone() else {
            return Some(None);
        };
        let ids = self.ids(unit);
        let went_wrong = matches!(
            unit.outcome(),
            Some(Outcome::Error | Outcome::Panic | Outcome::Cancelled)
        );
        let is_loud = match unit.level() {
            Level::Error => true,
            Level::Warn => rules.warnings,
            _ => false,
        };
        let micros = (self.now - unit.start) / 1_000;
        let is_slow = rules
            .slower_than
            .is_some_and(|limit| micros > limit.as_micros());
        let is_asked_for = rules.keep_if && unit.has_text("a", "x");
        let verdict = if went_wrong || is_loud || is_slow || is_asked_for {
            Some(None)
        } else if self.hash_keeps(&ids.trace) == Some(true) {
            // A sample of one in one stands for itself.
            Some((rules.one_in > 1).then_some(rules.one_in))
        } else if rules.sampled_callers && ids.by_sampled_caller {
            Some(Some(0))
        } else {
            None
        };
        if !partial {
            match verdict {
                Some(_) => self.done.sampled.0 += 1,
                None => self.done.sampled.1 += 1,
            }
        }
        verdict
    }
}

type Told = (Option<Ids>, Option<String>, Option<String>);

/// Whose ids count somewhere.
enum Found {
    Cell(Cell),
    Given(Told),
    /// A unit that has ended, which has no ids for others.
    Ended,
}

/// What a disabled unit passes on.
fn told(unit: &mut Unit) -> Told {
    let ids = unit.ids.get_or_insert_with(made).clone();
    (Some(ids), unit.state.clone(), unit.request_id.clone())
}

/// Whether a request id is accepted unchanged.
pub fn is_request_id(id: &str) -> bool {
    let allowed = |char: char| char.is_ascii_alphanumeric() || "._:@/+=-".contains(char);
    (1..=128).contains(&id.len()) && id.chars().all(allowed)
}

pub fn traceparent(ids: &Ids) -> String {
    let own = || format!("00-{}-{}-{}", hex(&ids.trace), hex(&ids.span), flags(ids));
    ids.as_given.clone().unwrap_or_else(own)
}

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex");
    std::array::from_fn(byte)
}
