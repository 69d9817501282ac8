//! The values of a program, in the types that the library takes.

use std::error::Error;
use std::fmt;

use traceline::{ToValue, Value, value::ToKey};

use super::program::{Key, Num, Val};

impl ToKey for &Key {
    fn to_key(&self) -> traceline::value::Key<'_> {
        match self {
            Key::Static(text) => text.to_key(),
            Key::Owned(text) => text.to_key(),
            Key::Borrowed(text) => traceline::key(text),
        }
    }
}

impl ToValue for Val {
    fn to_value(&self) -> Value<'_> {
        const NOTHING: &Option<u8> = &None;
        match self {
            Val::None => NOTHING.to_value(),
            Val::Null => traceline::null(),
            Val::Bool(value) => value.to_value(),
            Val::Num(number) => number.to_value(),
            Val::Char(value) => value.to_value(),
            Val::Text(text) => text.to_value(),
            Val::Cow(text) => text.to_value(),
            Val::Arc(text) => text.to_value(),
            Val::Path(path) => path.to_value(),
            // In a list, which cannot keep `fmt::Arguments`.
            Val::Args(text) | Val::Display(text) => traceline::display(text),
            Val::Debug(text) => traceline::debug(text),
            Val::Panics(panics) => traceline::display(panics),
            Val::Mask(text, shown) => traceline::mask(text, *shown),
            Val::Lossy(bytes) => traceline::text_lossy(bytes),
            Val::Duration(value) => value.to_value(),
            Val::Time(value) => value.to_value(),
            Val::Ip(value) => value.to_value(),
            Val::List(items) => items.to_value(),
            Val::Texts(items) => items.to_value(),
            Val::Floats(items) => items.to_value(),
            Val::Options(items) => items.to_value(),
        }
    }
}

/// Runs the same code with a number of each type.
macro_rules! with_number {
    ($number:expr, $x:ident => $work:expr) => {
        match $number {
            Num::U8($x) => $work,
            Num::U16($x) => $work,
            Num::U32($x) => $work,
            Num::U64($x) => $work,
            Num::U128($x) => $work,
            Num::Usize($x) => $work,
            Num::I8($x) => $work,
            Num::I16($x) => $work,
            Num::I32($x) => $work,
            Num::I64($x) => $work,
            Num::I128($x) => $work,
            Num::Isize($x) => $work,
            Num::F32($x) => $work,
            Num::F64($x) => $work,
        }
    };
}
pub(super) use with_number;

impl ToValue for Num {
    fn to_value(&self) -> Value<'_> {
        with_number!(self, x => x.to_value())
    }
}

/// An error and its sources, the outermost first.
#[derive(Debug)]
pub struct Failed {
    text: String,
    source: Option<Box<Failed>>,
}

impl Failed {
    pub fn new(texts: &[String]) -> Failed {
        let source = texts.get(1).map(|_| Box::new(Failed::new(&texts[1..])));
        Failed {
            text: texts[0].clone(),
            source,
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}
