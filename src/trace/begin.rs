//! A unit that is about to start: whether it is enabled at all, and what it is inside of.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use log::Level;

use crate::base::clock::Stamp;
use crate::base::thread_end;
use crate::config::process::{self, Config};
use crate::emit::hand_over;
#[cfg(feature = "testing")]
use crate::testing;
use crate::thread::{outer, spares};
use crate::unit::Entry;
use crate::unit::UnitHub;
use crate::unit::store::origin::Origin;

/// A unit that is about to start. It is kept apart from the fields, so that
/// `start!`, which adds them later, makes no list of fields: this saves 0.8 % of the
/// instructions of a small unit.
pub(super) struct Unit<'c> {
    pub(super) name: Cow<'static, str>,
    pub(super) module: Option<&'static str>,
    pub(super) target: Option<Cow<'static, str>>,
    pub(super) level: Level,
    pub(super) config: Option<&'c Config>,
    pub(super) around: Around<'c>,
}

/// Which unit a new one is inside of.
pub(super) enum Around<'c> {
    /// The current one, if there is one.
    Current,
    Nothing,
    Unit(&'c Arc<UnitHub>),
}

impl<'c> Unit<'c> {
    #[inline]
    pub(super) fn new(name: Cow<'static, str>, module: Option<&'static str>) -> Unit<'c> {
        Unit {
            name,
            module,
            target: None,
            level: Level::Info,
            config: None,
            around: Around::Current,
        }
    }

    #[inline(never)]
    pub(super) fn begin(self, location: &'static Location<'static>) -> Option<Box<Entry>> {
        let captured = testing::config_for(self.config);
        let given = captured.as_ref().or(self.config);
        let config = given.unwrap_or_else(|| process::process());
        let settings = &config.settings;
        let target = self.target.or(self.module.map(Cow::Borrowed));
        let target = target.unwrap_or_else(|| Cow::Owned(settings.target.clone()));
        if thread_end::has_begun() || !hand_over::would_log(settings, Level::Error, &target) {
            return None;
        }
        let origin = Origin {
            name: self.name,
            target,
            module: self.module,
            location,
            level: self.level,
        };
        // Both clocks in a row, so that the times of two records are as far apart as
        // their units.
        let wall = (settings.header).then(|| Stamp::new(settings.clock.wall()));
        let mut entry = spares::take(settings, origin, settings.clock.now());
        entry.wall = wall;
        match self.around {
            Around::Current => outer::share_ids(&mut entry),
            Around::Nothing => {}
            Around::Unit(hub) => entry.set_outer(hub),
        }
        Some(entry)
    }
}

/// Stands in for the real module: without the feature, no test captures units.
#[cfg(not(feature = "testing"))]
mod testing {
    use crate::config::process::Config;

    pub(super) fn is_active() -> bool {
        false
    }

    pub(super) fn config_for(_: Option<&Config>) -> Option<Config> {
        None
    }
}

/// Returns whether no logger could take any record of this process.
#[inline]
pub(crate) fn is_off() -> bool {
    (Level::Error > log::STATIC_MAX_LEVEL || Level::Error > log::max_level())
        && !process::process_has_logger()
        && !testing::is_active()
}
