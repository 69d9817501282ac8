/// Takes the money for an order: a unit of work.
pub fn checkout(order: u64, card: &str) -> Result<i64, String> {
    let mut trace = traceline::start!("checkout");
    trace.set("order", order).set("card", traceline::mask(card, 4));
    trace.add("cart read");
    let cents = trace.check(charge(card))?;
    trace.set("cents", cents).set("rate", 0.25).set("express", false).ok();
    Ok(cents)
}

fn charge(card: &str) -> Result<i64, String> {
    if card.is_empty() {
        return Err("no card".to_owned());
    }
    Ok(4_499)
}
