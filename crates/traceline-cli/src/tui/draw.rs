//! How the interface looks: a head, the list and the chosen unit, or one view, and a foot.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::model::{Drawn, Model, View};
use super::styled;
use crate::detail;
use crate::term::{self, Screen};
use crate::tree::Tree;

const HELP: &str = "\
keys, as in less and lnav

  j k ↓ ↑          next and previous unit, or line of a view
  space b  PgDn PgUp  Ctrl-F Ctrl-B   a page
  d u  Ctrl-D Ctrl-U                  half a page
  g G  < >  Home End                  first and last
  e E              next and previous failure
  n N              next and previous unit, in a view too
  Enter            the unit; again: its transaction
  t                the transaction
  q Esc            back; q in the list: the end
  s                order: failures, slowest, newest, as in the input
  /                filter while you type; Enter keeps it, Esc drops it

the filter

  status>=500 and path~^/orders and not (plan=free or /timeout)
  took>100ms      outcome=error      user.id=7      /word      \"two words\"
";

pub(super) fn draw(model: &mut Model<'_>, frame: &mut Frame<'_>) {
    let rows = [
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ];
    let [head, middle, foot] = Layout::vertical(rows).areas(frame.area());
    frame.render_widget(Paragraph::new(head_line(model, head.width)), head);
    match model.view {
        View::List => list_and_unit(model, frame, middle),
        view => {
            let lines = match view {
                View::Help => HELP
                    .lines()
                    .map(|line| Line::from(line.to_owned()))
                    .collect(),
                view => about_unit(model, view, middle.width),
            };
            scrolled(model, frame, middle, lines);
        }
    }
    frame.render_widget(Paragraph::new(foot_line(model)), foot);
    if model.typing {
        let column = term::width(&model.filter) as u16 + 1;
        frame.set_cursor_position((foot.x + column.min(foot.width.saturating_sub(1)), foot.y));
    }
}

