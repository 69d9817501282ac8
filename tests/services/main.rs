//! The three services of `examples/services`: as processes, and what the world may send them.

#[path = "../../examples/services/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "../../examples/services/shop/mod.rs"]
#[allow(dead_code, unused_imports)]
mod shop;
#[path = "../../examples/services/tree.rs"]
mod tree;

mod faults;
mod hostile;
mod orders;
mod rig;
mod trees;
