fn main() {
    pollster::block_on(traceline::run!("x", async || {
        traceline::current::set("a", 1);
    }));
    pollster::block_on(traceline::run!("x", async |trace| {
        trace.set("a", 1);
    }));
}
