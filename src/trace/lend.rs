//! Where the entry of a trace is: with the trace, lent to the stack of its thread, or on
//! another thread than its handle.

use std::sync::Arc;

use crate::emit;
use crate::thread::layers::{Slot, make_room};
use crate::thread::stack::Taken;
use crate::thread::{parts, spares, stack};
use crate::trace::covered::Covered;
use crate::trace::{State, Trace};
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::origin::Token;

impl Trace {
    /// Looks at the unit of a handle; where that is not, at what has been written elsewhere
    /// and not been seen by the unit.
    #[inline(never)]
    pub(super) fn look_from_handle<R>(
        hub: &Arc<UnitHub>,
        look: impl FnOnce(&Entry) -> R,
    ) -> Option<R> {
        let mut look = Some(look);
        let mut once = |entry: &Entry| Some(look.take()?(entry));
        let token = hub.token();
        if let Some(result) = token.and_then(|token| stack::with_unit(token, |unit| once(unit))) {
            return result;
        }
        let part = hub.copy_news().part;
        let part = part.unwrap_or_else(|| parts::blank(hub));
        let result = once(&part);
        spares::give_back(part);
        result
    }

    /// Uses the entry of a trace that may be lent.
    #[inline(never)]
    pub(super) fn with_lent<R>(&mut self, call: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        match self.take_current().as_mut().and_then(Taken::entry) {
            Some(entry) => Some(call(entry)),
            None => self.with_away(call),
        }
    }

    /// Takes the entry of a handle for use, if its unit is the current one.
    #[inline(always)]
    pub(super) fn take_current(&self) -> Option<Taken> {
        let State::Handle(hub) = &*self.0 else {
            return None;
        };
        let mut taken = stack::take_current(hub.token()?)?;
        taken.entry()?.catch_up();
        Some(taken)
    }

    /// Uses the entry of a trace that is lent, or of a handle whose unit is not the
    /// current one.
    #[inline(never)]
    pub(super) fn with_away<R>(&mut self, call: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        self.take_back();
        if let State::Handle(hub) = &*self.0 {
            let mut call = Some(call);
            let use_entry = |entry: &mut Entry| {
                entry.catch_up();
                Some(call.take()?(entry))
            };
            let result = hub
                .token()
                .and_then(|token| stack::with_unit(token, use_entry));
            return match result {
                Some(result) => result,
                None => {
                    *self.0 = State::Away(parts::take_for_handle(hub));
                    self.call_away(call?)
                }
            };
        }
        match &mut *self.0 {
            State::Here(entry) => Some(call(entry)),
            _ => self.call_away(call),
        }
    }

    /// Uses the part of a handle that is not where its entry is. The part comes home at once,
    /// so that a later write elsewhere wins, unless a lap runs in it.
    fn call_away<R>(&mut self, call: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        let State::Away(part) = &mut *self.0 else {
            return None;
        };
        let result = call(part);
        // Its laps may have been stopped elsewhere.
        part.catch_up();
        if !part.has_laps()
            && let Some(hub) = part.home.clone()
            && let State::Away(part) = std::mem::replace(&mut *self.0, State::Handle(hub))
        {
            parts::come_home(part);
        }
        Some(result)
    }

    /// Returns a handle to this unit, which works while the unit is lent, as it does elsewhere;
    /// that of a disabled one finds its cover by the mark.
    pub(crate) fn handle(&self, mark: Option<Token>) -> Trace {
        Trace::new_in(match (&*self.0, mark) {
            (State::Here(entry), _) => State::Handle(Arc::clone(entry.home_or_hub())),
            (_, Some(mark)) => State::Covered(Covered::Marked(mark)),
            _ => State::Disabled(None),
        })
    }

    /// Makes the trace current: its entry, or a cover if it is disabled. For a handle
    /// that is not where its entry is, a part; otherwise its unit is current already.
    #[inline]
    pub(super) fn lend(&mut self) {
        self.take_back();
        if !stack::is_empty() {
            // Before the entry leaves the trace, which would be lost without memory.
            make_room();
        }
        *self.0 = match std::mem::take(&mut *self.0) {
            State::Here(entry) => State::Lent(stack::push(entry)),
            State::Away(part) => State::LentAway(stack::push(part)),
            State::Handle(hub) if !hub.token().is_some_and(stack::is_current) => {
                State::LentAway(stack::push(parts::take_for_handle(&hub)))
            }
            State::Disabled(forwarded) => State::Covering(stack::cover(forwarded)),
            // Its unit may not be the current one.
            State::Covered(own) if !own.is_current() => State::CoveringHandle(own.cover()),
            other => other,
        };
    }

    /// Takes back what is lent: when a guard ends, or at the next use of the trace
    /// if its guard was leaked.
    #[inline(always)]
    pub(super) fn take_back(&mut self) {
        if !matches!(*self.0, State::Here(_) | State::Disabled(_)) {
            self.take_back_now();
        }
    }

    #[inline(never)]
    pub(super) fn take_back_now(&mut self) {
        let state = match &mut *self.0 {
            // If it is not found, it is in use further up this thread's stack, or on
            // another thread: the next call tries again.
            State::Lent(token) | State::Covering(token) => match stack::pop(*token) {
                Some(Slot::Unit(mut entry)) => {
                    entry.token = None;
                    match entry.ended {
                        true => {
                            spares::give_back(entry);
                            State::Disabled(None)
                        }
                        false => {
                            if entry.hub.get().is_some() {
                                entry.fields.note_reached();
                            }
                            State::Here(entry)
                        }
                    }
                }
                Some(Slot::Cover(forwarded, _)) => State::Disabled(forwarded),
                _ => return,
            },
            State::CoveringHandle(token) => match stack::pop(*token) {
                Some(Slot::Cover(ids, mark)) => State::Covered(Covered::new(mark, ids)),
                _ => return,
            },
            State::LentAway(token) => match stack::pop(*token) {
                Some(Slot::Unit(mut part)) => {
                    part.token = None;
                    *self.0 = State::Away(part);
                    return self.take_back_now();
                }
                _ => return,
            },
            // Back where the entry is.
            State::Away(part) => {
                let hub = match &part.home {
                    Some(hub) if hub.token().is_some_and(stack::has_unit) => Arc::clone(hub),
                    _ => return,
                };
                if let State::Away(part) = std::mem::replace(&mut *self.0, State::Handle(hub)) {
                    parts::rejoin(part);
                }
                return;
            }
            _ => return,
        };
        *self.0 = state;
    }

    /// Ends a trace that has not got its entry, given what its `drop` took out.
    #[inline(never)]
    pub(super) fn finish_other(&mut self, state: State) {
        *self.0 = state;
        if let Some(entry) = self.take_entry() {
            emit::finish(entry);
        } else if let State::Lent(token) | State::LentAway(token) = *self.0 {
            // Whoever uses it ends it.
            stack::leave(token);
        }
        drop(std::mem::take(&mut *self.0));
    }

    /// Makes a disabled trace a cover until the guard is dropped.
    #[inline]
    pub(super) fn into_cover(mut self) -> Cover {
        let forwarded = self.with_forwarded(Option::take).flatten();
        Cover(stack::cover(forwarded))
    }
}

/// Hides the units around a disabled one that runs.
pub(super) struct Cover(Token);

impl Cover {
    /// Returns a handle to the disabled unit.
    #[inline]
    pub(super) fn handle(&self) -> Trace {
        Trace::new_in(State::Covered(Covered::Marked(self.0)))
    }
}

impl Drop for Cover {
    #[inline]
    fn drop(&mut self) {
        stack::pop(self.0);
    }
}
