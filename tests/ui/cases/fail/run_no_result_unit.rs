fn main() {
    traceline::run!("count", |trace| {
        trace.set("a", 1);
    });
    traceline::run!("count", || {
        traceline::current::set("a", 1);
    });
}
