//! Ids that cross services: W3C Trace Context level 2, and B3 in.
//!
//! Parsed by table, to the letter of <https://www.w3.org/TR/trace-context-2/>:
//! `from_str_radix` would take a sign, upper case and short fields, and what one
//! service takes and the next refuses breaks a trace in two.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use smallvec::SmallVec;

use crate::guard;

/// The id of a transaction that may cross many services: 128 bits, never zero.
///
/// # Examples
///
/// ```
/// use logtrace::TraceId;
///
/// let id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert!("4BF92F3577B34DA6A3CE929D0E0E4736".parse::<TraceId>().is_err());
/// # Ok::<(), logtrace::IdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(NonZeroU128);

/// The id of one unit of work in a transaction: 64 bits, never zero.
///
/// # Examples
///
/// ```
/// use logtrace::SpanId;
///
/// let id: SpanId = "00f067aa0ba902b7".parse()?;
/// assert_eq!(id.to_string(), "00f067aa0ba902b7");
/// # Ok::<(), logtrace::IdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(NonZeroU64);

#[cfg(feature = "uuid")]
impl TraceId {
    pub(crate) fn of_bytes(bytes: [u8; 16]) -> Result<TraceId, IdError> {
        TraceId::from_bytes(bytes).ok_or(IdError::new(Field::TraceId, Fault::Zero))
    }
}

