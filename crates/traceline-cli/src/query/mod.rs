//! The language of `--where`, of the search in the page and of the filter in the terminal.
//!
//! ```text
//! status>=500 and path~^/orders and not (user.plan == "free trial" or /timeout)
//! ```

mod leaf;
mod parse;

pub(crate) use leaf::Leaf;

use crate::fields::Field;
use crate::record::Record;

/// A condition on units.
///
/// # Examples
///
/// ```
/// use traceline_cli::{Names, query::Query};
///
/// let query = Query::parse("status>=500 and not /timeout")?;
/// let names = Names::default();
/// assert!(query.meets(b"msg=pay duration_ms=1.0 status=502", &names));
/// assert!(!query.meets(b"msg=pay duration_ms=1.0 status=504 error=timeout", &names));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Query {
    root: Option<Node>,
    leaves: Vec<Leaf>,
}

#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf(usize),
}

/// How many comparisons a query may have: one bit each.
pub const MOST: usize = 64;

/// Which comparisons have been made with a line, and which of them hold.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    seen: u64,
    met: u64,
}

impl Query {
    /// Reads a condition.
    ///
    /// # Errors
    ///
    /// If it is malformed; the error is one line that says where.
    pub fn parse(text: &str) -> Result<Query, String> {
        parse::parse(text)
    }

    /// A word or words anywhere in a line.
    ///
    /// # Errors
    ///
    /// If the text is too long to search for.
    pub fn of_text(text: &str) -> Result<Query, String> {
        let leaves = vec![Leaf::text(text)?];
        let root = Some(Node::Leaf(0));
        Ok(Query { root, leaves })
    }

    /// Whether every unit meets it.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Demands both conditions.
    ///
    /// # Errors
    ///
    /// If that makes more than [`MOST`] comparisons.
    pub fn and(&mut self, other: Query) -> Result<(), String> {
        let Some(root) = other.root else {
            return Ok(());
        };
        let moved = root.moved(self.leaves.len());
        self.leaves.extend(other.leaves);
        self.root = Some(match self.root.take() {
            None => moved,
            Some(own) => Node::All(vec![own, moved]),
        });
        match self.leaves.len() > MOST {
            true => Err(format!("more than {MOST} comparisons")),
            false => Ok(()),
        }
    }

    /// Takes a field of a line into account.
    #[inline]
    pub(crate) fn see(&self, seen: &mut Seen, field: &Field<'_>) {
        for (at, leaf) in self.leaves.iter().enumerate() {
            if let Some(met) = leaf.met(field) {
                seen.seen |= 1 << at;
                seen.met |= u64::from(met) << at;
            }
        }
    }

    /// Whether a record meets the condition, after all its fields have been seen.
    pub(crate) fn takes(&self, mut seen: Seen, line: &[u8], record: &Record<'_>) -> bool {
        for (at, leaf) in self.leaves.iter().enumerate() {
            let of_record = || leaf.met_by(record);
            let met = match leaf.found_in(line) {
                Some(met) => Some(met),
                None if leaf.is_canonical() || seen.seen >> at & 1 == 0 => of_record(),
                None => None,
            };
            if let Some(met) = met {
                seen.seen |= 1 << at;
                seen.met = seen.met & !(1 << at) | u64::from(met) << at;
            }
        }
        let holds = |at: usize| match seen.seen >> at & 1 {
            0 => self.leaves.get(at).is_some_and(Leaf::without),
            _ => seen.met >> at & 1 == 1,
        };
        self.root.as_ref().is_none_or(|root| root.holds(&holds))
    }

    /// Whether a line is a record that meets the condition.
    pub fn meets(&self, line: &[u8], names: &crate::Names) -> bool {
        let mut seen = Seen::default();
        let around = Default::default();
        let see = |field: &Field<'_>| self.see(&mut seen, field);
        let record = crate::record::parse_with(line, names, around, see);
        record.is_ok_and(|record| self.takes(seen, line, &record))
    }
}

impl Node {
    fn holds(&self, leaf: &impl Fn(usize) -> bool) -> bool {
        match self {
            Node::All(nodes) => nodes.iter().all(|node| node.holds(leaf)),
            Node::Any(nodes) => nodes.iter().any(|node| node.holds(leaf)),
            Node::Not(node) => !node.holds(leaf),
            Node::Leaf(at) => leaf(*at),
        }
    }

    fn moved(self, by: usize) -> Node {
        let all = |nodes: Vec<Node>| nodes.into_iter().map(|node| node.moved(by)).collect();
        match self {
            Node::All(nodes) => Node::All(all(nodes)),
            Node::Any(nodes) => Node::Any(all(nodes)),
            Node::Not(node) => Node::Not(Box::new(node.moved(by))),
            Node::Leaf(at) => Node::Leaf(at + by),
        }
    }
}

#[cfg(test)]
mod tests;
