//! The units that are current on this thread: a stack of layers.
//!
//! A unit is lent to the stack and taken back by whoever lent it. It is found by its
//! token and not by its place, so guards may be dropped in any order: tokens grow
//! from the bottom to the top, so a layer below the top is found by binary search, and
//! ten thousand guards are dropped in linear time whatever their order. Whoever uses
//! the top takes it out for that time: code that comes back here finds no current
//! unit, and never a second `&mut`.
//!
//! The stack has no destructor (a variable without one needs no registration and can
//! be read while a thread ends), and nothing is emitted from here.

use std::iter;
use std::sync::Arc;

use crate::thread::layers::{Layer, STACK, Slot, below, bury, find, is_top, make_room, uncover};
use crate::thread::{aside, token};
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::forwarded::Forwarded;
use crate::unit::store::laps::LapId;
use crate::unit::store::origin::Token;

/// Makes a unit the current one; [`pop`] returns it for the token.
#[inline]
pub(crate) fn push(mut entry: Box<Entry>) -> Token {
    let token = token::next();
    name(&mut entry, token);
    put_on_top(token, Slot::Unit(entry));
    token
}

/// Lets others find a unit by its token.
#[inline]
fn name(entry: &mut Entry, token: Token) {
    entry.token = Some(token);
    if let Some(hub) = entry.hub.get() {
        hub.set_token(token);
    }
}

/// Hides the current units until [`pop`].
pub(crate) fn cover(forwarded: Option<Box<Forwarded>>) -> Token {
    let token = token::next();
    put_on_top(token, Slot::Cover(forwarded, token));
    token
}

#[inline]
fn put_on_top(token: Token, slot: Slot) {
    if !is_empty() {
        make_room();
    }
    if let Some(below) = STACK.with(|stack| stack.token.replace(Some(token))) {
        bury(below);
    }
    STACK.with(|stack| stack.set_top(slot));
}

/// Takes a unit or a cover out, wherever in the stack it is. If `current::with` uses it,
/// [`return_top`] takes it out.
#[inline]
pub(crate) fn pop(token: Token) -> Option<Slot> {
    if !is_top(token) {
        let found = find(token, |slot| {
            let (found, left) = split(std::mem::replace(slot, Slot::Gone));
            *slot = left;
            found
        });
        return found
            .flatten()
            .or_else(|| aside::take(token).map(Slot::Unit));
    }
    match split(STACK.with(|stack| stack.take_top())) {
        (None, in_use) => {
            put_back(token, in_use);
            None
        }
        (found, _) => {
            STACK.with(|stack| stack.token.set(None));
            if STACK.with(|stack| stack.depth.get()) > 0 {
                uncover();
            }
            found
        }
    }
}

/// Splits a layer into what can be taken out and what is left of it.
#[inline]
fn split(slot: Slot) -> (Option<Slot>, Slot) {
    match slot {
        Slot::InUse(Some(_)) => (None, Slot::Leaving { for_good: false }),
        left @ (Slot::InUse(None) | Slot::Leaving { .. } | Slot::Gone) => (None, left),
        found => (Some(found), Slot::Gone),
    }
}

/// Takes out a layer whose owner is gone. If `current::with` uses it, [`return_top`]
/// returns it.
pub(crate) fn leave(token: Token) -> Option<Slot> {
    let left = pop(token);
    if left.is_none() {
        with_layer(token, |slot| {
            if let Slot::Leaving { for_good } = slot {
                *for_good = true;
            }
        });
    }
    left
}

/// Puts a unit back that [`take_top`] took out, whatever happened to it meanwhile: if its
/// guard is gone it is set aside for its trace, and returned if that is gone as well.
pub(crate) fn return_top(token: Token, mut entry: Box<Entry>) -> Option<Box<Entry>> {
    let leaving = with_layer(token, |slot| match slot {
        Slot::Leaving { for_good } => Some(*for_good),
        _ => None,
    });
    match leaving.flatten() {
        None => {
            name(&mut entry, token);
            put_back(token, Slot::Unit(entry));
            None
        }
        Some(for_good) => {
            abandon(token);
            if for_good {
                return Some(entry);
            }
            // Only its trace can find it.
            name(&mut entry, token::next());
            aside::put(token, entry);
            None
        }
    }
}

