fn main() {
    let parsed = pollster::block_on(traceline::run!("x", async || {
        let parsed: i32 = "21".parse()?;
        Ok(parsed)
    }));
    println!("{parsed:?}");
    let parsed = pollster::block_on(traceline::run!("x", async |trace| {
        trace.add("parsing");
        let parsed: i32 = "21".parse()?;
        Ok(parsed)
    }));
    println!("{parsed:?}");
}
