//! The readers of the viewer that are not about one record: queries, times, and files around lines.

use std::ffi::OsString;
use std::io::Cursor;

use traceline_cli::args::Args;
use traceline_cli::query::Query;
use traceline_cli::source::Source;
use traceline_cli::{Names, duration, time};

use crate::viewer::indexed;

/// A query, and after a line end the line of a record.
pub fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (query, line) = text.split_once('\n').unwrap_or((&text, ""));
    let names = Names::default();
    let Ok(parsed) = Query::parse(query) else {
        return;
    };
    let met = parsed.meets(line.as_bytes(), &names);
    // What holds does not hold when negated, and the other way round. Lines that are no records meet nothing.
    let negated = Query::parse(&format!("not ({query})"));
    if let Ok(negated) = negated
        && !parsed.is_empty()
        && traceline_cli::parse(line.as_bytes(), &names).is_ok()
    {
        assert_ne!(
            met,
            negated.meets(line.as_bytes(), &names),
            "{query:?} {line:?}"
        );
    }
}

/// A time or a duration, as lines have them and as users type them.
pub fn times(data: &[u8]) {
    if let Some(read) = time::parse(data, None) {
        let again = time::text(read.micros);
        let expected = match again.contains('T') {
            true => read.micros,
            // Whole seconds are enough for the years outside 0 to 9999.
            false => read.micros.div_euclid(1_000_000) * 1_000_000,
        };
        let unit = (!again.contains('T')).then_some(duration::Unit::Seconds);
        let back = time::parse(again.as_bytes(), unit).map(|time| time.micros);
        assert_eq!(back, Some(expected), "{again}");
    }
    time::find(data);
    if let Some(micros) = duration::with_unit(data) {
        let same = format!("{micros}us");
        assert_eq!(duration::with_unit(same.as_bytes()), Some(micros));
        assert!(duration::text(micros).len() < 20);
    }
    let text = String::from_utf8_lossy(data);
    time::typed(&text, 1_795_250_760_000_000);
    duration::typed(&text);
}

/// A file of any kind: documents, lines within lines, compressed.
pub fn containers(data: &[u8]) {
    let Ok(args) = Args::parse([] as [OsString; 0], 0) else {
        return;
    };
    let mut sources = [Source::stream("file", Box::new(Cursor::new(data.to_vec())))];
    indexed(&args, &mut sources, &[]);
}
