fn main() {
    let _trace = traceline::start!(7);
}
