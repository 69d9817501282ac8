use traceline::future::InTraceExt;

async fn query() {}

fn main() {
    let mut trace = traceline::start!("fan out");
    let part = trace.part();
    let task = async {
        traceline::current::incr("queries");
        query().await
    }
    .in_trace(part);
    pollster::block_on(task);
    trace.ok();
}
