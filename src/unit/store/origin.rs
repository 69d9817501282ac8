//! The origin of a unit, and the token of a current one.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::panic::Location;

use log::Level;

/// The name of a unit and the place where it began.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) name: Cow<'static, str>,
    pub(crate) target: Cow<'static, str>,
    /// Only macros know it.
    pub(crate) module: Option<&'static str>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) level: Level,
}

impl Origin {
    /// The origin of an entry that is not a unit of the user.
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

/// The identity of a current entry, unique among all that ever were current on any
/// thread, and larger than those below it on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Token(pub(crate) NonZeroU64);
