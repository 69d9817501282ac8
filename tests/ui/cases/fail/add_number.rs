fn main() {
    let mut trace = traceline::start!("x");
    trace.add(7);
    traceline::current::warn(7);
}
