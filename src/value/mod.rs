//! The types of everything that users put into a trace: keys, values, messages,
//! errors, outcomes.

// From the top down: a file names only files below it (tests/layers.rs).
#[cfg(feature = "serde")]
pub(crate) mod serde;
#[cfg(feature = "uuid")]
pub(crate) mod uuid;
pub(crate) mod failure;
pub(crate) mod eager;
pub(crate) mod convert;
pub(crate) mod to_value;
pub(crate) mod kind;
pub(crate) mod owned;
pub(crate) mod json_text;
pub(crate) mod key;
pub(crate) mod message;
pub(crate) mod not_a_future;
pub(crate) mod number;
pub(crate) mod outcome;

pub use failure::{Failure, IsResult};
pub use json_text::JsonText;
pub use key::{Key, ToKey};
pub use message::Message;
pub use not_a_future::NotAFuture;
pub use number::Number;
pub use owned::OwnedValue;
