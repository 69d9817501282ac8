use log::*;
use traceline::*;

fn main() {
    let mut trace = start!("x");
    info!(trace, "hello");
}
