fn main() {
    let mut trace = traceline::start!("x");
    trace.max("longest", ["a"].iter().map(|s| s.len()).max());
}
