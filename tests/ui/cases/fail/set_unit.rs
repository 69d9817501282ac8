fn main() {
    let mut trace = traceline::start!("x");
    trace.set("done", println!("done"));
}
