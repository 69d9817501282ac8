fn main() {
    let mut trace = traceline::start!("x");
    trace.sum("bytes", "12");
    trace.max("bytes", String::from("12"));
}
