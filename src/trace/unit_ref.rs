//! `UnitRef`, with which a unit travels to other threads and tasks.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::thread::layers::Slot;
use crate::thread::{parts, stack};
use crate::trace::Trace;
use crate::trace::builder::TraceBuilder;
use crate::trace::join::Part;
use crate::trace::scope;
use crate::unit::UnitHub;
use crate::unit::forwarded::Forwarded;
use crate::unit::store::origin::Token;

impl Trace {
    /// Returns a handle with which other threads and tasks contribute to this unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::current;
    ///
    /// let trace = traceline::start!("upload");
    /// let unit = trace.unit();
    /// std::thread::spawn(move || unit.scope(|| current::incr("chunks"))).join().unwrap();
    /// assert!(trace.render().ends_with(" chunks=1"));
    /// ```
    pub fn unit(&self) -> UnitRef {
        UnitRef(match self.hub() {
            Some(hub) => Reach::Unit(hub),
            None => Reach::disabled(self.forwarded(Forwarded::clone)),
        })
    }
}

/// A handle to a unit that other threads and tasks enter to contribute to it; made by
/// [`current::unit`](crate::current::unit) and [`Trace::unit`].
///
/// [`scope`](Self::scope) makes a part of the unit current while a closure runs, and
/// `in_unit` (feature `future`) does so for a future. Nothing is locked while they run;
/// what they collected is merged into the unit at their end. Parts that still run when the
/// unit ends are counted in its record as `lost_parts`, and those that come back later by
/// [`current::late_parts`](crate::current::late_parts). Holding a `UnitRef` counts as
/// nothing, and does not keep the unit from ending.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::current;
///
/// fn resize(image: u32) {
///     current::incr("images");
///     current::sum("bytes", image);
/// }
///
/// let trace = traceline::start!("gallery");
/// let unit = trace.unit();
/// std::thread::scope(|scope| {
///     for image in [1_000, 2_000] {
///         let unit = unit.clone();
///         scope.spawn(move || unit.scope(|| resize(image)));
///     }
/// });
/// assert!(trace.render().ends_with(" images=2 bytes=3000"));
/// ```
#[derive(Clone, Debug)]
pub struct UnitRef(Reach);

#[derive(Clone, Debug)]
enum Reach {
    Unit(Arc<UnitHub>),
    /// The unit is disabled, or there is none; with the ids that it passes on.
    Disabled(Option<Arc<Forwarded>>),
}

impl Reach {
    fn disabled(forwarded: Option<Forwarded>) -> Reach {
        Reach::Disabled(forwarded.map(Arc::new))
    }
}

// As with `Trace`, a panic in the middle of a call leaves the unit complete.
impl UnwindSafe for UnitRef {}

impl RefUnwindSafe for UnitRef {}

impl UnitRef {
    pub(crate) fn current() -> UnitRef {
        let reach = stack::with_top(|slot| match slot {
            Slot::Unit(entry) if !entry.ended => Some(Reach::Unit(Arc::clone(entry.home_or_hub()))),
            Slot::InUse(hub) => Some(Reach::Unit(Arc::clone(hub.as_ref()?))),
            Slot::Cover(forwarded) => Some(Reach::disabled(forwarded.as_deref().cloned())),
            _ => None,
        });
        UnitRef(reach.unwrap_or(Reach::Disabled(None)))
    }

    /// Returns whether the unit collects anything.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// assert!(!traceline::current::unit().is_enabled()); // there is none
    /// assert!(traceline::start!("upload").unit().is_enabled());
    /// ```
    pub fn is_enabled(&self) -> bool {
        matches!(self.0, Reach::Unit(_))
    }

    /// Runs `work` with a part of the unit as the current one of this thread, and merges
    /// the part at the end.
    ///
    /// If the unit is disabled, `work` runs without a current unit, even if this thread has
    /// one: what it collects belongs to no other unit. If the unit has ended, `work` runs all
    /// the same, and what it collects is lost and counted by
    /// [`current::late_parts`](crate::current::late_parts).
    ///
    /// A thread allocates for its first scope, and a unit for its first `UnitRef`; later ones
    /// use that memory again, unless a `UnitRef` outlives its unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::current;
    ///
    /// let trace = traceline::start!("upload");
    /// let unit = trace.unit();
    /// assert_eq!(unit.scope(|| current::time("hash", || 7)), 7);
    /// ```
    #[inline]
    pub fn scope<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        work()
    }

    /// Makes a part of the unit the current one of this thread until the guard is dropped,
    /// which merges the part.
    ///
    /// Do not hold the guard across an `.await`; for futures there is `in_unit`. If a guard
    /// is leaked with `mem::forget`, its part stays on this thread for good: its unit counts it
    /// in `lost_parts`, and what this thread collects outside of other units is lost, as in
    /// any scope that outlives its unit. [`current::is_active`](crate::current::is_active) then
    /// returns `false`.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let trace = traceline::start!("upload");
    /// let entered = trace.unit().enter();
    /// traceline::current::incr("chunks");
    /// drop(entered);
    /// assert!(trace.render().ends_with(" chunks=1"));
    /// ```
    pub fn enter(&self) -> EnteredUnit {
        let token = match &self.0 {
            Reach::Unit(hub) => stack::push(parts::take(hub)),
            Reach::Disabled(ids) => stack::cover(ids.as_deref().cloned().map(Box::new)),
        };
        EnteredUnit {
            token,
            not_send: PhantomData,
        }
    }

    /// Returns a part of the unit; see [`Trace::part`].
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// let trace = traceline::start!("upload");
    /// let mut part = trace.unit().part();
    /// std::thread::spawn(move || _ = part.incr("chunks")).join().unwrap();
    /// assert!(trace.render().ends_with(" chunks=1"));
    /// ```
    pub fn part(&self) -> Part {
        Part::new(match &self.0 {
            Reach::Unit(hub) => Trace::from_entry(Some(parts::take(hub))),
            Reach::Disabled(ids) => Trace::passing_on(ids.as_deref().cloned()),
        })
    }

    pub(crate) fn child(
        &self,
        name: Cow<'static, str>,
        location: &'static Location<'static>,
    ) -> Trace {
        match &self.0 {
            Reach::Unit(hub) => TraceBuilder::for_child(name, hub, location),
            Reach::Disabled(ids) => Trace::passing_on(ids.as_deref().cloned()),
        }
    }
}

/// A guard that keeps a part of a unit current; made by [`UnitRef::enter`].
#[must_use = "the part is current only until the guard is dropped"]
#[derive(Debug)]
pub struct EnteredUnit {
    token: Token,
    /// The stack belongs to the thread.
    not_send: PhantomData<dyn scope::AcrossAwaitUseInTrace>,
}

impl Drop for EnteredUnit {
    fn drop(&mut self) {
        scope::leave(self.token);
    }
}
