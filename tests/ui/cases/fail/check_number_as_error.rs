fn main() {
    let mut trace = traceline::start!("x");
    let _ = trace.check(Err::<(), i32>(7));
    let _ = trace.check(Err::<(), ()>(()));
}
