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

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use crate::thread::token;
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::origin::Token;
use crate::unit::store::trace_ids::Forwarded;

/// What lies in a layer.
#[derive(Debug)]
pub(crate) enum Slot {
    /// A unit that is in use; with its hub if it is used by `current::with`.
    InUse(Option<Arc<UnitHub>>),
    /// A part that is in use, although its guard is gone.
    Leaving,
    Unit(Box<Entry>),
    /// A disabled trace, which hides the units below, with the ids that it passes on.
    Cover(Option<Box<Forwarded>>),
    /// Nothing: it was taken back before the layers above it.
    Gone,
}

impl Default for Slot {
    #[inline(always)]
    fn default() -> Slot {
        Slot::InUse(None)
    }
}

pub(super) struct Layer {
    token: Token,
    pub(super) slot: Slot,
}

struct Stack {
    /// The token of the top; `None` if the stack is empty.
    token: Cell<Option<Token>>,
    /// The top, kept apart so that one unit at a time needs no list.
    top: Cell<Slot>,
    below: Cell<Vec<Layer>>,
}

thread_local! {
    static STACK: ManuallyDrop<Stack> = const {
        ManuallyDrop::new(Stack {
            token: Cell::new(None),
            top: Cell::new(Slot::Gone),
            below: Cell::new(Vec::new()),
        })
    };
}

/// Makes a unit the current one; [`pop`] returns it for the token.
#[inline]
pub(crate) fn push(mut entry: Box<Entry>) -> Token {
    let token = token::next();
    entry.token = Some(token);
    if let Some(hub) = entry.hub.get() {
        hub.set_token(token);
    }
    put_on_top(token, Slot::Unit(entry));
    token
}

/// Hides the current units until [`pop`].
pub(crate) fn cover(forwarded: Option<Box<Forwarded>>) -> Token {
    let token = token::next();
    put_on_top(token, Slot::Cover(forwarded));
    token
}

#[inline]
fn put_on_top(token: Token, slot: Slot) {
    let old = STACK.with(|stack| stack.top.replace(slot));
    match STACK.with(|stack| stack.token.replace(Some(token))) {
        Some(token) => bury(Layer { token, slot: old }),
        // There was nothing; the compiler cannot know that it needs no drop.
        None => std::mem::forget(old),
    }
}

#[cold]
fn bury(layer: Layer) {
    below(|layers| {
        if layers.len() == layers.capacity() {
            // A thread that grows its list frees it at its end.
            let _ = SWEEP.try_with(|_| ());
        }
        layers.push(layer);
    });
}

/// Uses the layers below the top. Nothing in here calls code of the user.
pub(super) fn below<R>(work: impl FnOnce(&mut Vec<Layer>) -> R) -> R {
    let mut layers = STACK.with(|stack| stack.below.take());
    let result = work(&mut layers);
    STACK.with(|stack| stack.below.set(layers));
    result
}

thread_local! {
    static SWEEP: Sweep = const { Sweep };
}

struct Sweep;

impl Drop for Sweep {
    fn drop(&mut self) {
        below(|layers| {
            if layers.is_empty() {
                *layers = Vec::new();
            }
        });
    }
}

/// Uses the layer of a token, unless that is the top.
#[cold]
fn find<R>(token: Token, work: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    below(|layers| {
        let at = layers.binary_search_by_key(&token, |layer| layer.token);
        Some(work(&mut layers.get_mut(at.ok()?)?.slot))
    })
}

/// Uses the layer of a token.
pub(super) fn with_layer<R>(token: Token, work: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    match is_top(token) {
        true => Some(with_slot(work)),
        false => find(token, work),
    }
}

#[inline]
fn is_top(token: Token) -> bool {
    STACK.with(|stack| stack.token.get()) == Some(token)
}

/// Takes a unit or a cover out, wherever in the stack it is. One that is in use stays.
#[inline]
pub(crate) fn pop(token: Token) -> Option<Slot> {
    if !is_top(token) {
        return find(token, |slot| match std::mem::replace(slot, Slot::Gone) {
            Slot::Gone => None,
            in_use @ (Slot::InUse(_) | Slot::Leaving) => {
                *slot = in_use;
                None
            }
            found => Some(found),
        })?;
    }
    match STACK.with(|stack| stack.top.take()) {
        in_use @ (Slot::InUse(_) | Slot::Leaving) => {
            put_back(token, in_use);
            None
        }
        found => {
            uncover();
            Some(found)
        }
    }
}

/// Makes the layer below the top the new top.
#[inline]
fn uncover() {
    let layer = match STACK.with(|stack| stack.below.take()) {
        layers if layers.is_empty() => {
            // Its capacity is kept.
            STACK.with(|stack| stack.below.set(layers));
            None
        }
        layers => top_of(layers),
    };
    let (token, slot) = match layer {
        Some(Layer { token, slot }) => (Some(token), slot),
        None => (None, Slot::Gone),
    };
    STACK.with(|stack| stack.token.set(token));
    STACK.with(|stack| stack.top.set(slot));
}

