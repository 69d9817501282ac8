//! The configuration: how records look, what a trace may hold, and which records
//! are kept. It is checked once, when it is built, and never changes afterwards.

// From the top down: a file names only files below it (tests/layers.rs).
mod builder;
pub(crate) mod process;
mod check;
pub(crate) mod settings;
pub(crate) mod sampling;
pub(crate) mod finished;
pub(crate) mod schema;
pub(crate) mod presets;
pub(crate) mod names;
pub(crate) mod choices;

pub use crate::base::clock::Clock;
pub use builder::ConfigBuilder;
pub use check::ConfigError;
pub use choices::{Color, Integers, LineTag, NonFinite, Output};
pub use finished::{FinishedUnit, Fragment};
pub use names::Name;
pub use sampling::{Sampled, Sampling};
pub use schema::Schema;
#[doc(hidden)]
pub use schema::{SchemaTable, schema_tables};
