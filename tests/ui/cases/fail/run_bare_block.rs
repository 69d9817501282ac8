fn main() {
    let _: Result<(), String> = traceline::run!("x", { Ok(()) });
}
