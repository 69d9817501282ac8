fn main() {
    pollster::block_on(async {}.in_trace(traceline::start!("x")));
}
