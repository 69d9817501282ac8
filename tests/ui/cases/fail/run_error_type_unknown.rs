fn main() {
    let parsed = traceline::run!("parse", |trace| {
        trace.add("parsing");
        let parsed: i32 = "21".parse()?;
        Ok(parsed)
    });
    println!("{parsed:?}");
}
