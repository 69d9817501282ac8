//! `start!`, `builder!`, `run!`, `add!`, `set!`.

/// Starts a [`Trace`](crate::Trace) whose target is the caller's module.
///
/// `start!(name)`, `start!(name, target: …, level: …)`. The name of the unit is
/// a literal or a `String`; let it be one of few (`checkout`, not
/// `checkout 4711`).
///
/// # Examples
///
/// ```
/// use log::Level;
///
/// let mut trace = traceline::start!("checkout");
/// let mut job = traceline::start!("nightly", target: "jobs", level: Level::Debug);
/// ```
#[macro_export]
macro_rules! start {
    ($name:expr $(,)?) => {
        $crate::Trace::__start($name, ::core::module_path!())
    };
    ($name:expr, $($setting:ident: $value:expr),+ $(,)?) => {
        $crate::builder!($name)$(.$setting($value))+.start()
    };
}

/// Returns a [`TraceBuilder`](crate::TraceBuilder) that knows the caller's module.
///
/// # Examples
///
/// ```
/// let mut trace = traceline::builder!("checkout").field("cart", 7).start();
/// ```
#[macro_export]
macro_rules! builder {
    ($name:expr $(,)?) => {
        $crate::TraceBuilder::__new($name, ::core::module_path!())
    };
}

/// Runs a closure as one unit of work and takes the outcome from its result.
///
/// | closure | the trace |
/// |---|---|
/// | `\|trace\| …` | is handed over as a `&mut Trace` |
/// | `\|\| …`, `move \|\| …` | is [current](crate::current) while the closure runs |
/// | `async \|trace\| …`, `async move \|trace\| …` | is handed over; `run!` returns a future |
/// | `async \|\| …`, `async move \|\| …` | is current at each poll; with the feature `future` |
///
/// A future that is dropped before it is ready has the outcome `cancelled`.
///
/// The closure returns a `Result`, which `run!` returns.
/// `Err` is recorded as by [`check`](crate::Trace::check); `Ok` makes the
/// outcome `ok`, unless the closure said another. The compiler must be able to
/// tell the type of the error: let `run!` stand last in a function, or name the
/// result in the closure.
///
/// # Examples
///
/// ```
/// fn read(path: &str) -> std::io::Result<usize> {
///     traceline::run!("read", |trace| {
///         let text = std::fs::read_to_string(path)?;
///         trace.set("bytes", text.len());
///         Ok(text.len())
///     })
/// }
///
/// let doubled = traceline::run!("parse", |trace| -> Result<i32, std::num::ParseIntError> {
///     trace.add("parsing");
///     Ok(2 * "21".parse::<i32>()?)
/// });
/// assert_eq!(doubled, Ok(42));
/// ```
#[macro_export]
macro_rules! run {
    ($name:expr, || $($work:tt)+) => {
        $crate::start!($name).__run_scoped(|| $($work)+)
    };
    ($name:expr, move || $($work:tt)+) => {
        $crate::start!($name).__run_scoped(move || $($work)+)
    };
    ($name:expr, async || $work:expr $(,)?) => {
        $crate::__run_async($crate::start!($name), async { $work })
    };
    ($name:expr, async move || $work:expr $(,)?) => {
        $crate::__run_async($crate::start!($name), async move { $work })
    };
    ($name:expr, async |$trace:ident| $work:expr $(,)?) => {
        $crate::__run_async!($name, (async) $trace, $work)
    };
    ($name:expr, async move |$trace:ident| $work:expr $(,)?) => {
        $crate::__run_async!($name, (async move) $trace, $work)
    };
    ($name:expr, $work:expr $(,)?) => {
        $crate::start!($name).__run($work)
    };
}

/// Adds a formatted fragment, written straight into the trace.
///
/// The first argument is a place: a `Trace`, a `&mut Trace`, a struct field.
/// The others are those of `format!` and are not evaluated if the trace is
/// disabled.
///
/// # Examples
///
/// ```
/// # struct Service { trace: traceline::Trace }
/// fn pick(trace: &mut traceline::Trace, name: &str) {
///     traceline::add!(trace, "picked {name} at shelf {}", 7);
/// }
///
/// impl Service {
///     fn load(&mut self) {
///         traceline::add!(self.trace, "loaded");
///     }
/// }
/// # let mut trace = traceline::start!("doc");
/// # pick(&mut trace, "widget");
/// ```
#[macro_export]
macro_rules! add {
    ($trace:expr, $($message:tt)+) => {
        if $trace.is_enabled() {
            $trace.add(::core::format_args!($($message)+));
        }
    };
}

/// Sets several fields.
///
/// The first argument is a place: a `Trace`, a `&mut Trace`, a struct field.
/// The others are fields; their values are borrowed, and not evaluated if the
/// trace is disabled:
///
/// | field | means |
/// |---|---|
/// | `user_id = user.id` | `set("user_id", &user.id)` |
/// | `"db.rows" = n` | any literal as a key |
/// | `cached` | `set("cached", &cached)` |
/// | `user:? = x`, `user:?` | printed with `Debug` |
/// | `path:% = x`, `path:%` | printed with `Display` |
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::start!("doc");
/// # struct User { id: u64, plan: String }
/// # let user = User { id: 7, plan: "pro".into() };
/// let cached = true;
/// traceline::set!(trace, user_id = user.id, plan = user.plan, cached, "db.rows" = 3);
/// ```
#[macro_export]
macro_rules! set {
    ($trace:expr, $($fields:tt)+) => {
        if $trace.is_enabled() {
            $crate::__set!($trace, $($fields)+);
        }
    };
}

/// One field of `set!` after the other.
#[doc(hidden)]
#[macro_export]
macro_rules! __set {
    ($trace:expr $(,)?) => {};
    ($trace:expr, $key:ident = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), &$value);
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:literal = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($key, &$value);
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:ident:? = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), $crate::debug(&$value));
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:literal:? = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($key, $crate::debug(&$value));
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:ident:% = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), $crate::display(&$value));
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:literal:% = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($key, $crate::display(&$value));
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:ident:? $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), $crate::debug(&$key));
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:ident:% $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), $crate::display(&$key));
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:ident $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), &$key);
        $crate::__set!($trace, $($($rest)*)?);
    };
}

/// The name of a variable as a key, without the mark of a raw identifier.
#[doc(hidden)]
#[macro_export]
macro_rules! __key {
    ($key:ident) => {
        const { $crate::__unraw(::core::stringify!($key)) }
    };
}
