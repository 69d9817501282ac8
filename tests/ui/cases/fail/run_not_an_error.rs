#[derive(Debug)]
enum ImportError {
    DiskFull,
}

fn import() -> Result<(), ImportError> {
    traceline::run!("import", |trace| {
        trace.set("rows", 1);
        Err(ImportError::DiskFull)
    })
}

fn main() {
    let _ = import();
}
