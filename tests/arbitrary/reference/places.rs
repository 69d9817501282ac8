//! The calls whose line a record shows, one per line, and the places where units start.

use traceline::{Config, SharedTrace, Trace};

use super::program::{Plan, Text};

/// How a unit is reached.
pub enum Hand<'a> {
    Own(&'a mut Trace),
    Current,
    Shared(&'a SharedTrace),
}

/// Calls a method that all three have. A macro, so that a fragment gets the line of its use.
macro_rules! call {
    ($hand:expr, $name:ident($($arg:expr),*)) => {
        match $hand {
            $crate::reference::places::Hand::Own(trace) => {
                trace.$name($($arg),*);
            }
            $crate::reference::places::Hand::Current => {
                traceline::current::$name($($arg),*);
            }
            $crate::reference::places::Hand::Shared(shared) => {
                $crate::reference::places::by_shared!(shared, $name($($arg),*));
            }
        }
    };
}
pub(super) use call;

/// Goes through `with` where a shared trace lacks the method.
macro_rules! by_shared {
    ($shared:expr, set($($arg:expr),*)) => { $shared.set($($arg),*) };
    ($shared:expr, add($($arg:expr),*)) => { $shared.add($($arg),*) };
    ($shared:expr, incr($($arg:expr),*)) => { $shared.incr($($arg),*) };
    ($shared:expr, $name:ident($($arg:expr),*)) => {
        $shared.with(|trace| { trace.$name($($arg),*); })
    };
}
pub(super) use by_shared;

/// Adds a fragment, handing over its text in one of the possible ways.
macro_rules! say {
    ($hand:expr, $text:expr, $name:ident) => {
        match $text {
            Text::Str(text) => $crate::reference::places::call!($hand, $name(text.as_str())),
            Text::Owned(text) => $crate::reference::places::call!($hand, $name(text.clone())),
            Text::Macro(text) => {
                $crate::reference::places::call!($hand, $name(format_args!("{text}")))
            }
            Text::Panics(text) => {
                $crate::reference::places::call!($hand, $name(format_args!("{text}")))
            }
        }
    };
}
pub(super) use say;

/// Adds a fragment with `add!`.
macro_rules! by_macro {
    ($hand:expr, $text:expr) => {
        match $hand {
            Hand::Own(trace) => {
                traceline::add!(trace, "{}", $text);
            }
            Hand::Current => traceline::current::add!("{}", $text),
            Hand::Shared(shared) => {
                shared.add(format_args!("{}", $text));
            }
        }
    };
}

pub const FILE: &str = file!();

pub const ADD: u32 = line!() + 2;
pub fn add(hand: &mut Hand<'_>, text: &Text) {
    say!(hand, text, add);
}

pub const ADD_MACRO: u32 = line!() + 2;
pub fn add_macro(hand: &mut Hand<'_>, text: &str) {
    by_macro!(hand, text);
}

pub const WARN: u32 = line!() + 2;
pub fn warn(hand: &mut Hand<'_>, text: &Text) {
    say!(hand, text, warn);
}

pub const FAIL: u32 = line!() + 2;
pub fn fail(hand: &mut Hand<'_>, text: &Text) {
    say!(hand, text, fail);
}

pub const RECOVERED: u32 = line!() + 2;
pub fn recovered(hand: &mut Hand<'_>) {
    call!(hand, recovered());
}

/// Starts a unit according to its plan.
pub fn start(plan: &Plan, config: &Config) -> Trace {
    let mut builder = Trace::builder(plan.name.clone()).config(config);
    if let Some(level) = plan.level {
        builder = builder.level(level);
    }
    if let Some(target) = plan.target {
        builder = builder.target(target);
    }
    for (key, value) in &plan.fields {
        builder = builder.field(key, value);
    }
    builder.start()
}

/// Starts a unit that `parent` calls.
pub fn child(plan: &Plan, parent: &mut Trace) -> Trace {
    parent.child(plan.name.clone())
}

/// Starts a unit of which nothing is special.
pub fn unit(config: &Config) -> Trace {
    Trace::builder("unit").config(config).start()
}
