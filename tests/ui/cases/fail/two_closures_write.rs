fn main() {
    let mut trace = traceline::start!("x");
    let numbers: Vec<i32> = ["1", "x", "3"]
        .iter()
        .filter_map(|text| {
            text.parse()
                .map_err(|error| traceline::add!(trace, "bad {text}: {error}"))
                .ok()
        })
        .inspect(|n| {
            trace.sum("sum", *n);
        })
        .collect();
    println!("{numbers:?}");
}
