fn main() {
    let mut trace = traceline::start!("x");
    let text = String::from("hello");
    traceline::add!(trace, text);
}
