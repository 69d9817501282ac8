//! Feature `uuid`: `Uuid` as the id of a transaction.

use uuid::Uuid;

use crate::ids::error::{Fault, HeaderPart, IdError};
use crate::ids::id::TraceId;

/// Takes the 128 bits of the UUID; the nil UUID is refused, as an id is never zero.
///
/// ```
/// use traceline::ids::TraceId;
/// use uuid::Uuid;
///
/// let order = Uuid::from_u128(0x67e55044_10b1_426f_9247_bb680e5fe0c8);
/// let id = TraceId::try_from(order)?;
/// assert_eq!(id.to_string(), "67e5504410b1426f9247bb680e5fe0c8");
/// assert_eq!(Uuid::from(id), order);
/// assert!(TraceId::try_from(Uuid::nil()).is_err());
/// # Ok::<(), traceline::ids::IdError>(())
/// ```
impl TryFrom<Uuid> for TraceId {
    type Error = IdError;

    fn try_from(uuid: Uuid) -> Result<TraceId, IdError> {
        let id = TraceId::from_bytes(uuid.into_bytes());
        id.ok_or(IdError::new(HeaderPart::TraceId, Fault::Zero))
    }
}

/// Keeps the 128 bits, whatever version of UUID they are.
impl From<TraceId> for Uuid {
    fn from(id: TraceId) -> Uuid {
        Uuid::from_bytes(id.to_bytes())
    }
}
