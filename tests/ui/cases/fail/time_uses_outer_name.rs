fn main() {
    let mut trace = traceline::start!("x");
    let seven = trace.time("db", |_| {
        trace.incr("rows");
        7
    });
    println!("{seven}");
}
