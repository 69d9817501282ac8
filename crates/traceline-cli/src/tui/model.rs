//! What the interface shows, and what keys do to it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::Line;

use crate::args::Args;
use crate::detail;
use crate::index::{Index, NO_TIME};
use crate::query::Query;
use crate::record::wrap;
use crate::source::Source;

/// How many lines a filter reads before it looks at the keys again.
const BATCH: usize = 10_000;

/// What the interface shows, and what keys do to it.
#[derive(Debug)]
pub struct Model<'a> {
    pub(super) args: &'a Args,
    pub(super) index: &'a Index,
    pub(super) sources: &'a [Source],
    pub(super) color: bool,
    /// The units that meet the filter, in order.
    pub(super) list: Vec<usize>,
    /// The chosen one, as a place in the list.
    pub(super) chosen: usize,
    /// The first one that is seen.
    pub(super) top: usize,
    pub(super) order: Order,
    pub(super) view: View,
    /// How far the view is scrolled down.
    pub(super) scroll: usize,
    /// The filter, and whether it is being typed.
    pub(super) filter: String,
    pub(super) typing: bool,
    /// Why the filter cannot be read.
    pub(super) fault: String,
    /// How many lines fit.
    pub(super) page: usize,
    /// What was drawn last of a unit.
    pub(super) drawn: Option<Drawn>,
    job: Option<Job>,
    quit: bool,
}

/// The order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Failures,
    Slowest,
    Newest,
    Input,
}

/// What is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// The list, and the chosen unit below it.
    List,
    Unit,
    Transaction,
    Help,
}

/// A view of a unit, of a width.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) key: (View, Option<usize>, u16),
    pub(super) lines: Vec<Line<'static>>,
}

/// A filter at work.
#[derive(Debug)]
struct Job {
    query: Query,
    units: Vec<usize>,
    done: usize,
    found: Vec<usize>,
}

impl Order {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Order::Failures => "failures first",
            Order::Slowest => "slowest first",
            Order::Newest => "newest first",
            Order::Input => "as in the input",
        }
    }

    fn next(self) -> Order {
        match self {
            Order::Failures => Order::Slowest,
            Order::Slowest => Order::Newest,
            Order::Newest => Order::Input,
            Order::Input => Order::Failures,
        }
    }
}

impl<'a> Model<'a> {
    /// A model of all units that meet the filter of the options.
    pub fn new(args: &'a Args, index: &'a Index, sources: &'a [Source], color: bool) -> Model<'a> {
        let mut model = Model {
            args,
            index,
            sources,
            color,
            list: index.selected().collect(),
            chosen: 0,
            top: 0,
            order: Order::Failures,
            view: View::List,
            scroll: 0,
            filter: String::new(),
            typing: false,
            fault: String::new(),
            page: 1,
            drawn: None,
            job: None,
            quit: false,
        };
        model.sort();
        model
    }

    pub(super) fn has_quit(&self) -> bool {
        self.quit
    }

    /// Whether a filter is at work.
    pub(super) fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// The chosen unit.
    pub(super) fn unit(&self) -> Option<usize> {
        self.list.get(self.chosen).copied()
    }

    /// Lets the filter look at some more units.
    pub(super) fn work(&mut self) {
        let Some(mut job) = self.job.take() else {
            return;
        };
        // A compressed file is read once and not once per batch.
        let batch = match self.sources.iter().all(Source::seeks) {
            true => BATCH,
            false => usize::MAX,
        };
        let end = job.done.saturating_add(batch).min(job.units.len());
        let batch = job.units.get(job.done..end).unwrap_or_default();
        let lines = detail::lines_of(self.index, batch, self.sources);
        for (at, line) in batch.iter().zip(lines) {
            let names = &self.args.names;
            let meets = |text: &[u8]| job.query.meets(text, names);
            let met = line.is_some_and(|line| {
                wrap::innermost(&line, names, |text, _| meets(text)).unwrap_or(false)
            });
            if met {
                job.found.push(*at);
            }
        }
        job.done = end;
        match job.done == job.units.len() {
            true => self.show(job.found),
            false => self.job = Some(job),
        }
    }

    /// Shows other units; the chosen one stays chosen if it is among them.
    fn show(&mut self, list: Vec<usize>) {
        let unit = self.unit();
        self.list = list;
        self.sort();
        let place = unit.and_then(|unit| self.list.iter().position(|at| *at == unit));
        (self.chosen, self.top) = (place.unwrap_or(0), 0);
    }

    fn sort(&mut self) {
        let units = &self.index.units;
        let slow = |at: &usize| std::cmp::Reverse(units[*at].took());
        match self.order {
            Order::Failures => self
                .list
                .sort_by_key(|at| (!units[*at].failed(), slow(at), *at)),
            Order::Slowest => self.list.sort_by_key(|at| (slow(at), *at)),
            Order::Newest => self.list.sort_by_key(|at| {
                let end = units[*at].end;
                (end == NO_TIME, std::cmp::Reverse(end), *at)
            }),
            Order::Input => self.list.sort_unstable(),
        }
    }

    /// Does what a key says.
    pub fn key(&mut self, key: KeyEvent) {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.control(key.code);
        }
        if self.typing {
            return self.type_key(key.code);
        }
        match key.code {
            KeyCode::Char('q') if self.view == View::List => self.quit = true,
            KeyCode::Char('q') | KeyCode::Esc | KeyCode::Backspace => self.back(),
            KeyCode::Char('/') => (self.view, self.typing) = (View::List, true),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.open(View::Help),
            KeyCode::Enter if self.view == View::List => self.open(View::Unit),
            KeyCode::Char('t') | KeyCode::Enter => self.open(View::Transaction),
            KeyCode::Char('u') if self.view == View::Transaction => self.open(View::Unit),
            KeyCode::Char('s') => {
                self.order = self.order.next();
                self.show(self.list.clone());
            }
            KeyCode::Char('e') => self.failure(1),
            KeyCode::Char('E') => self.failure(-1),
            KeyCode::Char('n') => self.choose(self.chosen as i64 + 1),
            KeyCode::Char('N' | 'p') => self.choose(self.chosen as i64 - 1),
            code => self.travel(code),
        }
    }

