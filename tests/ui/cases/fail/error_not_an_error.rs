#[derive(Debug)]
enum ImportError {
    DiskFull,
}

fn main() {
    let mut trace = traceline::start!("x");
    trace.error(&ImportError::DiskFull);
}
