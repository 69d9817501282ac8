fn main() {
    let _trace = traceline::start!("x", user_id: 7);
}