macro_rules! id {
    ($id:ident, $nonzero:ident, $int:ident, $bytes:literal, $what:literal) => {
        impl $id {
            /// Makes an id of random bits that differ from thread to thread and
            /// from process to process. Ids are no secrets.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let id = logtrace::", stringify!($id), "::random();")]
            #[doc = concat!("assert_ne!(id, logtrace::", stringify!($id), "::random());")]
            /// ```
            pub fn random() -> $id {
                loop {
                    if let Some(id) = $nonzero::new(random() as $int) {
                        return $id(id);
                    }
                }
            }

            /// Makes an id of its bytes, the most significant first; `None` if all are zero.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use logtrace::", stringify!($id), ";")]
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
            #[doc = concat!("let id = logtrace::", stringify!($id), "::random();")]
            #[doc = concat!("assert_eq!(logtrace::", stringify!($id), "::from_bytes(id.to_bytes()), Some(id));")]
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

            fn parse(text: &[u8], field: Field) -> Result<$id, IdError> {
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

/// Makes ids, for [`ConfigBuilder::ids`](crate::ConfigBuilder::ids): to have the
/// same ones in each run of a test, or those of another system.
///
/// # Examples
///
/// ```
/// use logtrace::{SpanId, TraceId};
///
/// struct Fixed;
///
/// impl logtrace::IdSource for Fixed {
///     fn trace_id(&self) -> Option<TraceId> {
///         TraceId::from_bytes([7; 16])
///     }
///     fn span_id(&self) -> Option<SpanId> {
///         SpanId::from_bytes([9; 8])
///     }
/// }
///
/// let config = logtrace::Config::builder().ids(&Fixed).build()?;
/// # Ok::<(), logtrace::ConfigError>(())
/// ```
pub trait IdSource: Send + Sync {
    /// Returns the id of a new transaction, or of a request; `None` for a random one.
    fn trace_id(&self) -> Option<TraceId>;

    /// Returns the id of a new unit; `None` for a random one.
    fn span_id(&self) -> Option<SpanId>;
}

/// Where the ids of a configuration come from.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ids(pub(crate) Option<&'static dyn IdSource>);

impl Ids {
    /// A source that panics makes no ids: random ones serve.
    fn ask<T>(self, ask: impl FnOnce(&'static dyn IdSource) -> Option<T>) -> Option<T> {
        let source = self.0?;
        guard::run(|| ask(source)).flatten()
    }

    pub(crate) fn trace_id(self) -> TraceId {
        self.ask(|source| source.trace_id())
            .unwrap_or_else(TraceId::random)
    }

    pub(crate) fn span_id(self) -> SpanId {
        self.ask(|source| source.span_id())
            .unwrap_or_else(SpanId::random)
    }

    /// Whether ids are random in the sense of the flag.
    pub(crate) fn are_random(self) -> bool {
        self.0.is_none()
    }
}

thread_local! {
    /// The two halves of a generator; zero until seeded. No destructor.
    static STATE: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// 128 random bits: two generators of Steele's SplitMix64, each seeded on every
/// thread from the operating system's randomness (by way of `RandomState`).
fn random() -> u128 {
    let (a, b) = match STATE.get() {
        (0, 0) => seed(),
        state => state,
    };
    let a = a.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let b = b.wrapping_add(0xD1B5_4A32_D192_ED03);
    STATE.set((a, b));
    u128::from(mix(a)) << 64 | u128::from(mix(b))
}

#[cold]
fn seed() -> (u64, u64) {
    let (a, b) = (RandomState::new(), RandomState::new());
    (a.hash_one(1_u8), b.hash_one(2_u8))
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// What the caller of a unit says of its transaction: the header `traceparent`.
///
/// Written with [`Display`](fmt::Display), or without an allocation by
/// [`encode`](TraceParent::encode).
///
/// # Examples
///
/// ```
/// use logtrace::TraceParent;
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = header.parse()?;
/// assert!(parent.is_sampled());
/// assert_eq!(parent.to_string(), header);
/// # Ok::<(), logtrace::IdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u8,
}

const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

impl TraceParent {
    /// The length of the header: `00-`, 32 and 16 hex digits, two of flags.
    pub const LEN: usize = 55;

    /// Makes one for an outgoing call. `random` says that the trace id's last
    /// seven bytes were made at random, as those of [`TraceId::random`] are.
    ///
    /// # Examples
    ///
    /// ```
    /// use logtrace::{SpanId, TraceId, TraceParent};
    ///
    /// let parent = TraceParent::new(TraceId::random(), SpanId::random(), true, true);
    /// assert!(parent.to_string().starts_with("00-"));
    /// assert!(parent.to_string().ends_with("-03"));
    /// ```
    pub fn new(trace_id: TraceId, span_id: SpanId, sampled: bool, random: bool) -> TraceParent {
        TraceParent {
            trace_id,
            span_id,
            flags: if sampled { SAMPLED } else { 0 } | if random { RANDOM } else { 0 },
        }
    }

    /// Parses a header. Blanks and tabs around it are ignored, as HTTP has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use logtrace::TraceParent;
    ///
    /// let parent = TraceParent::parse(" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\t")?;
    /// assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
    /// let error = TraceParent::parse("00-4bf92f35-00f067aa0ba902b7-01").unwrap_err();
    /// assert_eq!(error.to_string(), "traceparent: wrong length, 31");
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it is not what level 2 of W3C Trace Context describes: version 00 in 55
    /// characters, a higher one in at least that many, lower-case hex digits, no
    /// id all zero, not version `ff`. The error names the field.
    pub fn parse(header: &str) -> Result<TraceParent, IdError> {
        TraceParent::parse_bytes(header.as_bytes())
    }

    /// What is no text is no header either.
    pub(crate) fn parse_bytes(header: &[u8]) -> Result<TraceParent, IdError> {
        // One of the right length has nothing around it.
        let text = match header.len() {
            TraceParent::LEN => header,
            _ => trimmed_end(without_blanks(header)),
        };
        let fault = |field, fault| Err(IdError::new(field, fault));
        let Some((head, rest)) = text.split_first_chunk::<{ TraceParent::LEN }>() else {
            return fault(Field::TraceParent, Fault::Length(text.len()));
        };
        for at in [2, 35, 52] {
            if head.get(at) != Some(&b'-') {
                return fault(Field::TraceParent, Fault::Separator(at));
            }
        }
        let part = |range: std::ops::Range<usize>| head.get(range).unwrap_or_default();
        match decode::<1>(part(0..2), Field::Version)? {
            [0xFF] => return fault(Field::Version, Fault::Forbidden),
            [0] if !rest.is_empty() => {
                return fault(Field::TraceParent, Fault::Length(text.len()));
            }
            _ if rest.first().is_some_and(|byte| *byte != b'-') => {
                return fault(Field::TraceParent, Fault::Separator(TraceParent::LEN));
            }
            _ => {}
        }
        let [flags] = decode::<1>(part(53..55), Field::Flags)?;
        Ok(TraceParent {
            trace_id: TraceId::parse(part(3..35), Field::TraceId)?,
            span_id: SpanId::parse(part(36..52), Field::SpanId)?,
            // What other bits mean is not known, so they are not passed on.
            flags: flags & (SAMPLED | RANDOM),
        })
    }

    /// Parses the header `b3` of Zipkin: `trace-span`, then perhaps `-sampled`
    /// (`1`, `0` or `d`), then perhaps `-parent`. A 64-bit trace id is padded on
    /// the left.
    ///
    /// # Examples
    ///
    /// ```
    /// use logtrace::TraceParent;
    ///
    /// let parent = TraceParent::parse_b3("4bf92f3577b34da6-00f067aa0ba902b7-1")?;
    /// assert_eq!(parent.to_string(), "00-00000000000000004bf92f3577b34da6-00f067aa0ba902b7-01");
    /// assert!(TraceParent::parse_b3("0").is_err());
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it has no ids (the header `0` alone says only that nothing is to be
    /// sampled) or is none; the error names the field.
    pub fn parse_b3(header: &str) -> Result<TraceParent, IdError> {
        let mut parts = header.trim_matches([' ', '\t']).split('-');
        let mut next = || parts.next();
        let (Some(trace), Some(span)) = (next(), next()) else {
            return Err(IdError::new(Field::B3, Fault::Length(header.len())));
        };
        let sampled = next();
        let parent = next();
        if next().is_some() {
            return Err(IdError::new(Field::B3, Fault::Length(header.len())));
        }
        if let Some(parent) = parent {
            SpanId::parse(parent.as_bytes(), Field::SpanId)?;
        }
        TraceParent::of_b3(trace, span, sampled)
    }

    /// Makes one of the values of `X-B3-TraceId`, `X-B3-SpanId` and, if there is
    /// one, `X-B3-Sampled`; `X-B3-Flags: 1` is the decision `d`.
    ///
    /// # Examples
    ///
    /// ```
    /// use logtrace::TraceParent;
    ///
    /// let parent = TraceParent::of_b3("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", Some("1"))?;
    /// assert_eq!(parent.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a value is none; the error names the field.
    pub fn of_b3(trace: &str, span: &str, sampled: Option<&str>) -> Result<TraceParent, IdError> {
        let trace_id = match trace.len() {
            16 => {
                let low = SpanId::parse(trace.as_bytes(), Field::TraceId)?;
                TraceId(NonZeroU128::from(low.0))
            }
            _ => TraceId::parse(trace.as_bytes(), Field::TraceId)?,
        };
        let sampled = match sampled {
            // A decision that is left to us is not made yet.
            None | Some("0" | "false") => false,
            Some("1" | "d" | "true") => true,
            Some(_) => return Err(IdError::new(Field::Flags, Fault::Forbidden)),
        };
        Ok(TraceParent {
            trace_id,
            span_id: SpanId::parse(span.as_bytes(), Field::SpanId)?,
            flags: if sampled { SAMPLED } else { 0 },
        })
    }

    /// Returns the id of the transaction.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = logtrace::TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert_eq!(parent.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Returns the id of the unit that calls.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = logtrace::TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The flags as a byte.
    pub(crate) fn flags(&self) -> u8 {
        self.flags
    }

    /// Returns whether the caller keeps its record.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = logtrace::TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
    /// assert!(parent.is_sampled());
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Returns whether the last seven bytes of the trace id were made at random.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = logtrace::TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02")?;
    /// assert!(parent.is_random() && !parent.is_sampled());
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    pub fn is_random(&self) -> bool {
        self.flags & RANDOM != 0
    }

    /// Writes the header into `room` and returns it as text.
    ///
    /// # Examples
    ///
    /// ```
    /// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let parent = logtrace::TraceParent::parse(header)?;
    /// assert_eq!(parent.encode(&mut [0; logtrace::TraceParent::LEN]), header);
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    pub fn encode<'a>(&self, room: &'a mut [u8; TraceParent::LEN]) -> &'a str {
        *room = self.to_bytes();
        std::str::from_utf8(room).unwrap_or_default()
    }

    /// The header.
    pub(crate) fn to_bytes(self) -> [u8; TraceParent::LEN] {
        let mut room = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let (trace, rest) = room.split_at_mut(36);
        encode(
            &self.trace_id.to_bytes(),
            trace.get_mut(3..35).unwrap_or_default(),
        );
        let (span, flags) = rest.split_at_mut(17);
        encode(
            &self.span_id.to_bytes(),
            span.get_mut(..16).unwrap_or_default(),
        );
        encode(&[self.flags], flags);
        room
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; TraceParent::LEN]))
    }
}

impl FromStr for TraceParent {
    type Err = IdError;

    fn from_str(header: &str) -> Result<TraceParent, IdError> {
        TraceParent::parse(header)
    }
}

/// What other tracing systems say along the way: the header `tracestate`, which
/// is passed on as it came.
///
/// # Examples
///
/// ```
/// use logtrace::TraceState;
///
/// // Several headers are one list.
/// let state = TraceState::parse(["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"])?;
/// assert_eq!(state.as_str(), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
/// # Ok::<(), logtrace::IdError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TraceState(String);

/// Members of a list, and bytes of it, that are passed on.
const MOST_MEMBERS: usize = 32;
const MOST_STATE: usize = 512;
/// Longer members are the first to go.
const LONG_MEMBER: usize = 128;

impl TraceState {
    /// Parses the values of all headers of this name, in their order.
    ///
    /// A list of more than 512 bytes loses its members of more than 128, then
    /// the last ones, as the specification advises.
    ///
    /// # Examples
    ///
    /// ```
    /// use logtrace::TraceState;
    ///
    /// let state = TraceState::parse(["rojo=1, congo=2", "es=3"])?;
    /// assert_eq!(state.as_str(), "rojo=1,congo=2,es=3");
    /// assert!(TraceState::parse(["no member"]).is_err());
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a member is not `key=value` in the characters of level 2, or if there
    /// are more than 32: the whole list is not to be used then.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Result<TraceState, IdError> {
        let mut text = List::new();
        list(headers.into_iter().map(str::as_bytes), &mut text)?;
        Ok(TraceState::of(&text))
    }

    /// One of a list that was parsed.
    pub(crate) fn of(list: &[u8]) -> TraceState {
        TraceState(String::from_utf8_lossy(list).into_owned())
    }

    /// Returns the list, for the header of an outgoing call; empty if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// let state = logtrace::TraceState::parse(["rojo=1"])?;
    /// assert_eq!(state.as_str(), "rojo=1");
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether there is nothing to pass on.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(logtrace::TraceState::default().is_empty());
    /// assert!(!logtrace::TraceState::parse(["rojo=1"])?.is_empty());
    /// # Ok::<(), logtrace::IdError>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of a list, which needs no allocation.
pub(crate) type List = SmallVec<[u8; MOST_STATE]>;

/// Writes what is to be passed on of all headers of the name; see
/// [`TraceState::parse`]. Not returned, as 512 bytes take a while to move.
pub(crate) fn list<'a>(
    headers: impl IntoIterator<Item = &'a [u8]>,
    list: &mut List,
) -> Result<(), IdError> {
    let mut members = Members::new();
    for header in headers {
        split(header, &mut members).ok_or(IdError::new(Field::TraceState, Fault::Forbidden))?;
    }
    if members.len() > MOST_MEMBERS {
        return Err(IdError::new(
            Field::TraceState,
            Fault::Length(members.len()),
        ));
    }
    let bytes = |members: &[&[u8]]| members.iter().map(|member| member.len() + 1).sum::<usize>();
    if bytes(&members) > MOST_STATE + 1 {
        members.retain(|member| member.len() <= LONG_MEMBER);
    }
    while bytes(&members) > MOST_STATE + 1 {
        members.pop();
    }
    for (at, member) in members.iter().enumerate() {
        if at > 0 {
            list.push(b',');
        }
        list.extend_from_slice(member);
    }
    Ok(())
}

type Members<'a> = SmallVec<[&'a [u8]; MOST_MEMBERS]>;

