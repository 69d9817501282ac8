//! Ids and sampling on the reference (as the design and the page of
//! `traceline::config::Sampling`).

use log::Level;
use traceline::Outcome;

use super::program::Plan;
use super::record::{flags, hex};
use super::rig::{span_id, trace_id};
use super::unit::{Ids, Unit};
use super::world::{By, World};

/// In place of the random header of a disabled unit, whose trace id becomes zeros.
pub const MADE: &str = "made";

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
        if let Some(ids) = &unit.ids {
            return ids.clone();
        }
        let trace = self.new_trace_id();
        let ids = Ids {
            trace,
            span: self.new_span_id(),
            parent: None,
            sampled: self.hash_keeps(&trace).unwrap_or(true),
            // A custom source of ids does not claim that they are random.
            random: false,
            by_sampled_caller: false,
            as_given: None,
        };
        unit.ids = Some(ids.clone());
        ids
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
    }

    /// Passing anything on means passing on a `traceparent`, so one exists from now on.
    pub fn set_state(&mut self, state: &str, unit: &mut Unit) {
        if unit.enabled {
            self.ids(unit);
        }
        unit.state = Some(state.to_owned());
    }

    pub fn request_id(&mut self, id: &str, unit: &mut Unit) {
        if is_request_id(id) {
            unit.request_id = Some(id.to_owned());
        } else if unit.enabled {
            unit.request_id = Some(hex(&self.new_trace_id()));
        }
    }

    pub fn ask_ids(&mut self, unit: &mut Unit) {
        let ids = match unit.enabled {
            true => Some(self.ids(unit)),
            false => self.ids_of_disabled(unit),
        };
        self.done.seen.push(format!(
            "{:?} {:?} {:?} {:?}",
            ids.as_ref().map(traceparent),
            unit.state,
            ids.as_ref().map(|ids| hex(&ids.trace)),
            unit.request_id
        ));
    }

    /// Those that it was given, or else random ones, which do not come from the source of
    /// ids. A current unit that was given nothing at all is out of reach.
    fn ids_of_disabled(&self, unit: &mut Unit) -> Option<Ids> {
        let given = unit.ids.is_some() || unit.state.is_some() || unit.request_id.is_some();
        if unit.stranded || self.by == By::Current && !given {
            return None;
        }
        let made = || Ids {
            trace: [0; 16],
            span: [0; 8],
            parent: None,
            sampled: true,
            random: true,
            by_sampled_caller: false,
            as_given: Some(MADE.to_owned()),
        };
        Some(unit.ids.get_or_insert_with(made).clone())
    }

    /// A unit of the same transaction, with the same target.
    pub fn child(&mut self, plan: &Plan, parent: &mut Unit) -> Unit {
        let (level, target) = (Level::Info, parent.target.clone());
        let mut child = self.new_unit(&plan.name, &target, level);
        child.state = parent.state.clone();
        child.request_id = parent.request_id.clone();
        if !parent.enabled {
            child.enabled = false;
            child.ids = self.ids_of_disabled(parent);
            return child;
        }
        let ids = self.ids(parent);
        child.ids = Some(Ids {
            span: self.new_span_id(),
            parent: Some(ids.span),
            ..ids
        });
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
