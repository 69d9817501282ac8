fn main() {
    traceline::init();
    let sync: Result<i32, String> = traceline::run!("x", |_| Ok(7));
    let waited: Result<i32, String> = pollster::block_on(traceline::run!("x", async |_| Ok(7)));
    let moved: Result<i32, String> = pollster::block_on(traceline::run!("x", async move |_| Ok(7)));
    assert_eq!([sync, waited, moved], [const { Ok(7) }; 3]);
}
