//! Auto traits and sizes of every public type. Users notice a change in either, so
//! it has to be made here too.

use std::panic::{RefUnwindSafe, UnwindSafe};

use traceline::{
    Config, Format, Outcome, Part, SharedTrace, Timer, Trace, TraceBuilder, UnitRef, Value,
    bridge::{Bridge, FormattedRecord},
    config::{
        Color, ConfigBuilder, ConfigError, FinishedUnit, Fragment, Integers, LineTag, Name,
        NonFinite, Output, Sampled, Sampling, Schema,
    },
    current::{Entered, EnteredUnit, Lap, Missed},
    ids::{IdError, SpanId, TraceId, TraceParent, TraceState},
    value::{JsonText, Key, OwnedValue},
};

/// Names the auto traits that a type has.
///
/// An inherent constant wins over a trait's where its bound holds.
macro_rules! auto_traits {
    ($type:ty: $($bound:ident)*) => {{
        let mut found: Vec<&str> = Vec::new();
        $({
            struct Probe<T>(std::marker::PhantomData<T>);
            #[allow(dead_code)] // if the type has the trait
            trait Otherwise {
                const HAS: bool = false;
            }
            impl<T> Otherwise for Probe<T> {}
            #[allow(dead_code)] // if it does not
            impl<T: $bound> Probe<T> {
                const HAS: bool = true;
            }
            if <Probe<$type>>::HAS {
                found.push(stringify!($bound));
            }
        })*
        found.join(" ")
    }};
}

macro_rules! table {
    ($($type:ty: $size:expr, $traits:expr;)*) => {
        [$((
            stringify!($type),
            (size_of::<$type>(), auto_traits!($type: Send Sync Unpin UnwindSafe RefUnwindSafe)),
            ($size, String::from($traits)),
        )),*]
    };
}

const ALL: &str = "Send Sync Unpin UnwindSafe RefUnwindSafe";

/// For types that may hold the user's `&dyn Log` and `&dyn Clock`.
const NOT_UNWIND_SAFE: &str = "Send Sync Unpin";

#[test]
#[cfg(target_pointer_width = "64")]
fn auto_traits_and_sizes_of_public_types_are_these() {
    let table = table! {
        Trace: 16, ALL;
        TraceBuilder: 120, NOT_UNWIND_SAFE;
        Timer: 40, ALL;
        Lap: 40, ALL;
        UnitRef: 16, ALL;
        Config: 8, NOT_UNWIND_SAFE;
        ConfigError: 40, ALL;
        Color: 1, ALL;
        Format: 1, ALL;
        Integers: 1, ALL;
        LineTag: 1, ALL;
        Name: 1, ALL;
        NonFinite: 1, ALL;
        Schema<'_>: 24, ALL;
        Outcome: 1, ALL;
        OwnedValue: 32, ALL;
        JsonText: 24, ALL;
        Key<'_>: 24, ALL;
        Output: 1, ALL;
        Sampled: 16, ALL;
        Missed: 72, ALL;
        // It may hold user closures.
        Sampling: 48, NOT_UNWIND_SAFE;
        // A view of a unit for the duration of a call.
        FinishedUnit<'_>: 192, "Unpin";
        Fragment<'_>: 64, ALL;
        // It borrows a `log::Record`, which may hold anything.
        FormattedRecord<'_>: 48, "Unpin";
        // The stack belongs to the thread: not `Send`, not `Sync`.
        Entered<'_>: 8, "Unpin RefUnwindSafe";
        EnteredUnit: 8, "Unpin UnwindSafe RefUnwindSafe";
        Part: 16, ALL;
        SharedTrace: 8, ALL;
        Bridge<()>: 16, ALL;
        // A test may have a say in it.
        ConfigBuilder: if cfg!(feature = "testing") { 2056 } else { 2040 }, NOT_UNWIND_SAFE;
        TraceId: 16, ALL;
        SpanId: 8, ALL;
        TraceParent: 64, ALL;
        TraceState: 24, ALL;
        IdError: 24, ALL;
        // It may hold a `&dyn Display` of any type.
        Value<'_>: 32, "Unpin";
    };
    check(&table);
}

/// A type, its actual auto traits and size, and the expected ones.
type Row = (&'static str, (usize, String), (usize, String));

#[track_caller]
fn check(table: &[Row]) {
    for (name, got, want) in table {
        assert_eq!(got, want, "{name}");
    }
}

#[test]
#[cfg(all(feature = "tower", target_pointer_width = "64"))]
fn auto_traits_and_sizes_of_the_layers_are_these() {
    use std::future::Ready;

    use traceline::tower::{
        Propagate, PropagateLayer, RequestBody, ResponseFuture, TraceBody, TraceLayer, TraceService,
    };

    check(&table! {
        // Hooks are user closures.
        TraceLayer: 112, NOT_UNWIND_SAFE;
        TraceService<()>: 8, NOT_UNWIND_SAFE;
        ResponseFuture<Ready<()>>: 48, NOT_UNWIND_SAFE;
        TraceBody<()>: 56, ALL;
        RequestBody<()>: 8, ALL;
        PropagateLayer: 1, ALL;
        Propagate<()>: 1, ALL;
    });
}

#[test]
#[cfg(all(feature = "future", target_pointer_width = "64"))]
fn auto_traits_and_sizes_of_the_futures_are_these() {
    use std::future::Ready;

    use traceline::future::{InTrace, InUnit, RunInTrace, Timed};

    check(&table! {
        InTrace<Ready<()>>: 24, ALL;
        RunInTrace<Ready<()>, ()>: 32, ALL;
        InUnit<Ready<()>>: 40, ALL;
        Timed<Ready<()>>: 56, ALL;
    });
}

#[test]
#[cfg(all(feature = "testing", target_pointer_width = "64"))]
fn auto_traits_and_sizes_of_the_test_tools_are_these() {
    use traceline::testing::{Capture, Entered, Fragment, MockClock, Record};

    check(&table! {
        Capture: 40, NOT_UNWIND_SAFE;
        Entered: 8, "Unpin UnwindSafe RefUnwindSafe";
        MockClock: 40, "Send Sync Unpin UnwindSafe";
        Record: 304, ALL;
        Fragment: 80, ALL;
    });
}