/// Puts what was in use back into its layer.
#[inline]
pub(crate) fn put_back(token: Token, slot: Slot) {
    if !is_top(token) {
        // A layer that is in use is never removed.
        find(token, |layer| *layer = slot);
        return;
    }
    STACK.with(|stack| stack.set_top(slot));
}

/// Removes the layer of a unit that was in use and will not come back.
pub(crate) fn abandon(token: Token) {
    put_back(token, Slot::Cover(None, token));
    pop(token);
}

/// Takes out the current unit; [`return_top`] or [`abandon`] has to follow.
pub(crate) fn take_top() -> Option<(Token, Box<Entry>)> {
    let token = STACK.with(|stack| stack.token.get())?;
    match STACK.with(|stack| stack.take_top()) {
        Slot::Unit(entry) if !entry.ended => {
            put_back(token, Slot::InUse(Some(Arc::clone(entry.home_or_hub()))));
            Some((token, entry))
        }
        other => {
            put_back(token, other);
            None
        }
    }
}

/// Returns the tokens of all layers from the top, without memory for a list of them.
pub(crate) fn tokens() -> impl Iterator<Item = Token> {
    iter::successors(next_below(None), |token| next_below(Some(*token)))
}

/// Returns the token of the uppermost layer below another; without one, that of the top.
fn next_below(above: Option<Token>) -> Option<Token> {
    let top = STACK.with(|stack| stack.token.get());
    let Some(above) = above.filter(|above| top >= Some(*above)) else {
        return top;
    };
    below(|layers| {
        let at = layers.partition_point(|layer| layer.token < above);
        Some(layers.get(at.checked_sub(1)?)?.token)
    })
}

/// Returns whether nothing is current on this thread.
#[inline]
pub(crate) fn is_empty() -> bool {
    STACK.with(|stack| stack.token.get()).is_none()
}

/// Returns whether a unit that collects anything is current. A part whose unit has ended
/// does not: its guard may have been forgotten.
#[inline]
pub(crate) fn is_active() -> bool {
    with(|entry| !entry.home.as_ref().is_some_and(|home| home.has_ended())) == Some(true)
}

/// Uses the current unit; `None` if there is none, or if it is in use.
#[inline(always)]
pub(crate) fn with<R>(work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    let mut taken = Taken(STACK.with(|stack| stack.unit.take()));
    let entry = taken.0.as_deref_mut()?;
    (!entry.ended).then(|| work(entry))
}

/// Takes the unit of a token for use, if that is the current one.
#[inline(always)]
pub(crate) fn take_current(token: Token) -> Option<Taken> {
    if !is_top(token) {
        return None;
    }
    let taken = Taken(STACK.with(|stack| stack.unit.take()));
    matches!(&taken.0, Some(entry) if !entry.ended).then_some(taken)
}

/// The current unit while it is in use. It is put back, even in a panic.
pub(crate) struct Taken(Option<Box<Entry>>);

impl Taken {
    #[inline(always)]
    pub(crate) fn entry(&mut self) -> Option<&mut Entry> {
        self.0.as_deref_mut()
    }
}

impl Drop for Taken {
    #[inline]
    fn drop(&mut self) {
        let Some(entry) = self.0.take() else {
            return;
        };
        if entry.token == STACK.with(|stack| stack.token.get()) {
            // Nothing is there; the compiler cannot know that it needs no drop.
            std::mem::forget(STACK.with(|stack| stack.unit.replace(Some(entry))));
        } else if let Some(token) = entry.token {
            put_back(token, Slot::Unit(entry));
        }
    }
}

/// Uses the unit of a token, if it is in the stack, has not ended and is not in use.
#[inline(always)]
pub(crate) fn with_unit<R>(token: Token, work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    if is_top(token) {
        return with(work);
    }
    with_layer(token, |slot| match slot {
        Slot::Unit(entry) if !entry.ended => Some(work(entry)),
        _ => None,
    })?
}

/// Returns whether the unit of a token is in the stack, has not ended and is not in use.
pub(crate) fn has_unit(token: Token) -> bool {
    with_unit(token, |_| ()).is_some()
}

/// Returns whether the unit of a token is the current one.
#[inline]
pub(crate) fn is_current(token: Token) -> bool {
    is_top(token) && with(|_| ()).is_some()
}

