//! Units whose guard was dropped while they were in use. They wait for their trace, which may
//! ask from another thread.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::unit::Entry;
use crate::unit::store::origin::Token;

static WAITING: Mutex<Vec<(Token, Box<Entry>)>> = Mutex::new(Vec::new());

/// How many there are, so that nobody takes the lock in vain.
static COUNT: AtomicUsize = AtomicUsize::new(0);

#[cold]
pub(super) fn put(token: Token, entry: Box<Entry>) {
    let mut waiting = WAITING.lock();
    waiting.push((token, entry));
    COUNT.store(waiting.len(), Ordering::Relaxed);
}

pub(super) fn take(token: Token) -> Option<Box<Entry>> {
    with(token, |waiting, at| waiting.swap_remove(at).1)
}

/// Returns a copy for a reader: several may read at once.
pub(super) fn copy(token: Token) -> Option<Box<Entry>> {
    with(token, |waiting, at| Some(waiting.get(at)?.1.clone()))?
}

fn with<R>(
    token: Token,
    work: impl FnOnce(&mut Vec<(Token, Box<Entry>)>, usize) -> R,
) -> Option<R> {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let mut waiting = WAITING.lock();
    let at = waiting.iter().position(|(known, _)| *known == token)?;
    let result = work(&mut waiting, at);
    COUNT.store(waiting.len(), Ordering::Relaxed);
    Some(result)
}