/// Adds the members of one header; `None` if it has a bad one. Empty ones are
/// allowed, and dropped.
fn split<'a>(header: &'a [u8], members: &mut Members<'a>) -> Option<()> {
    let mut rest = header;
    loop {
        rest = without_blanks(rest);
        if !matches!(rest, [] | [b',', ..]) {
            let member;
            (member, rest) = first_member(rest)?;
            members.push(member);
            rest = without_blanks(rest);
        }
        match rest {
            [] => return Some(()),
            [b',', behind @ ..] => rest = behind,
            _ => return None,
        }
    }
}

fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn trimmed_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// `key=value`, section 3.3.1 of level 2, and what stands behind it.
fn first_member(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_not = |class| move |byte: &u8| !is(*byte, class);
    let key = text.iter().position(is_not(IN_KEY))?;
    let [b'=', rest @ ..] = text.get(key..)? else {
        return None;
    };
    let value = rest.iter().position(is_not(IN_VALUE));
    let value = rest.get(..value.unwrap_or(rest.len()))?;
    // A value does not end in blanks: they are those around the member.
    let value = trimmed_end(value).len();
    let fits = |len| (1..=256).contains(&len);
    let starts = is(*text.first()?, STARTS_KEY);
    let member = text.split_at_checked(key + 1 + value)?;
    (starts && fits(key) && fits(value)).then_some(member)
}

