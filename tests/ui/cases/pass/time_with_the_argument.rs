fn main() {
    traceline::init();
    let mut trace = traceline::start!("x");
    let seven = trace.time("db", |trace| {
        trace.incr("rows");
        7
    });
    assert_eq!(seven, 7);
    assert!(trace.render().contains(" rows=1"));
}
