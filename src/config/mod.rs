//! How records look, what a trace may hold, and which records are kept.
//!
//! A configuration is checked once, when it is built, and never changes after.

// From the top down: a file names only files below it (tests/layers.rs).
pub(crate) mod builder;
pub(crate) mod process;
pub(crate) mod check;
pub(crate) mod settings;
pub(crate) mod sampling;
pub(crate) mod finished;
pub(crate) mod schema;
pub(crate) mod names;
pub(crate) mod error;
pub(crate) mod choices;

pub use crate::base::clock::Clock;
pub use builder::ConfigBuilder;
pub use choices::{Color, Integers, LineTag, NonFinite, Output};
pub use error::ConfigError;
pub use finished::{FinishedUnit, Fragment};
pub use names::Name;
pub use sampling::{Sampled, Sampling};
pub use schema::Schema;
