fn main() {
    let mut trace = traceline::start!("x");
    trace.time("db", |inner| {
        inner.incr("rows");
        trace.incr("rows");
    });
}
