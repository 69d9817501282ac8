use traceline::current;

fn main() {
    traceline::init();
    let n = 3;
    let rendered: Result<String, String> = pollster::block_on(traceline::run!("x", async {
        current::set("n", n);
        current::with(|trace| trace.render()).ok_or_else(String::new)
    }));
    assert!(rendered.is_ok_and(|record| record.ends_with(" n=3")));
    let moved: Result<i32, String> = pollster::block_on(traceline::run!("x", async move { Ok(n) }));
    assert_eq!(moved, Ok(3));
}
