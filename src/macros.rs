//! `start!`, `builder!`, `run!`, `add!`, `set!`.
//!
//! Macros that a user never names begin with `__`. They take apart token by
//! token what the public ones are given, so that every arm which cannot go on
//! can say in `compile_error!` what to write instead.

/// Starts a [`Trace`](crate::Trace) whose target is the caller's module.
///
/// The name of the unit is a literal or a `String`. Keep the number of different
/// names small (`checkout`, not `checkout 4711`): what varies belongs in a field.
///
/// Settings may follow the name, then fields:
///
/// | after the name | means |
/// |---|---|
/// | `level: Debug` | the [level](crate::TraceBuilder::level): the name of one, or any expression of type [`Level`](crate::Level) |
/// | `target: "jobs"` | the [target](crate::TraceBuilder::target) that logger filters look at |
/// | `config: &config` | the [configuration](crate::TraceBuilder::config) of this trace |
/// | `user_id = 7`, `cached`, `user:?` … | fields, written as in [`set!`](crate::set!) |
///
/// If the trace is disabled, the values of the fields are not evaluated.
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
    // Without a setting no builder is made: that keeps the disabled case short.
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
    // Fields such as `user:?` and `path:% = x` pass by these arms: neither `?`
    // nor `%` begins an expression.
    (($name:expr) ($($calls:tt)*) $key:ident: $value:expr $(, $($rest:tt)*)?) => {
        ::core::compile_error!(::core::concat!(
            "`start!` has no setting `", ::core::stringify!($key), "`, only `target`, `level` and \
             `config`; a field is written `", ::core::stringify!($key), " = ",
            ::core::stringify!($value), "`"
        ))
    };
    (($name:expr) ($($calls:tt)*) $($fields:tt)+) => {{
        let mut trace = $crate::__start!(($name) ($($calls)*));
        $crate::set!(trace, $($fields)+);
        trace
    }};
}

/// A level, by its name alone or by any expression.
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

/// Returns a [`TraceBuilder`](crate::TraceBuilder) that knows the caller's module.
///
/// For a trace whose settings or fields depend on a condition;
/// [`start!`](crate::start!) takes those that do not.
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
/// from its result.
///
/// | written | the trace |
/// |---|---|
/// | `\|trace\| …`, `move \|trace\| …` | is passed in as a `&mut Trace` |
/// | `\|\| …`, `move \|\| …` | is [current](crate::current) while the closure runs |
/// | `async \|trace\| …`, `async move \|trace\| …` | is passed in; `run!` returns a future |
/// | `async \|\| …`, `async move \|\| …` | is current at each poll; `run!` returns a future; feature `future` |
/// | `async { … }`, `async move { … }` | the same |
/// | `import` | is passed to the function of this name |
///
/// Every closure may name its result: `|trace| -> Result<u64, Error> { … }`.
/// `|_|` ignores the trace.
///
/// The work returns a `Result`, which `run!` returns. An `Err` is recorded as
/// [`check`](crate::Trace::check) would record it; `Ok` makes the outcome `ok`
/// unless the work set another one. The compiler has to know the type of the
/// error: make `run!` the last expression of a function, or name the result.
///
/// A future that is dropped before it is ready has the outcome `cancelled`.
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
/// A future:
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
/// A bare block does not compile, since a `return` in it would leave the
/// function around it and not the unit:
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
    // Not `$work:path`, which reads `h(3)` as a type such as `Fn(u8)` and fails
    // with an error of its own.
    ($name:expr, $($function:ident)::+ $(,)?) => {
        $crate::start!($name).__run($($function)::+)
    };
    ($name:expr, { $($work:tt)* } $(,)?) => {
        ::core::compile_error!(
            "`run!` takes no bare block, because a `return` in it would leave the function around \
             it and not the unit; write `|| { … }`, or `|trace| { … }` to get the trace itself"
        )
    };
    ($name:expr, $($work:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "`run!` takes `|trace| …`, `|| …`, `async |trace| …`, `async || …`, `async { … }` or the \
             name of a function, not `", ::core::stringify!($($work)+), "`; if that is a future, \
             write `async || ", ::core::stringify!($($work)+), ".await`"
        ))
    };
    ($name:expr $(,)?) => {
        ::core::compile_error!("`run!` needs work to run: `run!(\"checkout\", |trace| { … })`")
    };
}

