//! The key-values of a record as `log` passes them to loggers.

use log::kv::{Error, Key, Source, Value, VisitSource};

use crate::config::settings::Settings;
use crate::unit::store::scratch;
use crate::unit::store::scratch::{Pair, PairText, PairValue};
use crate::value::owned::OwnedValue;

/// What was gathered for one record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairs<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) pairs: &'a [Pair],
    pub(crate) arena: &'a [u8],
    pub(crate) line: &'a [u8],
}

impl Pairs<'_> {
    fn text(&self, text: PairText) -> &str {
        match text {
            PairText::Arena(piece) => scratch::text_at(self.arena, piece),
            PairText::Line(piece) => scratch::text_at(self.line, piece),
            PairText::Static(text) => text,
            PairText::Name(name) => self.settings.names.text(name),
            PairText::Fixed(at) => match self.fixed(at) {
                Some((_, OwnedValue::Text(text))) => text,
                _ => "",
            },
        }
    }

    fn key(&self, key: PairText) -> &str {
        match key {
            PairText::Fixed(at) => self.fixed(at).map_or("", |(key, _)| key),
            key => self.text(key),
        }
    }

    fn fixed(&self, at: usize) -> Option<&(String, OwnedValue)> {
        self.settings.fixed_pairs.get()?.get(at)
    }

    fn value(&self, value: PairValue) -> Value<'_> {
        match value {
            PairValue::Bool(value) => value.into(),
            PairValue::U64(n) => n.into(),
            PairValue::I64(n) => n.into(),
            PairValue::U128(n) => n.into(),
            PairValue::I128(n) => n.into(),
            PairValue::F64(x) => x.into(),
            PairValue::Text(text) => self.text(text).into(),
        }
    }
}

impl Source for Pairs<'_> {
    /// Returns no error but the visitor's: some loggers panic at any other.
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Error> {
        for pair in self.pairs {
            visitor.visit_pair(Key::from_str(self.key(pair.key)), self.value(pair.value))?;
        }
        Ok(())
    }

    fn get(&self, key: Key<'_>) -> Option<Value<'_>> {
        let mut pairs = self.pairs.iter();
        let pair = pairs.find(|pair| self.key(pair.key) == key.as_str())?;
        Some(self.value(pair.value))
    }

    fn count(&self) -> usize {
        self.pairs.len()
    }
}
