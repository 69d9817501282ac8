//! Code as users write it: what is here must compile, and do what it says.

#![forbid(unsafe_code)]

#[path = "../../util/tags.rs"]
mod tags;
#[path = "../../util/mod.rs"]
mod util;

mod context;
mod explicit;
