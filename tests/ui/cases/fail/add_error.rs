fn main() {
    let mut trace = traceline::start!("x");
    if let Err(error) = "80".parse::<u16>() {
        trace.warn(error);
    }
}
