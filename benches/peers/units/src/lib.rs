//! Shared by all rows: the inputs of the units, the kept buffer for records, and the fragment list for peers that have
//! none of their own. This is a separate crate because wide-log needs one crate per schema and because
//! `benches/instructions` counts the same units.

#[cfg(feature = "fragments")]
mod fragments;
mod inputs;
pub mod sink;
mod wide_keys;

#[cfg(feature = "fragments")]
pub use fragments::{Fragment, Fragments};
pub use inputs::{Auth, Wide, auths, wides};
