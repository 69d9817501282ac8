#[derive(Debug)]
enum ImportError {
    DiskFull,
}

fn import() -> Result<u64, ImportError> {
    Err(ImportError::DiskFull)
}

fn main() {
    let mut trace = traceline::start!("x");
    let _ = trace.check(import());
}
