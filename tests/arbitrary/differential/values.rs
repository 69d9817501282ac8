//! Keys, texts, numbers and values.

use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use traceline::{ToValue, Value, debug, display, key, mask, null, value::ToKey};

use super::bench::REDACTED;

use crate::random::Random;

/// A key: literal, which the library recognises by its address, or built at run time.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub text: &'static str,
    pub dynamic: bool,
}

impl ToKey for Key {
    fn to_key(&self) -> traceline::value::Key<'_> {
        match self.dynamic {
            true => key(self.text),
            false => self.text.to_key(),
        }
    }
}

/// Keys that most units have.
pub static COMMON: LazyLock<Vec<&str>> =
    LazyLock::new(|| twice((0..14).map(|i| format!("k{i}")).collect()));

/// Keys that a configuration redacts.
pub static SECRET: LazyLock<Vec<&str>> = LazyLock::new(|| twice(REDACTED.map(String::from).into()));

/// Keys of wide units.
pub static WIDE: LazyLock<Vec<&str>> =
    LazyLock::new(|| (0..400).map(|i| &*format!("w{i}").leak()).collect());

/// Keys with a trap each: names that the library or a timer uses, odd and long keys,
/// keys that others turn into when written, and a few of wide units.
pub static ODD: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let texts = [
        "error",
        "level",
        "status",
        "duration",
        "fragments",
        "msg",
        "msg_2",
        "service",
        "k0_2",
        "k1_2",
        "k2.ms",
        "k2.count",
        "k3.max_ms",
        "db.ms",
        "kx",
        "kx.count",
        "in.time",
        "start",
        "a b",
        "a_b",
        "a=b",
        "",
        "é",
        "w1",
        "w2",
    ];
    let mut texts: Vec<String> = texts.map(String::from).into();
    texts.extend((0..40).map(|i| format!("m{i}")));
    let long = "L".repeat(90);
    texts.extend([format!("{long}x"), long, "L".repeat(1_100)]);
    let mut keys = twice(texts);
    // Different texts at one address.
    const PREFIXES: &str = "abcd";
    keys.extend((1..=4).map(|end| &PREFIXES[..end]));
    keys
});

/// Each text at two addresses.
fn twice(texts: Vec<String>) -> Vec<&'static str> {
    let leak = |text: &String| -> &'static str { text.clone().leak() };
    texts.iter().chain(&texts).map(leak).collect()
}

pub fn text(random: &mut Random) -> String {
    let n = random.below(60);
    match random.below(7) {
        0 => "plain".into(),
        1 => format!("t{n}"),
        2 => "a b; [x".into(),
        3 => "é\n\"".repeat(n % 9),
        4 => "long ".repeat(n),
        5 => String::new(),
        _ => "007".into(),
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Num {
    U64(u64),
    I64(i64),
    U128(u128),
    I128(i128),
    F64(f64),
    F32(f32),
}

impl Num {
    pub fn any(random: &mut Random) -> Num {
        let n = random.below(400) as u16;
        match random.below(6) {
            0 => Num::U64(n.into()),
            1 => Num::I64(-i64::from(n)),
            2 => Num::U128(u128::MAX / 3 + u128::from(n)),
            3 => Num::I128(i128::MIN / 3 - i128::from(n)),
            4 => Num::F64(f64::from(n) / 4.0),
            _ => Num::F32(n.into()),
        }
    }
}

/// Calls a generic function with the number inside a [`Num`].
macro_rules! with_number {
    ($num:expr, |$x:ident| $call:expr) => {
        match $num {
            Num::U64($x) => _ = $call,
            Num::I64($x) => _ = $call,
            Num::U128($x) => _ = $call,
            Num::I128($x) => _ = $call,
            Num::F64($x) => _ = $call,
            Num::F32($x) => _ = $call,
        }
    };
}
pub(crate) use with_number;

#[derive(Clone, Debug)]
pub enum Val {
    Null,
    Absent,
    Bool(bool),
    Num(Num),
    Text(String),
    Masked(String),
    Shown(u32),
    Debugged(u32),
    Panics(Panics),
    Duration(Duration),
    Time(SystemTime),
    List([u32; 2]),
}

impl Val {
    pub fn any(random: &mut Random) -> Val {
        let n = random.below(400) as u32;
        match random.below(16) {
            0 => Val::Null,
            1 => Val::Absent,
            2 => Val::Bool(n.is_multiple_of(2)),
            3..=7 => Val::Num(Num::any(random)),
            8 | 9 => Val::Text(text(random)),
            10 => Val::Masked(text(random)),
            11 => Val::Shown(n),
            12 if n.is_multiple_of(4) => Val::Panics(Panics),
            12 => Val::Debugged(n),
            13 => Val::Duration(Duration::from_micros(n.into())),
            14 => Val::Time(UNIX_EPOCH + Duration::from_secs(n.into())),
            _ => Val::List([n, n + 1]),
        }
    }
}

impl ToValue for Val {
    fn to_value(&self) -> Value<'_> {
        const NONE: &Option<u8> = &None;
        match self {
            Val::Null => null(),
            Val::Absent => NONE.to_value(),
            Val::Bool(value) => value.to_value(),
            Val::Num(Num::U64(n)) => n.to_value(),
            Val::Num(Num::I64(n)) => n.to_value(),
            Val::Num(Num::U128(n)) => n.to_value(),
            Val::Num(Num::I128(n)) => n.to_value(),
            Val::Num(Num::F64(x)) => x.to_value(),
            Val::Num(Num::F32(x)) => x.to_value(),
            Val::Text(text) => text.to_value(),
            Val::Masked(text) => mask(text, 3),
            Val::Shown(n) => display(n),
            Val::Debugged(n) => debug(n),
            Val::Panics(value) => display(value),
            Val::Duration(duration) => duration.to_value(),
            Val::Time(time) => time.to_value(),
            Val::List(items) => items.to_value(),
        }
    }
}

/// Its `Display` panics halfway, without output from the panic hook.
#[derive(Clone, Copy, Debug)]
pub struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        resume_unwind(Box::new(()))
    }
}

/// An error with a text and perhaps a source.
#[derive(Clone, Debug)]
pub struct Failed(pub &'static str, pub Option<Box<Failed>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|error| error as _)
    }
}
