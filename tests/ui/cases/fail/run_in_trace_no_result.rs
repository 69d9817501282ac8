use traceline::future::InTraceExt;

async fn load(id: u64) -> u64 {
    id
}

async fn import() -> Result<u64, ()> {
    Err(())
}

fn main() {
    let _ = pollster::block_on(load(7).run_in_trace(traceline::start!("load")));
    let _ = pollster::block_on(import().run_in_trace(traceline::start!("import")));
}
