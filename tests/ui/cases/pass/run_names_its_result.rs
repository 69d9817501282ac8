fn main() {
    traceline::init();
    let parsed = traceline::run!("parse", |trace| -> Result<i32, std::num::ParseIntError> {
        trace.add("parsing");
        Ok("21".parse::<i32>()?)
    });
    assert_eq!(parsed, Ok(21));
    let boxed: Result<i32, Box<dyn std::error::Error>> =
        traceline::run!("parse", || Ok("x".parse::<i32>()?));
    assert!(boxed.is_err());
    let never: Result<(), String> = traceline::run!("exit", |_| std::process::exit(match boxed {
        Ok(_) => 1,
        Err(_) => return Ok(()),
    }));
    assert_eq!(never, Ok(()));
    let option = traceline::run!("first", |_| [1, 2].first().ok_or("empty"));
    assert_eq!(option, Ok(&1));
}
