//! Feature `uuid`: `Uuid` as a value and as the id of a transaction.

use uuid::Uuid;

use crate::ids::id::TraceId;

/// Fails for the nil UUID: no id is zero.
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
    type Error = crate::ids::error::IdError;

    fn try_from(uuid: Uuid) -> Result<TraceId, Self::Error> {
        TraceId::from_uuid_bytes(uuid.into_bytes())
    }
}

/// The same 128 bits, whatever version of UUID they are.
impl From<TraceId> for Uuid {
    fn from(id: TraceId) -> Uuid {
        Uuid::from_bytes(id.to_bytes())
    }
}
