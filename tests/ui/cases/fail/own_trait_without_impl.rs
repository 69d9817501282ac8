use traceline::ToValue;

fn record<T>(trace: &mut traceline::Trace, value: T) {
    trace.set("value", value);
}

fn bounded(value: impl ToValue) {
    let _ = value.to_value();
}

fn main() {
    record(&mut traceline::start!("x"), 7);
    bounded(());
}
