//! The filter that selects units.

use crate::fields::Field;
use crate::record::{Outcome, Record};

/// The filter that selects units: a unit has to meet every part of it.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Units that took at least this long, in microseconds.
    pub slower: Option<u64>,
    /// Units with one of these outcomes.
    pub outcomes: Vec<Outcome>,
    /// Conditions on their fields.
    pub conditions: Vec<Condition>,
}

impl Filter {
    /// Whether a record meets everything but the conditions.
    pub(crate) fn takes(&self, record: &Record<'_>) -> bool {
        self.slower.is_none_or(|slower| record.duration >= slower)
            && (self.outcomes.is_empty() || self.outcomes.contains(&record.outcome))
    }

    /// Whether the filter lets every unit through.
    pub fn is_empty(&self) -> bool {
        self.slower.is_none() && self.outcomes.is_empty() && self.conditions.is_empty()
    }
}

/// A condition on a field: `status>=500`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    key: String,
    operator: Operator,
    value: String,
    number: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

use Operator::*;

/// The longer ones first, since some shorter ones are their prefixes.
const OPERATORS: [(&str, Operator); 6] = [
    ("!=", NotEqual),
    ("<=", LessOrEqual),
    (">=", GreaterOrEqual),
    ("=", Equal),
    ("<", Less),
    (">", Greater),
];

impl Condition {
    /// Reads `key=value`, `key!=value`, or a number after `<`, `<=`, `>` or `>=`.
    ///
    /// # Errors
    ///
    /// If the key or the operator is missing, or an ordering compares with something non-numeric.
    pub fn parse(text: &str) -> Result<Condition, String> {
        let at = text.find(['=', '!', '<', '>']).filter(|at| *at > 0);
        let (key, rest) =
            text.split_at(at.ok_or_else(|| format!("`{text}` is not of the form key=value"))?);
        let found = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)));
        let (operator, value) =
            found.ok_or_else(|| format!("`{text}` is not of the form key=value"))?;
        let number = value.parse().ok().filter(|number: &f64| !number.is_nan());
        if number.is_none() && !matches!(operator, Equal | NotEqual) {
            return Err(format!(
                "`{value}` is no number, so nothing is less or more"
            ));
        }
        let (key, value) = (key.into(), value.into());
        Ok(Condition {
            key,
            operator,
            value,
            number,
        })
    }

    /// The result if no field has the key.
    pub(crate) fn without(&self) -> bool {
        self.operator == NotEqual
    }

    /// Whether the field meets the condition; `None` if it has another key.
    #[inline]
    pub(crate) fn met(&self, field: &Field<'_>) -> Option<bool> {
        if !field.key.says(&self.key) {
            return None;
        }
        let text = field.value.text();
        Some(match self.operator {
            Equal => text.says(&self.value),
            NotEqual => !text.says(&self.value),
            operator => {
                let given = text.decode().parse().ok().zip(self.number);
                given.is_some_and(|(given, than): (f64, f64)| match operator {
                    Less => given < than,
                    LessOrEqual => given <= than,
                    Greater => given > than,
                    _ => given >= than,
                })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields;

    fn met(condition: &str, line: &str) -> Option<bool> {
        let condition = Condition::parse(condition).unwrap();
        let mut met = None;
        fields::logfmt(line.as_bytes(), |field| met = met.or(condition.met(&field))).unwrap();
        met
    }

    #[test]
    fn values_are_compared_as_they_were_before_they_were_escaped() {
        assert_eq!(met("a=x y", "a=\"x y\""), Some(true));
        assert_eq!(met("a=q\"", r#"a="q\"""#), Some(true));
        assert_eq!(met("a=b=c", "a=b=c"), Some(true));
        assert_eq!(met("a=", "a=\"\""), Some(true));
        assert_eq!(met("a!=1", "a=1"), Some(false));
        assert_eq!(met("a=1", "b=1"), None);
    }

    #[test]
    fn numbers_have_an_order() {
        assert_eq!(met("status>=500", "status=500"), Some(true));
        assert_eq!(met("status>500", "status=500"), Some(false));
        assert_eq!(met("ms<1.5", "ms=1.25"), Some(true));
        assert_eq!(met("ms<=1.5", "ms=slow"), Some(false));
    }

    #[test]
    fn conditions_that_make_no_sense_are_refused() {
        let error = |text| Condition::parse(text).unwrap_err();
        assert_eq!(error("status"), "`status` is not of the form key=value");
        assert_eq!(error("=500"), "`=500` is not of the form key=value");
        assert_eq!(error("a!b"), "`a!b` is not of the form key=value");
        assert_eq!(error("a<b"), "`b` is no number, so nothing is less or more");
    }
}
