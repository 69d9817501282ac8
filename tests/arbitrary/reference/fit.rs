//! How a record keeps to its limit, as documented at `ConfigBuilder::max_record`.

use super::datum::{Datum, cut_list, size_of_items};
use super::fields::{Field, Held};
use super::fragments::Said;
use super::program::Settings;
use super::record::{Moment, fitted};
use super::text::cut;
use super::unit::{Kept, Unit};

/// How much of a unit goes into its record.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// The bytes of each text.
    pub text: usize,
    pub fragments: usize,
    pub fields: usize,
}

/// Texts are not cut shorter than this while something else can be left out.
const FLOOR: usize = 16;

/// Nor are the name, the request id and the errors cut shorter than this while any text is shown.
const MAIN_FLOOR: usize = 64;

/// The line of a unit, within its limit.
pub fn line(unit: &Unit, settings: &Settings, moment: &Moment) -> String {
    let whole = Fit {
        text: usize::MAX,
        fragments: unit.fragments.kept().len(),
        fields: unit.fields.len(),
    };
    let at = |fit: Fit| fitted(unit, settings, moment, fit);
    let fits = |fit: Fit| at(fit).len() <= unit.most_bytes();
    match fits(whole) {
        true => at(whole),
        false => at(shortened(whole, unit.most_bytes(), fits)),
    }
}

/// Cuts texts to the floor, then leaves out fragments, then, once there are none,
/// fields; any room left over goes to texts and fragments.
fn shortened(whole: Fit, limit: usize, fits: impl Fn(Fit) -> bool) -> Fit {
    let mut fit = Fit {
        text: FLOOR,
        ..whole
    };
    if !fits(fit) {
        let fragments = |fit: Fit| {
            most(0, whole.fragments, |fragments| {
                fits(Fit { fragments, ..fit })
            })
        };
        fit.fragments = fragments(fit);
        if fit.fragments == 0 {
            fit.fields = most(0, whole.fields, |fields| fits(Fit { fields, ..fit }));
            fit.fragments = fragments(fit);
        }
    }
    let least = if fits(fit) { FLOOR } else { 0 };
    fit.text = most(least, limit, |text| fits(Fit { text, ..fit }));
    fit
}

/// The largest number that fits, by bisection. A larger one may exist, because a
/// shorter text can take more room if it becomes a lookalike.
fn most(mut least: usize, most: usize, fits: impl Fn(usize) -> bool) -> usize {
    let mut over = most + 1;
    while over - least > 1 {
        let middle = least.midpoint(over);
        if fits(middle) {
            least = middle;
        } else {
            over = middle;
        }
    }
    least
}

impl Fit {
    /// The bytes of the name, of the request id and of the errors.
    pub fn main(self) -> usize {
        match self.text {
            0 => 0,
            text => text.max(MAIN_FLOOR),
        }
    }

    pub fn datum(self, datum: &Datum) -> Datum {
        match datum {
            Datum::Text(text) => Datum::Text(cut(text, self.text).to_owned()),
            Datum::List(list) => Datum::List(cut_list(list, self.text)),
            other => other.clone(),
        }
    }

    /// Of the fragments that are kept, again the first and the last half.
    pub fn fragments_of(self, unit: &Unit) -> Vec<&Said> {
        let kept = unit.fragments.kept();
        let shown = self.fragments.min(kept.len());
        let (first, last) = (shown.div_ceil(2), shown / 2);
        let from = kept.len() - last;
        let shown = kept
            .iter()
            .enumerate()
            .filter(|(at, _)| *at < first || *at >= from);
        shown.map(|(_, said)| *said).collect()
    }

    pub fn dropped_fields(self, unit: &Unit) -> u64 {
        let left_out = unit.fields.iter().skip(self.fields);
        let left_out = left_out.filter(|field| !matches!(field.held, Held::Nothing));
        unit.dropped_fields + left_out.count() as u64
    }

    pub fn dropped_fragments(self, unit: &Unit) -> u64 {
        let left_out = unit.fragments.kept().len() - self.fragments_of(unit).len();
        unit.fragments.dropped + left_out as u64
    }

    /// How many values in the record are incomplete or have a shortened key.
    pub fn truncated(self, unit: &Unit) -> u64 {
        let fields = unit.fields.iter().take(self.fields);
        let fields = fields.filter(|field| field.is_written() && self.cuts(field));
        let fragments = self.fragments_of(unit);
        let fragments = fragments
            .iter()
            .filter(|said| is_cut(&said.text, self.text));
        let error = unit.error.as_ref();
        let errors = error
            .into_iter()
            .flat_map(|error| [Some(&error.text), error.chain.as_ref()]);
        let main = errors.flatten().chain([&unit.name]);
        let main = main.filter(|text| is_cut(text, self.main()));
        let id = unit.request_id.as_ref();
        let id = id.filter(|id| id.len() > self.main());
        (fields.count() + fragments.count() + main.count() + id.iter().len()) as u64
    }

    fn cuts(self, field: &Field) -> bool {
        let value = match &field.held {
            Held::Plain { cut: true, .. } => true,
            Held::Plain {
                datum: Datum::Text(text),
                ..
            } => text.len() > self.text,
            Held::Plain {
                datum: Datum::List(list),
                ..
            } => size_of_items(list) > self.text,
            _ => false,
        };
        value || field.key_is_cut()
    }
}

fn is_cut(text: &Kept, most: usize) -> bool {
    text.1 || text.0.len() > most
}
