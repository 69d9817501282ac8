//! B: knows the prices, and has the inventory reserve each purchase.

use serde_json::{Value as Json, json};
use traceline::Trace;

use super::{Answer, Fault, Peer, Request, Service, answer, item};

const CENTS_A_WIDGET: u64 = 249;

pub struct Purchasing {
    inventory: Peer,
}

impl Purchasing {
    pub fn new(inventory: &str) -> Purchasing {
        Purchasing {
            inventory: Peer::new("inventory", inventory, 2),
        }
    }

    fn purchase(&self, trace: &mut Trace, body: &Json) -> Result<Json, Fault> {
        let (sku, quantity) = item(trace, body)?;
        let cents = quantity.checked_mul(CENTS_A_WIDGET);
        let cents = cents.ok_or(Fault::Bad("more than money can buy"))?;
        trace.set("cents", cents);
        let wanted = json!({ "sku": sku, "quantity": quantity });
        let reserved = self.inventory.post(trace, "/reservations", &wanted)?;
        traceline::add!(trace, "reserved, {} left", reserved["left"]);
        Ok(json!({ "cents": cents }))
    }
}

impl Service for Purchasing {
    fn answer(&self, request: &Request) -> Answer {
        let mut trace = traceline::start!("purchase");
        trace.continue_from_headers(request.headers());
        let body = request.posted_to("/purchases");
        let purchased = body.and_then(|body| self.purchase(&mut trace, &body));
        answer(&mut trace, purchased)
    }
}
