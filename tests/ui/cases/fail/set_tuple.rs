fn main() {
    let mut trace = traceline::start!("x");
    trace.set("point", (1, 2));
}
