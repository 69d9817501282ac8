use std::borrow::Cow;
use std::num::NonZeroU64;
use std::panic::Location;

use log::Level;

/// What a unit is called and where it began.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) name: Cow<'static, str>,
    pub(crate) target: Cow<'static, str>,
    /// Known to macros only.
    pub(crate) module: Option<&'static str>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) level: Level,
}

impl Origin {
    /// The origin of an entry that is not a unit of the user's.
    pub(crate) fn internal(name: &'static str, level: Level) -> Origin {
        Origin {
            name: Cow::Borrowed(name),
            target: Cow::Borrowed(""),
            module: None,
            location: Location::caller(),
            level,
        }
    }
}

/// Tells an entry that is current from all others that ever were on any thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(pub(crate) NonZeroU64);
