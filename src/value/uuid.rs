//! Feature `uuid`: `Uuid` as the value of a field.

use uuid::Uuid;

use crate::value::kind::{Kind, Value};
use crate::value::to_value::ToValue;

/// Writes the UUID with hyphens, in lower case.
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use uuid::Uuid;
///
/// let order = Uuid::from_u128(0x67e55044_10b1_426f_9247_bb680e5fe0c8);
/// let mut trace = traceline::start!("order");
/// trace.set("order_id", order);
/// trace.set_request_id(&order.to_string()); // the id of the request as well
/// assert!(trace.render().ends_with(" order_id=67e55044-10b1-426f-9247-bb680e5fe0c8"));
/// ```
#[diagnostic::do_not_recommend]
impl ToValue for Uuid {
    fn to_value(&self) -> Value<'_> {
        Value(Kind::Display(self))
    }
}

impl<'a> From<&'a Uuid> for Value<'a> {
    fn from(uuid: &'a Uuid) -> Value<'a> {
        uuid.to_value()
    }
}