const STARTS_KEY: u8 = 1;
const IN_KEY: u8 = 2;
const IN_VALUE: u8 = 4;

/// What a byte may be in a member.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut n = 0;
    while n < 128 {
        let byte = n as u8;
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
            classes[n] |= STARTS_KEY | IN_KEY;
        }
        if matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@') {
            classes[n] |= IN_KEY;
        }
        if matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=') {
            classes[n] |= IN_VALUE;
        }
        n += 1;
    }
    classes
};

#[inline(always)]
fn is(byte: u8, class: u8) -> bool {
    CLASSES
        .get(usize::from(byte))
        .is_some_and(|of| of & class != 0)
}

// ----- hex

/// The value of a lower-case hex digit; 0xFF for any other byte.
const DIGITS: [u8; 256] = {
    let mut digits = [0xFF; 256];
    let mut n = 0;
    while n < 16 {
        digits[HEX[n] as usize] = n as u8;
        n += 1;
    }
    digits
};

const HEX: &[u8; 16] = b"0123456789abcdef";

fn decode<const N: usize>(text: &[u8], field: Field) -> Result<[u8; N], IdError> {
    if text.len() != 2 * N {
        return Err(IdError::new(field, Fault::Length(text.len())));
    }
    let mut bytes = [0; N];
    let digit = |byte: &u8| DIGITS.get(usize::from(*byte)).copied().unwrap_or(0xFF);
    let mut wrong = 0;
    let (pairs, _) = text.as_chunks::<2>();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (digit(high), digit(low));
        wrong |= high | low;
        *byte = high << 4 | low;
    }
    if wrong > 0xF {
        let at = text.iter().position(|byte| digit(byte) == 0xFF);
        return Err(IdError::new(field, Fault::Digit(at.unwrap_or(0))));
    }
    Ok(bytes)
}

