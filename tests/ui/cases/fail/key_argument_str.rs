fn rows(trace: &mut traceline::Trace, name: &str) {
    trace.set(name, 7);
}

fn main() {
    rows(&mut traceline::start!("x"), "rows");
}
