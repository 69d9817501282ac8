fn main() {
    let mut trace = traceline::start!("x");
    trace.set(7, "seven");
    trace.incr(&String::from("x").as_str());
}
