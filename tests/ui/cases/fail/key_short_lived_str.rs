fn main() {
    let mut trace = traceline::start!("x");
    for shard in 0..3 {
        let name = format!("shard{shard}.rows");
        let name: &str = &name;
        trace.set(name, 10 * shard);
    }
}
