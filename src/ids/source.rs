//! Where ids come from: a user's source, or random bits.

use std::cell::Cell;

use crate::base::catch;
use crate::ids::id::{SpanId, TraceId};
use crate::ids::random::Salt;

/// A source of ids, set with [`ConfigBuilder::ids`](crate::config::ConfigBuilder::ids).
///
/// Use it to get the same ids in each run of a test, or the ids of another system.
///
/// # Examples
///
/// ```
/// use traceline::Config;
/// use traceline::ids::{IdSource, SpanId, TraceId};
///
/// struct Fixed;
///
/// impl IdSource for Fixed {
///     fn trace_id(&self) -> Option<TraceId> {
///         TraceId::from_bytes([7; 16])
///     }
///     fn span_id(&self) -> Option<SpanId> {
///         SpanId::from_bytes([9; 8])
///     }
/// }
///
/// let config = Config::builder().ids(&Fixed).build()?;
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
pub trait IdSource: Send + Sync {
    /// Returns the id of a new transaction or request, or `None` to get a random one.
    fn trace_id(&self) -> Option<TraceId>;

    /// Returns the id of a new unit, or `None` to get a random one.
    fn span_id(&self) -> Option<SpanId>;
}

thread_local! {
    /// Whether a source is being asked on this thread.
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Where the ids of a configuration come from.
#[derive(Clone, Copy, Default)]
pub(crate) struct IdMaker(pub(crate) Option<&'static dyn IdSource>);

impl IdMaker {
    /// Makes an id with the user's source, if there is one and it neither declines
    /// nor panics. A source that asks for ids itself gets random ones.
    fn make<T>(self, make: impl FnOnce(&'static dyn IdSource) -> Option<T>) -> Option<T> {
        let source = self.0?;
        if IS_ASKING.replace(true) {
            return None;
        }
        let made = catch::call(|| make(source));
        IS_ASKING.set(false);
        made.flatten()
    }

    pub(crate) fn trace_id(self, salt: Salt) -> TraceId {
        self.make(|source| source.trace_id())
            .unwrap_or_else(|| TraceId::salted(salt))
    }

    pub(crate) fn span_id(self, salt: Salt) -> SpanId {
        self.make(|source| source.span_id())
            .unwrap_or_else(|| SpanId::salted(salt))
    }

    /// Returns whether ids are random as the flag of `traceparent` means it.
    pub(crate) fn are_random(self) -> bool {
        self.0.is_none()
    }
}
