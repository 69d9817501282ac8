fn main() {
    let mut trace = traceline::start!("x");
    let first = trace.check([1, 2].first());
    println!("{first:?}");
}
