//! The public macros: `start!`, `builder!`, `run!`, `add!`, `set!`.
//!
//! Macros that a user never names begin with `__`. They take their input apart
//! token by token, so that an arm that cannot go on can explain with
//! `compile_error!` what to write instead.

/// Starts a [`Trace`](crate::Trace) whose target is the caller's module.
///
/// The name of the unit is a literal or a `String`. Keep the number of different
/// names small (`checkout`, not `checkout 4711`) and put details into fields.
///
/// Settings may follow the name, and fields may follow the settings:
///
/// | after the name | meaning |
/// |---|---|
/// | `level: Debug` | the [level](crate::TraceBuilder::level): its bare name, or an expression of type [`Level`](crate::Level) |
/// | `target: "jobs"` | the [target](crate::TraceBuilder::target), by which loggers filter |
/// | `config: &config` | the [configuration](crate::TraceBuilder::config) of this trace |
/// | `root: true` | a [root](crate::TraceBuilder::root) unit, which is inside no other |
/// | `user_id = 7`, `cached`, `user:?` … | fields, written as in [`set!`](crate::set!) |
///
/// If the trace is disabled, the values of the fields are not evaluated. Otherwise
/// they are evaluated once the unit has started: a `?` in one of them ends the unit,
/// which leaves its record.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("checkout");
/// let mut job = traceline::start!("nightly", target: "jobs", level: Debug);
///
/// let cached = true;
/// let mut trace = traceline::start!("auth", user_id = 7, cached);
/// assert!(trace.render().ends_with(" user_id=7 cached=true"));
/// ```
#[macro_export]
macro_rules! start {
    ($name:expr $(,)?) => {
        $crate::__start($name, ::core::module_path!())
    };
    ($name:expr, $($rest:tt)+) => {
        $crate::__start!(($name) () $($rest)+)
    };
}

/// The settings of `start!`, which become calls of the builder; then its fields.
#[doc(hidden)]
#[macro_export]
macro_rules! __start {
    // Without settings there is no builder, which keeps the disabled case short.
    (($name:expr) ()) => {
        $crate::start!($name)
    };
    (($name:expr) ($($calls:tt)+)) => {
        $crate::builder!($name)$($calls)+.start()
    };
    (($name:expr) ($($calls:tt)*) level: $level:ident $(, $($rest:tt)*)?) => {
        $crate::__start!(
            ($name) ($($calls)* .level($crate::__level!($level))) $($($rest)*)?
        )
    };
    (($name:expr) ($($calls:tt)*) level: $level:expr $(, $($rest:tt)*)?) => {
        $crate::__start!(($name) ($($calls)* .level($level)) $($($rest)*)?)
    };
    (($name:expr) ($($calls:tt)*) target: $target:expr $(, $($rest:tt)*)?) => {
        $crate::__start!(($name) ($($calls)* .target($target)) $($($rest)*)?)
    };
    (($name:expr) ($($calls:tt)*) config: $config:expr $(, $($rest:tt)*)?) => {
        $crate::__start!(($name) ($($calls)* .config($config)) $($($rest)*)?)
    };
    (($name:expr) ($($calls:tt)*) root: true $(, $($rest:tt)*)?) => {
        $crate::__start!(($name) ($($calls)* .root()) $($($rest)*)?)
    };
    // Fields such as `user:?` and `path:% = x` do not match these arms, because
    // neither `?` nor `%` begins an expression.
    (($name:expr) ($($calls:tt)*) $key:ident: $value:expr $(, $($rest:tt)*)?) => {
        ::core::compile_error!(::core::concat!(
            "`start!` does not have a setting `", ::core::stringify!($key), "`, only `target`, `level`, `config` \
             and `root: true`; a field is written `", ::core::stringify!($key), " = ",
            ::core::stringify!($value), "`"
        ))
    };
    (($name:expr) ($($calls:tt)*) $($fields:tt)+) => {{
        let mut trace = $crate::__start!(($name) ($($calls)*));
        $crate::set!(trace, $($fields)+);
        trace
    }};
}

/// A level, by its bare name or by an expression.
#[doc(hidden)]
#[macro_export]
macro_rules! __level {
    (Error) => {
        $crate::Level::Error
    };
    (Warn) => {
        $crate::Level::Warn
    };
    (Info) => {
        $crate::Level::Info
    };
    (Debug) => {
        $crate::Level::Debug
    };
    (Trace) => {
        $crate::Level::Trace
    };
    ($level:expr) => {
        $level
    };
}

