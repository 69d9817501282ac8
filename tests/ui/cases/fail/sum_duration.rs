fn main() {
    let mut trace = traceline::start!("x");
    trace.sum("wait_ms", std::time::Duration::from_millis(2));
}
