use traceline::future::InTraceExt;

fn main() {
    let _ = pollster::block_on((async || 7).in_trace(traceline::start!("load")));
}
