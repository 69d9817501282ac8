fn main() {
    let mut trace = traceline::start!("x");
    trace.set("port", "80".parse::<u16>());
}
