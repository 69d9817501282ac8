//! Handles of `run!` whose unit is disabled.

use crate::thread::{layers, stack};
use crate::unit::forwarded::Forwarded;
use crate::unit::store::origin::Token;

/// How such a handle finds its unit.
pub(super) enum Covered {
    /// By the mark of its cover, if that is on this thread's stack.
    Marked(Token),
    /// The same, with a copy of the ids that were given to it, which it keeps wherever it
    /// goes.
    WithIds(Box<(Token, Forwarded)>),
}

impl Covered {
    /// Makes a handle again of one that was current, and hands its ids to its unit.
    pub(super) fn new(mark: Token, ids: Option<Box<Forwarded>>) -> Covered {
        let mut handle = Covered::Marked(mark);
        handle.with(|kept| *kept = ids);
        handle
    }

    /// Returns whether its unit is the current one of this thread.
    pub(super) fn is_current(&self) -> bool {
        stack::marked(self.mark()).is_some_and(layers::is_top)
    }

    /// Hides the current units, with the ids of this one.
    pub(super) fn cover(self) -> Token {
        let ids = self.look(Forwarded::clone).map(Box::new);
        let cover = stack::cover(ids);
        stack::mark_cover(self.mark());
        cover
    }

    fn mark(&self) -> Token {
        match self {
            Covered::Marked(mark) => *mark,
            Covered::WithIds(own) => own.0,
        }
    }

    fn own(&self) -> Option<&Forwarded> {
        match self {
            Covered::Marked(_) => None,
            Covered::WithIds(own) => Some(&own.1),
        }
    }

    /// Uses the ids that the unit passes on, of which the handle keeps a copy.
    #[cold]
    pub(super) fn with<R>(
        &mut self,
        work: impl FnOnce(&mut Option<Box<Forwarded>>) -> R,
    ) -> Option<R> {
        let mark = self.mark();
        let mut own = None;
        let mut work = Some(work);
        let mut use_ids = |ids: &mut Option<Box<Forwarded>>| {
            let result = work.take()?(ids);
            own = ids.as_deref().cloned();
            Some(result)
        };
        let result = match stack::marked(mark) {
            Some(cover) => stack::with_cover(Some(cover), use_ids)?,
            None => use_ids(&mut self.own().cloned().map(Box::new)),
        };
        *self = match own {
            Some(own) => Covered::WithIds(Box::new((mark, own))),
            None => Covered::Marked(mark),
        };
        result
    }

    /// Looks at the ids that the unit passes on, its own or those of the unit around.
    pub(super) fn look<R>(&self, look: impl FnOnce(&Forwarded) -> R) -> Option<R> {
        match stack::marked(self.mark()) {
            None => self.own().map(look),
            Some(cover) => {
                let with_ids = stack::cover_with_ids(cover);
                stack::with_cover(with_ids, |ids| ids.as_deref().map(look))?
            }
        }
    }
}