    fn control(&mut self, code: KeyCode) {
        let half = (self.page as i64 / 2).max(1);
        match code {
            KeyCode::Char('c') => self.quit = true,
            KeyCode::Char('d') => self.go(half),
            KeyCode::Char('u') if self.typing => self.set_filter(String::new()),
            KeyCode::Char('u') => self.go(-half),
            KeyCode::Char('f') => self.go(self.page as i64),
            KeyCode::Char('b') => self.go(-(self.page as i64)),
            _ => {}
        }
    }

    fn type_key(&mut self, code: KeyCode) {
        let mut text = self.filter.clone();
        match code {
            KeyCode::Enter => return self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                text.clear();
            }
            KeyCode::Backspace => drop(text.pop()),
            KeyCode::Char(char) => text.push(char),
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
                return self.travel(code);
            }
            _ => return,
        }
        self.set_filter(text);
    }

    fn set_filter(&mut self, text: String) {
        self.filter = text;
        match Query::parse(&self.filter) {
            // While it is incomplete, the last one that was whole counts.
            Err(fault) => self.fault = fault,
            Ok(query) => {
                self.fault.clear();
                let units: Vec<usize> = self.index.selected().collect();
                if query.is_empty() {
                    self.job = None;
                    return self.show(units);
                }
                self.job = Some(Job {
                    query,
                    units,
                    done: 0,
                    found: Vec::new(),
                });
            }
        }
    }

    fn open(&mut self, view: View) {
        (self.view, self.scroll) = (view, 0);
    }

    fn back(&mut self) {
        match self.view {
            View::Transaction => self.open(View::Unit),
            _ => self.open(View::List),
        }
    }

    fn travel(&mut self, code: KeyCode) {
        let page = self.page as i64;
        match code {
            KeyCode::Char('j') | KeyCode::Down => self.go(1),
            KeyCode::Char('k') | KeyCode::Up => self.go(-1),
            KeyCode::Char(' ' | 'f') | KeyCode::PageDown => self.go(page),
            KeyCode::Char('b') | KeyCode::PageUp => self.go(-page),
            KeyCode::Char('d') => self.go(page / 2),
            KeyCode::Char('u') => self.go(-(page / 2)),
            KeyCode::Char('g' | '<') | KeyCode::Home => self.go(i64::MIN / 2),
            KeyCode::Char('G' | '>') | KeyCode::End => self.go(i64::MAX / 2),
            _ => {}
        }
    }

    /// Moves through the list, or through the text of a view.
    fn go(&mut self, by: i64) {
        match self.view {
            View::List => self.choose(self.chosen as i64 + by),
            // What is drawn limits it.
            _ => self.scroll = (self.scroll as i64 + by).clamp(0, u32::MAX.into()) as usize,
        }
    }

    fn choose(&mut self, place: i64) {
        let last = self.list.len().saturating_sub(1) as i64;
        self.chosen = place.clamp(0, last) as usize;
        if self.view != View::Help {
            self.scroll = 0;
        }
    }

    /// Goes to the next failure, or the one before.
    fn failure(&mut self, step: i64) {
        let mut place = self.chosen as i64 + step;
        while let Some(at) = usize::try_from(place).ok().and_then(|at| self.list.get(at)) {
            if self.index.units[*at].failed() {
                return self.choose(place);
            }
            place += step;
        }
    }
}
