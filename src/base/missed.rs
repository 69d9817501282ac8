//! Counts of calls that found nothing to work on, with their places.

use std::fmt;
use std::panic::Location;

/// The number of different places that are kept.
const MAX_PLACES: usize = 8;

/// Calls of [`current`](crate::current) that found no unit, and so recorded nothing; returned by
/// [`current::missed`](crate::current::missed) and `testing::Capture::missed`.
///
/// Its `Display` names the places, and what to do.
///
/// # Examples
///
/// ```
/// let missed = traceline::current::missed();
/// assert_eq!(missed.calls, 0, "{missed}");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missed {
    /// The number of calls.
    pub calls: u64,
    // An array, because a global allocator may use `current` itself, and the calls of the
    // process are counted under a lock.
    places: [Option<&'static Location<'static>>; MAX_PLACES],
}

impl Missed {
    pub(crate) const NONE: Missed = Missed {
        calls: 0,
        places: [None; MAX_PLACES],
    };

    /// Returns where the calls were made, in the order of the first call of each place. Only the
    /// first eight places are kept.
    ///
    /// # Examples
    ///
    /// ```
    /// if let Some(first) = traceline::current::missed().places().next() {
    ///     eprintln!("no unit is current at {first}");
    /// }
    /// ```
    pub fn places(&self) -> impl Iterator<Item = &'static Location<'static>> {
        self.places.into_iter().flatten()
    }

    pub(crate) fn add(&mut self, place: &'static Location<'static>) {
        self.calls = self.calls.saturating_add(1);
        let mut slots = self.places.iter_mut();
        // The slots are filled from the front.
        if let Some(slot) = slots.find(|slot| slot.is_none_or(|known| known == place)) {
            *slot = Some(place);
        }
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = match self.calls {
            0 => return f.write_str("no missed calls of `traceline::current`"),
            1 => "1 call",
            calls => &format!("{calls} calls"),
        };
        write!(f, "{calls} of `traceline::current` found no unit:")?;
        for (at, place) in self.places().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma} {}:{}", place.file(), place.line())?;
        }
        f.write_str(
            "; make a unit current around them with `run!` or `Trace::scope`, and take it to other \
             threads and tasks with `current::unit()`",
        )
    }
}

impl fmt::Debug for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<String> = self.places().map(Location::to_string).collect();
        f.debug_struct("Missed")
            .field("calls", &self.calls)
            .field("places", &places)
            .finish()
    }
}
