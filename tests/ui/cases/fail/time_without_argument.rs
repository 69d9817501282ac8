fn main() {
    let mut trace = traceline::start!("x");
    let seven = trace.time("db", || 7);
    println!("{seven}");
}