fn head_line(model: &Model<'_>, width: u16) -> Line<'static> {
    let units = &model.index.units;
    let failed = model.list.iter().filter(|at| units[**at].failed()).count();
    let count = term::count(model.list.len() as u64, "unit");
    let files = model.sources.iter().map(|source| source.name.as_str());
    let files = files.collect::<Vec<_>>().join(" ");
    let mut text = format!(
        "{count}, {} failed, {}",
        term::thousands(failed as u64),
        model.order.as_str()
    );
    if model.is_busy() {
        text += ", reading …";
    }
    let room = usize::from(width).saturating_sub(term::width(&text) + 2);
    let files = term::clipped(&files, room);
    let style = Style::new().add_modifier(Modifier::REVERSED);
    let gap = usize::from(width).saturating_sub(term::width(&text) + term::width(&files));
    Line::styled(format!("{text}{}{files}", " ".repeat(gap)), style)
}

fn foot_line(model: &Model<'_>) -> Line<'static> {
    let filter = term::visible(&model.filter);
    if !model.fault.is_empty() {
        return Line::from(format!("/{filter}   {}", term::visible(&model.fault)));
    }
    if model.typing {
        return Line::from(format!("/{filter}"));
    }
    let keys = match model.view {
        View::List => "Enter unit  t transaction  / filter  e failure  s order  ? help  q quit",
        View::Help => "q back",
        _ => "q back  t transaction  n N next, previous  e failure  ? help",
    };
    match filter.is_empty() {
        true => Line::from(keys),
        false => Line::from(vec![
            Span::styled(
                format!("/{filter}  "),
                Style::new().add_modifier(Modifier::BOLD),
            ),
            Span::raw(keys),
        ]),
    }
}

fn list_and_unit(model: &mut Model<'_>, frame: &mut Frame<'_>, area: Rect) {
    let below = if area.height >= 16 {
        area.height / 2
    } else {
        0
    };
    let rows = [Constraint::Fill(1), Constraint::Length(below)];
    let [list, rest] = Layout::vertical(rows).areas(area);
    model.page = usize::from(list.height).max(1);
    // The chosen unit is always seen.
    let last = model.chosen.saturating_sub(model.page - 1);
    model.top = model.top.clamp(last, model.chosen.max(last));
    let lines = list_lines(model, list.width);
    frame.render_widget(Paragraph::new(lines), list);
    if below > 1 {
        let rule = "─".repeat(usize::from(rest.width));
        let mut lines = vec![Line::styled(rule, Style::new().add_modifier(Modifier::DIM))];
        lines.extend(about_unit(model, View::Unit, rest.width));
        frame.render_widget(Paragraph::new(lines), rest);
    }
}

fn list_lines(model: &Model<'_>, width: u16) -> Vec<Line<'static>> {
    if model.list.is_empty() {
        return vec![Line::from("no unit meets the filter")];
    }
    let seen = model
        .list
        .iter()
        .enumerate()
        .skip(model.top)
        .take(model.page);
    let lines = seen.map(|(place, at)| {
        let mut screen = Screen::new(usize::from(width).saturating_sub(2), model.color);
        term::line(&mut screen, model.index, &model.index.units[*at]);
        let line = styled::lines(&screen.out)
            .into_iter()
            .next()
            .unwrap_or_default();
        let is_chosen = place == model.chosen;
        let mut spans = vec![Span::raw(if is_chosen { "▶ " } else { "  " })];
        spans.extend(line.spans);
        match is_chosen {
            true => Line::from(spans).patch_style(Style::new().add_modifier(Modifier::BOLD)),
            false => Line::from(spans),
        }
    });
    lines.collect()
}

/// A view of the chosen unit. Its lines are read again only if it is another unit than before: from
/// a compressed file, that takes a while.
fn about_unit(model: &mut Model<'_>, view: View, width: u16) -> Vec<Line<'static>> {
    let key = (view, model.unit(), width);
    if let Some(drawn) = model.drawn.as_ref().filter(|drawn| drawn.key == key) {
        return drawn.lines.clone();
    }
    let lines = match view {
        View::Transaction => transaction(model, width),
        _ => unit(model, width),
    };
    model.drawn = Some(Drawn {
        key,
        lines: lines.clone(),
    });
    lines
}

fn unit(model: &Model<'_>, width: u16) -> Vec<Line<'static>> {
    let Some(at) = model.unit() else {
        return Vec::new();
    };
    let (index, names) = (model.index, &model.args.names);
    let mut screen = Screen::new(width.into(), model.color);
    for detail in detail::read_all(index, &[at], model.sources, names) {
        term::unit(&mut screen, index, &index.units[at], &detail, names);
    }
    styled::lines(&screen.out)
}

fn transaction(model: &Model<'_>, width: u16) -> Vec<Line<'static>> {
    let (index, names) = (model.index, &model.args.names);
    let chosen = model.unit().map(|at| &index.units[at]);
    let Some(chosen) = chosen.filter(|unit| unit.has_trace()) else {
        return vec![Line::from("the unit belongs to no transaction")];
    };
    let members = index.units.iter().enumerate();
    let members = members.filter(|(_, unit)| unit.trace == chosen.trace);
    let members: Vec<usize> = members.map(|(at, _)| at).collect();
    let tree = Tree::of(index, &members);
    let rows = tree.rows.iter().take(500);
    let shown: Vec<usize> = rows.map(|row| row.unit).collect();
    let details = detail::read_all(index, &shown, model.sources, names);
    let id = details.iter().flat_map(|detail| &detail.ids);
    let id = id.into_iter().find(|(key, _)| *key == "trace_id");
    let id = id.map_or("", |(_, id)| id).to_owned();
    let mut screen = Screen::new(width.into(), model.color);
    term::transaction(&mut screen, index, &id, &tree, &details);
    styled::lines(&screen.out)
}

/// A view that may be longer than the screen.
fn scrolled(model: &mut Model<'_>, frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    model.page = usize::from(area.height).max(1);
    let most = lines.len().saturating_sub(model.page);
    model.scroll = model.scroll.min(most);
    let seen = lines.into_iter().skip(model.scroll).take(model.page);
    frame.render_widget(Paragraph::new(seen.collect::<Vec<_>>()), area);
}
