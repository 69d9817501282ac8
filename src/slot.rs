//! The units that are current on this thread: a stack of entries.
//!
//! A unit is lent to the stack and taken back by whoever lent it, known by its
//! token and not by its place, so guards may be dropped in any order. Who uses
//! the top takes it out for that time: code that comes back here meanwhile
//! finds no current unit instead of a second `&mut`.
//!
//! The stack has no destructor (a variable without one costs no registration
//! and can be read while a thread ends), and nothing is emitted from here.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::entry::{Entry, Token};

type Stack = ManuallyDrop<Cell<Option<Box<Entry>>>>;

thread_local! {
    static STACK: Stack = const { ManuallyDrop::new(Cell::new(None)) };
    static NEXT_TOKEN: Cell<u64> = const { Cell::new(0) };
}

/// Tokens of one thread differ in the lower bits, those of two in the upper.
const TOKENS_OF_A_THREAD: u32 = 40;

#[inline]
fn next_token() -> Token {
    let next = NonZeroU64::new(NEXT_TOKEN.get());
    let token = next
        .filter(|next| next.get() << (64 - TOKENS_OF_A_THREAD) != 0)
        .unwrap_or_else(first_token);
    NEXT_TOKEN.set(token.get().wrapping_add(1));
    Token(token)
}

/// The first token of a thread, or of its next 2⁴⁰ ones.
#[cold]
fn first_token() -> NonZeroU64 {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    let thread = THREADS.fetch_add(1, Ordering::Relaxed);
    NonZeroU64::MIN.saturating_add(thread << TOKENS_OF_A_THREAD)
}

/// Makes an entry the current one; [`pop`] gives it back for the token.
#[inline]
pub(crate) fn push(mut entry: Box<Entry>) -> Token {
    let token = next_token();
    entry.token = Some(token);
    STACK.with(|stack| {
        entry.next = stack.take();
        stack.set(Some(entry));
    });
    token
}

/// Takes an entry out, wherever in the stack it is.
#[inline]
pub(crate) fn pop(token: Token) -> Option<Box<Entry>> {
    STACK.with(|stack| {
        let mut top = stack.take()?;
        if top.token == Some(token) {
            stack.set(top.next.take());
            return Some(top);
        }
        let found = unlink(&mut top, token);
        stack.set(Some(top));
        found
    })
}

/// Takes an entry out from below another.
#[cold]
fn unlink(top: &mut Entry, token: Token) -> Option<Box<Entry>> {
    let mut above = top;
    while above.next.as_ref()?.token != Some(token) {
        above = above.next.as_deref_mut()?;
    }
    let mut found = above.next.take()?;
    above.next = found.next.take();
    Some(found)
}

/// Takes the whole stack, linked from the top.
#[inline]
pub(crate) fn take_all() -> Option<Box<Entry>> {
    STACK.with(|stack| stack.take())
}

/// Puts entries back: below those that became current meanwhile, if any did.
#[inline]
pub(crate) fn put_back(entries: Option<Box<Entry>>) {
    STACK.with(|stack| match stack.replace(entries) {
        None => {}
        Some(newer) => put_below(stack, newer),
    });
}

#[cold]
fn put_below(stack: &Stack, mut newer: Box<Entry>) {
    let mut bottom = &mut newer.next;
    while let Some(below) = bottom {
        bottom = &mut below.next;
    }
    *bottom = stack.take();
    stack.set(Some(newer));
}

/// Whether a unit is current that gathers anything.
#[inline]
pub(crate) fn is_active() -> bool {
    with(|_| ()).is_some()
}

/// Uses the current entry; `None` if there is none, or if it is in use.
#[inline]
pub(crate) fn with<R>(work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    let mut taken = Taken(take_all());
    match &mut taken.0 {
        Some(entry) if !entry.ended => Some(work(entry)),
        _ => None,
    }
}

/// Puts back what was taken, in a panic too.
struct Taken(Option<Box<Entry>>);

impl Drop for Taken {
    #[inline]
    fn drop(&mut self) {
        if let Some(entry) = self.0.take() {
            put_back(Some(entry));
        }
    }
}

/// Uses the first entry from the top that `fits`.
pub(crate) fn with_any(fits: impl Fn(&Entry) -> bool, work: impl FnOnce(&mut Entry)) {
    let mut taken = Taken(take_all());
    let mut next = taken.0.as_deref_mut();
    while let Some(entry) = next {
        if fits(entry) {
            return work(entry);
        }
        next = entry.next.as_deref_mut();
    }
}
