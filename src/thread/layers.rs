//! The layers of a thread's stack, as they lie in memory.

use std::alloc::{Layout, handle_alloc_error};
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use crate::unit::forwarded::Forwarded;
use crate::unit::store::origin::Token;
use crate::unit::{Entry, UnitHub};

/// What lies in a layer.
#[derive(Debug)]
pub(crate) enum Slot {
    /// A unit that is in use; with its hub if it is used by `current::with`.
    InUse(Option<Arc<UnitHub>>),
    /// A unit that `current::with` uses, although its guard is gone.
    Leaving {
        for_good: bool,
    },
    Unit(Box<Entry>),
    /// A disabled trace, which hides the units below, with the ids that it passes on, and
    /// with the mark by which its handles find it: its token, or that of the first poll.
    Cover(Option<Box<Forwarded>>, Token),
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
    pub(super) token: Token,
    pub(super) slot: Slot,
}

pub(super) struct Stack {
    /// The token of the top; `None` if the stack is empty.
    pub(super) token: Cell<Option<Token>>,
    /// The top if it is a unit that is not in use, kept apart from the list for speed.
    pub(super) unit: Cell<Option<Box<Entry>>>,
    /// The top otherwise; `InUse(None)` beside a unit.
    pub(super) other: Cell<Slot>,
    pub(super) below: Cell<Vec<Layer>>,
    /// The length of the list.
    pub(super) depth: Cell<usize>,
}

impl Stack {
    #[inline]
    pub(super) fn take_top(&self) -> Slot {
        match self.unit.take() {
            Some(entry) => Slot::Unit(entry),
            None => self.other.take(),
        }
    }

    /// Fills the top, which was taken before.
    #[inline]
    pub(super) fn set_top(&self, slot: Slot) {
        let (unit, other) = match slot {
            Slot::Unit(entry) => (Some(entry), Slot::InUse(None)),
            other => (None, other),
        };
        // Nothing is there; the compiler cannot know that it needs no drop.
        std::mem::forget(self.unit.replace(unit));
        drop(self.other.replace(other));
    }
}

thread_local! {
    pub(super) static STACK: ManuallyDrop<Stack> = const {
        ManuallyDrop::new(Stack {
            token: Cell::new(None),
            unit: Cell::new(None),
            other: Cell::new(Slot::InUse(None)),
            below: Cell::new(Vec::new()),
            depth: Cell::new(0),
        })
    };
}

#[cold]
pub(super) fn bury(token: Token) {
    let slot = STACK.with(|stack| stack.take_top());
    below(|layers| layers.push(Layer { token, slot }));
}

/// Makes room for one layer more, before any is taken out: if there is no memory, all that
/// is current stays so.
#[cold]
pub(crate) fn make_room() {
    let has_room = below(|layers| {
        if layers.len() < layers.capacity() {
            return true;
        }
        // A thread that grows its list frees it at its end.
        let _ = SWEEP.try_with(|_| ());
        layers.try_reserve(1).is_ok()
    });
    if !has_room {
        handle_alloc_error(Layout::new::<Layer>());
    }
}

/// Uses the layers below the top. Nothing in here calls code of the user.
pub(super) fn below<R>(work: impl FnOnce(&mut Vec<Layer>) -> R) -> R {
    let mut layers = STACK.with(|stack| stack.below.take());
    let result = work(&mut layers);
    STACK.with(|stack| {
        stack.depth.set(layers.len());
        stack.below.set(layers);
    });
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
pub(super) fn find<R>(token: Token, work: impl FnOnce(&mut Slot) -> R) -> Option<R> {
    below(|layers| {
        let at = layers.binary_search_by_key(&token, |layer| layer.token);
        Some(work(&mut layers.get_mut(at.ok()?)?.slot))
    })
}

#[inline]
pub(crate) fn is_top(token: Token) -> bool {
    STACK.with(|stack| stack.token.get()) == Some(token)
}

/// Makes the layer below the top the new top.
#[cold]
pub(super) fn uncover() {
    let layer = below(|layers| {
        let last = layers
            .iter()
            .rposition(|layer| !matches!(layer.slot, Slot::Gone));
        layers.truncate(last.map_or(0, |last| last + 1));
        layers.pop()
    });
    if let Some(Layer { token, slot }) = layer {
        STACK.with(|stack| {
            stack.token.set(Some(token));
            stack.set_top(slot);
        });
    }
}
