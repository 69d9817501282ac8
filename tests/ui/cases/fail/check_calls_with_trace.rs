fn load(trace: &mut traceline::Trace) -> Result<u64, String> {
    trace.incr("loads");
    Ok(7)
}

fn main() {
    let mut trace = traceline::start!("x");
    let _ = trace.check(load(&mut trace));
}