/// Returns a [`TraceBuilder`](crate::TraceBuilder) whose target is the caller's
/// module.
///
/// Use it if settings or fields depend on a condition; otherwise
/// [`start!`](crate::start!) is shorter.
///
/// # Examples
///
/// ```
/// let mut trace = traceline::builder!("checkout").field("cart", 7).start();
/// ```
#[macro_export]
macro_rules! builder {
    ($name:expr $(,)?) => {
        $crate::__builder($name, ::core::module_path!())
    };
}

/// Runs a closure or an async block as one unit of work and takes the outcome
/// from its `Result`.
///
/// In every form, the unit is [current](crate::current) while the work runs (in the `async`
/// ones, during each poll), so helpers reach it without a handle. A handle reaches the same
/// unit:
///
/// | form | handle |
/// |---|---|
/// | `\|trace\| …`, `move \|trace\| …` | a `&mut Trace` |
/// | `\|\| …`, `move \|\| …` | none |
/// | `async \|trace\| …`, `async move \|trace\| …` | a `&mut Trace`; `run!` returns a future |
/// | `async \|\| …`, `async move \|\| …` | none; `run!` returns a future |
/// | `async { … }`, `async move { … }` | the same |
/// | `import`, the name of a function | its argument, a `&mut Trace` |
///
/// The handle may be used on another thread, or taken out with `std::mem::take` and sent
/// there. The unit takes in what each call there writes at its own next call, or at its
/// end; [`current::late_parts`](crate::current::late_parts) counts calls that come after
/// that. Dropping the handle does not end the unit.
///
/// After the first unit of its kind on a thread, `run!` allocates nothing of its own.
///
/// A closure may name its result, as in `|trace| -> Result<u64, Error> { … }`,
/// and `|_|` ignores the trace.
///
/// `run!` returns the `Result` of the work. It records an `Err` as
/// [`check`](crate::Trace::check) does; an `Ok` sets the outcome to `ok`, unless
/// the work itself set one. An error that was checked on the way is one, too, unless the
/// work calls [`recovered`](crate::Trace::recovered). The compiler has to know the type of the error: make
/// `run!` the last expression of a function, or name the result.
///
/// If a future is dropped before it is ready, the outcome is `cancelled`.
///
/// `run!` inside `run!` makes two records. They have ids if one of the units needs them, and
/// then share the `trace_id`; the `parent_id` of the inner one is the `span_id` of the outer
/// one. [`current`](crate::current) has the details, and
/// [`TraceBuilder::root`](crate::TraceBuilder::root) starts afresh.
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
///
/// As a future:
///
/// ```
/// async fn load(id: u64) -> Result<u64, String> {
///     traceline::run!("load", async |trace| {
///         traceline::add!(trace, "loading {id}");
///         Ok(2 * id)
///     })
///     .await
/// }
/// # assert_eq!(pollster::block_on(load(7)), Ok(14));
/// ```
///
/// A bare block does not compile, because a `return` in it would leave the
/// surrounding function and not the unit:
///
/// ```compile_fail
/// let parsed: Result<i32, _> = traceline::run!("parse", { "21".parse::<i32>() });
/// ```
///
/// ```
/// let parsed: Result<i32, _> = traceline::run!("parse", || { "21".parse::<i32>() });
/// ```
#[macro_export]
macro_rules! run {
    ($name:expr, || $($work:tt)+) => {
        $crate::start!($name).__run_scoped(|| $($work)+)
    };
    ($name:expr, move || $($work:tt)+) => {
        $crate::start!($name).__run_scoped(move || $($work)+)
    };
    ($name:expr, | $($work:tt)+) => {
        $crate::start!($name).__run(| $($work)+)
    };
    ($name:expr, move | $($work:tt)+) => {
        $crate::start!($name).__run(move | $($work)+)
    };
    ($name:expr, async move $($work:tt)+) => {
        $crate::__run_future!($name, (async move) $($work)+)
    };
    ($name:expr, async $($work:tt)+) => {
        $crate::__run_future!($name, (async) $($work)+)
    };
    ($name:expr, { $($work:tt)* } $(,)?) => {
        ::core::compile_error!(
            "`run!` does not take a bare block, because a `return` in it would leave the function around \
             it and not the unit; write `|| { … }`, or `|trace| { … }` to get the trace itself"
        )
    };
    ($name:expr, $work:expr $(,)?) => {
        $crate::start!($name).__run_work($work)
    };
    ($name:expr $(,)?) => {
        ::core::compile_error!("`run!` needs work to run: `run!(\"checkout\", |trace| { … })`")
    };
}

