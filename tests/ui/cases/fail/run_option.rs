fn main() {
    let first = traceline::run!("first", |trace| {
        trace.set("a", 1);
        [1, 2].first()
    });
    println!("{first:?}");
}
