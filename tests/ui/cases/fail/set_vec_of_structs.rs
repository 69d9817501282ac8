struct Row {
    _id: u32,
}

fn main() {
    let mut trace = traceline::start!("x");
    let rows = vec![Row { _id: 1 }];
    trace.set("rows", &rows);
    trace.set("rows", rows);
}
