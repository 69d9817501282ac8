fn main() {
    let name = String::from("a");
    let name: &str = &name;
    let _trace = traceline::start!(name);
}
