fn main() {
    traceline::init();
    let user_id = 7;
    let trace = traceline::start!("x", user_id = user_id, "db.rows" = 3);
    assert!(trace.render().ends_with(" user_id=7 db.rows=3"));
    let trace = traceline::start!("x", level: Warn, user_id);
    assert!(trace.render().ends_with(" user_id=7"));
}
