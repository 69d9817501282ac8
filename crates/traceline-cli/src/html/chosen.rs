//! Which units a page shows, if there are more than it has room for.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::index::{Index, Unit};
use crate::term::slowest_of;
use crate::tree::Tree;

/// The units on the page: every failure, then their transactions, then the slowest units with
/// theirs.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Their numbers in the index.
    pub(super) units: Vec<usize>,
    /// The position of each in `units`.
    pub(super) places: HashMap<usize, usize>,
    /// How many of them meet the filter.
    pub(super) selected: usize,
    /// How many of those failed.
    pub(super) failed: usize,
    pub(super) trees: Vec<Tree>,
    /// The position of each transaction's tree in `trees`, by the id of the transaction.
    pub(super) tree_of: HashMap<[u64; 2], usize>,
}

impl Chosen {
    pub(super) fn of(index: &Index, most: usize) -> Chosen {
        let mut failed: Vec<usize> = index
            .selected()
            .filter(|at| index.units[*at].failed())
            .collect();
        failed.sort_by_key(|at| std::cmp::Reverse((index.units[*at].end, *at)));
        failed.truncate(most);
        let slowest = slowest_of(index, most);
        // Units without a duration come last.
        let others = index
            .selected()
            .filter(|at| index.units[*at].known_duration().is_none());
        let others: Vec<usize> = others.take(most).collect();
        let mut members = members(index, failed.iter().chain(&slowest).chain(&others));
        let mut chosen = Chosen::default();
        failed.iter().for_each(|at| chosen.add(index, *at));
        for at in failed {
            chosen.add_tree(index, at, &mut members, most);
        }
        for at in slowest.into_iter().chain(others) {
            if chosen.units.len() >= most {
                break;
            }
            chosen.add(index, at);
            chosen.add_tree(index, at, &mut members, most);
        }
        chosen
    }

    /// Adds the units of a transaction, as far as there is room.
    fn add_tree(
        &mut self,
        index: &Index,
        at: usize,
        members: &mut HashMap<[u64; 2], Vec<usize>>,
        most: usize,
    ) {
        let trace = index.units[at].trace;
        let Some(members) = members.remove(&trace) else {
            return;
        };
        let tree = Tree::of(index, &members);
        for row in &tree.rows {
            if self.units.len() < most {
                self.add(index, row.unit);
            }
        }
        self.tree_of.insert(trace, self.trees.len());
        self.trees.push(tree);
    }

    fn add(&mut self, index: &Index, at: usize) {
        let Entry::Vacant(place) = self.places.entry(at) else {
            return;
        };
        place.insert(self.units.len());
        self.units.push(at);
        let unit = &index.units[at];
        let is_selected = unit.selected && unit.counts();
        self.selected += usize::from(is_selected);
        self.failed += usize::from(is_selected && unit.failed());
    }
}

/// All units of the transactions that the given units belong to.
fn members<'a>(
    index: &Index,
    units: impl Iterator<Item = &'a usize>,
) -> HashMap<[u64; 2], Vec<usize>> {
    let traces = units
        .map(|at| &index.units[*at])
        .filter(|unit| unit.has_trace());
    let wanted: HashSet<[u64; 2]> = traces.map(|unit: &Unit| unit.trace).collect();
    let mut members: HashMap<[u64; 2], Vec<usize>> = HashMap::new();
    for (at, unit) in index.units.iter().enumerate() {
        if unit.has_trace() && wanted.contains(&unit.trace) {
            members.entry(unit.trace).or_default().push(at);
        }
    }
    members
}
