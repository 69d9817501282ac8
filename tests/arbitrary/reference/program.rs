//! The parts of a program: settings, and units that are each a list of calls.
//!
//! Plain data with a readable `Debug`, because a failure prints it.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use log::{Level, LevelFilter};

/// Units that run one after the other under one configuration, so that recycled
/// entries take part.
#[derive(Clone, Debug)]
pub struct Program {
    pub settings: Settings,
    pub units: Vec<Plan>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub json: bool,
    pub header: bool,
    pub digits: u8,
    pub non_finite_as_text: bool,
    pub integers: Integers,
    pub tag: Tag,
    pub unicode_keys: bool,
    pub schema: Schema,
    /// Renames: the default name, and the name to use instead.
    pub renamed: Vec<(&'static str, &'static str)>,
    pub fixed: Vec<(&'static str, Val)>,
    pub redact: Vec<&'static str>,
    pub max_fields: Option<usize>,
    pub max_fragments: Option<usize>,
    pub max_record: Option<usize>,
    pub max_value: Option<usize>,
    /// The most verbose level that the logger accepts.
    pub logger: LevelFilter,
    pub target: Option<&'static str>,
    pub wall: Wall,
    pub sampling: Option<Sampling>,
    pub bridge: Bridge,
    /// Whether a hook reports what it sees.
    pub hook: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            json: false,
            header: true,
            digits: 6,
            non_finite_as_text: false,
            integers: Integers::Bits64,
            tag: Tag::Line,
            unicode_keys: false,
            schema: Schema::None,
            renamed: Vec::new(),
            fixed: Vec::new(),
            redact: Vec::new(),
            max_fields: None,
            max_fragments: None,
            max_record: None,
            max_value: None,
            logger: LevelFilter::Trace,
            target: None,
            wall: Wall::Now,
            sampling: None,
            bridge: Bridge::default(),
            hook: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Integers {
    Bits64,
    Bits53,
    Number,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tag {
    Line,
    FileLine,
    PathLine,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schema {
    None,
    Ecs,
    GoogleCloud,
    OpenTelemetry,
    Datadog,
}

/// The wall clock at the start of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wall {
    /// `WALL` of `util`.
    Now,
    /// Half a second before 1970.
    Before1970,
    /// A second before the year 10000.
    LastOfRfc3339,
    /// Seconds after the year 9999.
    Beyond,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    pub one_in: u32,
    pub slower_than: Option<Duration>,
    pub warnings: bool,
    pub sampled_callers: bool,
    /// Keep units whose field `a` has the text `x`.
    pub keep_if: bool,
}

/// What happens to ordinary records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bridge {
    pub absorb: Option<Level>,
    pub absorb_filtered: bool,
    pub keeps_level: bool,
    pub only_on_failure: bool,
    pub without_unit: bool,
}

/// An ordinary record.
#[derive(Clone, Debug)]
pub struct Logged {
    pub level: Level,
    pub target: &'static str,
    pub file: Option<&'static str>,
    pub line: Option<u32>,
    pub text: String,
    pub pairs: Vec<(&'static str, String)>,
}

/// A unit, from its builder to its end.
#[derive(Clone, Debug)]
pub struct Plan {
    pub name: String,
    pub level: Option<Level>,
    pub target: Option<&'static str>,
    pub fields: Vec<(Key, Val)>,
    pub ops: Vec<Op>,
    pub end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Emit,
    Drop,
    Discard,
    /// A panic drops it.
    Panic,
}

/// One call.
#[derive(Clone, Debug)]
pub enum Op {
    Set(Key, Val),
    Unset(Key),
    Incr(Key),
    Count(Key, Num),
    Sum(Key, Num),
    Max(Key, Num),
    Time(Key, Vec<Op>),
    StartTimer(Key),
    /// Stops one of the laps that were started and not stopped: the n-th, modulo their number.
    Stop(usize),
    Add(Text),
    Warn(Text),
    Fail(Text),
    /// From a file in which no unit starts.
    AddElsewhere(Text),
    Error(Cause),
    Check(Result<u8, Cause>),
    Recovered,
    Ok,
    Status(u16),
    Raise(Level),
    SetLevel(Level),
    Advance(Duration),
    Get(Key),
    /// Reads everything readable: level, outcome, elapsed, is_enabled.
    Look,
    Render,
    Checkpoint,
    /// `mem::take` and back, which must lose nothing.
    TakeAndPut,
    ContinueFrom(&'static str),
    /// `continue_from_headers`, on an enabled unit only: a disabled one makes random ids.
    Headers(Vec<(&'static str, Vec<u8>)>),
    RequestId(String),
    SetState(&'static str),
    /// Asks for `traceparent`, `tracestate`, `trace_id`, `request_id`.
    AskIds,
    Child(Box<Plan>),
    /// The calls reach the unit through `current::…`.
    Scope(Vec<Op>),
    /// The same with a guard.
    Enter(Vec<Op>),
    /// A separate unit inside this one, not part of its transaction.
    Unit(Box<Plan>),
    Part(Share),
    /// Calls on a shared handle.
    Shared(Vec<Op>),
    /// The calls go to whichever unit is current or shared.
    With(Vec<Op>),
    /// A unit is entered inside this one, whose guard is dropped first: the calls of
    /// the plan come before that, the others after it.
    Crossed(Box<Plan>, Vec<Op>),
    /// An ordinary record that goes through the bridge.
    Log(Logged),
    /// `current::emit`.
    EmitAll,
    /// `mem::take`, after which the taken trace is dropped.
    TakeAndDrop,
    /// A panic inside is caught.
    Catch(Vec<Op>),
    Panic,
}

/// What happens to a part in the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PartEnd {
    Joined,
    Dropped,
    Forgotten,
}

/// A part of a unit.
#[derive(Clone, Debug)]
pub struct Share {
    pub ops: Vec<Op>,
    pub end: PartEnd,
    /// Whether it works on its own thread.
    pub thread: bool,
}

/// How a key is passed.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    Static(&'static str),
    Owned(String),
    Borrowed(String),
}

impl Key {
    pub fn as_str(&self) -> &str {
        match self {
            Key::Static(text) => text,
            Key::Owned(text) | Key::Borrowed(text) => text,
        }
    }
}

/// A value of each type that a field accepts.
#[derive(Clone, Debug, PartialEq)]
pub enum Val {
    None,
    Null,
    Bool(bool),
    Num(Num),
    Char(char),
    Text(String),
    Cow(Cow<'static, str>),
    Arc(Arc<str>),
    Path(PathBuf),
    /// `fmt::Arguments`.
    Args(String),
    Display(String),
    Debug(String),
    Panics(Panics),
    Mask(String, usize),
    Lossy(Vec<u8>),
    Duration(Duration),
    Time(SystemTime),
    Ip(Ipv4Addr),
    List(Vec<Val>),
    Texts(Vec<String>),
    Floats([f64; 2]),
    Options(Vec<Option<i64>>),
}

/// Its `Display` writes the text, then panics without output from the panic hook.
#[derive(Clone, Debug, PartialEq)]
pub struct Panics(pub String);

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)?;
        std::panic::resume_unwind(Box::new("planned"))
    }
}

/// A number of each primitive type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Num {
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    Usize(usize),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    Isize(isize),
    F32(f32),
    F64(f64),
}

/// How the text of a fragment is passed.
#[derive(Clone, Debug)]
pub enum Text {
    Str(String),
    Owned(String),
    /// With `add!`.
    Macro(String),
    Panics(Panics),
}

impl Text {
    pub fn as_str(&self) -> &str {
        match self {
            Text::Str(text) | Text::Owned(text) | Text::Macro(text) => text,
            Text::Panics(panics) => &panics.0,
        }
    }
}

/// The error that is reported.
#[derive(Clone, Debug)]
pub enum Cause {
    Text(String),
    /// An error and its sources.
    Chain(Vec<String>),
    Boxed(Vec<String>),
}
