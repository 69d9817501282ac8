//! The two ids of W3C Trace Context. Both are non-zero and parsed the same way, so
//! one macro makes them.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;
use std::time::Instant;

use crate::ids::error::{Fault, HeaderPart, IdError};
use crate::ids::hex::{decode, encode};
use crate::ids::random::{Salt, random};

/// The id of a transaction, which may cross many services: 128 bits, never zero.
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

macro_rules! id {
    ($id:ident, $nonzero:ident, $int:ident, $bytes:literal) => {
        impl $id {
            /// Makes a random id. It is unique across threads and processes, but it
            /// can be guessed: never use it as a secret.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use traceline::ids::", stringify!($id), ";")]
            ///
            #[doc = concat!("assert_ne!(", stringify!($id), "::random(), ", stringify!($id), "::random());")]
            /// ```
            pub fn random() -> $id {
                $id::salted(Salt::new(Instant::now()))
            }

            /// Makes a random id, with a salt from a time that the caller has read
            /// already.
            pub(super) fn salted(salt: Salt) -> $id {
                loop {
                    if let Some(id) = $nonzero::new(random(salt) as $int) {
                        return $id(id);
                    }
                }
            }

            /// Makes an id from its bytes, the most significant first; returns `None`
            /// if all are zero.
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
            #[doc = concat!("use traceline::ids::", stringify!($id), ";")]
            ///
            #[doc = concat!("let id = ", stringify!($id), "::random();")]
            #[doc = concat!("assert_eq!(", stringify!($id), "::from_bytes(id.to_bytes()), Some(id));")]
            /// ```
            pub fn to_bytes(self) -> [u8; $bytes] {
                self.0.get().to_be_bytes()
            }

            /// The length of the text of an id.
            pub(crate) const LEN: usize = 2 * $bytes;

            /// Writes the id into `room` and returns the text.
            pub(crate) fn encode(self, room: &mut [u8; 2 * $bytes]) -> &str {
                encode(&self.to_bytes(), room);
                std::str::from_utf8(room).unwrap_or_default()
            }

            pub(super) fn parse(text: &[u8], part: HeaderPart) -> Result<$id, IdError> {
                let bytes = decode::<$bytes>(text, part)?;
                $id::from_bytes(bytes).ok_or(IdError::new(part, Fault::Zero))
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
                $id::parse(text.as_bytes(), HeaderPart::$id)
            }
        }
    };
}

id! { TraceId, NonZeroU128, u128, 16 }

id! { SpanId, NonZeroU64, u64, 8 }
