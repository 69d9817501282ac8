use crate::base::catch;
use crate::ids::id::{SpanId, TraceId};
use crate::ids::random::Salt;

/// Makes ids, for [`ConfigBuilder::ids`](crate::config::ConfigBuilder::ids): to have the
/// same ones in each run of a test, or those of another system.
///
/// # Examples
///
/// ```
/// use traceline::ids::{SpanId, TraceId};
///
/// struct Fixed;
///
/// impl traceline::ids::IdSource for Fixed {
///     fn trace_id(&self) -> Option<TraceId> {
///         TraceId::from_bytes([7; 16])
///     }
///     fn span_id(&self) -> Option<SpanId> {
///         SpanId::from_bytes([9; 8])
///     }
/// }
///
/// let config = traceline::Config::builder().ids(&Fixed).build()?;
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
pub trait IdSource: Send + Sync {
    /// Returns the id of a new transaction, or of a request; `None` for a random one.
    fn trace_id(&self) -> Option<TraceId>;

    /// Returns the id of a new unit; `None` for a random one.
    fn span_id(&self) -> Option<SpanId>;
}

/// Where the ids of a configuration come from.
#[derive(Clone, Copy, Default)]
pub(crate) struct IdMaker(pub(crate) Option<&'static dyn IdSource>);

impl IdMaker {
    /// A source that panics makes no ids: random ones serve.
    fn ask<T>(self, ask: impl FnOnce(&'static dyn IdSource) -> Option<T>) -> Option<T> {
        let source = self.0?;
        catch::call(|| ask(source)).flatten()
    }

    pub(crate) fn trace_id(self, salt: Salt) -> TraceId {
        self.ask(|source| source.trace_id())
            .unwrap_or_else(|| TraceId::salted(salt))
    }

    pub(crate) fn span_id(self, salt: Salt) -> SpanId {
        self.ask(|source| source.span_id())
            .unwrap_or_else(|| SpanId::salted(salt))
    }

    /// Whether ids are random in the sense of the flag.
    pub(crate) fn are_random(self) -> bool {
        self.0.is_none()
    }
}