/// Uses the ids that a disabled trace passes on, if its cover is on this stack.
pub(crate) fn with_cover<R>(
    token: Option<Token>,
    work: impl FnOnce(&mut Option<Box<Forwarded>>) -> R,
) -> Option<R> {
    with_layer(token?, |slot| match slot {
        Slot::Cover(forwarded, _) => Some(work(forwarded)),
        _ => None,
    })?
}

/// Makes a mark, by which a handle finds its cover, whenever that is on its stack.
pub(crate) fn new_mark() -> Token {
    token::next()
}

/// Marks the cover on top.
pub(crate) fn mark_cover(mark: Token) {
    with_top(|slot| {
        if let Slot::Cover(_, own) = slot {
            *own = mark;
        }
    });
}

/// Returns the token of the cover that has a mark, if it is on this stack.
pub(crate) fn marked(mark: Token) -> Option<Token> {
    first(|slot| matches!(slot, Slot::Cover(_, own) if *own == mark))
}

/// Returns the token of the uppermost cover with ids, from a layer downwards.
pub(crate) fn cover_with_ids(from: Token) -> Option<Token> {
    let has_ids = |slot: &Slot| matches!(slot, Slot::Cover(Some(_), _));
    if is_top(from) {
        return first(has_ids);
    }
    let fits = |layer: &&Layer| layer.token <= from && has_ids(&layer.slot);
    below(|layers| Some(layers.iter().rfind(fits)?.token))
}

/// Returns the token of the uppermost layer that `fits`.
pub(crate) fn first(fits: impl Fn(&Slot) -> bool) -> Option<Token> {
    if with_top(|slot| fits(slot)) {
        return STACK.with(|stack| stack.token.get());
    }
    below(|layers| Some(layers.iter().rfind(|layer| fits(&layer.slot))?.token))
}

/// Returns the token of the lowest layer that `fits`.
pub(crate) fn last(fits: impl Fn(&Slot) -> bool) -> Option<Token> {
    let found = below(|layers| Some(layers.iter().find(|layer| fits(&layer.slot))?.token));
    found.or_else(|| first(fits))
}

/// Uses the top, whatever it is.
pub(crate) fn with_top<R>(work: impl FnOnce(&mut Slot) -> R) -> R {
    match STACK.with(|stack| stack.token.get()) {
        Some(token) => {
            let mut taken = TakenSlot {
                token,
                slot: STACK.with(|stack| stack.take_top()),
            };
            work(&mut taken.slot)
        }
        None => work(&mut Slot::Gone),
    }
}

/// Uses the layer of a token, which is taken out meanwhile: `work` may call code of the
/// user, which may come back here.
#[cold]
#[inline(never)]
pub(crate) fn with_layer<R>(token: Token, work: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    if is_top(token) {
        return Some(with_top(work));
    }
    let take = |slot: &mut Slot| match slot {
        Slot::Gone => None,
        slot => Some(std::mem::take(slot)),
    };
    let Some(slot) = find(token, take).flatten() else {
        return aside::copy(token).map(|copy| work(&mut Slot::Unit(copy)));
    };
    let mut taken = TakenSlot { token, slot };
    Some(work(&mut taken.slot))
}

/// A layer while it is in use. It is put back, even in a panic.
struct TakenSlot {
    token: Token,
    slot: Slot,
}

impl Drop for TakenSlot {
    fn drop(&mut self) {
        put_back(self.token, std::mem::take(&mut self.slot));
    }
}

/// Uses the uppermost unit that `fits`.
pub(crate) fn with_any<R>(
    fits: impl Fn(&Entry) -> bool,
    work: impl FnOnce(&mut Entry) -> R,
) -> Option<R> {
    let token = first(|slot| matches!(slot, Slot::Unit(entry) if fits(entry)))?;
    with_layer(token, |slot| match slot {
        Slot::Unit(entry) => Some(work(entry)),
        _ => None,
    })?
}

/// Ends a lap, wherever on this stack it runs; returns whether it does.
pub(crate) fn stop_lap(lap_id: LapId) -> bool {
    let runs = |entry: &Entry| entry.runs_lap(lap_id);
    with_any(runs, |entry| entry.stop_lap(lap_id)).is_some()
}

/// Returns the units of all parts that are on this stack.
#[cold]
pub(crate) fn homes() -> Vec<Arc<UnitHub>> {
    let home = |token| {
        with_layer(token, |slot| match slot {
            Slot::Unit(entry) => entry.home.clone(),
            _ => None,
        })
    };
    tokens().filter_map(|token| home(token)?).collect()
}