#[cold]
fn top_of(mut layers: Vec<Layer>) -> Option<Layer> {
    let mut next = layers.pop();
    while matches!(
        next,
        Some(Layer {
            slot: Slot::Gone,
            ..
        })
    ) {
        next = layers.pop();
    }
    STACK.with(|stack| stack.below.set(layers));
    next
}

/// Takes out the layer of a guard. If it is in use, [`return_top`] takes it out.
pub(crate) fn leave(token: Token) -> Option<Slot> {
    let left = pop(token);
    if left.is_none() {
        with_layer(token, |slot| {
            if let Slot::InUse(_) = slot {
                *slot = Slot::Leaving;
            }
        });
    }
    left
}

/// Puts a unit back that [`take_top`] took out, whatever happened to it meanwhile; returns
/// it if its guard is gone.
pub(crate) fn return_top(token: Token, mut entry: Box<Entry>) -> Option<Box<Entry>> {
    if with_layer(token, |slot| matches!(slot, Slot::Leaving)) == Some(true) {
        abandon(token);
        return Some(entry);
    }
    entry.token = Some(token);
    if let Some(hub) = entry.hub.get() {
        hub.set_token(token);
    }
    put_back(token, Slot::Unit(entry));
    None
}

/// Puts what was in use back into its layer.
#[inline]
pub(crate) fn put_back(token: Token, slot: Slot) {
    if !is_top(token) {
        // A layer that is in use is never removed.
        find(token, |layer| *layer = slot);
        return;
    }
    // What is there is only the mark that it is in use.
    STACK.with(|stack| drop(stack.top.replace(slot)));
}

/// Removes the layer of a unit that was in use and will not come back.
pub(crate) fn abandon(token: Token) {
    put_back(token, Slot::Cover(None));
    pop(token);
}

/// Takes out the current unit; [`return_top`] or [`abandon`] has to follow.
pub(crate) fn take_top() -> Option<(Token, Box<Entry>)> {
    let token = STACK.with(|stack| stack.token.get())?;
    match STACK.with(|stack| stack.top.take()) {
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

/// Takes out the unit of a token; [`put_back`] has to follow.
pub(crate) fn take_out(token: Token) -> Option<Box<Entry>> {
    let take = |slot: &mut Slot| match std::mem::take(slot) {
        Slot::Unit(entry) => Some(entry),
        other => {
            *slot = other;
            None
        }
    };
    if !is_top(token) {
        return find(token, take)?;
    }
    let mut slot = STACK.with(|stack| stack.top.take());
    let taken = take(&mut slot);
    put_back(token, slot);
    taken
}

/// Returns the tokens of all layers from the top.
pub(crate) fn tokens() -> Vec<Token> {
    let top = STACK.with(|stack| stack.token.get());
    let below = below(|layers| layers.iter().map(|layer| layer.token).collect::<Vec<_>>());
    top.into_iter().chain(below.into_iter().rev()).collect()
}

/// Returns whether nothing is current on this thread.
#[inline]
pub(crate) fn is_empty() -> bool {
    STACK.with(|stack| stack.token.get()).is_none()
}

/// Returns whether a unit that collects anything is current.
#[inline]
pub(crate) fn is_active() -> bool {
    with(|_| ()).is_some()
}

/// Uses the current unit; `None` if there is none, or if it is in use.
#[inline(always)]
pub(crate) fn with<R>(work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    with_slot(|slot| match slot {
        Slot::Unit(entry) if !entry.ended => Some(work(entry)),
        _ => None,
    })
}

/// Uses the unit of a token, if it is in the stack, has not ended and is not in use.
#[inline(always)]
pub(crate) fn with_unit<R>(token: Token, work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    if is_top(token) {
        return with(work);
    }
    with_buried(token, work)
}

#[cold]
#[inline(never)]
fn with_buried<R>(token: Token, work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    let mut entry = take_out(token)?;
    let result = (!entry.ended).then(|| work(&mut entry));
    put_back(token, Slot::Unit(entry));
    result
}

#[inline(always)]
pub(crate) fn with_slot<R>(work: impl FnOnce(&mut Slot) -> R) -> R {
    let mut taken = Taken {
        slot: STACK.with(|stack| stack.top.take()),
        token: STACK.with(|stack| stack.token.get()),
    };
    work(&mut taken.slot)
}

/// Puts the top back, even in a panic.
struct Taken {
    slot: Slot,
    token: Option<Token>,
}

impl Drop for Taken {
    #[inline]
    fn drop(&mut self) {
        let slot = std::mem::take(&mut self.slot);
        if STACK.with(|stack| stack.token.get()) == self.token {
            // What is there is only the mark that it is in use, without a hub.
            std::mem::forget(STACK.with(|stack| stack.top.replace(slot)));
        } else if let Some(token) = self.token {
            put_back(token, slot);
        }
    }
}

/// Returns whether the unit of a token is in the stack, has not ended and is not in use.
pub(crate) fn has_unit(token: Token) -> bool {
    with_unit(token, |_| ()).is_some()
}

/// Returns whether the unit of a token is the current one.
pub(crate) fn is_current(token: Token) -> bool {
    is_top(token) && is_active()
}
