fn main() {
    let seven = traceline::run!("count", |trace| {
        trace.set("a", 1);
        7
    });
    println!("{seven}");
}
