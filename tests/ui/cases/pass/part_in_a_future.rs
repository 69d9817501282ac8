fn main() {
    traceline::init();
    let mut trace = traceline::start!("fan out");
    let mut part = trace.part();
    let task = async move {
        part.incr("queries");
        part
    };
    trace.join(pollster::block_on(task));
    assert!(trace.render().ends_with(" queries=1"));
}
