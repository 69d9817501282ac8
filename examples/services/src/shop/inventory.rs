//! A: keeps the stock and reserves from it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value as Json, json};
use traceline::Trace;

use super::{Answer, Fault, Request, Service, answer, item};

/// The stock, and how much of it is reserved.
pub struct Inventory(Mutex<HashMap<String, u64>>);

impl Inventory {
    pub fn new(widgets: u64) -> Inventory {
        Inventory(Mutex::new(HashMap::from([("widget".into(), widgets)])))
    }

    fn reserve(&self, trace: &mut Trace, body: &Json) -> Result<Json, Fault> {
        let (sku, wanted) = item(trace, body)?;
        let mut shelves = trace.time("lock", |_| self.shelves());
        let stock = shelves.get_mut(&sku).ok_or(Fault::Bad("no such sku"))?;
        traceline::add!(trace, "{stock} in stock");
        let left = stock.checked_sub(wanted);
        *stock = left.ok_or(Fault::SoldOut {
            sku,
            wanted,
            left: *stock,
        })?;
        trace.set("left", *stock);
        Ok(json!({ "reserved": wanted, "left": *stock }))
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Inventory {
    fn answer(&self, request: &Request) -> Answer {
        let mut trace = traceline::start!("reserve");
        trace.continue_from_headers(request.headers());
        let body = request.posted_to("/reservations");
        let reserved = body.and_then(|body| self.reserve(&mut trace, &body));
        answer(&mut trace, reserved)
    }
}
