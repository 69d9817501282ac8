//! Three services of one shop. Each answers `POST`, JSON in and out; each request is one unit.
//!
//! ```text
//! buyer → ordering (order) → purchasing (purchase) → inventory (reserve)
//! ```

mod fault;
mod http;
mod inventory;
mod ordering;
mod peer;
mod purchasing;

pub use fault::Fault;
pub use http::{Answer, Request, Service, serve};
pub use inventory::Inventory;
pub use ordering::Ordering;
pub use peer::Peer;
pub use purchasing::Purchasing;

use log::Level;
use serde_json::{Value as Json, json};
use traceline::Trace;

/// Puts the result of a unit into its record and into the answer.
fn answer(trace: &mut Trace, result: Result<Json, Fault>) -> Answer {
    let answer = match trace.check(result) {
        Ok(body) => {
            trace.ok().status(201);
            Answer::new(201, body)
        }
        Err(fault) => {
            let status = fault.status();
            if status < 500 {
                // The outcome remains an error, but not one to wake anybody up for.
                trace.set_level(Level::Warn);
            }
            trace.status(status);
            Answer::new(status, json!({ "error": fault.to_string() }))
        }
    };
    answer.with_request_id(trace.request_id())
}

/// Takes the sku and quantity from a body and adds them to the record.
fn item(trace: &mut Trace, body: &Json) -> Result<(String, u64), Fault> {
    let sku = body["sku"].as_str().ok_or(Fault::Bad("no sku"))?;
    trace.set("sku", sku);
    let quantity = body["quantity"].as_u64().filter(|quantity| *quantity > 0);
    let quantity = quantity.ok_or(Fault::Bad("no quantity"))?;
    trace.set("quantity", quantity);
    Ok((sku.to_owned(), quantity))
}
