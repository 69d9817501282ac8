struct Plan;

fn main() {
    let plan = Plan;
    let _trace = traceline::start!("x", plan, other = plan);
}
