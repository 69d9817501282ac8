//! What every row is given: the inputs of the units of work, the kept buffer that records are written to, and the
//! fragment list for peers that have none of their own. A crate of its own because wide-log wants one crate per schema,
//! and because `benches/instructions` counts the same units.

#[cfg(feature = "fragments")]
mod fragments;
mod inputs;
pub mod sink;
mod wide_keys;

#[cfg(feature = "fragments")]
pub use fragments::{Fragment, Fragments};
pub use inputs::{Auth, Wide, auths, wides};
