struct Plan {
    _id: u32,
}

fn main() {
    let mut trace = traceline::start!("x");
    trace.set("plan", Some(Plan { _id: 1 }));
}