/// Formats a fragment straight into the trace, without a `String` in between.
///
/// The first argument is a `Trace`, a `&mut Trace` or a struct field that holds
/// one. The rest is as in `format!`, and is not evaluated if the trace is disabled.
///
/// A level may precede the text: its bare name, or an expression of type
/// [`Level`](crate::Level).
///
/// | level | effect |
/// |---|---|
/// | none | the same as [`Trace::add`](crate::Trace::add) |
/// | `Warn` | the same as [`Trace::warn`](crate::Trace::warn) |
/// | `Error` | the same as [`Trace::fail`](crate::Trace::fail): the outcome becomes error |
/// | `Info`, `Debug`, `Trace` | a fragment with this level, which is printed if it differs from the trace's own |
///
/// A record is at least as severe as its most severe fragment, so an `Info`
/// fragment raises a trace of level debug to info. Less severe fragments are not
/// filtered: they are printed with the record.
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
///
/// With a level:
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use log::Level;
///
/// let mut trace = traceline::start!("import");
/// let skipped = 2;
/// traceline::add!(trace, level: Warn, "{skipped} rows skipped"); // fragments="[5, 0.003ms, warn] 2 rows skipped"
/// assert_eq!(trace.level(), Some(Level::Warn));
///
/// let level = if skipped > 1 { Level::Error } else { Level::Info };
/// traceline::add!(trace, level: level, "{skipped} rows skipped");
/// assert_eq!(trace.outcome(), Some(traceline::Outcome::Error));
/// ```
#[macro_export]
macro_rules! add {
    ($trace:expr, level: $level:ident, $($message:tt)+) => {
        if $trace.is_enabled() {
            $trace.__add_at($crate::__level!($level), ::core::format_args!($($message)+));
        }
    };
    ($trace:expr, level: $level:expr, $($message:tt)+) => {
        if $trace.is_enabled() {
            $trace.__add_at($level, ::core::format_args!($($message)+));
        }
    };
    ($trace:expr, level: $level:expr $(,)?) => {
        ::core::compile_error!(
            "a text has to follow the level: `add!(trace, level: Warn, \"disk is full\")`"
        )
    };
    ($trace:expr, $($message:tt)+) => {
        if $trace.is_enabled() {
            $trace.add(::core::format_args!($($message)+));
        }
    };
}

/// Sets several fields.
///
/// The first argument is a `Trace`, a `&mut Trace` or a struct field that holds
/// one; the others are fields. Their values are borrowed, and are not evaluated if
/// the trace is disabled.
///
/// | field | meaning |
/// |---|---|
/// | `user_id = user.id` | `set("user_id", &user.id)` |
/// | `"db.rows" = n` | `set("db.rows", &n)` |
/// | `cached` | `set("cached", &cached)` |
/// | `user:? = x`, `user:?` | the value as `Debug` prints it |
/// | `path:% = x`, `path:%` | the value as `Display` prints it |
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

/// The fields of `set!`, one after the other.
#[doc(hidden)]
#[macro_export]
macro_rules! __set {
    ($trace:expr $(,)?) => {};
    ($trace:expr, $key:tt = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), &$value);
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:tt:? = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), $crate::debug(&$value));
        $crate::__set!($trace, $($($rest)*)?);
    };
    ($trace:expr, $key:tt:% = $value:expr $(, $($rest:tt)*)?) => {
        $trace.set($crate::__key!($key), $crate::display(&$value));
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
    ($trace:expr, $($other:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "expected fields such as `key = value`, `\"a.b\" = value`, `variable`, `key:? = value` or \
             `key:% = value` (settings of `start!` come before them), found `",
            ::core::stringify!($($other)+), "`"
        ))
    };
}

/// A key: a literal, or an identifier without the `r#` of a raw one.
#[doc(hidden)]
#[macro_export]
macro_rules! __key {
    ($key:ident) => {
        const { $crate::__unraw(::core::stringify!($key)) }
    };
    ($key:literal) => {
        $key
    };
    // Anything else is not a field, which `__set!` explains.
    ($other:tt) => {
        $crate::__set!((), $other)
    };
}
