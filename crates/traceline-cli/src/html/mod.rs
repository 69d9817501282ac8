//! The same views as one self-contained HTML page.
//!
//! The data is JSON in a `<script>` that is not executed. The page turns it into text, never into
//! markup, and its content security policy forbids every request.

mod chosen;

use crate::args::Args;
use crate::detail::{self, Detail};
use crate::duration;
use crate::index::{Index, NO_TIME, Unit};
use crate::json::Json;
use crate::names::Names;
use crate::source::Source;
use crate::stats::{self, Chart};
use crate::time;
use crate::tree::Tree;
use chosen::Chosen;

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
const SCRIPT: [&str; 3] = [
    include_str!("query.js"),
    include_str!("waterfall.js"),
    include_str!("page.js"),
];

/// Spans of the chart.
const SPANS: usize = 120;

/// How many failures and names are listed.
const MOST_GROUPS: usize = 200;

/// Makes a page of the selected units; beyond `max_units`, all failures and then the slowest units.
pub fn page(args: &Args, index: &Index, sources: &[Source]) -> Page {
    let chosen = Chosen::of(index, args.max_units);
    let names = &args.names;
    let details = detail::read_all(index, &chosen.units, sources, names);
    let mut json = Json::default();
    json.object(|json| {
        json.key("summary")
            .object(|json| summary(json, args, index, sources, &chosen));
        json.key("failures").list(|json| failures(json, index));
        json.key("groups").list(|json| groups(json, index));
        json.key("units").list(|json| {
            for (at, detail) in chosen.units.iter().zip(&details) {
                json.object(|json| unit(json, index, *at, detail, &chosen, names));
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
    let script = SCRIPT.concat();
    let mut text = String::with_capacity(TEMPLATE.len() + STYLE.len() + script.len() + data.len());
    let mut rest = TEMPLATE;
    for (mark, part) in [
        ("/*style*/", STYLE),
        ("/*data*/", data),
        ("/*script*/", &script),
    ] {
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        text += before;
        text += part;
        rest = behind;
    }
    text + rest
}

fn summary(json: &mut Json, args: &Args, index: &Index, sources: &[Source], chosen: &Chosen) {
    let units = || index.selected().map(|at| (at, &index.units[at]));
    let left_out = units().filter(|(at, _)| !chosen.places.contains_key(at));
    let slowest = left_out.filter_map(|(_, unit)| unit.known_duration()).max();
    let counting = index.units.iter().filter(|unit| unit.counts()).count();
    let partial = index
        .units
        .iter()
        .filter(|unit| unit.partial && !unit.duplicate);
    let failed = units().filter(|(_, unit)| unit.failed());
    json.key("files")
        .texts(sources.iter().map(|source| source.name.as_str()));
    json.key("filter").text(&args.filter_text);
    json.key("made").text(&time::text(crate::world::now()));
    json.key("all").number(counting);
    json.key("selected").number(units().count());
    json.key("shown").number(chosen.selected);
    json.key("failed").number(failed.count());
    json.key("failedShown").number(chosen.failed);
    let slowest = slowest.map(duration::text).unwrap_or_default();
    json.key("slowestLeftOut").text(&slowest);
    json.key("partial").number(partial.count());
    json.key("duplicates").number(index.duplicates);
    if let Some(chart) = Chart::of(index, SPANS) {
        json.key("chart").object(|json| {
            json.key("start").number(chart.start);
            json.key("end").number(chart.end);
            for (key, numbers) in [("units", chart.units), ("failed", chart.failed)] {
                json.key(key)
                    .list(|json| numbers.into_iter().for_each(|n| json.number(n)));
            }
        });
    }
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

fn failures(json: &mut Json, index: &Index) {
    for failure in stats::failures(index).iter().take(MOST_GROUPS) {
        json.list(|json| {
            for text in [failure.name, failure.service, failure.error] {
                json.text(index.text(text));
            }
            json.number(failure.units);
            for micros in [failure.first, failure.last] {
                json.text(&at(micros));
            }
            json.number(failure.example + 1);
        });
    }
}

fn groups(json: &mut Json, index: &Index) {
    for group in stats::groups(index).iter().take(MOST_GROUPS) {
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

/// A time as a text, or nothing.
fn at(micros: i64) -> String {
    match micros {
        NO_TIME => String::new(),
        micros => time::text(micros),
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
    json.key("status").text(&detail.status);
    json.key("error")
        .texts(detail.error.iter().map(String::as_str));
    times(json, unit);
    json.key("asked")
        .number(u8::from(unit.selected && unit.counts()));
    if let Some(tree) = chosen.tree_of.get(&unit.trace) {
        json.key("tree").number(tree);
    }
    json.key("ids").list(|json| {
        for (key, text) in &detail.ids {
            json.texts([*key, text]);
        }
    });
    json.key("place").text(&detail.place);
    parts(json, detail, names);
}

fn times(json: &mut Json, unit: &Unit) {
    json.key("began").text(&at(unit.start()));
    if unit.end != NO_TIME {
        json.key("ended").number(unit.end);
    }
    if let Some(micros) = unit.known_duration() {
        json.key("took").number(micros);
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
