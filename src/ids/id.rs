//! IdMaker that cross services: W3C Trace Context level 2, and B3 in.
//!
//! Parsed by table, to the letter of <https://www.w3.org/TR/trace-context-2/>:
//! `from_str_radix` would take a sign, upper case and short fields, and what one
//! service takes and the next refuses breaks a trace in two.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;
use std::time::Instant;

use crate::ids::error::{Fault, Field, IdError};
use crate::ids::hex::{decode, encode};
use crate::ids::random::{Salt, random};

/// The id of a transaction that may cross many services: 128 bits, never zero.
///
/// # Examples
///
/// ```
/// use traceline::ids::TraceId;
///
/// let id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert!("4BF92F3577B34DA6A3CE929D0E0E4736".parse::<TraceId>().is_err());
/// # Ok::<(), traceline::ids::IdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub(crate) NonZeroU128);

/// The id of one unit of work in a transaction: 64 bits, never zero.
///
/// # Examples
///
/// ```
/// use traceline::ids::SpanId;
///
/// let id: SpanId = "00f067aa0ba902b7".parse()?;
/// assert_eq!(id.to_string(), "00f067aa0ba902b7");
/// # Ok::<(), traceline::ids::IdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub(crate) NonZeroU64);

#[cfg(feature = "uuid")]
impl TraceId {
    pub(crate) fn from_uuid_bytes(bytes: [u8; 16]) -> Result<TraceId, IdError> {
        TraceId::from_bytes(bytes).ok_or(IdError::new(Field::TraceId, Fault::Zero))
    }
}

macro_rules! id {
    ($id:ident, $nonzero:ident, $int:ident, $bytes:literal, $what:literal) => {
        impl $id {
            /// Makes an id of random bits that differ from thread to thread and
            /// from process to process. IdMaker are no secrets.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let id = traceline::ids::", stringify!($id), "::random();")]
            #[doc = concat!("assert_ne!(id, traceline::ids::", stringify!($id), "::random());")]
            /// ```
            pub fn random() -> $id {
                $id::salted(Salt::new(Instant::now()))
            }

            /// The same for one who knows the time.
            pub(crate) fn salted(salt: Salt) -> $id {
                loop {
                    if let Some(id) = $nonzero::new(random(salt) as $int) {
                        return $id(id);
                    }
                }
            }

            /// Makes an id of its bytes, the most significant first; `None` if all are zero.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use traceline::ids::", stringify!($id), ";")]
            ///
            #[doc = concat!("let bytes = ", stringify!($id), "::random().to_bytes();")]
            #[doc = concat!("assert_eq!(", stringify!($id), "::from_bytes(bytes).map(|id| id.to_bytes()), Some(bytes));")]
            #[doc = concat!("assert_eq!(", stringify!($id), "::from_bytes(bytes.map(|_| 0)), None);")]
            /// ```
            pub fn from_bytes(bytes: [u8; $bytes]) -> Option<$id> {
                $nonzero::new($int::from_be_bytes(bytes)).map($id)
            }

            /// Returns the bytes, the most significant first.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let id = traceline::ids::", stringify!($id), "::random();")]
            #[doc = concat!("assert_eq!(traceline::ids::", stringify!($id), "::from_bytes(id.to_bytes()), Some(id));")]
            /// ```
            pub fn to_bytes(self) -> [u8; $bytes] {
                self.0.get().to_be_bytes()
            }

            /// The length of its text.
            pub(crate) const LEN: usize = 2 * $bytes;

            /// Writes it into `room` and returns it as text.
            pub(crate) fn encode(self, room: &mut [u8; 2 * $bytes]) -> &str {
                encode(&self.to_bytes(), room);
                std::str::from_utf8(room).unwrap_or_default()
            }

            pub(crate) fn parse(text: &[u8], field: Field) -> Result<$id, IdError> {
                let bytes = decode::<$bytes>(text, field)?;
                $id::from_bytes(bytes).ok_or(IdError::new(field, Fault::Zero))
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.encode(&mut [0; $id::LEN]))
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($id), "({})"), self)
            }
        }

        impl FromStr for $id {
            type Err = IdError;

            fn from_str(text: &str) -> Result<$id, IdError> {
                $id::parse(text.as_bytes(), Field::$id)
            }
        }
    };
}

id! { TraceId, NonZeroU128, u128, 16, "trace id" }

id! { SpanId, NonZeroU64, u64, 8, "span id" }
