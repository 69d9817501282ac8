//! The viewer of `crates/traceline-cli`: any bytes as a file, and records that the library wrote.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use serde_json::Value;
use traceline_cli::args::{Args, View};
use traceline_cli::detail;
use traceline_cli::index::{Index, NO_DURATION};
use traceline_cli::source::Source;
use traceline_cli::tree::Tree;
use traceline_cli::world::World;
use traceline_cli::{Record, app, html, parse, stats};

use crate::fields;
use crate::records;
use crate::util::assert_one_safe_line;

/// After a `+`, the lines are calls on a unit. Otherwise they are a file, after options if the first line is `--…`.
pub fn check(data: &[u8]) {
    if let Some(lines) = data.strip_prefix(b"+") {
        return records::check(lines);
    }
    let (options, file) = match data.starts_with(b"--") {
        true => split(data),
        false => (&b""[..], data),
    };
    let words = String::from_utf8_lossy(options);
    let words = words
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(OsString::from);
    let Ok(mut args) = Args::parse(words, 1_795_250_760_000_000) else {
        return;
    };
    // The page would be written to a file.
    args.html = None;
    args.quiet = true;
    let lines = lines(file);
    lines.iter().for_each(|line| fields::check(line));
    let mut sources = [source(file)];
    let index = indexed(&args, &mut sources, &lines);
    trees(&index);
    page(&args, &index, &sources);
    screen(&args, file);
}

fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}

/// The lines that are not empty, without the CR and the byte order mark that some editors add.
fn lines(file: &[u8]) -> Vec<&[u8]> {
    let lines = file
        .split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(at, line)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match line.strip_prefix(b"\xef\xbb\xbf") {
                Some(line) if at == 0 => line,
                _ => line,
            }
        });
    lines.filter(|line| !line.is_empty()).collect()
}

fn source(file: &[u8]) -> Source {
    Source::stream("file", Box::new(Cursor::new(file.to_vec())))
}

static STOP: AtomicBool = AtomicBool::new(false);

/// Every line is counted, and the numbers in a unit lead back to its line.
pub(crate) fn indexed(args: &Args, sources: &mut [Source], lines: &[&[u8]]) -> Index {
    let index = Index::read(sources, &args.names, &args.filter, &STOP, |_| ());
    let all: Vec<usize> = (0..index.units.len()).collect();
    let details = detail::read_all(&index, &all, sources, &args.names);
    assert!(details.iter().all(|detail| detail.found));
    let doubled = index.units.iter().filter(|unit| unit.duplicate).count();
    assert_eq!(doubled as u64, index.duplicates);
    // In other files there are lines in lines, several lines in one, and a last line that is cut.
    let is_plain = lines
        .first()
        .is_some_and(|line| line[0].is_ascii_alphabetic())
        && index.bytes == lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
    let records = lines
        .iter()
        .filter_map(|line| parse(line, &args.names).ok());
    let records: Vec<Record<'_>> = records.collect();
    if !is_plain || records.len() != index.units.len() {
        return index;
    }
    assert_eq!(
        index.units.len() as u64 + index.bad.count + index.other.count,
        lines.len() as u64
    );
    for (unit, record) in index.units.iter().zip(&records) {
        assert_eq!(
            (unit.duration, unit.rate, unit.partial),
            (
                record.duration.unwrap_or(NO_DURATION),
                record.rate,
                record.partial
            )
        );
        assert_eq!((unit.level, unit.outcome), (record.level, record.outcome));
        assert_eq!(index.text(unit.name), record.name());
        assert_eq!(index.text(unit.service), record.service.decode());
    }
    index
}

/// Every counting unit of a transaction is in its tree, and no unit is there twice.
fn trees(index: &Index) {
    let traces: HashSet<[u64; 2]> = index.units.iter().map(|unit| unit.trace).collect();
    for trace in traces {
        let members: Vec<usize> = (0..index.units.len())
            .filter(|at| index.units[*at].trace == trace)
            .collect();
        let tree = Tree::of(index, &members);
        let rows: HashSet<usize> = tree.rows.iter().map(|row| row.unit).collect();
        assert_eq!(rows.len(), tree.rows.len());
        let counting = members.iter().filter(|at| index.units[**at].counts());
        assert!(counting.clone().all(|at| rows.contains(at)));
        assert!(
            rows.iter()
                .all(|at| members.contains(at) && !index.units[*at].duplicate)
        );
    }
}

fn page(args: &Args, index: &Index, sources: &[Source]) {
    let page = html::page(args, index, sources);
    let selected = index.selected().count();
    assert_eq!(page.units, selected);
    assert!(page.shown <= selected);
    // The template has two scripts, and no data closes one early.
    assert_eq!(
        page.text.to_ascii_lowercase().matches("</script").count(),
        2
    );
    let start = "<script type=\"application/json\" id=\"data\">";
    let (_, data) = page.text.split_once(start).expect("the data");
    let (data, _) = data.split_once("</script>").expect("its end");
    assert!(!data.contains(['<', '>', '&']));
    let data: Value = serde_json::from_str(data).expect("JSON");
    let counts = [
        &data["summary"]["bad"]["count"],
        &data["summary"]["other"]["count"],
    ];
    assert_eq!(counts, [index.bad.count, index.other.count]);
    let groups = stats::groups(index);
    assert_eq!(
        groups.iter().map(|group| group.records).sum::<u64>(),
        selected as u64
    );
    assert_eq!(
        data["groups"].as_array().map(Vec::len),
        Some(groups.len().min(200))
    );
}

/// Whatever is shown, nothing controls the terminal, no line is too wide, and JSON is JSON.
fn screen(args: &Args, file: &[u8]) {
    let world = World {
        columns: 40 + file.len() % 150,
        color: false,
        live: false,
        stop: &STOP,
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let ended = app::run(args, vec![source(file)], &world, &mut out, &mut err);
    let [out, err] = [out, err].map(|text| String::from_utf8(text).expect("UTF-8"));
    for line in out.split('\n').filter(|_| !args.json) {
        assert_one_safe_line(line);
        // Other characters may have no width, or twice that of a letter.
        assert!(!line.is_ascii() || line.len() <= world.columns, "{line}");
    }
    err.split('\n').for_each(assert_one_safe_line);
    if args.json {
        let json = |line: &str| serde_json::from_str::<Value>(line).is_ok();
        assert!(out.lines().all(json), "{out}");
    }
    assert!(ended.is_ok() || args.view != View::Summary, "{ended:?}");
}
