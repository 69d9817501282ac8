fn main() {
    let mut trace = traceline::start!("x");
    trace.warn("bad {}", 3);
    trace.add("bad {}", 3);
    trace.fail("bad {}", 3);
}
