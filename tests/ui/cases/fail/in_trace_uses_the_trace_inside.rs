use traceline::future::InTraceExt;

fn main() {
    pollster::block_on(async {
        let mut trace = traceline::start!("x");
        async {
            trace.set("a", 1);
        }
        .in_trace(trace)
        .await
    })
}
