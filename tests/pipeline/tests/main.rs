//! The whole path, with a separate broker, database and processes for each test. `run` installs what they need.

#[path = "../../../examples/services/src/process.rs"]
mod process;
mod rig;

mod broker_faults;
mod collector;
mod elsewhere;
mod hostile;
mod path;
mod store_faults;
mod transaction;
