//! Arbitrary units: `model.rs` against the second implementation in `reference/`, `properties.rs` against third-party
//! readers, `differential.rs` on worn threads against fresh ones.

#[allow(dead_code, reason = "each test uses a part")]
#[path = "differential/random.rs"]
mod random;
mod reference;
#[path = "../util/typed.rs"]
mod typed;
#[path = "../util/mod.rs"]
mod util;
#[path = "props/values.rs"]
mod values;

mod cut;
mod differential;
mod found;
mod model;
mod ordinary;
mod properties;
#[cfg(feature = "serde")]
mod structured;
