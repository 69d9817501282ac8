//! Calls of `current` that found no unit.
//!
//! They are counted only where [`COUNTS`] is true. Elsewhere a [`Call`] has no size, and
//! nothing here leaves an instruction behind.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};

use log::Level;
use parking_lot::Mutex;

use crate::base::missed::Missed;
use crate::config::process;
use crate::emit::hand_over;
#[cfg(feature = "testing")]
use crate::testing;
use crate::thread::layers::Slot;
use crate::thread::stack;
use crate::trace::begin;

/// A function that is not inlined takes the place of its caller only under the same condition
/// (`cfg_attr`), since that is an argument.
const COUNTS: bool = cfg!(any(debug_assertions, feature = "testing"));

/// A call of `current`: its place, where calls are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call([&'static Location<'static>; COUNTS as usize]);

impl Call {
    #[inline(always)]
    #[track_caller]
    pub(super) fn here() -> Call {
        Call([Location::caller(); COUNTS as usize])
    }

    /// Counts the call if its result is `None`.
    #[inline(always)]
    pub(super) fn found<T>(self, result: Option<T>) -> Option<T> {
        self.missed_if(|| result.is_none());
        result
    }

    /// Counts the call if it found no unit.
    #[inline(always)]
    pub(super) fn missed_if(self, is_missed: impl FnOnce() -> bool) {
        if let [place, ..] = self.0.as_slice()
            && is_missed()
        {
            count(place);
        }
    }
}

static MISSED: Mutex<Missed> = Mutex::new(Missed::NONE);

/// Counts a call, unless it is right that nothing is recorded: a disabled trace is
/// current, or logging is off.
#[cold]
#[inline(never)]
fn count(place: &'static Location<'static>) {
    let is_covered = stack::with_top(|slot| matches!(slot, Slot::Cover(_)));
    let is_off = begin::is_off() && !process::any_has_logger();
    if is_covered || is_off {
        return;
    }
    #[cfg(feature = "testing")]
    let is_captured = testing::add_missed(place);
    #[cfg(not(feature = "testing"))]
    let is_captured = false;
    MISSED.lock().add(place);
    if !is_captured {
        warn();
    }
}

/// Hands over the one warning of this process, if the configuration asks for it and the logger
/// can be called. If it cannot, a later call warns.
fn warn() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let settings = &process::process().settings;
    if settings.warn_if_missed
        && hand_over::may_warn()
        && hand_over::would_log(settings, Level::Warn, &settings.target)
        && !WARNED.swap(true, Ordering::Relaxed)
    {
        let missed = so_far();
        let place = missed.places().next();
        hand_over::warn(settings, place, &missed.to_string());
    }
}

pub(super) fn so_far() -> Missed {
    *MISSED.lock()
}
