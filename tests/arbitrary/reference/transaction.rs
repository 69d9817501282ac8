//! Ids and sampling on the reference (as the design and the page of
//! `traceline::config::Sampling`).

use std::rc::Rc;

use log::Level;
use traceline::Outcome;

use super::program::Plan;
use super::record::{flags, hex};
use super::rig::{span_id, trace_id};
use super::unit::{Cell, Ids, Shared, Unit};
use super::world::{By, Layer, World};

/// The ids that disabled traces make.
fn made_alone() -> Ids {
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

    /// What a unit has no own ids for follows from the unit outside.
    pub fn resolve(&mut self, cell: &Cell, make: bool) {
        let outer = cell.borrow().outer.clone();
        let knows = |cell: &Shared| cell.ids.is_some() && cell.request_id.is_some();
        let Some(outer) = outer.filter(|_| !knows(&cell.borrow())) else {
            if make && cell.borrow().ids.is_none() {
                let fresh = self.fresh_ids();
                cell.borrow_mut().ids = Some(fresh);
            }
            return;
        };
        self.resolve(&outer, make && cell.borrow().ids.is_none());
        let (outer, mut cell) = (outer.borrow(), cell.borrow_mut());
        if let (None, Some(ids)) = (&cell.ids, &outer.ids) {
            cell.ids = Some(Ids {
                span: self.new_span_id(),
                parent: Some(ids.span),
                as_given: None,
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
        if !unit.enabled && !unit.has_units_inside {
            return;
        }
        let mut cell = unit.cell.borrow_mut();
        if unit.ids.is_some() && !(unit.is_part && cell.ids.is_some()) {
            (cell.ids, cell.state) = (unit.ids.clone(), unit.state.clone());
            if unit.is_part {
                cell.outer = None;
            }
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
        unit.passes_on = true;
        unit.state = None;
        // Units inside may have named it already.
        let known = unit.ids.clone().or_else(|| match unit.is_part {
            true => None,
            false => unit.cell.borrow().ids.clone(),
        });
        if unit.enabled && !unit.is_part {
            unit.leave_outer();
        }
        unit.ids = Some(Ids {
            trace,
            span: match known {
                _ if !unit.enabled => parent,
                Some(known) => known.span,
                None => self.new_span_id(),
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
        unit.passes_on = true;
        unit.state = state;
        self.publish(unit);
    }

    pub fn request_id(&mut self, id: &str, unit: &mut Unit) {
        unit.passes_on |= unit.enabled || is_request_id(id);
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

    pub fn asked(&mut self, unit: &mut Unit) -> Told {
        if self.by == By::Current {
            return self.outgoing(Some(unit)).unwrap_or_default();
        }
        if unit.enabled {
            self.ids(unit);
            self.share(unit, false);
        } else if unit.stranded {
            return (None, None, None);
        } else {
            self.take_around(unit);
            return self.told(unit);
        }
        (
            unit.ids.clone(),
            unit.state.clone(),
            unit.request_id.clone(),
        )
    }

    /// A disabled unit that was given nothing passes on what the unit around it does.
    fn take_around(&mut self, unit: &mut Unit) {
        if !unit.passes_on
            && let Some((ids, state, request_id)) = self.outgoing(None)
        {
            let given = |ids: Ids| Ids {
                as_given: Some(traceparent(&ids)),
                ..ids
            };
            (unit.ids, unit.state, unit.request_id) = (ids.map(given), state, request_id);
        }
        unit.passes_on = true;
    }

    /// What a disabled unit passes on; it makes ids if it has none.
    fn told(&mut self, unit: &mut Unit) -> Told {
        if unit.ids.is_none() {
            let made = match unit.has_units_inside {
                true => {
                    self.resolve(&unit.cell, true);
                    unit.cell.borrow().ids.clone()
                }
                false => None,
            };
            let made = made.unwrap_or_else(made_alone);
            unit.ids = Some(Ids {
                as_given: Some(traceparent(&made)),
                ..made
            });
        }
        (
            unit.ids.clone(),
            unit.state.clone(),
            unit.request_id.clone(),
        )
    }

    /// What calls from here pass on.
    pub fn outgoing(&mut self, top: Option<&mut Unit>) -> Option<Told> {
        self.with_innermost(top, |world, found| match found {
            Found::Disabled(unit) => world.told(unit),
            Found::Cell(cell) => {
                world.resolve(&cell, true);
                let cell = cell.borrow();
                (
                    cell.ids.clone(),
                    cell.state.clone(),
                    cell.request_id.clone(),
                )
            }
        })
    }

    /// The innermost unit, or a disabled one that passes something on. If there are only
    /// others, the outermost does from now on.
    fn with_innermost<R>(
        &mut self,
        top: Option<&mut Unit>,
        use_it: impl FnOnce(&mut Self, Found<'_>) -> R,
    ) -> Option<R> {
        let mut outer = std::mem::take(&mut self.outer);
        let top = top.filter(|unit| !unit.gone && !unit.stranded);
        let layers = outer.iter_mut().rev().map(|layer| match layer {
            Layer::Unit(unit) => Ok(unit),
            Layer::InUse(cell) => Err(Rc::clone(cell)),
        });
        let (mut found, mut disabled) = (None, None);
        for layer in top.map(Ok).into_iter().chain(layers) {
            match layer {
                Ok(unit) if unit.enabled => found = Some(Found::Cell(Rc::clone(&unit.cell))),
                Err(cell) => found = Some(Found::Cell(cell)),
                Ok(unit) if unit.ended || unit.gone || unit.stranded => {}
                Ok(unit) if unit.passes_on => found = Some(Found::Disabled(unit)),
                Ok(unit) => disabled = Some(unit),
            }
            if found.is_some() {
                break;
            }
        }
        if found.is_none()
            && let Some(unit) = disabled
        {
            unit.passes_on = true;
            found = Some(Found::Disabled(unit));
        }
        let result = found.map(|found| use_it(self, found));
        self.outer = outer;
        result
    }

    /// A unit that begins shares the ids of the one that it begins in.
    pub fn begin_in(&mut self, new: &mut Unit, top: Option<&mut Unit>) {
        if !new.enabled {
            return;
        }
        self.with_innermost(top, |world, found| match found {
            Found::Cell(cell) => new.set_outer(&cell),
            Found::Disabled(unit) if unit.ids.is_some() => {
                let (ids, state, request_id) = world.told(unit);
                world.continue_from(&traceparent(&ids.expect("it has")), new);
                new.state = state;
                new.request_id = request_id;
                world.publish(new);
            }
            Found::Disabled(unit) => {
                unit.has_units_inside = true;
                new.set_outer(&unit.cell);
                world.publish(unit);
            }
        });
    }

    /// Whether a header names the unit around or one further out, or the caller of any.
    pub fn names_around(&self, header: &str, unit: &Unit) -> bool {
        let parts: Vec<&str> = header.split('-').collect();
        let (trace, span): ([u8; 16], [u8; 8]) = (unhex(parts[1]), unhex(parts[2]));
        let mut next = unit.cell.borrow().outer.clone().filter(|_| !unit.is_part);
        while let Some(cell) = next {
            let cell = cell.borrow();
            if let Some(ids) = &cell.ids {
                if ids.trace != trace {
                    return false;
                }
                if ids.span == span || ids.parent == Some(span) {
                    return true;
                }
            }
            next = cell.outer.clone();
        }
        false
    }

    /// A unit of the same transaction, with the same target.
    pub fn child(&mut self, plan: &Plan, parent: &mut Unit) -> Unit {
        let (level, target) = (Level::Info, parent.target.clone());
        let mut child = self.new_unit(&plan.name, &target, level);
        if !parent.enabled {
            child.enabled = false;
            if !parent.stranded {
                self.take_around(parent);
                (child.ids, child.state, child.request_id) = self.told(parent);
                child.passes_on = true;
            }
            return child;
        }
        child.set_outer(&parent.cell);
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

pub type Told = (Option<Ids>, Option<String>, Option<String>);

/// Whose ids count somewhere.
enum Found<'u> {
    Cell(Cell),
    Disabled(&'u mut Unit),
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
