//! The units that are current on this thread: a stack of entries.
//!
//! A unit is lent to the stack and taken back by whoever lent it. It is found by its
//! token and not by its place, so guards may be dropped in any order. Whoever uses
//! the top takes it out for that time: code that comes back here finds no current
//! unit, and never a second `&mut`.
//!
//! The stack has no destructor (a variable without one needs no registration and can
//! be read while a thread ends), and nothing is emitted from here.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::unit::Entry;
use crate::unit::store::origin::Token;

type Stack = ManuallyDrop<Cell<Option<Box<Entry>>>>;

thread_local! {
    static STACK: Stack = const { ManuallyDrop::new(Cell::new(None)) };
    static NEXT_TOKEN: Cell<u64> = const { Cell::new(0) };
}

/// Tokens of the same thread differ in this many low bits, tokens of different threads in
/// the others.
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

/// Returns the first token of a thread, or the first of its next 2⁴⁰.
#[cold]
fn first_token() -> NonZeroU64 {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    let thread = THREADS.fetch_add(1, Ordering::Relaxed);
    NonZeroU64::MIN.saturating_add(thread << TOKENS_OF_A_THREAD)
}

/// Makes an entry the current one; [`pop`] returns it for the token.
#[inline]
pub(crate) fn push(mut entry: Box<Entry>) -> Token {
    let token = next_token();
    entry.token = Some(token);
    entry.next = take_all();
    set(entry);
    token
}

/// Puts entries on the empty stack. The closure is small because `LocalKey::with`
/// is inlined only for small ones.
#[inline(always)]
fn set(top: Box<Entry>) {
    // The stack is empty, because every caller took all of it before; the compiler
    // cannot know that, and `mem::forget` spares it the code of a drop.
    std::mem::forget(STACK.with(|stack| stack.replace(Some(top))));
}

/// Takes an entry out, wherever in the stack it is.
#[inline]
pub(crate) fn pop(token: Token) -> Option<Box<Entry>> {
    let mut top = take_all()?;
    if top.token == Some(token) {
        if let Some(next) = top.next.take() {
            set(next);
        }
        return Some(top);
    }
    let found = unlink(&mut top, token);
    set(top);
    found
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

/// Puts an entry back right above the one it was above, if that is still there.
pub(crate) fn push_above(below: Option<Token>, mut entry: Box<Entry>) {
    let mut top = take_all();
    let mut place = &mut top;
    // Without `below`, the place is the bottom; if `below` is gone, the top.
    if below.is_none() || entries(place).any(|entry| entry.token == below) {
        while place.as_ref().and_then(|entry| entry.token) != below
            && let Some(above) = place
        {
            place = &mut above.next;
        }
    }
    entry.next = place.take();
    *place = Some(entry);
    STACK.with(|stack| stack.set(top));
}

/// The entries of a stack from its top.
fn entries(top: &Option<Box<Entry>>) -> impl Iterator<Item = &Entry> {
    std::iter::successors(top.as_deref(), |entry| entry.next.as_deref())
}

/// Pushes an entry that belongs to no unit, if there is a unit to hide. As part of
/// the stack, the cover keeps its place whatever comes and goes around it.
pub(crate) fn cover(cover: impl FnOnce(&Entry) -> Box<Entry>) -> Option<Token> {
    let taken = Taken(take_all());
    let cover = cover(taken.0.as_deref()?);
    drop(taken);
    Some(push(cover))
}

/// Looks at the entry of a token, if it is in the stack and has not ended.
#[cold]
pub(crate) fn look<R>(token: Token, look: impl FnOnce(&Entry) -> R) -> Option<R> {
    let taken = Taken(take_all());
    let is_meant = |entry: &&Entry| entry.token == Some(token) && !entry.ended;
    entries(&taken.0).find(is_meant).map(look)
}

/// Hides the current unit until [`unhide`], because the unit in front of it has
/// been taken out.
#[inline]
pub(crate) fn hide() -> Option<Token> {
    let mut top = take_all()?;
    top.hidden_by += 1;
    let token = top.token;
    set(top);
    token
}

/// Ends [`hide`].
#[inline]
pub(crate) fn unhide(token: Option<Token>) {
    if token.is_some() {
        with_any(
            |entry| entry.token == token,
            |entry| entry.hidden_by = entry.hidden_by.saturating_sub(1),
        );
    }
}

/// Takes the whole stack, linked from the top.
#[inline]
pub(crate) fn take_all() -> Option<Box<Entry>> {
    STACK.with(|stack| stack.take())
}

/// Takes out the current entry, without those below it.
pub(crate) fn take_top() -> Option<Box<Entry>> {
    let mut top = take_all()?;
    if !top.is_open() {
        set(top);
        return None;
    }
    if let Some(next) = top.next.take() {
        set(next);
    }
    Some(top)
}

/// Puts entries back, below any that have become current meanwhile.
#[inline]
pub(crate) fn put_back(entries: Box<Entry>) {
    if let Some(newer) = STACK.with(|stack| stack.replace(Some(entries))) {
        put_below(newer);
    }
}

#[cold]
#[inline(never)]
fn put_below(mut newer: Box<Entry>) {
    let mut bottom = &mut newer.next;
    while let Some(below) = bottom {
        bottom = &mut below.next;
    }
    *bottom = take_all();
    set(newer);
}

/// Returns whether a unit that collects anything is current.
#[inline]
pub(crate) fn is_active() -> bool {
    with(|_| ()).is_some()
}

/// Uses the current entry; `None` if there is none, or if it is in use.
#[inline(always)]
pub(crate) fn with<R>(work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    with_top_if(Entry::is_open, work)
}

/// Uses the current entry, even one that only hides those below it.
#[inline]
pub(crate) fn with_top<R>(work: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    with_top_if(|entry| entry.hidden_by == 0, work)
}

#[inline(always)]
fn with_top_if<R>(
    fits: impl FnOnce(&Entry) -> bool,
    work: impl FnOnce(&mut Entry) -> R,
) -> Option<R> {
    let mut taken = Taken(take_all());
    let entry = taken.0.as_deref_mut()?;
    fits(entry).then(|| work(entry))
}

/// Puts the stack back, even in a panic.
struct Taken(Option<Box<Entry>>);

impl Drop for Taken {
    #[inline]
    fn drop(&mut self) {
        if let Some(entries) = self.0.take() {
            put_back(entries);
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
