//! The whole path, with a broker, a database and processes of its own for each test. `run` installs what this needs.

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
