//! The same views as one self-contained HTML page.
//!
//! The data is JSON in a `<script>` that is not executed. The page turns it into text, never into
//! markup, and its content security policy forbids every request.

mod json;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::detail::Detail;
use crate::index::{Index, NO_TIME, Unit};
use crate::names::{Name, Names};
use crate::source::Source;
use crate::stats;
use crate::term::slowest_of;
use crate::time;
use crate::tree::Tree;
use json::Json;

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its HTML.
    pub text: String,
    /// How many units it shows.
    pub shown: usize,
    /// How many units there are.
    pub units: usize,
}

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Makes a page of the selected units; beyond `most`, only the slowest and their transactions.
pub fn page(index: &Index, sources: &[Source], names: &Names, most: usize) -> Page {
    let chosen = Chosen::of(index, most);
    let mut json = Json::default();
    json.object(|json| {
        json.key("summary")
            .object(|json| summary(json, index, &chosen));
        json.key("groups").list(|json| groups(json, index));
        json.key("units").list(|json| {
            for at in &chosen.units {
                let detail = Detail::read(&index.units[*at], sources, names);
                json.object(|json| unit(json, index, *at, &detail, &chosen, names));
            }
        });
        json.key("trees").list(|json| {
            for tree in &chosen.trees {
                json.object(|json| transaction(json, index, tree, &chosen));
            }
        });
    });
    Page {
        text: filled(&json.out),
        shown: chosen.selected,
        units: index.selected().count(),
    }
}

/// Fills in the template. Not with successive replacements: the data may contain the markers.
fn filled(data: &str) -> String {
    let mut text = String::with_capacity(TEMPLATE.len() + STYLE.len() + SCRIPT.len() + data.len());
    let mut rest = TEMPLATE;
    for (mark, part) in [
        ("/*style*/", STYLE),
        ("/*data*/", data),
        ("/*script*/", SCRIPT),
    ] {
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        text += before;
        text += part;
        rest = behind;
    }
    text + rest
}

/// The units on the page.
#[derive(Debug, Default)]
struct Chosen {
    /// Their numbers in the index, the slowest first, with their transactions.
    units: Vec<usize>,
    /// The position of each in `units`.
    places: HashMap<usize, usize>,
    /// How many of them meet the filter.
    selected: usize,
    trees: Vec<Tree>,
    /// The position of each transaction's tree in `trees`, by the id of the transaction.
    tree_of: HashMap<[u64; 2], usize>,
}

impl Chosen {
    fn of(index: &Index, most: usize) -> Chosen {
        let slowest = slowest_of(index, most);
        let mut members = members(index, &slowest);
        let mut chosen = Chosen::default();
        for at in slowest {
            if chosen.units.len() == most {
                break;
            }
            chosen.add(index, at);
            let trace = index.units[at].trace;
            if let Some(members) = members.remove(&trace) {
                let tree = Tree::of(index, &members);
                let room = most - chosen.units.len();
                tree.rows
                    .iter()
                    .take(room)
                    .for_each(|row| chosen.add(index, row.unit));
                chosen.tree_of.insert(trace, chosen.trees.len());
                chosen.trees.push(tree);
            }
        }
        chosen
    }

    fn add(&mut self, index: &Index, at: usize) {
        let Entry::Vacant(place) = self.places.entry(at) else {
            return;
        };
        place.insert(self.units.len());
        self.units.push(at);
        let unit = &index.units[at];
        self.selected += usize::from(unit.selected && unit.counts());
    }
}

/// All units of the transactions that the given units belong to.
fn members(index: &Index, units: &[usize]) -> HashMap<[u64; 2], Vec<usize>> {
    let traces = units
        .iter()
        .map(|at| &index.units[*at])
        .filter(|unit| unit.has_trace());
    let wanted: HashSet<[u64; 2]> = traces.map(|unit| unit.trace).collect();
    let mut members: HashMap<[u64; 2], Vec<usize>> = HashMap::new();
    for (at, unit) in index.units.iter().enumerate() {
        if unit.has_trace() && wanted.contains(&unit.trace) {
            members.entry(unit.trace).or_default().push(at);
        }
    }
    members
}

