//! The guide, chapter by chapter. Start with [getting started](getting_started).
//!
//! | chapter | covers |
//! |---|---|
//! | [Getting started](getting_started) | a first record, the outcome of a unit, the configuration |
//! | [Fields and fragments](fields_and_fragments) | everything a record can contain |
//! | [Levels and outcomes](levels_and_outcomes) | how a unit ended, and how severe its record is |
//! | [Context](context) | code without a handle, threads, ordinary log calls, panics |
//! | [Async](asynchronous) | futures as units, timers around an `.await`, tasks |
//! | [Services](services) | transactions that cross services, HTTP servers and clients |
//! | [Sampling](sampling) | keeping only some of the records, and still counting correctly |
//! | [Backends](backends) | a tested program for each of eleven loggers |
//! | [How programs end](how_programs_end) | what a panic, an exit, a signal or the end of a thread leaves behind |
//! | [Testing](testing) | the records of a test, snapshots, a clock under your control |
//! | [Performance](performance) | what each operation costs |
//! | [Security](security) | hostile input, faults, secrets |
//! | [From Python](from_python) | the features of LogTrace and their counterparts here |
//! | [Migration](migration) | moving from `tracing`, `slog` or a struct of your own |
//!
//! This module contains documentation and nothing else; its examples are tested.

macro_rules! chapters {
    ($($name:ident)*) => {
        $(
            #[doc = include_str!(concat!(stringify!($name), ".md"))]
            pub mod $name {}
        )*
    };
}

chapters! {
    getting_started
    fields_and_fragments
    levels_and_outcomes
    context
    asynchronous
    services
    sampling
    backends
    how_programs_end
    testing
    performance
    security
    from_python
    migration
}
