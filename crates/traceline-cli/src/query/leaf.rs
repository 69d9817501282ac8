//! One comparison of a query.

use std::borrow::Cow;

use regex::bytes::{Regex, RegexBuilder};

use crate::duration;
use crate::fields::{self, Field, Value};
use crate::record::Record;

/// One comparison: of a field, or of the text of the line.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// The key, which may be a path; `None` for the text of the line.
    key: Option<String>,
    operator: Operator,
    value: String,
    number: Option<f64>,
    /// A value that says its unit, in microseconds.
    micros: Option<u64>,
    pattern: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Matches,
    MatchesNot,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

use Operator::*;

/// The longer ones first, since some shorter ones are their prefixes.
pub(super) const OPERATORS: [(&str, Operator); 10] = [
    ("==", Equal),
    ("!=", NotEqual),
    ("!~", MatchesNot),
    ("=~", Matches),
    ("<=", LessOrEqual),
    (">=", GreaterOrEqual),
    ("=", Equal),
    ("~", Matches),
    ("<", Less),
    (">", Greater),
];

impl Leaf {
    pub(super) fn new(key: &str, operator: Operator, value: &str) -> Result<Leaf, String> {
        let number = value.parse().ok().filter(|number: &f64| !number.is_nan());
        let micros = duration::with_unit(value.as_bytes());
        let pattern = match operator {
            Matches | MatchesNot => Some(
                Regex::new(value).map_err(|_| format!("`{value}` is not a regular expression"))?,
            ),
            Equal | NotEqual => None,
            _ if number.is_none() && micros.is_none() => {
                return Err(format!(
                    "`{value}` is no number, so nothing is less or more"
                ));
            }
            _ => None,
        };
        Ok(Leaf {
            key: Some(key.into()),
            operator,
            value: value.into(),
            number,
            micros,
            pattern,
        })
    }

    /// A text anywhere in the line. Without capital letters, it stands for them too.
    pub(super) fn text(text: &str) -> Result<Leaf, String> {
        let pattern = RegexBuilder::new(&regex::escape(text))
            .case_insensitive(!text.contains(char::is_uppercase))
            .build();
        let pattern = pattern.map_err(|_| format!("`{text}` is too long to search for"))?;
        Ok(Leaf {
            key: None,
            operator: Matches,
            value: text.into(),
            number: None,
            micros: None,
            pattern: Some(pattern),
        })
    }

    /// The result if no field has the key.
    pub(super) fn without(&self) -> bool {
        matches!(self.operator, NotEqual | MatchesNot)
    }

    /// Whether the line has the text; `None` if this is about a field.
    pub(super) fn found_in(&self, line: &[u8]) -> Option<bool> {
        let pattern = self.pattern.as_ref().filter(|_| self.key.is_none())?;
        Some(pattern.is_match(line))
    }

    /// Whether the field meets the condition; `None` if it has another key.
    #[inline]
    pub(super) fn met(&self, field: &Field<'_>) -> Option<bool> {
        let key = self.key.as_deref()?;
        if field.key.says(key) {
            return Some(self.holds(&field.value.text().decode()));
        }
        match field.value {
            Value::Nested(object) => self.met_inside(field.key.raw, object, key),
            _ => None,
        }
    }

    fn met_inside(&self, outer: &[u8], object: &[u8], path: &str) -> Option<bool> {
        let rest = path.as_bytes().strip_prefix(outer)?.strip_prefix(b".")?;
        let rest = std::str::from_utf8(rest).ok()?;
        let mut met = None;
        let _ = fields::json(object, |field| {
            if field.key.says(rest) {
                met = met.or(Some(self.holds(&field.value.text().decode())));
            } else if let Value::Nested(inner) = field.value {
                met = met.or_else(|| self.met_inside(field.key.raw, inner, rest));
            }
        });
        met
    }

    /// Whether the key has one meaning in all lines, however they say it.
    pub(super) fn is_canonical(&self) -> bool {
        match self.key.as_deref() {
            Some("outcome" | "name" | "took") => true,
            Some("duration" | "duration_ms") => self.micros.is_some() && self.number.is_none(),
            _ => false,
        }
    }

    /// Whether a record meets the condition, where keys have the library's names.
    pub(super) fn met_by(&self, record: &Record<'_>) -> Option<bool> {
        let [trace, span, parent] = record.ids;
        let text = match self.key.as_deref()? {
            "took" | "duration" | "duration_ms" => return self.met_by_duration(record),
            "name" | "msg" | "message" => record.name(),
            "outcome" => record.outcome.as_str().into(),
            "level" => record.level.as_str().into(),
            "service" => record.service.decode(),
            "status" => Cow::Owned(
                Some(record.status)
                    .filter(|status| *status > 0)?
                    .to_string(),
            ),
            "error" => record.error.decode(),
            "error.type" => record.error_type.decode(),
            "trace_id" => trace?.decode(),
            "span_id" => span?.decode(),
            "parent_id" => parent?.decode(),
            _ => return None,
        };
        Some(self.holds(&text))
    }

    fn met_by_duration(&self, record: &Record<'_>) -> Option<bool> {
        let given = record.duration? as f64;
        let than = match self.micros {
            Some(micros) => micros as f64,
            None => self.number? * 1_000.0,
        };
        Some(self.compare(given, than))
    }

    fn holds(&self, text: &str) -> bool {
        match (self.operator, &self.pattern) {
            (Equal, _) => text == self.value,
            (NotEqual, _) => text != self.value,
            (Matches, Some(pattern)) => pattern.is_match(text.as_bytes()),
            (MatchesNot, Some(pattern)) => !pattern.is_match(text.as_bytes()),
            _ => {
                let plain = || text.parse().ok().zip(self.number);
                let with_unit = || {
                    let given = duration::with_unit(text.as_bytes())? as f64;
                    Some((given, self.micros? as f64))
                };
                let both = plain().or_else(with_unit);
                both.is_some_and(|(given, than)| self.compare(given, than))
            }
        }
    }

    fn compare(&self, given: f64, than: f64) -> bool {
        match self.operator {
            Equal | Matches => given == than,
            NotEqual | MatchesNot => given != than,
            Less => given < than,
            LessOrEqual => given <= than,
            Greater => given > than,
            GreaterOrEqual => given >= than,
        }
    }
}
