fn main() {
    let mut trace = traceline::start!("x");
    for n in [1, 2].iter() {
        trace.sum("bytes", n);
    }
}
