fn main() {
    let mut trace = traceline::start!("x");
    let error: std::rc::Rc<dyn std::error::Error> = std::rc::Rc::new(std::fmt::Error);
    trace.error(&error);
}
