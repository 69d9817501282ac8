//! A guide in chapters; begin with [getting started](getting_started).
//!
//! | chapter | about |
//! |---|---|
//! | [Getting started](getting_started) | a logger, a unit, a configuration |
//! | [Fields and fragments](fields_and_fragments) | what can be put into a record |
//! | [Levels and outcomes](levels_and_outcomes) | how a unit ends, and how loud |
//! | [Context](context) | code without a handle, threads, ordinary log calls |
//! | [Async](asynchronous) | futures that are units |
//! | [Services](services) | transactions that cross services |
//! | [Sampling](sampling) | which units get a record |
//! | [Backends](backends) | each logger that was tried: a program, what comes out, what to do at the end |
//! | [Testing](testing) | the records of a test, snapshots, time |
//! | [Performance](performance) | what costs what |
//! | [Security](security) | what values cannot do, and what must not get in |
//! | [From Python](from_python) | each feature of LogTrace, and what to write here |
//! | [Migration](migration) | from `tracing`, `slog`, or a struct of your own |
//!
//! There is nothing here to call: the module exists in the documentation only, where its examples are tested.

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
    testing
    performance
    security
    from_python
    migration
}
