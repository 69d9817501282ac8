//! The three services of `examples/services` as processes, and what the world may send them.

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
