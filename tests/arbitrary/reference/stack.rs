//! Which units are current on a thread, on the reference (as the design and the
//! pages of `traceline::current` and `Trace::enter` have it).

use std::mem;
use std::rc::Rc;

use super::program::{Op, Plan};
use super::unit::Unit;
use super::world::{By, Flow, Layer, World};

impl World<'_> {
    /// A current unit stays current underneath while others are in hand.
    pub fn below<R>(&mut self, unit: &mut Unit, work: impl FnOnce(&mut Self, &mut Unit) -> R) -> R {
        if self.by != By::Current || unit.gone {
            return work(self, unit);
        }
        self.outer
            .push(Layer::Unit(mem::replace(unit, Unit::dead())));
        let done = work(self, unit);
        if let Some(Layer::Unit(back)) = self.outer.pop() {
            *unit = back;
        }
        done
    }

    /// `with`: a current unit that is disabled cannot be reached.
    pub fn in_hand(
        &mut self,
        unit: &mut Unit,
        work: impl FnOnce(&mut Self, &mut Unit) -> Flow,
    ) -> Flow {
        if self.by != By::Current {
            let by = mem::replace(&mut self.by, By::Own);
            let flow = work(self, unit);
            self.by = by;
            return flow;
        }
        if !unit.enabled {
            return self.below(unit, |world, _| {
                let by = mem::replace(&mut world.by, By::Own);
                let flow = work(world, &mut Unit::dead());
                world.by = by;
                flow
            });
        }
        self.by = By::Own;
        self.outer.push(Layer::InUse(Rc::clone(&unit.cell)));
        let flow = work(self, unit);
        self.outer.pop();
        self.by = By::Current;
        // A unit that has ended meanwhile does not come back.
        unit.gone = !unit.enabled;
        flow
    }

    /// Whether another unit is current once the innermost one is gone.
    pub fn has_outer(&self) -> bool {
        matches!(self.outer.last(), Some(Layer::Unit(_)))
    }

    pub fn on_outer(&mut self, work: impl FnOnce(&mut Self, &mut Unit) -> Flow) -> Flow {
        let Some(Layer::Unit(mut outer)) = self.outer.pop() else {
            return Flow::Continue(());
        };
        let flow = work(self, &mut outer);
        self.outer.push(Layer::Unit(outer));
        flow
    }

    /// The calls reach the unit in another way. A current or shared one stays so.
    pub fn lend(&mut self, by: By, ops: &[Op], unit: &mut Unit, laps: &mut Vec<u64>) -> Flow {
        if self.by != By::Own {
            return self.ops(ops, unit, laps);
        }
        self.by = by;
        let flow = self.ops(ops, unit, laps);
        self.by = By::Own;
        unit.stranded |= unit.gone;
        (unit.gone, unit.ended) = (false, false);
        if by == By::Shared && flow.is_break() {
            // The panic drops the last handle.
            let unit = mem::replace(unit, Unit::dead());
            self.end(super::program::End::Drop, flow, unit);
        }
        flow
    }

    /// `current::emit`: the inner ones first, except those in hand.
    pub fn emit_all(&mut self, unit: &mut Unit) {
        if self.by == By::Current {
            self.emit_last(unit);
        }
        let mut outer = mem::take(&mut self.outer);
        for layer in outer.iter_mut().rev() {
            if let Layer::Unit(unit) = layer {
                self.emit_last(unit);
            }
        }
        self.outer = outer;
    }

    fn emit_last(&mut self, unit: &mut Unit) {
        if unit.enabled {
            let is_part = unit.is_part;
            self.finish(unit, false);
            *unit = Unit::dead();
            (unit.gone, unit.ended) = (is_part, !is_part);
        }
    }

    /// A unit inside another one, current only for the first half.
    pub fn crossed(&mut self, plan: &Plan, later: &[Op], unit: &mut Unit) {
        let top = (self.by == By::Current).then_some(&mut *unit);
        let mut inner = self.start(plan, top);
        let mut laps = Vec::new();
        let by = mem::replace(&mut self.by, By::Current);
        let is_lent = by != By::Shared && !unit.gone;
        let mut flow = match is_lent {
            true => self.below(unit, |world, _| world.ops(&plan.ops, &mut inner, &mut laps)),
            false => self.ops(&plan.ops, &mut inner, &mut laps),
        };
        if flow.is_continue() {
            flow = match by {
                By::Current => self.below(unit, |world, _| world.ops(later, &mut inner, &mut laps)),
                _ => self.ops(later, &mut inner, &mut laps),
            };
        }
        self.by = by;
        self.end(plan.end, flow, inner);
    }
}