#[inline]
pub(crate) fn encode(bytes: &[u8], text: &mut [u8]) {
    let (fours, rest) = bytes.as_chunks::<4>();
    let (eights, text) = text.split_at_mut((8 * fours.len()).min(text.len()));
    for (eight, four) in eights.as_chunks_mut::<8>().0.iter_mut().zip(fours) {
        *eight = digits(u32::from_be_bytes(*four));
    }
    let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or(b'0');
    let (pairs, _) = text.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(rest) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
}

/// Eight digits in one register instead of eight looks at the table: a record of
/// three ids takes 300 instructions less.
fn digits(n: u32) -> [u8; 8] {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut n = u64::from(n);
    n = (n | n << 16) & 0x0000_FFFF_0000_FFFF;
    n = (n | n << 8) & 0x00FF_00FF_00FF_00FF;
    n = (n | n << 4) & (0x0F * EACH);
    // Sixteen or more with six added: a letter.
    let letters = ((n + 6 * EACH) >> 4) & EACH;
    (n + u64::from(b'0') * EACH + letters * u64::from(b'a' - b'9' - 1)).to_be_bytes()
}

// ----- errors

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    TraceParent,
    Version,
    TraceId,
    SpanId,
    Flags,
    TraceState,
    B3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Length(usize),
    Digit(usize),
    Separator(usize),
    Zero,
    Forbidden,
}

/// An id, or a header of ids, that is none; says which part, and why.
///
/// # Examples
///
/// ```
/// let header = "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01";
/// let error = logtrace::TraceParent::parse(header).unwrap_err();
/// assert_eq!(error.to_string(), "trace id: no lower-case hex digit at 1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError {
    field: Field,
    fault: Fault,
}

impl IdError {
    fn new(field: Field, fault: Fault) -> IdError {
        IdError { field, fault }
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.field {
            Field::TraceParent => "traceparent: ",
            Field::Version => "version: ",
            Field::TraceId => "trace id: ",
            Field::SpanId => "span id: ",
            Field::Flags => "flags: ",
            Field::TraceState => "tracestate: ",
            Field::B3 => "b3: ",
        })?;
        match self.fault {
            Fault::Length(len) => write!(f, "wrong length, {len}"),
            Fault::Digit(at) => write!(f, "no lower-case hex digit at {at}"),
            Fault::Separator(at) => write!(f, "no hyphen at {at}"),
            Fault::Zero => f.write_str("all zero"),
            Fault::Forbidden => f.write_str("not allowed"),
        }
    }
}

impl Error for IdError {}
