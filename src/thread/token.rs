//! Tokens, which name the layers of the stacks.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::unit::store::origin::Token;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// Tokens of the same thread differ in this many low bits, tokens of different threads in
/// the others.
const TOKENS_OF_A_THREAD: u32 = 40;

#[inline]
pub(super) fn next() -> Token {
    let next = NonZeroU64::new(NEXT.get());
    let token = next
        .filter(|next| next.get() << (64 - TOKENS_OF_A_THREAD) != 0)
        .unwrap_or_else(first_token);
    NEXT.set(token.get().wrapping_add(1));
    Token(token)
}

/// Returns the first token of a thread, or the first of its next 2⁴⁰.
#[cold]
fn first_token() -> NonZeroU64 {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    let thread = THREADS.fetch_add(1, Ordering::Relaxed);
    NonZeroU64::MIN.saturating_add(thread << TOKENS_OF_A_THREAD)
}
