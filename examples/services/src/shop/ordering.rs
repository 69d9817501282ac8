//! C: takes a buyer's order and passes it on to purchasing.

use std::sync::atomic::{AtomicU64, Ordering as Memory};

use serde_json::{Value as Json, json};
use traceline::Trace;

use super::{Answer, Fault, Peer, Request, Service, answer, item};

pub struct Ordering {
    purchasing: Peer,
    orders: AtomicU64,
}

impl Ordering {
    pub fn new(purchasing: &str) -> Ordering {
        Ordering {
            purchasing: Peer::new("purchasing", purchasing, 4),
            orders: AtomicU64::new(7001),
        }
    }

    fn order(&self, trace: &mut Trace, body: &Json) -> Result<Json, Fault> {
        let (sku, quantity) = item(trace, body)?;
        trace.set("buyer", body["buyer"].as_str());
        let wanted = json!({ "sku": sku, "quantity": quantity });
        let purchased = self.purchasing.post(trace, "/purchases", &wanted)?;
        let id = self.orders.fetch_add(1, Memory::Relaxed);
        traceline::set!(trace, order_id = id, cents = purchased["cents"].as_u64());
        Ok(json!({ "order_id": id, "cents": purchased["cents"] }))
    }
}

impl Service for Ordering {
    fn answer(&self, request: &Request) -> Answer {
        let mut trace = traceline::start!("order");
        trace.continue_from_headers(request.headers());
        let body = request.posted_to("/orders");
        let ordered = body.and_then(|body| self.order(&mut trace, &body));
        answer(&mut trace, ordered)
    }
}
