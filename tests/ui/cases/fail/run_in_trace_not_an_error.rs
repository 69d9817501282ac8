use traceline::future::InTraceExt;

#[derive(Debug)]
enum ImportError {
    DiskFull,
}

async fn import() -> Result<u64, ImportError> {
    Err(ImportError::DiskFull)
}

fn main() {
    let _ = pollster::block_on(import().run_in_trace(traceline::start!("import")));
}
