//! Three services of one shop. Each answers `POST` with JSON in and out, and each request is one unit of work.
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

/// What became of a unit, for its record and for the caller.
fn answer(trace: &mut Trace, result: Result<Json, Fault>) -> Answer {
    let answer = match trace.check(result) {
        Ok(body) => {
            trace.ok().status(201);
            Answer::new(201, body)
        }
        Err(fault) => {
            let status = fault.status();
            if status < 500 {
                // The outcome stays an error, but nobody has to get up at night for it.
                trace.set_level(Level::Warn);
            }
            trace.status(status);
            Answer::new(status, json!({ "error": fault.to_string() }))
        }
    };
    answer.with_request_id(trace.request_id())
}

/// The sku and quantity of a body, into the record and out of it.
fn item(trace: &mut Trace, body: &Json) -> Result<(String, u64), Fault> {
    let sku = body["sku"].as_str().ok_or(Fault::Bad("no sku"))?;
    trace.set("sku", sku);
    let quantity = body["quantity"].as_u64().filter(|quantity| *quantity > 0);
    let quantity = quantity.ok_or(Fault::Bad("no quantity"))?;
    trace.set("quantity", quantity);
    Ok((sku.to_owned(), quantity))
}
