use traceline::future::InTraceExt;

async fn load() -> u64 {
    7
}

fn count() -> u64 {
    7
}

fn main() {
    let _ = pollster::block_on(load.in_trace(traceline::start!("load")));
    let _ = pollster::block_on(count().in_trace(traceline::start!("count")));
}