fn summary(json: &mut Json, index: &Index, chosen: &Chosen) {
    let left_out = index
        .selected()
        .filter(|at| !chosen.places.contains_key(at));
    let slowest = left_out.map(|at| index.units[at].duration).max();
    let counting = index.units.iter().filter(|unit| unit.counts()).count();
    let partial = index
        .units
        .iter()
        .filter(|unit| unit.partial && !unit.duplicate)
        .count();
    json.key("all").number(counting);
    json.key("selected").number(index.selected().count());
    json.key("shown").number(chosen.selected);
    json.key("slowestLeftOut")
        .text(&slowest.map(time::duration).unwrap_or_default());
    json.key("partial").number(partial);
    json.key("duplicates").number(index.duplicates);
    for (key, rejected) in [("bad", &index.bad), ("other", &index.other)] {
        json.key(key).object(|json| {
            json.key("count").number(rejected.count);
            json.key("first").list(|json| {
                let samples = rejected.samples.iter();
                samples.for_each(|sample| {
                    json.texts([sample.place.as_str(), sample.why, &sample.text])
                });
            });
        });
    }
}

fn groups(json: &mut Json, index: &Index) {
    for group in stats::groups(index).iter().take(200) {
        json.list(|json| {
            json.text(index.text(group.name));
            json.text(index.text(group.service));
            for n in [group.units, group.records, group.failed] {
                json.number(n);
            }
            for micros in group.percentiles.into_iter().chain([group.longest]) {
                json.number(micros);
            }
            json.number(group.total);
        });
    }
}

fn unit(
    json: &mut Json,
    index: &Index,
    at: usize,
    detail: &Detail,
    chosen: &Chosen,
    names: &Names,
) {
    let unit = &index.units[at];
    json.key("n").number(at + 1);
    json.key("name").text(index.text(unit.name));
    json.key("service").text(index.text(unit.service));
    json.key("level").text(unit.level.as_str());
    json.key("outcome").text(unit.outcome.as_str());
    json.key("began").text(&began(unit));
    json.key("took").number(unit.duration);
    json.key("asked")
        .number(u8::from(unit.selected && unit.counts()));
    if let Some(tree) = chosen.tree_of.get(&unit.trace) {
        json.key("tree").number(tree);
    }
    json.key("ids").list(|json| {
        for name in [Name::TraceId, Name::SpanId, Name::ParentId].map(|name| names.text(name)) {
            if let Some(text) = detail.field(name) {
                json.texts([&*String::from_utf8_lossy(name), text]);
            }
        }
    });
    json.key("place").text(&detail.place);
    parts(json, detail, names);
}

fn began(unit: &Unit) -> String {
    match unit.start() {
        NO_TIME => String::new(),
        start => time::text(start),
    }
}

fn parts(json: &mut Json, detail: &Detail, names: &Names) {
    json.key("fragments").list(|json| {
        for fragment in &detail.fragments {
            json.list(|json| {
                json.number(fragment.at);
                [&fragment.tag, &fragment.level, &fragment.text]
                    .iter()
                    .for_each(|text| json.text(text));
            });
        }
    });
    json.key("timers").list(|json| {
        for timer in &detail.timers {
            json.list(|json| {
                json.text(&timer.key);
                json.text(&timer.count);
                json.number(timer.total);
                json.number(timer.longest);
                json.number(timer.wall);
            });
        }
    });
    json.key("fields").list(|json| {
        let fields = detail.own_fields(names);
        fields.for_each(|(key, value)| json.texts([key.as_str(), value]));
    });
}

/// The rows of a transaction that are on the page: unit, depth, offset, notes.
fn transaction(json: &mut Json, index: &Index, tree: &Tree, chosen: &Chosen) {
    let rows = || {
        tree.rows
            .iter()
            .filter_map(|row| Some((row, chosen.places.get(&row.unit)?)))
    };
    json.key("took").number(tree.duration);
    json.key("left").number(tree.rows.len() - rows().count());
    json.key("rows").list(|json| {
        for (row, place) in rows() {
            json.list(|json| {
                json.number(place);
                json.number(row.depth);
                json.number(tree.offset(&index.units[row.unit]));
                json.list(|json| {
                    row.notes
                        .iter()
                        .for_each(|note| json.text(&note.to_string()))
                });
            });
        }
    });
}

#[cfg(test)]
mod tests;
