fn main() {
    let mut trace = traceline::start!("x");
    let error: Box<dyn std::error::Error> = "disk full".into();
    trace.error(error);
    trace.set("n", 1);
}
