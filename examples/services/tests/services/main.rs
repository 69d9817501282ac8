//! The three services of `examples/services`: run as processes, and sent hostile input.

#[path = "../../src/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "../../src/shop/mod.rs"]
#[allow(dead_code, unused_imports)]
mod shop;
#[path = "../../src/tree.rs"]
mod tree;

mod faults;
mod hostile;
mod orders;
mod rig;
mod trees;
