struct Plan {
    id: u32,
}

fn main() {
    let mut trace = traceline::start!("x");
    let plan = Plan { id: 1 };
    trace.set("plan", &plan);
    traceline::set!(trace, plan, other = plan);
    traceline::current::set("plan", plan.id);
    traceline::current::set("plan", plan);
}