/// What stands after `async` or `async move` in `run!`. It becomes an async
/// block: the future of a closure could not be shown to be `Send`.
#[doc(hidden)]
#[macro_export]
macro_rules! __run_future {
    ($name:expr, $async:tt { $($work:tt)* } $(,)?) => {
        $crate::__run_current!($name, $async { $($work)* })
    };
    ($name:expr, $async:tt || $($work:tt)+) => {
        $crate::__run_current!($name, $async { $crate::__body!($async $($work)+) })
    };
    ($name:expr, $async:tt |_ $(: $type:ty)?| $($work:tt)+) => {
        $crate::__run_async!($name, $async _trace, {
            $(let _: $type = _trace;)?
            $crate::__body!($async $($work)+)
        })
    };
    ($name:expr, $async:tt |$trace:ident $(: $type:ty)?| $($work:tt)+) => {
        $crate::__run_async!($name, $async $trace, {
            $(let $trace: $type = $trace;)?
            $crate::__body!($async $($work)+)
        })
    };
    ($name:expr, $($work:tt)+) => {
        ::core::compile_error!(
            "after `async` or `async move`, `run!` takes `|trace| …`, `|_| …`, `|| …` or `{ … }`"
        )
    };
}

/// The body of a closure that became an async block: with the type of its
/// result, if that is named.
#[doc(hidden)]
#[macro_export]
macro_rules! __body {
    (($($async:tt)+) -> $result:ty { $($work:tt)* } $(,)?) => {{
        let result: $result = $($async)+ { $($work)* }.await;
        result
    }};
    ($async:tt $work:expr $(,)?) => {
        $work
    };
}

// Two definitions, and no `cfg` inside of one: it would ask for a feature of the
// crate that uses the macro.

/// An async block whose trace is current at each poll.
#[cfg(feature = "future")]
#[doc(hidden)]
#[macro_export]
macro_rules! __run_current {
    ($name:expr, ($($async:tt)+) $work:tt) => {
        $crate::__run_async($crate::start!($name), $($async)+ $work)
    };
}

/// Says which feature is missing.
#[cfg(not(feature = "future"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __run_current {
    ($($work:tt)+) => {
        ::core::compile_error!(
            "`run!` with `async || …` or `async { … }` needs the feature `future` of `traceline`; \
             `async |trace| …` needs none"
        )
    };
}

/// Adds a formatted fragment, written straight into the trace.
///
/// The first argument is a place: a `Trace`, a `&mut Trace`, a struct field.
/// The rest is as in `format!`, and is not evaluated if the trace is disabled.
///
/// A level may precede the text: the name of one, or any expression of type
/// [`Level`](crate::Level).
///
/// | level | does |
/// |---|---|
/// | none | what [`Trace::add`](crate::Trace::add) does |
/// | `Warn` | what [`Trace::warn`](crate::Trace::warn) does |
/// | `Error` | what [`Trace::fail`](crate::Trace::fail) does: the outcome is an error |
/// | `Info`, `Debug`, `Trace` | adds a fragment of this level, which is printed where it is not the trace's own |
///
/// The record is as severe as its most severe fragment, so `Info` in a trace of
/// level debug raises that. A fragment of a lower level is not filtered: it is
/// printed with the record.
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
/// The first argument is a place: a `Trace`, a `&mut Trace`, a struct field. The
/// others are fields. Their values are borrowed, and are not evaluated if the
/// trace is disabled.
///
/// | field | means |
/// |---|---|
/// | `user_id = user.id` | `set("user_id", &user.id)` |
/// | `"db.rows" = n` | any literal as a key |
/// | `cached` | `set("cached", &cached)` |
/// | `user:? = x`, `user:?` | written as its `Debug` prints it |
/// | `path:% = x`, `path:%` | written as its `Display` prints it |
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
    ($trace:expr, $($other:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "expected fields such as `key = value`, `\"a.b\" = value`, `variable`, `key:? = value` or \
             `key:% = value` (settings of `start!` come before them), found `",
            ::core::stringify!($($other)+), "`"
        ))
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
