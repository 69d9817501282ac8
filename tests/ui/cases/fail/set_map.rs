use std::collections::HashMap;

fn main() {
    let mut trace = traceline::start!("x");
    let counts: HashMap<&str, u32> = HashMap::new();
    trace.set("counts", &counts);
}
