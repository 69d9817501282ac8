//! Code as users write it: it must compile, and do what it appears to do.

#![forbid(unsafe_code)]

#[path = "../../util/tags.rs"]
mod tags;
#[path = "../../util/mod.rs"]
mod util;

mod context;
mod explicit;
