//! The key-values of a record as `log` passes them to loggers.

use log::kv::{Error, Key, Source, Value, VisitSource};

use crate::config::settings::{PairValue, Settings};
use crate::unit::store::scratch;
use crate::unit::store::scratch::{Pair, PairText};
use crate::value::number::Amount;

/// The fixed fields of the configuration, then the pairs that were gathered for one
/// record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairs<'a> {
    pub(super) settings: &'a Settings,
    pub(super) pairs: &'a [Pair],
    pub(super) arena: &'a [u8],
    pub(super) line: &'a [u8],
}

impl Pairs<'_> {
    pub(super) fn text(&self, text: PairText) -> &str {
        match text {
            PairText::Arena(piece) => scratch::text_at(self.arena, piece),
            PairText::Line(piece) => scratch::text_at(self.line, piece),
            PairText::Static(text) => text,
            PairText::Name(name) => self.settings.names.text(name),
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        let fixed = self.settings.fixed_pairs.get().into_iter().flatten();
        let fixed = fixed.map(|(key, value)| (key.as_str(), value.with_text(|text| text.as_str())));
        let text = |text: &PairText| self.text(*text);
        let gathered = self.pairs.iter();
        let gathered = gathered.map(move |pair| (text(&pair.key), pair.value.with_text(text)));
        fixed.chain(gathered).map(|(key, pair)| (key, value(pair)))
    }
}

fn value(value: PairValue<&str>) -> Value<'_> {
    match value {
        PairValue::Bool(value) => value.into(),
        PairValue::Number(Amount::U64(n)) => n.into(),
        PairValue::Number(Amount::I64(n)) => n.into(),
        PairValue::Number(Amount::U128(n)) => n.into(),
        PairValue::Number(Amount::I128(n)) => n.into(),
        PairValue::Number(Amount::F64(x)) => x.into(),
        PairValue::Number(Amount::F32(x)) => x.into(),
        PairValue::Text(text) => text.into(),
    }
}

impl Source for Pairs<'_> {
    /// Returns only errors of the visitor: some loggers panic at any other.
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Error> {
        let mut pairs = self.iter();
        pairs.try_for_each(|(key, value)| visitor.visit_pair(Key::from_str(key), value))
    }

    fn get(&self, key: Key<'_>) -> Option<Value<'_>> {
        let mut pairs = self.iter();
        pairs.find_map(|(name, value)| (name == key.as_str()).then_some(value))
    }

    fn count(&self) -> usize {
        self.iter().count()
    }
}
